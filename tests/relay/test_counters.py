"""A relay that was killed counts on from what Home Assistant remembers."""

from pathlib import Path

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.past import shown
from custom_components.heart_rate_relay.relay.handover import HANDOVERS
from dev.stand_ins import InfluxDBv1, OpenWearables
from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, restore_state
from homeassistant.helpers.recorder import DATA_INSTANCE, get_instance

from ..common import influxdb_data, measure, relay_entry, set_up, until
from ..seen.common import entry_of

DELIVERED = "sensor.relay_readings_delivered"


@pytest.fixture
def entry(hass: HomeAssistant, influxdb: InfluxDBv1) -> MockConfigEntry:
    """Return a relay."""
    measure(hass, 60)
    return relay_entry("influxdb_v1", influxdb_data(influxdb))


def delivered(hass: HomeAssistant) -> str | None:
    """Return how many readings a relay says that it has delivered."""
    state = hass.states.get(DELIVERED)
    return state.state if state else None


async def deliver(hass: HomeAssistant, entry: MockConfigEntry, *values: int) -> None:
    """Let a relay deliver readings, and say how many it has."""
    before = entry.runtime_data.outbox.tally.delivered
    for value in values:
        measure(hass, value)
    tally = entry.runtime_data.outbox.tally
    await until(lambda: tally.delivered == before + len(values))
    entry.runtime_data._publish()
    await hass.async_block_till_done()


async def kill(hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path) -> None:
    """Let a relay end as if nothing had been written at its end."""
    if DATA_INSTANCE in hass.data:
        await get_instance(hass).async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)
    hass.data.pop(HANDOVERS)
    for file in tmp_path.rglob(f"{entry.entry_id}.db*"):
        file.unlink()


async def start(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set up a relay again."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def goes_on(hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path) -> None:
    """See that a relay counts on after each of several kills, and writes nothing for that."""
    await set_up(hass, entry)
    await deliver(hass, entry, 70, 71, 72)
    assert delivered(hass) == "3"
    for count in (3, 4):
        await kill(hass, entry, tmp_path)
        await start(hass, entry)
        assert delivered(hass) == str(count)
        assert entry.runtime_data.data.delivered == count
        await deliver(hass, entry, 70 + count)
        assert delivered(hass) == str(count + 1)
        assert not list(tmp_path.rglob(f"{entry.entry_id}.db*"))
    await hass.config_entries.async_unload(entry.entry_id)


async def test_restored(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path
) -> None:
    """Without a recorder Home Assistant keeps states every quarter of an hour."""
    await goes_on(hass, entry, tmp_path)


async def test_started(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path
) -> None:
    """A relay counts on at a start of Home Assistant, too, when no entity has a state yet."""
    await set_up(hass, entry)
    await deliver(hass, entry, 70, 71, 72)
    await kill(hass, entry, tmp_path)
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        hass.states.async_remove(entity.entity_id)
    await start(hass, entry)
    assert delivered(hass) == "3"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_recorded(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    entry: MockConfigEntry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a recorder it remembers what was shown last."""

    async def nothing(_: restore_state.RestoreEntity) -> None:
        return None

    monkeypatch.setattr(restore_state.RestoreEntity, "async_get_last_state", nothing)
    await goes_on(hass, entry, tmp_path)


async def test_unreadable(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    entry: MockConfigEntry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A database that cannot be read keeps no relay from counting."""

    def fail(*_: object) -> int:
        raise OSError("no such disk")

    monkeypatch.setattr(shown, "_last_recorded", fail)
    await goes_on(hass, entry, tmp_path)


async def test_new(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody asks a recorder about a relay that is new, but about any other."""
    asked = []

    def nothing(_: HomeAssistant, entity_id: str, __: float) -> int:
        asked.append(entity_id)
        return 0

    monkeypatch.setattr(shown, "_last_recorded", nothing)
    await set_up(hass, entry)
    assert not asked
    await hass.config_entries.async_unload(entry.entry_id)
    await start(hass, entry)
    assert DELIVERED in asked
    await hass.config_entries.async_unload(entry.entry_id)


async def test_former_relay(
    hass: HomeAssistant, entry: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """What a relay of the same name counted that was removed is not this one's."""
    await set_up(hass, entry)
    await deliver(hass, entry, 70, 71, 72)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    another = relay_entry("influxdb_v1", influxdb_data(influxdb))
    await set_up(hass, another)
    assert delivered(hass) == "0"
    await hass.config_entries.async_unload(another.entry_id)


async def test_restarted(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What was written at the end is right, though less of it was ever shown."""
    await set_up(hass, entry)
    await deliver(hass, entry, 70)
    tally = entry.runtime_data.outbox.tally
    measure(hass, 71)
    await until(lambda: tally.delivered == 2)
    assert delivered(hass) == "1"
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert delivered(hass) == "2"
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("killed", [False, True])
async def test_in_doubt(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    open_wearables: OpenWearables,
    tmp_path: Path,
    killed: bool,
) -> None:
    """What is in doubt becomes less, and does not come back."""
    measure(hass, 60)
    entry = entry_of("open_wearables_invitation", open_wearables)
    relay = await set_up(hass, entry)
    for number in (30, 0):
        relay.outbox.tally.in_doubt = number
        relay._publish()
        await hass.async_block_till_done()
        assert in_doubt(hass) == str(number)
    if killed:
        await kill(hass, entry, tmp_path)
        await start(hass, entry)
    else:
        await get_instance(hass).async_block_till_done()
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
    assert in_doubt(hass) == "0"
    await hass.config_entries.async_unload(entry.entry_id)


def in_doubt(hass: HomeAssistant) -> str | None:
    """Return how many readings a relay says are in doubt."""
    state = hass.states.get("sensor.relay_readings_in_doubt")
    return state.state if state else None
