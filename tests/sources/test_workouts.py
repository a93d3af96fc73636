"""Events of workouts that are over become readings, each once."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.outbox.tally import Tally
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..common import us
from .test_sources import Listener

FINISHED = "event.anna_workout_finished"


def finish(hass: HomeAssistant, minutes: int) -> None:
    """Tell a workout of so many minutes that is over now."""
    end = dt_util.utcnow()
    begin = end - timedelta(minutes=minutes)
    told = {
        "friendly_name": "Anna Workout finished",
        "begin": begin.isoformat(),
        "end": end.isoformat(),
        "sport": "running",
    }
    hass.states.async_set(FINISHED, end.isoformat(timespec="milliseconds"), told)


def listen(hass: HomeAssistant, tally: Tally) -> Listener:
    """Listen as a relay does that is loaded, with what it remembers."""
    return Listener(hass, [FINISHED], metric=metrics.WORKOUT, tally=tally)


async def test_once_over_a_reload(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """What was told is told by no reload again, and what was over meanwhile is told."""
    hass.states.async_set(FINISHED, "unknown")
    tally = Tally()
    before = listen(hass, tally)
    finish(hass, 30)
    assert before.values == [1800]
    before.sources.stop()
    again = listen(hass, tally)
    assert again.values == []
    again.sources.stop()
    freezer.tick(3600)
    finish(hass, 10)
    after = listen(hass, tally)
    assert after.values == [600]
    after.sources.stop()


async def test_once_over_a_restart(hass: HomeAssistant) -> None:
    """The last event, which is shown again when its entity is back, is no new one."""
    hass.states.async_set(FINISHED, "unknown")
    tally = Tally()
    before = listen(hass, tally)
    finish(hass, 30)
    before.sources.stop()
    state = hass.states.get(FINISHED)
    assert state
    hass.states.async_remove(FINISHED)
    after = listen(hass, tally)
    hass.states.async_set(FINISHED, state.state, state.attributes)
    assert before.values == [1800]
    assert after.values == []
    after.sources.stop()


async def test_once_over_an_update(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """What a former version kept elsewhere of the last event is known."""
    finish(hass, 30)
    state = hass.states.get(FINISHED)
    assert state
    tally = Tally(latest={FINISHED: us(dt_util.as_timestamp(state.state))})
    before = listen(hass, tally)
    assert before.values == []
    before.sources.stop()
    freezer.tick(3600)
    finish(hass, 20)
    after = listen(hass, tally)
    assert after.values == [1200]
    after.sources.stop()


async def test_several_in_a_moment(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Workouts that are found at once are each told, though their events have one time."""
    hass.states.async_set(FINISHED, "unknown")
    listener = listen(hass, Tally())
    for minutes in (30, 20, 20, 30):
        finish(hass, minutes)
    assert listener.values == [1800, 1200]
    listener.sources.stop()


async def test_clock_that_was_ahead(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """What is over after the clock was set back is told, and what was told before is not."""
    hass.states.async_set(FINISHED, "unknown")
    tally = Tally()
    before = listen(hass, tally)
    freezer.tick(timedelta(days=1))
    finish(hass, 30)
    told = hass.states.get(FINISHED)
    assert told
    freezer.tick(-timedelta(days=1))
    before.sources.stop()
    hass.states.async_remove(FINISHED)
    after = listen(hass, tally)
    hass.states.async_set(FINISHED, told.state, told.attributes)
    freezer.tick(3600)
    finish(hass, 20)
    freezer.tick(3600)
    finish(hass, 10)
    assert before.values == [1800]
    assert after.values == [1200, 600]
    after.sources.stop()


async def test_source_is_called_as_its_entity(hass: HomeAssistant) -> None:
    """Who gets a workout is told of whom it is, as of any other source."""
    hass.states.async_set(FINISHED, "unknown")
    listener = listen(hass, Tally())
    finish(hass, 30)
    (reading,) = listener.readings
    assert reading.source.name == "Anna Workout finished"
    listener.sources.stop()
