"""What these tests share: a strap whose ledger is compared with what arrived."""

from collections.abc import Callable, Mapping
import time
from typing import Any

from custom_components.heart_rate_relay.relay.coordinator import RelayConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from ..common import STRAP, until
from ..faults.common import PATIENCE, Strap
from ..faults.ledger import Ledger
from ..flow.common import choose, submit


class Wearer:
    """Somebody with a strap, and what a relay owes to them."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize the strap."""
        self.ledger = Ledger()
        self._strap = Strap(hass, self.ledger)
        self._at = time.time() - 1000

    def measure(self, count: int) -> None:
        """Measure so often, a second apart."""
        for _ in range(count):
            self._at += 1
            self._strap.beat(self._at)

    async def until_all_there(self, entry: RelayConfigEntry) -> None:
        """Wait until all has arrived, and the relay knows that."""

        def is_all_there() -> bool:
            entry.runtime_data.async_send_now()
            return not self.ledger.lost and not len(entry.runtime_data.outbox)

        await until(is_all_there, PATIENCE)
        assert not self.ledger.altered
        assert self.ledger.is_clean(entry.runtime_data.outbox.tally)

    async def until_waiting(self, entry: RelayConfigEntry, wanted: int) -> None:
        """Wait until so many readings wait."""
        await until(lambda: len(entry.runtime_data.outbox) == wanted, PATIENCE)


async def add_relay(
    hass: HomeAssistant, service: str, given: Mapping[str, Any]
) -> RelayConfigEntry:
    """Add a relay in the way that a person does."""
    form = await submit(hass, await choose(hass, service), given)
    created = await submit(hass, form, {"sources": [STRAP]})
    assert created["type"] is FlowResultType.CREATE_ENTRY
    return created["result"]


async def until_tried(entry: RelayConfigEntry, seen: Callable[[], object]) -> None:
    """Have a relay try until something is to be seen."""

    def is_seen() -> object:
        entry.runtime_data.async_send_now()
        return seen()

    await until(is_seen, PATIENCE)
