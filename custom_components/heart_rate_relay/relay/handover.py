"""What a relay leaves to itself when it is loaded again while Home Assistant runs."""

from dataclasses import dataclass

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..outbox.outbox import Outbox
from ..sources.sources import Listened


@dataclass(frozen=True, kw_only=True)
class Handover:
    """What a relay knew when it stopped."""

    listened: Listened | None
    """What it knew of its sources, None where it never listened to them."""
    outbox: Outbox | None
    """The outbox, where what it knows is in memory alone: its disk failed, or is held."""


HANDOVERS: HassKey[dict[str, Handover]] = HassKey(f"{DOMAIN}_handovers")


@callback
def async_hand_over(hass: HomeAssistant, entry_id: str, handover: Handover) -> None:
    """Leave something to whoever runs the relay next."""
    hass.data.setdefault(HANDOVERS, {})[entry_id] = handover


@callback
def async_take_over(hass: HomeAssistant, entry_id: str) -> Handover | None:
    """Return what was left, once, or None where the relay did not run before."""
    return hass.data.get(HANDOVERS, {}).pop(entry_id, None)
