"""A workout as a FIT file, read by a library that has nothing to do with the one that made it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import fitdecode
import pytest

from custom_components.heart_rate_relay.reading import SECOND
from custom_components.heart_rate_relay.workout.fit import KINDS, to_fit
from custom_components.heart_rate_relay.workout.sample import (
    ALTITUDE,
    CADENCE,
    CYCLING_DISTANCE,
    HEART_RATE,
    LATITUDE,
    LONGITUDE,
    POWER,
    SPEED,
    Sample,
)
from custom_components.heart_rate_relay.workout.sport import Sport
from custom_components.heart_rate_relay.workout.tcx import to_tcx, tracks_of
from custom_components.heart_rate_relay.workout.tracker import BeginsBy, Finished

from .common import Trainer, at

OFFSET = timedelta(hours=5, minutes=45)
"""What a clock in Nepal is ahead of UTC by."""

DEGREES = 180 / 2**31
"""In a semicircle, as the protocol has positions."""


def fit(finished: Finished) -> bytes:
    """Return a workout as a file, as it is made of the one that is kept."""
    tcx = to_tcx(finished.summary, finished.measured)
    return to_fit(finished.summary, tracks_of(tcx), OFFSET)


def read(file: bytes) -> dict[str, list[dict[str, Any]]]:
    """Return the messages of a file by name, with sums that are right and no fields of others."""
    messages: dict[str, list[dict[str, Any]]] = {}
    with fitdecode.FitReader(
        file,
        check_crc=fitdecode.CrcCheck.RAISE,
        error_handling=fitdecode.ErrorHandling.RAISE,
    ) as reader:
        for frame in reader:
            if isinstance(frame, fitdecode.FitDataMessage):
                assert not any(
                    isinstance(field.field, fitdecode.types.DevField)
                    for field in frame.fields
                )
                said = {field.name: field.value for field in frame.fields}
                messages.setdefault(frame.name, []).append(said)
    return messages


def moment(at: int) -> datetime:
    """Return a time (µs) to the second, in UTC."""
    return datetime.fromtimestamp(at // SECOND, UTC)


@pytest.fixture
def ride() -> Finished:
    """Return a ride with all that can be measured, and a gap."""
    trainer = Trainer()
    for minute in range(21):
        if 8 < minute < 13:
            continue
        for key, value in (
            (HEART_RATE, 130 + minute),
            (SPEED, 8.125 + minute % 2),
            (POWER, 200 + minute),
            (CADENCE, 85),
            (ALTITUDE, 34.2),
            (LATITUDE, 52.5 + minute / 1000),
            (LONGITUDE, -13.4),
        ):
            trainer.tracker.take(Sample(key, at(minute) + 250_000, value))
        trainer.tracker.take(Sample(CYCLING_DISTANCE, at(minute) + 250_000, 480.0))
    trainer.tracker.pass_time(at(40))
    (finished,) = trainer.finished
    return finished


def test_ride(ride: Finished) -> None:
    """All that was measured is there, to the second."""
    messages = read(fit(ride))
    assert set(messages) == {
        *("file_id", "event", "record", "lap", "session", "activity"),
    }
    summary, records = ride.summary, messages["record"]
    minutes = [*range(9), *range(13, 21)]
    assert [one["timestamp"] for one in records] == [moment(at(n)) for n in minutes]
    assert [one["heart_rate"] for one in records] == [130 + n for n in minutes]
    assert [one["power"] for one in records][1:] == [200 + n for n in minutes][1:]
    speeds = [one["enhanced_speed"] for one in records][1:]
    assert speeds == pytest.approx([8.125 + n % 2 for n in minutes][1:])
    last = records[-1]
    assert last["cadence"] == 85
    assert last["enhanced_altitude"] == pytest.approx(34.2, abs=0.1)
    assert last["position_lat"] * DEGREES == pytest.approx(52.52, abs=1e-6)
    assert last["position_long"] * DEGREES == pytest.approx(-13.4, abs=1e-6)
    assert last["distance"] == pytest.approx(summary.distance, abs=0.01)
    distances = [one["distance"] for one in records if "distance" in one]
    assert distances == sorted(distances)


def test_summary(ride: Finished) -> None:
    """It says what it came to, and that there was a pause."""
    messages = read(fit(ride))
    summary = ride.summary
    (file_id,) = messages["file_id"]
    assert (file_id["type"], file_id["manufacturer"]) == ("activity", "development")
    assert file_id["time_created"] == moment(summary.begin)
    (lap,), (session,), (activity,) = (
        messages[name] for name in ("lap", "session", "activity")
    )
    for one in (lap, session):
        assert one["start_time"] == moment(summary.begin)
        assert one["timestamp"] == moment(summary.end)
        assert one["total_elapsed_time"] == 20 * 60
        assert one["total_timer_time"] == 15 * 60
        assert one["avg_heart_rate"] == round(summary.average_heart_rate or 0)
        assert one["max_heart_rate"] == 150
        assert one["total_calories"] == round(summary.energy or 0)
        assert one["total_distance"] == pytest.approx(summary.distance, abs=0.01)
        assert one["enhanced_avg_speed"] == pytest.approx(
            summary.average_speed, abs=1e-3
        )
        assert one["enhanced_max_speed"] == pytest.approx(9.125)
        assert one["avg_power"] == round(summary.average_power or 0)
        assert one["avg_cadence"] == 85
        assert (one["sport"], one["event_type"]) == ("cycling", "stop")
    assert session["num_laps"] == activity["num_sessions"] == 1
    assert activity["timestamp"] == moment(summary.end)
    local = activity["local_timestamp"].replace(tzinfo=UTC)
    assert local == moment(summary.end) + OFFSET
    timer = [(one["timestamp"], one["event_type"]) for one in messages["event"]]
    assert timer == [
        (moment(at(0)), "start"),
        (moment(at(8)), "stop_all"),
        (moment(at(13)), "start"),
        (moment(at(20)), "stop_all"),
    ]


def test_nothing_measured() -> None:
    """A workout by hand of which nothing was measured is one all the same."""
    trainer = Trainer(BeginsBy.HAND)
    trainer.tracker.start(at(0), Sport.YOGA)
    trainer.tracker.stop(at(45))
    (finished,) = trainer.finished
    messages = read(fit(finished))
    assert "record" not in messages
    (session,) = messages["session"]
    assert session["total_timer_time"] == 45 * 60
    assert (session["sport"], session["sub_sport"]) == ("training", "yoga")
    assert session.get("avg_heart_rate") is None
    assert [one["event_type"] for one in messages["event"]] == ["start", "stop_all"]


@pytest.mark.parametrize(
    ("key", "value", "name", "told"),
    [
        (HEART_RATE, 255, "heart_rate", 254),
        (CADENCE, 300, "cadence", 254),
        (POWER, 70000, "power", 65534),
        (POWER, -10, "power", 0),
    ],
)
def test_bounds(key: str, value: float, name: str, told: float) -> None:
    """The largest number of all means that there is none: what is measured is below it."""
    trainer = Trainer()
    trainer.beat(0, 2)
    trainer.tracker.take(Sample(key, at(1) + SECOND // 2, value))
    trainer.beat(2, 5)
    trainer.tracker.pass_time(at(40))
    (finished,) = trainer.finished
    records = read(fit(finished))["record"]
    assert told in told_as(records, name)
    assert value not in told_as(records, name)


def told_as(records: Iterable[dict[str, Any]], name: str) -> list[float]:
    """Return what records say of something."""
    return [one[name] for one in records if one.get(name) is not None]


def test_kinds() -> None:
    """Each kind of training has a name in the protocol."""
    assert set(KINDS) == set(Sport)
