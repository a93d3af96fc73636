"""Home Assistant states become readings: which do, and with what time."""

from collections.abc import Container, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.metrics import Metric
from custom_components.heart_rate_relay.outbox.coverage import Coverage
from custom_components.heart_rate_relay.outbox.tally import Tally
from custom_components.heart_rate_relay.reading import Device, Reading
from custom_components.heart_rate_relay.sources.chosen import Chosen
from custom_components.heart_rate_relay.sources.detection.vocabulary import vocabulary
from custom_components.heart_rate_relay.sources.lineup import Held, Lineup
from custom_components.heart_rate_relay.sources.rules import Rules
from custom_components.heart_rate_relay.sources.sources import Listened, Sources
from homeassistant.core import CoreState, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
from tests.common import STRAP, WATCH, measure


class Listener:
    """Listens to sources as a relay does."""

    def __init__(
        self,
        hass: HomeAssistant,
        ids: Sequence[str] = (STRAP,),
        *,
        one_line: bool = False,
        tally: Tally | None = None,
        metric: Metric = metrics.HEART_RATE,
        takes: Container[Metric] = metrics.METRICS.values(),
        listened: Listened | None = None,
        **rules: Any,
    ) -> None:
        """Start to listen."""
        self.readings: list[Reading] = []
        self.missing: set[str] = set()
        defaults: dict[str, Any] = {
            "min_interval": 0,
            "min_bpm": 20,
            "max_bpm": 250,
            "live_for": 60,
        }
        chosen = {
            metrics.HEART_RATE: Chosen(ids),
            metrics.LATITUDE: Chosen(positions=ids),
            metrics.WORKOUT: Chosen(workouts=ids),
        }
        self.sources = Sources(
            hass,
            chosen.get(metric, Chosen(others=ids)),
            Rules(**{**defaults, **rules}),
            tally or Tally(),
            Coverage({}, ""),
            takes=takes,
            one_line=one_line,
            listened=listened,
            on_reading=self.readings.append,
            on_missing=self._set_missing,
        )
        self.sources.start()

    def _set_missing(self, missing: set[str]) -> None:
        self.missing = missing

    @property
    def values(self) -> list[float]:
        """The readings' values."""
        return [reading.value for reading in self.readings]


def now_us() -> int:
    """Return what time it is."""
    return round(dt_util.utcnow().timestamp() * 1_000_000)


async def test_hour_of_seconds(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Each second's value is a reading, with its own time and in order."""
    freezer.move_to("2026-11-21T10:00:00.123Z")
    measure(hass, 59)
    listener = Listener(hass)
    expected = []
    for second in range(3600):
        freezer.tick(1)
        measure(hass, 60 + second % 50)
        expected.append((60.0 + second % 50, now_us()))
    assert [(r.value, r.measured_at) for r in listener.readings] == expected
    listener.sources.stop()


async def test_steady_value_is_measured_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A value that stays for half a minute arrives each second."""
    measure(hass, 71)
    listener = Listener(hass)
    times = []
    for _ in range(30):
        freezer.tick(1)
        measure(hass, 72)
        times.append(now_us())
    assert listener.values == [72.0] * 30
    assert [reading.measured_at for reading in listener.readings] == times
    listener.sources.stop()


async def test_frozen_value_is_not_measured(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A value that is repeated for an hour is forwarded for a bounded time only."""
    measure(hass, 71)
    listener = Listener(hass, live_for=60)
    for _ in range(3600):
        freezer.tick(1)
        measure(hass, 72)
    assert len(listener.readings) == 61
    freezer.tick(1)
    measure(hass, 73)
    assert listener.values[-1] == 73
    listener.sources.stop()


def monitor(entity_registry: er.EntityRegistry) -> str:
    """Return the heart-rate entity of a monitor of our own."""
    return entity_registry.async_get_or_create(
        "sensor", DOMAIN, "heart_rate", suggested_object_id="strap_heart_rate"
    ).id


async def test_monitor_tells_only_what_it_measures(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Each value of our own monitors counts: the first, and what stays for an hour."""
    listener = Listener(hass, [monitor(entity_registry)], live_for=60)
    for _ in range(3600):
        freezer.tick(1)
        measure(hass, 72)
    hass.states.async_set(STRAP, "unavailable")
    measure(hass, 72)
    assert listener.values == [72.0] * 3601
    assert listener.sources.first_live(now_us() / 1_000_000)
    listener.sources.stop()


async def test_monitor_called_by_another_name(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    """A new name is no new measurement."""
    listener = Listener(hass, [monitor(entity_registry)])
    measure(hass, 72)
    measure(hass, 72, friendly_name="My strap")
    assert listener.values == [72.0]
    measure(hass, 72, friendly_name="My strap")
    assert listener.values == [72.0] * 2
    listener.sources.stop()


async def test_monitor_over_a_reload(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What a monitor said before counts once, and as live for as long as it does."""
    source_id = monitor(entity_registry)
    measure(hass, 72)
    freezer.tick(100)
    measure(hass, 72)
    freezer.tick(59)
    listener = Listener(hass, [source_id], live_for=60)
    assert not listener.readings
    source = listener.sources.first_live(now_us() / 1_000_000)
    assert source
    assert source.value == 72
    freezer.tick(2)
    assert not listener.sources.first_live(now_us() / 1_000_000)
    listener.sources.stop()


async def test_same_number_in_other_digits_is_no_change(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A frozen value does not come alive by its number of digits."""
    measure(hass, 71)
    listener = Listener(hass, live_for=10)
    for second in range(60):
        freezer.tick(1)
        measure(hass, "72" if second % 2 else "72.0")
    assert len(listener.readings) == 11
    listener.sources.stop()


@pytest.mark.parametrize(
    ("state", "attributes"),
    [
        ("unavailable", {}),
        ("unknown", {}),
        ("0", {}),
        ("-72", {}),
        ("301", {}),
        ("19.9", {}),
        ("nan", {}),
        ("inf", {}),
        ("1e308", {}),
        ("resting", {}),
        ("", {}),
        ("72", {"restored": True}),
        ("72", {"unit_of_measurement": "%"}),
        ("72", {"unit_of_measurement": "ms"}),
    ],
)
async def test_no_reading(
    hass: HomeAssistant, state: str, attributes: dict[str, Any]
) -> None:
    """What is no plausible, live heart rate is no reading."""
    measure(hass, 70)
    listener = Listener(hass)
    measure(hass, state, **attributes)
    measure(hass, state, **attributes)
    assert not listener.readings
    listener.sources.stop()


@pytest.mark.parametrize(
    ("state", "unit", "bpm"),
    [
        ("72", "bpm", 72),
        ("72", "BPM", 72),
        ("72.5", "Bpm", 72.5),
        ("72", "beats/min", 72),
        ("72", "1/min", 72),
        ("1.25", "Hz", 75),
        ("72", None, 72),
    ],
)
async def test_units(
    hass: HomeAssistant, state: str, unit: str | None, bpm: float
) -> None:
    """A heart rate is understood in all its units."""
    measure(hass, 1, unit_of_measurement=unit)
    listener = Listener(hass)
    measure(hass, state, unit_of_measurement=unit)
    assert listener.values == [bpm]
    listener.sources.stop()


async def test_unit_that_changes(hass: HomeAssistant) -> None:
    """The same number in another unit is another heart rate, or none."""
    measure(hass, 60)
    listener = Listener(hass)
    measure(hass, 100)
    measure(hass, 100, unit_of_measurement="%")
    measure(hass, 2, unit_of_measurement="Hz")
    measure(hass, 2)
    assert listener.values == [100, 120]
    listener.sources.stop()


async def test_unavailable_between_equal_values(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """What is back has measured, though it is what it was."""
    measure(hass, 71)
    listener = Listener(hass)
    for _ in range(10):
        freezer.tick(60)
        measure(hass, "unavailable")
        measure(hass, "unavailable")
        measure(hass, 71)
    assert listener.values == [71] * 10
    listener.sources.stop()


async def test_first_value_after_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The first value of an entity may be an old one, as long as it is the same."""
    listener = Listener(hass)
    for _ in range(3):
        measure(hass, 72)
        freezer.tick(10)
    assert not listener.readings
    measure(hass, 73)
    freezer.tick(60)
    measure(hass, 73)
    freezer.tick(1)
    measure(hass, 73)
    assert listener.values == [73, 73]
    listener.sources.stop()


@pytest.mark.parametrize("between", [(), ("unknown",), ("unavailable", "unknown")])
async def test_first_value_after_restart(
    hass: HomeAssistant, between: tuple[str, ...]
) -> None:
    """What is published again after a restart was not measured again."""
    measure(hass, "unavailable", restored=True)
    listener = Listener(hass)
    for state in between:
        measure(hass, state)
    measure(hass, 72)
    assert not listener.readings
    measure(hass, 74)
    assert listener.values == [74]
    listener.sources.stop()


async def test_state_from_before_the_relay_while_starting(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """While Home Assistant starts, a state that is already there is not trusted."""
    hass.set_state(CoreState.starting)
    measure(hass, 72, STRAP)
    measure(hass, "unavailable", WATCH)
    listener = Listener(hass, [STRAP, WATCH])
    assert listener.sources.first_live(now_us() / 1_000_000) is None
    measure(hass, 80, WATCH)
    assert not listener.readings
    freezer.tick(1)
    measure(hass, 73, STRAP)
    measure(hass, 81, WATCH)
    assert listener.values == [73, 81]
    listener.sources.stop()


async def test_first_value_of_a_sensor_that_was_away(hass: HomeAssistant) -> None:
    """A relay that is reloaded while a strap is off gets its first value."""
    measure(hass, "unavailable")
    listener = Listener(hass)
    measure(hass, 72)
    assert listener.values == [72]
    listener.sources.stop()


async def test_live_over_a_reload(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The preferred source counts from the start, even before it is heard again."""
    measure(hass, 72, STRAP)
    measure(hass, 100, WATCH)
    listener = Listener(hass, [STRAP, WATCH], one_line=True, live_for=60)
    measure(hass, 101, WATCH)
    assert not listener.readings
    live = listener.sources.first_live(now_us() / 1_000_000)
    assert live
    assert live.value == 72
    freezer.tick(61)
    measure(hass, 102, WATCH)
    assert listener.values == [102]
    listener.sources.stop()


async def test_steady_value_over_a_reload(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A relay that is reloaded knows what was measured, and for how long it is the same."""
    measure(hass, 71)
    before = Listener(hass, live_for=60)
    measure(hass, 72)
    freezer.tick(50)
    measure(hass, 72, battery=80)
    assert before.values == [72, 72]
    before.sources.stop()
    listener = Listener(hass, live_for=60, listened=before.sources.listened)
    for _ in range(20):
        freezer.tick(1)
        measure(hass, 72)
    assert listener.values == [72] * 10
    listener.sources.stop()


@pytest.mark.parametrize("platform", ["mqtt", "healthsync"])
async def test_changed_while_nobody_listened(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    freezer: FrozenDateTimeFactory,
    platform: str,
) -> None:
    """What changed meanwhile was measured then, however often it was repeated since."""
    source_id = entity_registry.async_get_or_create(
        "sensor", platform, "1", suggested_object_id="strap_heart_rate"
    ).id
    measure(hass, 71)
    before = Listener(hass, [source_id], live_for=60)
    before.sources.stop()
    freezer.tick(10)
    measure(hass, 72)
    changed_at = now_us()
    for _ in range(600):
        freezer.tick(1)
        measure(hass, 72)
    listened = before.sources.listened._replace(until=changed_at / 1_000_000 - 10)
    listener = Listener(hass, [source_id], live_for=60, listened=listened)
    for _ in range(60):
        freezer.tick(1)
        measure(hass, 72)
    assert [(r.value, r.measured_at) for r in listener.readings] == [(72, changed_at)]
    listener.sources.stop()


@pytest.mark.parametrize("attribute", ["date", "measured_at", "timestamp"])
async def test_measured_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, attribute: str
) -> None:
    """An entity that says when it measured is believed, and not read twice."""

    def say(value: int, at: str, **others: Any) -> None:
        measure(hass, value, **{attribute: at, **others})

    freezer.move_to("2026-11-21T10:00:00Z")
    say(70, "2026-11-21T09:50:00+00:00")
    listener = Listener(hass)
    say(71, "2026-11-21T10:50:00+01:00")
    say(71, "2026-11-21T10:45:00+01:00")
    say(71, "2026-11-21T10:55:00+01:00")
    freezer.move_to("2026-11-21T10:10:00Z")
    say(72, "2026-11-21T10:05:00.250Z")
    say(72, "2026-11-21T10:05:00.250Z")
    say(72, "2026-11-21T10:05:00.250Z", battery=3)
    say(72, "2026-11-21T10:09:00Z")
    say(68, "2026-11-21T10:08:00Z")
    at = dt_util.utc_from_timestamp
    assert [
        (r.value, at(r.measured_at / 1_000_000).isoformat()) for r in listener.readings
    ] == [
        (71, "2026-11-21T09:50:00+00:00"),
        (71, "2026-11-21T09:55:00+00:00"),
        (72, "2026-11-21T10:05:00.250000+00:00"),
        (72, "2026-11-21T10:09:00+00:00"),
    ]
    listener.sources.stop()


async def test_measured_while_home_assistant_was_down(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """After a restart only what is later than the latest known measurement is new."""
    freezer.move_to("2026-11-21T10:00:00Z")
    tally = Tally()
    measure(hass, 70)
    listener = Listener(hass, tally=tally)
    freezer.tick(60)
    measure(hass, 71, date="2026-11-21T10:00:30Z")
    assert listener.values == [71]
    listener.sources.stop()

    measure(hass, "unavailable", restored=True)
    listener = Listener(hass, tally=tally)
    measure(hass, 71, date="2026-11-21T10:00:30Z")
    assert not listener.readings
    listener.sources.stop()

    measure(hass, "unavailable", restored=True)
    freezer.tick(60)
    listener = Listener(hass, tally=tally)
    measure(hass, 73, date="2026-11-21T10:01:30Z")
    assert listener.values == [73]
    listener.sources.stop()


@pytest.mark.parametrize(
    "value",
    ["soon", "2030-01-01T00:00:00Z", 7, None, "1970-01-01T00:00:00Z"],
)
async def test_useless_measured_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, value: object
) -> None:
    """An attribute that holds no sensible time leaves Home Assistant's own."""
    freezer.move_to("2026-11-21T10:00:00Z")
    measure(hass, 70, date=value)
    listener = Listener(hass)
    freezer.tick(1)
    measure(hass, 71, date=value)
    assert [(r.value, r.measured_at) for r in listener.readings] == [(71, now_us())]
    listener.sources.stop()


async def test_device_clock_ahead(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A device whose clock is a little ahead does not measure in the future."""
    freezer.move_to("2026-11-21T10:00:00Z")
    measure(hass, 70)
    listener = Listener(hass)
    freezer.tick(10)
    measure(hass, 71, date="2026-11-21T10:00:30Z")
    assert [r.measured_at for r in listener.readings] == [now_us()]
    listener.sources.stop()


@pytest.mark.parametrize("jitter", [0, 0.1, 0.3])
async def test_interval_spares_jitter(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, jitter: float
) -> None:
    """A 1 Hz source that jitters is not thinned by an interval of 1 s."""
    measure(hass, 60)
    listener = Listener(hass, min_interval=1)
    start = dt_util.utcnow()
    for second in range(1, 301):
        offset = jitter if second % 3 else -jitter
        freezer.move_to(start + timedelta(seconds=second + offset))
        measure(hass, 60 + second % 40)
    assert len(listener.readings) == 300
    listener.sources.stop()


async def test_interval_thins(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A source that is faster than the shortest interval is thinned to it."""
    measure(hass, 60)
    listener = Listener(hass, min_interval=1)
    for tick in range(500):
        freezer.tick(0.2)
        measure(hass, 60 + tick % 40)
    assert 99 <= len(listener.readings) <= 102
    listener.sources.stop()


async def test_one_line(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """A service with one line gets the first live source; others step in for it."""
    measure(hass, 60, STRAP)
    measure(hass, 60, WATCH)
    listener = Listener(hass, [STRAP, WATCH], one_line=True, live_for=10)
    measure(hass, 71, STRAP)
    measure(hass, 102, WATCH)
    freezer.tick(9)
    measure(hass, 103, WATCH)
    freezer.tick(1)
    measure(hass, 104, WATCH)
    measure(hass, 72, STRAP)
    measure(hass, 105, WATCH)
    measure(hass, "unavailable", STRAP)
    measure(hass, 106, WATCH)
    assert listener.values == [71, 103, 104, 72, 105, 106]
    listener.sources.stop()


async def test_removed_while_held_back(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What is held back of a source that is removed meanwhile, counts no more."""
    entry = entity_registry.async_get_or_create(
        "sensor", "watch", "1", suggested_object_id="watch_heart_rate"
    )
    measure(hass, 60, STRAP)
    measure(hass, 60, entry.entity_id)
    listener = Listener(hass, [STRAP, entry.id], one_line=True, live_for=10)
    measure(hass, 71, STRAP)
    freezer.tick(1)
    measure(hass, 102, entry.entity_id)
    entity_registry.async_remove(entry.entity_id)
    await hass.async_block_till_done()
    listener.sources.stop()
    assert listener.values == [71]


@pytest.mark.parametrize("seed", range(20))
async def test_looked_at_again_only_where_it_matters(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seed: int
) -> None:
    """What is held back counts as if all of it was looked at whenever any source speaks."""
    random = Random(seed)
    ids = [f"sensor.strap_{number}" for number in range(6)]
    for entity_id in ids:
        measure(hass, 60, entity_id)
    listener, other = (Listener(hass, ids, one_line=True, live_for=10) for _ in "ab")
    other.sources._lineup._is_behind = lambda *_: False  # type: ignore[method-assign]
    for number in range(400):
        freezer.tick(random.choice((0.1, 0.5, 1, 1, 2, 9, 12)))
        async_fire_time_changed(hass)
        value = "unavailable" if random.random() < 0.05 else 60 + number % 40
        measure(hass, value, random.choice(ids[: random.randint(1, 6)]))
    for each in (listener, other):
        each.sources.stop()
    assert listener.values == other.values
    assert 50 < len(listener.values) < 350


async def test_many_in_line(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With many sources, each is looked at no more often than it speaks, but for once."""
    looks = []
    counts = Lineup._counts

    def counted(lineup: Lineup, held: Held, now: float) -> bool | None:
        looks.append(held)
        return counts(lineup, held, now)

    monkeypatch.setattr(Lineup, "_counts", counted)
    ids = [f"sensor.strap_{number}" for number in range(50)]
    for entity_id in ids:
        measure(hass, 60, entity_id)
    listener = Listener(hass, ids, one_line=True, live_for=10)
    for turn in range(20):
        for entity_id in ids:
            freezer.tick(0.02)
            measure(hass, 61 + turn, entity_id)
    listener.sources.stop()
    assert listener.values == list(range(61, 81))
    assert len(looks) <= 2 * 20 * len(ids)


async def test_all_lines(hass: HomeAssistant) -> None:
    """Other services get all sources, and are told which is which."""
    measure(hass, 60, STRAP)
    measure(hass, 60, WATCH, friendly_name="Anna's Watch")
    listener = Listener(hass, [STRAP, WATCH])
    measure(hass, 71, STRAP)
    measure(hass, 101, WATCH, friendly_name="Anna's Watch")
    assert [
        (r.value, r.source.entity_id, r.source.name) for r in listener.readings
    ] == [
        (71, STRAP, "strap heart rate"),
        (101, WATCH, "Anna's Watch"),
    ]
    listener.sources.stop()


async def test_rename(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> None:
    """A source is followed when its entity is renamed."""
    entry = entity_registry.async_get_or_create(
        "sensor", "strap", "1", suggested_object_id="strap_heart_rate"
    )
    measure(hass, 60, STRAP)
    listener = Listener(hass, [entry.id])
    measure(hass, 70, STRAP)
    entity_registry.async_update_entity(STRAP, new_entity_id="sensor.chest")
    hass.states.async_remove(STRAP)
    measure(hass, 70, "sensor.chest")
    measure(hass, 71, "sensor.chest")
    await hass.async_block_till_done()
    measure(hass, 72, "sensor.chest")
    measure(hass, 99, STRAP)
    assert [(r.value, r.source.entity_id) for r in listener.readings][-1] == (
        72,
        "sensor.chest",
    )
    assert 99 not in listener.values
    assert {r.source.id for r in listener.readings} == {entry.id}
    listener.sources.stop()


async def test_appears_later(hass: HomeAssistant) -> None:
    """A source that is not there yet is picked up."""
    listener = Listener(hass, [STRAP])
    measure(hass, 70)
    measure(hass, 71)
    assert listener.values == [71]
    listener.sources.stop()


async def test_missing_and_back(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A source that is gone is told of, and so is its return."""
    entry = entity_registry.async_get_or_create(
        "sensor", "strap", "1", suggested_object_id="strap_heart_rate"
    )
    measure(hass, 60, STRAP)
    measure(hass, 60, WATCH)
    listener = Listener(hass, [entry.id, WATCH])

    async def wait() -> None:
        freezer.tick(11)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()

    await wait()
    assert listener.missing == set()
    entity_registry.async_remove(STRAP)
    hass.states.async_remove(STRAP)
    hass.states.async_remove(WATCH)
    await hass.async_block_till_done()
    await wait()
    assert listener.missing == {entry.id, WATCH}
    again = entity_registry.async_get_or_create(
        "sensor", "strap", "1", suggested_object_id="strap_heart_rate"
    )
    assert again.id == entry.id
    measure(hass, 70, STRAP)
    measure(hass, 70, WATCH)
    await hass.async_block_till_done()
    await wait()
    assert listener.missing == set()
    measure(hass, 71, STRAP)
    assert listener.values == [71]
    listener.sources.stop()


async def test_missing_and_back_without_registry(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """So it is for an entity that no registry knows."""
    listener = Listener(hass, [STRAP])
    for _ in range(2):
        freezer.tick(11)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
    assert listener.missing == {STRAP}
    measure(hass, 70)
    freezer.tick(11)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert listener.missing == set()
    listener.sources.stop()


async def test_back_under_another_name(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    """A source that was removed is known when it is back, whatever it is called then."""
    entry = entity_registry.async_get_or_create(
        "sensor", "strap", "1", suggested_object_id="strap_heart_rate"
    )
    measure(hass, 60, STRAP)
    listener = Listener(hass, [entry.id])
    entity_registry.async_remove(STRAP)
    await hass.async_block_till_done()
    for unique_id, name in (("2", "strap_heart_rate"), ("1", "wrist")):
        entity_registry.async_get_or_create(
            "sensor", "strap", unique_id, suggested_object_id=name
        )
        await hass.async_block_till_done()
    for value in (70, 71):
        measure(hass, value, STRAP)
        measure(hass, value + 10, "sensor.wrist")
    assert listener.values == [81]
    entity_registry.async_update_entity("sensor.wrist", new_entity_id="sensor.arm")
    await hass.async_block_till_done()
    measure(hass, 90, "sensor.arm")
    measure(hass, 91, "sensor.arm")
    assert listener.values[-1] == 91
    listener.sources.stop()


async def test_stop(hass: HomeAssistant) -> None:
    """Who stopped hears no more."""
    measure(hass, 60)
    listener = Listener(hass)
    listener.sources.stop()
    measure(hass, 70)
    assert not listener.readings


# Devices


def watch_sensor(hass: HomeAssistant) -> tuple[str, dr.DeviceEntry]:
    """Return a watch's sensor, and the watch."""
    entry = MockConfigEntry(domain="watch")
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={("watch", "1")},
        name="Watch",
        model="W-1",
        sw_version="1.0",
    )
    sensor = er.async_get(hass).async_get_or_create(
        "sensor", "watch", "1", device_id=device.id, original_name="Heart rate"
    )
    return sensor.id, device


async def test_device(hass: HomeAssistant) -> None:
    """A reading tells its device as the integration calls it, whatever the user does."""
    source_id, device = watch_sensor(hass)
    entity_id = er.async_get(hass).async_get(source_id)
    assert entity_id
    listener = Listener(hass, [source_id])
    measure(hass, 70, entity_id.entity_id)
    measure(hass, 71, entity_id.entity_id)
    expected = Device(device.id, "Watch", "W-1", "1.0")
    assert listener.readings[-1].source.device == expected
    er.async_get(hass).async_update_entity(
        entity_id.entity_id, new_entity_id="sensor.wrist", name="My wrist"
    )
    dr.async_get(hass).async_update_device(device.id, name_by_user="My watch")
    await hass.async_block_till_done()
    measure(hass, 72, "sensor.wrist")
    measure(hass, 73, "sensor.wrist")
    assert listener.readings[-1].source.entity_id == "sensor.wrist"
    assert listener.readings[-1].source.device == expected
    listener.sources.stop()


async def test_new_version_of_a_device(hass: HomeAssistant) -> None:
    """After an update readings tell the new version."""
    source_id, device = watch_sensor(hass)
    entity = er.async_get(hass).async_get(source_id)
    assert entity
    listener = Listener(hass, [source_id])
    dr.async_get(hass).async_update_device(device.id, sw_version="2.0")
    await hass.async_block_till_done()
    measure(hass, 70, entity.entity_id)
    measure(hass, 71, entity.entity_id)
    assert listener.readings[-1].source.device.version == "2.0"
    listener.sources.stop()


async def test_another_device(hass: HomeAssistant) -> None:
    """A sensor that is moved to another device tells of that one, and what becomes of it."""
    source_id, watch = watch_sensor(hass)
    entity = er.async_get(hass).async_get(source_id)
    assert entity
    assert watch.config_entry_id
    newer = dr.async_get(hass).async_get_or_create(
        config_entry_id=watch.config_entry_id,
        identifiers={("watch", "2")},
        name="Newer watch",
    )
    listener = Listener(hass, [source_id])
    er.async_get(hass).async_update_entity(entity.entity_id, device_id=newer.id)
    dr.async_get(hass).async_update_device(newer.id, sw_version="3.0")
    await hass.async_block_till_done()
    measure(hass, 70, entity.entity_id)
    measure(hass, 71, entity.entity_id)
    expected = Device(newer.id, "Newer watch", version="3.0")
    assert listener.readings[-1].source.device == expected
    listener.sources.stop()


async def test_back_and_renamed_at_once(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    """A source that is back is found, though it is called otherwise when that is told."""
    entry = entity_registry.async_get_or_create("sensor", "strap", "1")
    listener = Listener(hass, [entry.id])
    entity_registry.async_remove(entry.entity_id)
    await hass.async_block_till_done()

    @callback
    def restore(_: Event) -> None:
        again = entity_registry.async_get_or_create("sensor", "strap", "1")
        entity_registry.async_update_entity(again.entity_id, new_entity_id=STRAP)

    hass.bus.async_listen_once("restore", restore)
    hass.bus.async_fire("restore")
    await hass.async_block_till_done()
    measure(hass, 70)
    measure(hass, 71)
    assert listener.values == [71]
    listener.sources.stop()


async def test_named_as_a_source(hass: HomeAssistant) -> None:
    """An entity that takes the name of a source tells of its device, and what becomes of that."""
    source_id, device = watch_sensor(hass)
    entity = er.async_get(hass).async_get(source_id)
    assert entity
    listener = Listener(hass, [STRAP])
    er.async_get(hass).async_update_entity(entity.entity_id, new_entity_id=STRAP)
    await hass.async_block_till_done()
    measure(hass, 70)
    measure(hass, 71)
    dr.async_get(hass).async_update_device(device.id, sw_version="2.0")
    await hass.async_block_till_done()
    measure(hass, 72)
    told = [each.source.device for each in listener.readings]
    assert [each.version for each in told] == ["1.0", "2.0"]
    assert {each.name for each in told} == {"Watch"}
    listener.sources.stop()


async def test_no_device(hass: HomeAssistant) -> None:
    """An entity without a device is one by itself, by a name that stays."""
    entity = er.async_get(hass).async_get_or_create(
        "sensor", "template", "1", original_name="Pulse"
    )
    listener = Listener(hass, [entity.id, STRAP])
    for entity_id in (entity.entity_id, STRAP):
        measure(hass, 70, entity_id)
        measure(hass, 71, entity_id)
    assert [reading.source.device for reading in listener.readings[-2:]] == [
        Device(entity.id, "Pulse"),
        Device(STRAP, STRAP),
    ]
    listener.sources.stop()


# Other metrics

NAMES = {
    metrics.RESTING_HEART_RATE: "resting_heart_rate",
    metrics.HEART_RATE_VARIABILITY: "rmssd",
    metrics.HEART_RATE_VARIABILITY_SDNN: "sdnn",
}


@pytest.mark.parametrize(
    ("metric", "value", "unit", "expected"),
    [
        (metrics.RESTING_HEART_RATE, 52, "bpm", 52),
        (metrics.RESTING_HEART_RATE, 300, "bpm", None),
        (metrics.RESTING_HEART_RATE, 52, "ms", None),
        (metrics.HEART_RATE_VARIABILITY, 48.5, "ms", 48.5),
        (metrics.HEART_RATE_VARIABILITY, 0.048, "s", 48),
        (metrics.HEART_RATE_VARIABILITY, 301, "ms", 301),
        (metrics.HEART_RATE_VARIABILITY, 501, "ms", None),
        (metrics.HEART_RATE_VARIABILITY, 0.5, "ms", None),
        (metrics.HEART_RATE_VARIABILITY, 48, "bpm", None),
        (metrics.HEART_RATE_VARIABILITY_SDNN, 45.2, "ms", 45.2),
        (metrics.HEART_RATE_VARIABILITY_SDNN, 501, "ms", None),
        (metrics.HEART_RATE_VARIABILITY_SDNN, 45, "bpm", None),
    ],
)
async def test_metric(
    hass: HomeAssistant, metric: Metric, value: float, unit: str, expected: float | None
) -> None:
    """Each metric has its unit and its range, and none of them is a heart rate now."""
    vocabulary()
    entity_id = f"sensor.strap_{NAMES[metric]}"
    attributes = {"unit_of_measurement": unit}
    hass.states.async_set(entity_id, "0.06" if unit == "s" else "60", attributes)
    listener = Listener(hass, [entity_id], metric=metric)
    hass.states.async_set(entity_id, str(value), attributes)
    assert {one.metric for one in listener.readings} <= {metric}
    assert [one.value for one in listener.readings] == (
        [] if expected is None else [pytest.approx(expected)]
    )
    assert listener.sources.wearer.heart_rate is None
    listener.sources.stop()
