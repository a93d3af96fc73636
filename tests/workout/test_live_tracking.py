"""A workout at livetracking.io, from the strap to what its page shows."""

from dev.stand_ins import LiveTracking

from ..common import live_tracking_data, relay_entry, set_up, until
from .gym import STEP, Gym, workout_entry

WORKOUT = "binary_sensor.anna_workout"


def durations(server: LiveTracking) -> list[float]:
    """Return how long it went on, as the server is told, in order of time."""
    points = sorted((at, fields) for (_, _, at), fields in server.points.items())
    return [float(fields["dur_s"]) for _, fields in points if "dur_s" in fields]


async def test_follows_the_workout(gym: Gym, live_tracking: LiveTracking) -> None:
    """The duration begins with the workout, and with the next one anew."""
    entry = workout_entry(begins_by="bound", bound=120, end_after=2)
    await gym.open(entry)
    data = live_tracking_data(live_tracking)
    relay = relay_entry("livetracking", data, workout_sources=[WORKOUT])
    coordinator = await set_up(gym.hass, relay)

    async def arrive(count: int) -> None:
        destination = coordinator.destination
        await until(
            lambda: not len(coordinator.outbox) and destination.repeat_at is None, 30
        )
        assert len(durations(live_tracking)) == count

    await gym.train(100, 90)
    await gym.train(200, 130)
    assert gym.state(WORKOUT) == "on"
    state = gym.hass.states.get(WORKOUT)
    assert state
    assert state.attributes["begin"] == "2026-06-01T08:01:45+00:00"
    before = [n * STEP for n in range(20)]
    await arrive(60)
    assert durations(live_tracking) == [*before, *(n * STEP for n in range(40))]
    # It is over, and what is measured then is of no workout, until the next one begins
    await gym.train(200, 90)
    assert gym.state(WORKOUT) == "off"
    await arrive(100)
    assert max(durations(live_tracking)[60:]) < 330
    await gym.train(200, 140)
    await arrive(140)
    assert durations(live_tracking)[-40:] == [n * STEP for n in range(40)]
