"""livetracking.io is told all that it knows, and how long and how far a session was by then."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
import json
from random import Random
import time

from freezegun.api import FrozenDateTimeFactory
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.heart_rate_relay.destinations.base import Receipt
from custom_components.heart_rate_relay.destinations.live_tracking import (
    FIELDS,
    LiveTracking,
)
from custom_components.heart_rate_relay.destinations.live_tracking.sessions import (
    KEPT,
    QUIET,
    Sessions,
)
from custom_components.heart_rate_relay.metrics import (
    AIR_TEMPERATURE,
    ALTITUDE,
    BATTERY,
    BEARING,
    CADENCE,
    CYCLING_DISTANCE,
    DISTANCE,
    HEART_RATE,
    LATITUDE,
    LONGITUDE,
    POSITION_ACCURACY,
    POWER,
    POWER_LEFT,
    POWER_RIGHT,
    SIGNAL_STRENGTH,
    SPEED,
    WORKOUT,
    Metric,
)
from custom_components.heart_rate_relay.reading import SECOND, Reading, Source
from custom_components.heart_rate_relay.sources.workouts import OVER
from dev import stand_ins

from .common import HOUR, REFUSED, STRAP, Connect, outcome

BIKE = Source("b1ke", "sensor.bike_distance", "Bike")
PHONE = Source("ph0ne", "sensor.phone_distance", "Phone")

TRAINING = Source("tra1n", "binary_sensor.anna_workout", "Anna Workout")

BASE = 1_795_000_000
"""A second, where none of now is needed."""

type Told = Mapping[int, Mapping[str, float]]
"""Fields by second."""


def now() -> int:
    """Return a second of which the server keeps what follows."""
    return int(time.time()) - 4000


def measured(
    metric: Metric, second: float, value: float, source: Source = STRAP
) -> Reading:
    """Return a reading of a second, of what took three where it was counted."""
    duration = 3 * SECOND if metric in (DISTANCE, CYCLING_DISTANCE) else 0
    return Reading(metric, value, int(second * SECOND), source, duration)


def told(server: stand_ins.LiveTracking) -> Told:
    """Return what the server holds."""
    return {
        at // 1_000_000_000: {key: float(value) for key, value in fields.items()}
        for (_, _, at), fields in server.points.items()
    }


def ride(start: int, seconds: int) -> list[Reading]:
    """Return what is measured in a ride, in order."""
    readings: list[Reading] = []
    for second in range(start, start + seconds):
        readings.append(measured(HEART_RATE, second + 0.2, 100.0 + second % 50))
        if second % 3 == 0:
            readings.append(measured(CYCLING_DISTANCE, second + 0.5, 25.5, BIKE))
        if second % 7 == 0:
            readings.append(measured(BATTERY, second + 0.6, 80.0, PHONE))
    return readings


async def test_fields(live_tracking: stand_ins.LiveTracking, connect: Connect) -> None:
    """Each metric has the key and the unit that the server knows, in floats."""
    expected = {
        HEART_RATE: (72, "hr_bpm", 72.0),
        SPEED: (5.1, "spd_kph", 18.36),
        CADENCE: (88, "cad_rpm", 88.0),
        POWER: (250.5, "pwr_w", 250.5),
        POWER_LEFT: (120, "pwr_w_l", 120.0),
        POWER_RIGHT: (130, "pwr_w_r", 130.0),
        ALTITUDE: (-12.25, "alt_m", -12.25),
        LATITUDE: (52.5200066, "lat", 52.5200066),
        LONGITUDE: (-13.4049541, "lng", -13.4049541),
        POSITION_ACCURACY: (4, "acc_m", 4.0),
        BEARING: (359.5, "bearing", 359.5),
        AIR_TEMPERATURE: (-3.5, "temp_c", -3.5),
        BATTERY: (100, "battery", 100.0),
        SIGNAL_STRENGTH: (40, "gsm_signal", 40.0),
        DISTANCE: (1234, "dist_km", 1.734),
        CYCLING_DISTANCE: (500, "dist_km", 1.734),
    }
    assert {*expected, WORKOUT} == set(FIELDS) == LiveTracking.limits.metrics
    second = now()
    readings = [
        measured(metric, second, value) for metric, (value, *_) in expected.items()
    ]
    assert (
        await connect("livetracking", live_tracking.url).deliver(readings) == Receipt()
    )
    fields = {key: value for _, key, value in expected.values()}
    assert told(live_tracking) == {second: {**fields, "dur_s": 0.0}}
    assert set(fields) | {"dur_s"} == live_tracking.fields


def trained(begin: int, until: int, *, is_over: bool = False) -> Reading:
    """Return what is told of a workout until a second."""
    source = TRAINING._replace(said=OVER if is_over else "")
    took = until - begin
    return Reading(WORKOUT, float(took), until * SECOND, source, took * SECOND)


async def test_workout(live_tracking: stand_ins.LiveTracking, connect: Connect) -> None:
    """A workout is a session, from its begin to its end, whatever was measured around it."""
    start = now()
    begin, told_at, end = start + 30, start + 90, start + 120
    destination = connect("livetracking", live_tracking.url)
    readings = ride(start, 90)
    await destination.deliver(readings)
    assert told(live_tracking)[start + 60]["dur_s"] == 60
    await destination.deliver([trained(begin, told_at), *ride(told_at, 30)])
    await destination.repeat()
    await destination.deliver([trained(begin, end, is_over=True)])
    await destination.deliver(ride(end + 1, 10))
    points = told(live_tracking)
    for second in (start, start + 29, begin, begin + 1, told_at, end - 1, end + 5):
        since = start if second < begin else begin if second < end else end + 1
        assert points[second]["dur_s"] == second - since, second - start
    metres = 25.5 * len([n for n in range(begin, end) if n % 3 == 0])
    last = max(n for n in range(begin, end) if n % 3 == 0)
    assert points[last]["dist_km"] == pytest.approx(metres / 1000)
    first = min(n for n in range(begin, end) if n % 3 == 0)
    assert points[first]["dist_km"] == pytest.approx(0.0255)
    # Told once more, as after a restart, it changes nothing
    await destination.deliver([trained(begin, told_at)])
    await destination.repeat()
    assert told(live_tracking) == points


async def test_workout_before_anything_is_measured(
    live_tracking: stand_ins.LiveTracking, connect: Connect
) -> None:
    """A workout begins when it began, not with the first that is measured in it."""
    start = now()
    destination = connect("livetracking", live_tracking.url)
    await destination.deliver([*ride(start + 10, 5), trained(start, start + 15)])
    await destination.repeat()
    points = told(live_tracking)
    assert points[start]["dur_s"] == 0
    assert [points[start + n]["dur_s"] for n in range(10, 15)] == [*range(10, 15)]


async def test_pause_in_a_workout(
    live_tracking: stand_ins.LiveTracking, connect: Connect
) -> None:
    """However long a pause is, the workout goes on after it."""
    start = now()
    destination = connect("livetracking", live_tracking.url)
    await destination.deliver([trained(start, start + 5), *ride(start, 5)])
    await destination.deliver(ride(start + QUIET + 60, 5))
    assert told(live_tracking)[start + QUIET + 60]["dur_s"] == QUIET + 60
    await destination.deliver([trained(start, start + QUIET + 65, is_over=True)])
    await destination.deliver(ride(start + 2 * QUIET + 200, 5))
    assert told(live_tracking)[start + 2 * QUIET + 200]["dur_s"] == 0


async def test_totals(live_tracking: stand_ins.LiveTracking, connect: Connect) -> None:
    """Both begin with the first reading of a session, and go on with each."""
    second = now()
    destination = connect("livetracking", live_tracking.url)
    for reading in ride(second, 10):
        await destination.deliver([reading])
    points = told(live_tracking)
    assert [points[second + n]["dur_s"] for n in range(10)] == [*map(float, range(10))]
    distances = [fields["dist_km"] for fields in points.values() if "dist_km" in fields]
    assert distances == [round(0.0255 * (n + 1), 4) for n in range(len(distances))]
    # What a phone tells day and night begins no session
    quiet = second + 10 + QUIET
    battery, beat = (
        measured(BATTERY, quiet, 50.0),
        measured(HEART_RATE, quiet + 60, 70.0),
    )
    await destination.deliver([battery, beat])
    points = told(live_tracking)
    assert points[quiet] == {"battery": 50.0}
    assert points[quiet + 60] == {"hr_bpm": 70.0, "dur_s": 0.0}


async def test_any_parts(
    live_tracking: stand_ins.LiveTracking, connect: Connect
) -> None:
    """In whatever parts and order it comes, in the end it is as if all had come in order."""
    readings = ride(now(), 400)
    destination = connect("livetracking", live_tracking.url)
    await destination.deliver(readings)
    expected = told(live_tracking)
    random = Random(4)
    parts = [readings[n : n + 31] for n in range(0, len(readings), 31)]
    random.shuffle(parts)
    live_tracking._series.points.clear()
    destination = connect("livetracking", live_tracking.url)
    for part in (*parts, *random.sample(parts, 4)):
        assert await destination.deliver(part) == Receipt()
    assert told(live_tracking) != expected
    while live_tracking.requests[-1].status == HTTPStatus.NO_CONTENT:
        if destination.repeat_at is None:
            break
        await destination.repeat()
    assert told(live_tracking) == expected


async def test_answer_lost(
    live_tracking: stand_ins.LiveTracking, connect: Connect
) -> None:
    """What is sent again, whole or in parts, is the same again."""
    readings = ride(now(), 90)
    destination = connect("livetracking", live_tracking.url)
    live_tracking.failures.append(stand_ins.Failure(500, accepts=True))
    assert (await outcome(destination.deliver(readings)))[1] == "server_error"
    expected = told(live_tracking)
    for part in (readings[:40], readings[40:]):
        await destination.deliver(part)
    assert told(live_tracking) == expected
    assert destination.repeat_at is None


async def test_restart(live_tracking: stand_ins.LiveTracking, connect: Connect) -> None:
    """A session goes on after a restart, though what was sent before has to be sent again."""
    start = now()
    readings = ride(start, 600)
    destination = connect("livetracking", live_tracking.url)
    await destination.deliver(readings)
    expected = told(live_tracking)
    live_tracking._series.points.clear()
    destination = connect("livetracking", live_tracking.url)
    for n in range(0, len(readings), 100):
        await destination.deliver(readings[n : n + 100])
        memory = json.loads(json.dumps(destination.memory))
        if more := readings[n + 100 : n + 150]:
            live_tracking.failures.append(stand_ins.Failure(500, accepts=True))
            await outcome(destination.deliver(more))
        destination = connect("livetracking", live_tracking.url)
        destination.memory = memory
    assert told(live_tracking) == expected
    # What is known to be told is not counted again
    await destination.deliver(readings[-50:])
    assert told(live_tracking) == expected


@pytest.mark.parametrize(
    "memory", [None, 7, {}, {"started_at": "x"}, {"started_at": 1, "latest": 2}]
)
async def test_nonsense_remembered(
    live_tracking: stand_ins.LiveTracking, connect: Connect, memory: object
) -> None:
    """What makes no sense is not gone on with."""
    destination = connect("livetracking", live_tracking.url)
    destination.memory = {"session": memory}
    second = now()
    await destination.deliver([measured(HEART_RATE, second, 70.0)])
    assert told(live_tracking) == {second: {"hr_bpm": 70.0, "dur_s": 0.0}}


async def test_too_old(live_tracking: stand_ins.LiveTracking, connect: Connect) -> None:
    """What the server keeps no more is refused, and no more than that."""
    old, fresh = ride(now() - 9 * HOUR // SECOND, 7), ride(now(), 20)
    destination = connect("livetracking", live_tracking.url)
    receipt = await destination.deliver([*old, *fresh])
    assert {refusal.reading for refusal in receipt.refused} == set(old)
    assert len(told(live_tracking)) == 20


async def test_repeat_refused(
    live_tracking: stand_ins.LiveTracking, connect: Connect
) -> None:
    """What cannot be told anew any more is given up; what can be later is not."""
    second = now()
    destination = connect("livetracking", live_tracking.url)
    await destination.deliver([measured(HEART_RATE, second, 70.0)])
    await destination.deliver([measured(HEART_RATE, second - 5, 71.0)])
    for failure, key in (
        (stand_ins.Failure(503), "busy"),
        (stand_ins.Failure(HTTPStatus.UNAUTHORIZED, '{"error": "no"}'), "invalid_auth"),
    ):
        live_tracking.failures.append(failure)
        assert (await outcome(destination.repeat()))[1] == key
        assert destination.repeat_at is not None
    live_tracking.failures.append(
        stand_ins.Failure(400, '{"error": "points beyond retention policy dropped=1"}')
    )
    assert await destination.repeat() == Receipt()
    assert destination.repeat_at is None
    live_tracking.failures.append(
        stand_ins.Failure(400, '{"error": "unable to parse"}')
    )
    refused = destination.deliver([measured(HEART_RATE, second, 70.0)])
    assert await outcome(refused) == REFUSED


async def test_repeat_too_large(
    live_tracking: stand_ins.LiveTracking, connect: Connect
) -> None:
    """What is too much to be told anew in one go is told in several."""
    readings = ride(now(), 60)
    destination = connect("livetracking", live_tracking.url)
    await destination.deliver(readings)
    expected = told(live_tracking)
    live_tracking._series.points.clear()
    destination = connect("livetracking", live_tracking.url)
    await destination.deliver(readings[10:])
    await destination.deliver(readings[:10])
    live_tracking.failures.extend([stand_ins.Failure(413)] * 2)
    while destination.repeat_at is not None:
        assert await destination.repeat() == Receipt()
    assert told(live_tracking) == expected


def test_several_sources() -> None:
    """A watch and a phone go the same way; what was cycled comes to what was walked."""
    sessions = Sessions()
    readings = [
        measured(DISTANCE, BASE, 100.0, PHONE),
        measured(DISTANCE, BASE + 1, 90.0, STRAP),
        measured(DISTANCE, BASE + 2, 20.0, STRAP),
        measured(CYCLING_DISTANCE, BASE + 3, 1000.0, BIKE),
    ]
    sessions.add(readings)
    distances = [sessions.fields(BASE + n)["dist_km"] for n in range(4)]
    assert distances == [0.1, 0.1, 0.11, 1.11]


def test_what_is_kept() -> None:
    """A day of readings is not kept, and its totals are right all the same."""
    sessions = Sessions()
    day = ride(BASE - 86_400, 86_400)
    for n in range(0, len(day), 1000):
        sessions.add(day[n : n + 1000])
    (session,) = sessions._sessions
    assert len(session.seconds) < 12 * 3600
    assert sessions.fields(BASE - 1)["dur_s"] == 86_399.0
    last = (BASE - 1) // 3 * 3
    count = len([each for each in day if each.metric is CYCLING_DISTANCE])
    assert sessions.fields(last)["dist_km"] == pytest.approx(count * 0.0255)


def test_clock_ahead() -> None:
    """What a clock told that was far ahead of time has nothing forgotten."""
    sessions, start = Sessions(), now()
    sessions.add(ride(start, 100))
    sessions.add([measured(HEART_RATE, start + 10**8, 70.0)])
    sessions.add(ride(start + 100, 100))
    assert sessions.fields(start + 199)["dur_s"] == 199.0


def test_workout_that_never_ends() -> None:
    """Where nobody says that a workout is over, what is measured the next day is not of it."""
    sessions = Sessions()
    sessions.add([trained(BASE, BASE + 5), *ride(BASE, 5)])
    sessions.add(ride(BASE + KEPT + 60, 5))
    assert sessions.fields(BASE + KEPT + 64)["dur_s"] == 4


def test_clock_set_back_in_a_workout(freezer: FrozenDateTimeFactory) -> None:
    """A workout goes on where it was said to begin by a clock that was ahead."""
    sessions, ahead = Sessions(), BASE + HOUR // SECOND

    def tell(at: int, readings: Sequence[Reading]) -> None:
        freezer.move_to(datetime.fromtimestamp(at, UTC))
        sessions.add(readings)

    tell(ahead + 90, [trained(ahead, ahead + 60), *ride(ahead, 90)])
    tell(BASE + 120, [trained(BASE, BASE + 120), *ride(BASE + 90, 30)])
    tell(ahead + 200, ride(ahead + 100, 100))
    assert sessions.fields(ahead + 199)["dur_s"] == ahead + 199 - BASE


METRICS = st.sampled_from([HEART_RATE, DISTANCE, CYCLING_DISTANCE, BATTERY])
READINGS = st.lists(
    st.builds(
        measured,
        METRICS,
        st.integers(BASE, BASE + 3 * QUIET).map(lambda at: at / 1),
        st.integers(0, 1000).map(float),
        st.sampled_from([BIKE, PHONE]),
    ),
    max_size=40,
    unique_by=lambda one: (one.metric, one.source, one.measured_at),
)


def totals(parts: Sequence[Sequence[Reading]]) -> Told:
    """Return what a server holds that was told of readings in parts."""
    sessions, held = Sessions(), dict[int, Mapping[str, float]]()
    for part in parts:
        seconds = [*sessions.add(part), *sessions.due]
        held |= {second: sessions.fields(second) for second in seconds}
        sessions.accept(seconds)
        assert not sessions.due
    return held


@given(READINGS, st.randoms(use_true_random=False), st.integers(1, 9))
@settings(deadline=None)
def test_order_is_nothing(readings: list[Reading], random: Random, size: int) -> None:
    """Totals follow from what was measured, and from nothing else."""
    expected = totals([sorted(readings, key=lambda one: one.measured_at)])
    random.shuffle(readings)
    parts = [readings[n : n + size] for n in range(0, len(readings), size)]
    parts += random.sample(parts, len(parts) // 2)
    assert totals(parts) == expected
