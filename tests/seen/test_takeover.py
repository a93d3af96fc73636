"""Which of several sources counts where one line is shown: who measures, not who speaks."""

from datetime import UTC, datetime
import time
from typing import Any

import pytest

from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from dev.stand_ins import LiveTracking
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component

from ..common import (
    STRAP,
    WATCH,
    live_tracking_data,
    measure,
    relay_entry,
    set_up,
    until,
)
from .common import until_empty

BAND = "sensor.band_heart_rate"
PHONE = "sensor.phone_heart_rate"

HOUR = 3600


class Race:
    """A relay to a service with one line, that begins a while ago."""

    def __init__(self, hass: HomeAssistant, live_tracking: LiveTracking) -> None:
        """Initialize the race, which nobody has begun."""
        self.hass = hass
        self.begin = int(time.time()) - HOUR
        self._live_tracking = live_tracking
        self._expected: list[tuple[int, float]] = []
        self.relay: RelayCoordinator

    async def start(self, *sources: str, **options: Any) -> None:
        """Set up the relay, with sources that are there and say nothing yet."""
        for source in sources:
            measure(self.hass, "unknown", source, at=self.begin - 100)
        data = live_tracking_data(self._live_tracking)
        entry = relay_entry("livetracking", data, list(sources), **options)
        self.relay = await set_up(self.hass, entry)

    def beat(self, source: str, second: float, *, counts: bool, **told: Any) -> None:
        """Measure a second after it began, and say whether that is to arrive."""
        base = 200 if source is STRAP else 100 if source is WATCH else 40
        value = base + second % 40
        measure(self.hass, value, source, at=self.begin + second, **told)
        if counts:
            self._expected.append((int(self.begin + second), value))

    async def see(self, *others: tuple[int, float]) -> None:
        """See that just what was to arrive is there."""
        await until_empty(self.relay)
        arrived = [
            (seen.measured_at // 1_000_000, seen.value)
            for seen in self._live_tracking.arrivals
        ]
        assert sorted(arrived) == sorted([*self._expected, *others])


@pytest.fixture
def race(hass: HomeAssistant, live_tracking: LiveTracking) -> Race:
    """Return a race with a service for it."""
    return Race(hass, live_tracking)


def iso(at: float) -> str:
    """Return a time as a phone tells it."""
    return datetime.fromtimestamp(at, UTC).isoformat()


@pytest.mark.parametrize("sources", [(PHONE, STRAP), (STRAP, PHONE)])
async def test_old_value(race: Race, sources: tuple[str, ...]) -> None:
    """What was measured two hours ago comes with its time, and is nobody's heart rate now."""
    hass = race.hass
    await race.start(*sources)
    old = []
    fired = []
    for second in range(180):
        race.beat(STRAP, second, counts=True)
        if second in (30, 100):
            at = race.begin + second - 2 * HOUR
            measure(hass, 165, PHONE, at=race.begin + second + 0.5, date=iso(at))
            old.append((at, 165.0))
        fired.append(race.relay.sources.first_live(race.begin + second))
    assert {observer.source.entity_id for observer in fired if observer} == {STRAP}
    await race.see(*old)


async def test_old_value_is_no_heart_rate_now(
    hass: HomeAssistant, live_tracking: LiveTracking
) -> None:
    """Neither the person's heart rate nor a trigger of it knows of an old value."""
    measure(hass, 60, PHONE)
    data = live_tracking_data(live_tracking)
    relay = await set_up(hass, relay_entry("livetracking", data, [PHONE, STRAP]))
    heart_rate = "sensor.relay_heart_rate"
    state = hass.states.get(heart_rate)
    assert state
    fired: list[Any] = []
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "triggers": {
                    "trigger": "heart_rate_relay.heart_rate_crossed",
                    "target": {"entity_id": heart_rate},
                    "options": {
                        "threshold": {"type": "above", "value": {"number": 160}}
                    },
                },
                "actions": {"event": "alarm"},
            }
        },
    )
    hass.bus.async_listen("alarm", lambda event: fired.append(event))
    seen: list[str] = []

    @callback
    def see(event: Event[EventStateChangedData]) -> None:
        if state := event.data["new_state"]:
            seen.append(state.state)

    async_track_state_change_event(hass, heart_rate, see)
    measure(hass, 165, PHONE, date=iso(time.time() - 2 * HOUR))
    await hass.async_block_till_done()
    assert relay.sources.wearer.heart_rate in (60, None)
    measure(hass, 70, STRAP)
    measure(hass, 71, STRAP)
    await hass.async_block_till_done()
    assert "71.0" in seen
    assert "165.0" not in seen
    assert not fired
    measure(hass, 166, PHONE, date=iso(time.time() - 1))
    await hass.async_block_till_done()
    assert relay.sources.wearer.heart_rate == 166
    assert len(fired) == 1


@pytest.mark.parametrize("live_for", [10, 60, 300])
async def test_silent_death(race: Race, live_for: int) -> None:
    """The next source steps in without a gap where the first one falls silent."""
    await race.start(STRAP, WATCH, live_for=live_for)
    for second in range(60):
        race.beat(STRAP, second, counts=True)
        race.beat(WATCH, second + 0.5, counts=second == 59)
    for second in range(60, 120 + live_for):
        race.beat(WATCH, second + 0.5, counts=True)
    await race.see()


async def test_loss_that_is_told(race: Race) -> None:
    """One that says that it is away is followed at once."""
    await race.start(STRAP, WATCH)
    for second in range(10):
        race.beat(STRAP, second, counts=True)
        race.beat(WATCH, second + 0.5, counts=second == 9)
    measure(race.hass, "unavailable", STRAP, at=race.begin + 10)
    await race.see()
    race.beat(WATCH, 10.5, counts=True)
    await race.see()


@pytest.mark.parametrize("pause", [2, 10, 59])
async def test_pause(race: Race, pause: int) -> None:
    """Where the first one goes on, what others measured meanwhile is not mixed in."""
    await race.start(STRAP, WATCH)
    for second in range(200):
        if not 60 <= second < 60 + pause:
            race.beat(STRAP, second, counts=True)
        race.beat(WATCH, second + 0.5, counts=False) if second < 199 else None
    await race.see()


@pytest.mark.parametrize("every", [58, 60, 61, 75, 119])
async def test_slow_source(race: Race, every: int) -> None:
    """One that measures once a minute is not silent in between, at the pace that it has."""
    await race.start(STRAP, WATCH)
    for second in range(20 * every):
        if second % every == 0:
            race.beat(STRAP, second, counts=True)
        # At first it is not known how slow it is
        is_unknown = every > 60 and second < every
        race.beat(WATCH, second + 0.5, counts=is_unknown)
    await race.see()


async def test_three_sources(race: Race) -> None:
    """Of those that may step in only the next one does."""
    await race.start(STRAP, WATCH, BAND)
    for second in range(200):
        race.beat(BAND, second, counts=second == 0 or second >= 120)
        if second < 60:
            race.beat(STRAP, second + 0.2, counts=True)
        if second < 120:
            race.beat(WATCH, second + 0.5, counts=second >= 59)
    await race.see()


async def test_nobody_says_anything_more(
    hass: HomeAssistant, live_tracking: LiveTracking
) -> None:
    """What was held back is delivered though nothing else is heard."""
    measure(hass, 60, STRAP)
    measure(hass, 60, WATCH)
    data = live_tracking_data(live_tracking)
    entry = relay_entry("livetracking", data, [STRAP, WATCH], live_for=0.3)
    await set_up(hass, entry)
    measure(hass, 70, STRAP)
    measure(hass, 100, WATCH)
    await until(lambda: len(live_tracking.arrivals) == 2)
    assert [arrival.value for arrival in live_tracking.arrivals] == [70, 100]


@pytest.mark.parametrize("min_interval", [2, 5])
async def test_stopped_in_doubt_at_a_pace(
    hass: HomeAssistant, live_tracking: LiveTracking, min_interval: int
) -> None:
    """What counts at the end comes no more often than anything else."""
    race = Race(hass, live_tracking)
    await race.start(STRAP, WATCH, min_interval=min_interval)
    for second in range(60):
        race.beat(STRAP, second, counts=True)
    for second in range(60, 90):
        race.beat(WATCH, second, counts=True)
    await until_empty(race.relay)
    await hass.config_entries.async_unload(race.relay.config_entry.entry_id)
    assert await hass.config_entries.async_setup(race.relay.config_entry.entry_id)
    await until_empty(race.relay.config_entry.runtime_data)
    seen = [one for one in live_tracking.arrivals if 100 <= one.value < 140]
    times = sorted(one.measured_at for one in seen)
    assert times[-1] > (race.begin + 80) * 1_000_000
    # One may come early
    assert 3 < len(times) <= 30 / min_interval + 2


@pytest.mark.parametrize(("silent_for", "counts"), [(3, False), (30, True)])
async def test_stopped_in_doubt(race: Race, silent_for: int, counts: bool) -> None:
    """At the end of Home Assistant what likely counts is kept, and nothing else."""
    await race.start(STRAP, WATCH, paused=True)
    for second in range(60):
        race.beat(STRAP, second, counts=True)
    for second in range(60, 60 + silent_for):
        race.beat(WATCH, second, counts=counts)
    entry = race.relay.config_entry
    await race.hass.config_entries.async_unload(entry.entry_id)
    race.hass.config_entries.async_update_entry(
        entry, options={**entry.options, "paused": False}
    )
    await race.hass.config_entries.async_setup(entry.entry_id)
    race.relay = entry.runtime_data
    await race.see()


async def test_many_held(race: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    """However fast a source is, no more is held back than fits."""
    monkeypatch.setattr(
        "custom_components.heart_rate_relay.sources.lineup.MAX_HELD", 20
    )
    await race.start(STRAP, WATCH)
    race.beat(STRAP, 0, counts=True)
    for second in range(1, 70):
        race.beat(WATCH, second, counts=second >= 40)
    await race.see()
