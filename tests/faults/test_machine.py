"""A hostile machine: disks that are full, closed or damaged under a relay that runs."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
import os
from pathlib import Path
from random import Random
import time

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.outbox import outbox as outbox_module
from custom_components.heart_rate_relay.relay.coordinator import outbox_path
from dev.stand_ins import Failure, InfluxDBv1
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from ..common import influxdb_data, relay_entry, set_up, until, us
from ..outbox.common import full_disk
from .common import PATIENCE, Strap, ledger_of, lines_of, scale, until_settled
from .ledger import Ledger

COUNT = 1000
"""Readings that wait in a file that is damaged: some 25 pages."""

FEW = 8
"""Readings that may be in what was overwritten."""

PLACES = int(scale("FAULT_PLACES", 3))
"""Places at which a file is damaged, of each kind."""


@pytest.fixture
def entry(influxdb: InfluxDBv1) -> MockConfigEntry:
    """Return the entry of a relay."""
    return relay_entry("influxdb_v1", influxdb_data(influxdb))


@pytest.fixture
def ledger(influxdb: InfluxDBv1) -> Ledger:
    """Return the ledger of its service."""
    return ledger_of("influxdb_v1", influxdb)


@pytest.fixture
def strap(hass: HomeAssistant, ledger: Ledger) -> Strap:
    """Return its source."""
    return Strap(hass, ledger)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """See soon whether a disk is back."""
    monkeypatch.setattr(outbox_module, "RETRY_AFTER", 0.2)


def is_reported(hass: HomeAssistant, kind: str) -> bool:
    """Return whether something is reported to the person."""
    return any(
        issue.translation_key == kind for issue in ir.async_get(hass).issues.values()
    )


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing be made or changed in a folder, even for root."""
    if os.geteuid() == 0:
        pytest.skip("to root no folder is read-only: see test_file_in_the_way")
    folder.chmod(0o500)
    try:
        yield
    finally:
        folder.chmod(0o700)


@contextmanager
def file_in_the_way(folder: Path) -> Iterator[None]:
    """Let a folder not be one."""
    away = folder.rename(folder.with_name("away")) if folder.exists() else None
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("in the way")
    try:
        yield
    finally:
        folder.unlink()
        if away:
            away.rename(folder)


@contextmanager
def no_room(folder: Path) -> Iterator[None]:
    """Let no file grow."""
    with full_disk():
        yield


@pytest.mark.parametrize("trouble", [no_room, read_only, file_in_the_way])
async def test_disk_fails(
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    entry: MockConfigEntry,
    ledger: Ledger,
    strap: Strap,
    caplog: pytest.LogCaptureFixture,
    trouble: Callable[[Path], AbstractContextManager[None]],
) -> None:
    """While nothing can be written all goes on from memory, over reloads too, and is told."""
    folder = outbox_path(hass, entry.entry_id).parent
    folder.mkdir(parents=True, exist_ok=True)
    begin = time.time() - 1000
    influxdb.failure = Failure(503)
    with trouble(folder):
        coordinator = await set_up(hass, entry)
        for second in range(20):
            strap.beat(begin + second)
        await coordinator.outbox.flush()
        coordinator._publish()
        assert is_reported(hass, "disk_failed")
        for second in range(20, 40):
            strap.beat(begin + second)
        assert await hass.config_entries.async_reload(entry.entry_id)
        coordinator = entry.runtime_data
        assert len(coordinator.outbox) == 40
        # Live readings are delivered all the same
        influxdb.failure = None
        await until_settled(coordinator)
        influxdb.failure = Failure(503)
        for second in range(40, 60):
            strap.beat(begin + second)
        await coordinator.outbox.flush()
        assert coordinator.outbox.in_memory == 20
    await until(lambda: not coordinator.outbox.trouble, PATIENCE)
    coordinator._publish()
    assert not is_reported(hass, "disk_failed")
    assert coordinator.outbox.in_memory == 0
    assert await hass.config_entries.async_reload(entry.entry_id)
    coordinator = entry.runtime_data
    influxdb.failure = None
    await until_settled(coordinator)
    await hass.config_entries.async_unload(entry.entry_id)
    assert ledger.is_clean(coordinator.outbox.tally)
    assert not ledger.lost
    assert not ledger.repeated
    assert any("could not write" in line for line in lines_of(caplog))


@pytest.mark.parametrize("is_removed", [False, True])
async def test_disk_full_to_the_end(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    strap: Strap,
    caplog: pytest.LogCaptureFixture,
    is_removed: bool,
) -> None:
    """What only a restart would lose is said at the stop; with a relay it is forgotten."""
    entry = relay_entry("influxdb_v1", dict(entry.data), paused=True)
    await set_up(hass, entry)
    with full_disk():
        for second in range(5):
            strap.beat(time.time() - 10 + second)
        if is_removed:
            await hass.config_entries.async_remove(entry.entry_id)
            entry = relay_entry("influxdb_v1", dict(entry.data), paused=True)
            coordinator = await set_up(hass, entry)
            assert len(coordinator.outbox) == 0
        else:
            await hass.async_stop()
    lines = [line for line in lines_of(caplog) if "could not write 5 readings" in line]
    assert len(lines) == 1
    if is_removed:
        await hass.config_entries.async_unload(entry.entry_id)


# Damage


def header(data: bytearray, random: Random) -> None:
    """Change a byte of the first hundred, which say what the file is."""
    data[random.randrange(100)] ^= 1 << random.randrange(8)


def middle(data: bytearray, random: Random) -> None:
    """Overwrite a part of a page."""
    start = random.randrange(100, len(data) - 64)
    data[start : start + 64] = random.randbytes(64)


def page(data: bytearray, random: Random) -> None:
    """Zero a page, as a card does that lost it."""
    start = random.randrange(len(data) // 1024) * 1024
    data[start : start + 1024] = bytes(1024)


def truncated(data: bytearray, random: Random) -> None:
    """Cut a file off anywhere."""
    del data[random.randrange(len(data)) :]


def zeroed(data: bytearray, random: Random) -> None:
    """Leave nothing but zeros from somewhere on."""
    start = random.randrange(len(data))
    data[start:] = bytes(len(data) - start)


def swapped(data: bytearray, random: Random) -> None:
    """Write one page in the place of another."""
    one, other = (random.randrange(len(data) // 1024) * 1024 for _ in range(2))
    data[one : one + 1024] = data[other : other + 1024]


@pytest.mark.parametrize("of_log", [False, True], ids=["file", "log"])
@pytest.mark.parametrize("damage", [header, middle, page, truncated, zeroed, swapped])
async def test_damaged(
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    damage: Callable[[bytearray, Random], None],
    of_log: bool,
    strap: Strap,
    ledger: Ledger,
) -> None:
    """What can be read of a damaged file arrives, as it was, and the relay goes on."""
    original = relay_entry("influxdb_v1", influxdb_data(influxdb), paused=True)
    coordinator = await set_up(hass, original)
    begin = time.time() - 2 * COUNT
    for second in range(COUNT):
        strap.beat(begin + second)
        if second % 200 == 0:
            await coordinator.outbox.flush()
    await coordinator.outbox.flush()
    path = outbox_path(hass, original.entry_id)
    if not of_log:
        await hass.config_entries.async_unload(original.entry_id)
    files = {
        suffix: file.read_bytes()
        for suffix in ("", "-wal")
        if (file := Path(f"{path}{suffix}")).exists()
    }
    await hass.config_entries.async_unload(original.entry_id)
    assert ("-wal" in files) == of_log
    random = Random(1)
    for _ in range(PLACES):
        influxdb.arrivals.clear()
        entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
        hurt = bytearray(files["-wal" if of_log else ""])
        damage(hurt, random)
        for suffix, data in (files | {"-wal" if of_log else "": bytes(hurt)}).items():
            Path(f"{outbox_path(hass, entry.entry_id)}{suffix}").write_bytes(data)
        await see_saved(hass, influxdb, entry, ledger, strap, of_log=of_log)
        assert await hass.config_entries.async_remove(entry.entry_id)


async def see_saved(
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    entry: MockConfigEntry,
    ledger: Ledger,
    strap: Strap,
    *,
    of_log: bool,
) -> None:
    """See that what is left of a file arrives once, and so does what is measured now.

    SQLite has no checksums, so that a number that was overwritten with another is taken
    for what it is; and it leaves out the end of a log that is damaged, as of one cut short.
    """
    coordinator = await set_up(hass, entry)
    now = time.time()
    strap.beat(now)
    await until_settled(coordinator)
    arrived = {
        arrival.measured_at: arrival.value
        for arrival in influxdb.arrivals
        if arrival.source == strap.entity_id
    }
    assert arrived.get(us(now)) == ledger.measured[us(now)]
    wrong = [at for at, value in arrived.items() if ledger.measured.get(at) != value]
    assert len(wrong) <= FEW
    assert len(influxdb.arrivals) <= COUNT + 1
    if not of_log and COUNT - len(arrived) > FEW:
        assert coordinator.outbox.set_aside
        assert is_reported(hass, "outbox_damaged")
