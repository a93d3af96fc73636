"""Open Wearables loses what it has accepted: with an invitation nobody sees that."""

import pytest

from custom_components.heart_rate_relay.destinations.open_wearables import invitation
from dev.stand_ins import OpenWearables
from homeassistant.core import HomeAssistant

from ..common import set_up, until
from .common import beats, entry_of, leave, until_empty, until_there

COUNT = 30


@pytest.fixture
def service() -> str:
    """Return the service."""
    return "open_wearables_invitation"


@pytest.fixture(autouse=True)
def later(impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send again what was sent a moment later."""
    monkeypatch.setattr(invitation, "REPEAT_AFTER", 0.5)


async def test_in_doubt_until_repeated(
    hass: HomeAssistant, service: str, stand_in: OpenWearables
) -> None:
    """All is sent a second time, though nothing else is measured, and is in doubt till then."""
    entry = entry_of(service, stand_in)
    await leave(hass, entry, beats(COUNT, age=60))
    coordinator = await set_up(hass, entry)
    tally = coordinator.outbox.tally
    await until_empty(coordinator)
    assert (tally.delivered, tally.in_doubt) == (COUNT, COUNT)
    await until(lambda: tally.in_doubt == 0)
    await until_there(stand_in, 2 * COUNT)
    await hass.config_entries.async_unload(entry.entry_id)
    assert len(stand_in.store) == COUNT
    assert tally.delivered == COUNT


@pytest.mark.parametrize("fault", ["worker", "database"])
async def test_lost_behind_the_answer(
    hass: HomeAssistant, service: str, stand_in: OpenWearables, fault: str
) -> None:
    """What a worker that was killed had begun, or a database did not take, comes again."""
    stand_in.worker_running = False
    entry = entry_of(service, stand_in)
    await leave(hass, entry, beats(COUNT, age=60))
    coordinator = await set_up(hass, entry)
    tally = coordinator.outbox.tally
    await until_empty(coordinator)
    stand_in.database_up = False
    if fault == "worker":
        stand_in.kill_worker()
    stand_in.worker_running = True
    await until(lambda: not stand_in.queued)
    assert not stand_in.store
    assert tally.in_doubt == COUNT
    # Nothing is repeated, nor given up, while that would be lost as well
    await until(lambda: coordinator.last_error == "server_error")
    assert tally.in_doubt == COUNT
    stand_in.database_up = True
    coordinator.async_send_now()
    await until(lambda: len(stand_in.store) == COUNT)
    await until(lambda: tally.in_doubt == 0)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_restarted_before_the_repeat(
    hass: HomeAssistant,
    service: str,
    stand_in: OpenWearables,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What Home Assistant had no time to repeat stays in doubt."""
    monkeypatch.setattr(invitation, "REPEAT_AFTER", 600.0)
    entry = entry_of(service, stand_in)
    await leave(hass, entry, beats(COUNT, age=60))
    coordinator = await set_up(hass, entry)
    await until_empty(coordinator)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.runtime_data.outbox.tally.in_doubt == COUNT
    await hass.config_entries.async_unload(entry.entry_id)


async def test_person_gone(
    hass: HomeAssistant, service: str, stand_in: OpenWearables
) -> None:
    """What was repeated since the person was last known is in doubt again."""
    entry = entry_of(service, stand_in)
    await leave(hass, entry, beats(COUNT, age=60))
    coordinator = await set_up(hass, entry)
    tally = coordinator.outbox.tally
    await until_empty(coordinator)
    await until(lambda: tally.in_doubt == 0)
    del stand_in.users[stand_in.user_id]
    stand_in.expire()
    coordinator.outbox.add(beats(1)[0])
    coordinator.async_send_now()
    await until(lambda: coordinator.last_error == "invalid_auth")
    assert tally.in_doubt == COUNT
    assert len(coordinator.outbox) == 1
    await hass.config_entries.async_unload(entry.entry_id)
