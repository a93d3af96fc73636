"""Tests of the tables."""

import json

import pytest

from benchmarks.arrangements import (
    DATABASE,
    FLOOR,
    NOTHING,
    PULSOID,
    RELAY,
    Arrangement,
)
from benchmarks.arrivals import Arrived
from benchmarks.draining import Drained
from benchmarks.history import Backfilled
from benchmarks.idle import EACH, FIRST, FLOOR as ENTITIES, SetUp
from benchmarks.live import Round, Scenario
from benchmarks.report import (
    as_json,
    draining_table,
    history_table,
    idle_table,
    live_table,
    losses,
    markdown,
    put_between,
    watching_table,
)
from benchmarks.watching import BARE, FEED, NOBODY, Watched

SCENARIO = Scenario(sensors=2, rate=5, seconds=10)


def a_round(cpu: float, *, expected: int = 100, readings: int = 100) -> Round:
    """Return a round of a hundred states."""
    return Round(
        states=100,
        expected=expected,
        arrived=Arrived(readings=readings, duplicates=0, latencies=[0.5, 1.0]),
        cpu=cpu,
        delays=[1.0],
        other_cpu=0.2,
    )


def rounds(**more: int) -> dict[Arrangement, list[Round]]:
    """Return what a scenario came to with some arrangements."""
    return {
        NOTHING: [a_round(0.01, expected=0, readings=0)],
        FLOOR: [a_round(0.02)],
        PULSOID: [a_round(0.03, **more)],
    }


def test_live_table() -> None:
    """A state costs what the process uses more than with nothing, beside the floor."""
    nothing, floor, relay = live_table(SCENARIO, rounds()).rows
    assert nothing["CPU for a state, µs"] is None
    assert floor["CPU for a state, µs"] == pytest.approx(100)
    assert relay["CPU for a state, µs"] == pytest.approx(200)
    assert relay["× the bare POST"] == pytest.approx(2)
    assert (relay["p50, ms"], relay["p99, ms"]) == (0.5, 1.0)
    assert relay["added to a state of another entity, µs"] == 0


def test_floor_too_low() -> None:
    """Nothing is told beside a floor that is less than what runs differ by."""
    told = {**rounds(), FLOOR: [a_round(0.00999)]}
    _, floor, relay = live_table(SCENARIO, told).rows
    assert floor["× the bare POST"] is relay["× the bare POST"] is None
    assert relay["CPU for a state, µs"] == pytest.approx(200)


def test_history_table() -> None:
    """A backfill is told beside how late the event loop is by itself."""
    backfilled = Backfilled(
        readings=10,
        arrived=9,
        seconds=2.0,
        cpu=0.0001,
        memory=1024 * 1024,
        delays=[1.0, 2.0, 9.0],
        delays_before=[0.5],
    )
    nothing, relay = (table := history_table({RELAY: backfilled})).rows
    assert nothing["at most, ms"] == 0.5
    assert (relay["readings a second"], relay["CPU for a reading, µs"]) == (5, 10)
    assert (relay["at most, ms"], relay["lost"]) == (9.0, 1)
    assert list(losses(table))


def test_watching_table() -> None:
    """What it costs to tell many is told beside bare WebSockets, less what all have in common."""

    def watched(cpu: float, told: int) -> list[Watched]:
        return [
            Watched(
                states=10,
                cpu=cpu,
                expected=20,
                latencies=[float(ms) for ms in range(told)],
            )
        ]

    results = {NOBODY: watched(1, 0), BARE: watched(3, 20), FEED: watched(2, 19)}
    bare, feed = watching_table(2, results).rows
    assert bare["CPU for a state, µs"] == pytest.approx(200_000)
    assert (bare["× bare"], feed["× bare"]) == (1, 0.5)
    assert (bare["lost"], feed["lost"]) == (0, 1)
    assert feed["p50, ms"] == 9


def test_idle_table() -> None:
    """What a relay comes to stands beside what Home Assistant takes for its entities."""
    table = idle_table(
        RELAY,
        {
            name: [SetUp(seconds=cpu, cpu=cpu, memory=kilobytes * 1024)]
            for name, cpu, kilobytes in (
                (FIRST, 0.1, 6000),
                (ENTITIES, 0.01, 100),
                (EACH, 0.012, 130),
            )
        },
    )
    assert [row[""] for row in table.rows] == [FIRST, ENTITIES, EACH]
    assert table.rows[1:] == [
        {"": ENTITIES, "time, ms": 10, "CPU, ms": 10, "memory, kB": 100},
        {"": EACH, "time, ms": 12, "CPU, ms": 12, "memory, kB": 130},
    ]
    assert "another" in idle_table("another", {}).title


def test_losses() -> None:
    """What a relay loses is told, wherever it does."""
    assert not list(losses(live_table(SCENARIO, rounds())))
    (lost,) = losses(live_table(SCENARIO, rounds(readings=97)))
    assert "3 readings did not arrive by this relay, Pulsoid" in lost
    drained = Drained(readings=10, arrived=9, seconds=1, cpu=1, memory=1, delays=[0.0])
    (lost,) = losses(draining_table({"another build": [drained], RELAY: [drained]}))
    assert "1 readings did not arrive by this relay" in lost


def test_too_short_to_tell() -> None:
    """What was over before the event loop was looked at says nothing of how late it was."""
    drained = Drained(readings=10, arrived=10, seconds=1, cpu=1, memory=1, delays=[])
    (row,) = draining_table({RELAY: [drained]}).rows
    assert row["event loop late, p99, ms"] is None


def test_markdown() -> None:
    """Each arrangement is a line, and what cannot be told is a dash."""
    text = markdown([live_table(SCENARIO, rounds())])
    assert text.startswith("**2 sensors at 5 Hz, all in the same moment, 10 states")
    assert "\n| nothing | – | – | – |" in text
    assert "\n| this relay, Pulsoid | 200 | 0 | 2 |" in text


def test_json() -> None:
    """All of it can be written as JSON."""
    table = live_table(SCENARIO, rounds())
    text = json.dumps(as_json([table], "a machine"))
    assert json.loads(text)["tables"][0]["rows"][1][""] == FLOOR.name


def test_put_between() -> None:
    """Only what is between the markers changes, which have to be there."""
    text = put_between("before <a> old <b> after", ("<a>", "<b>"), "new")
    assert text == "before <a>\n\nnew\n\n<b> after"
    assert put_between(text, ("<a>", "<b>"), "new") == text
    with pytest.raises(ValueError, match="not in it"):
        put_between("nothing", ("<a>", "<b>"), "new")


def test_takes() -> None:
    """Nothing has to arrive without an arrangement, one sensor's readings at Pulsoid, or all."""
    assert [
        [arrangement.takes(sensor) for sensor in (0, 1)]
        for arrangement in (NOTHING, PULSOID, DATABASE, FLOOR)
    ] == [[False, False], [True, False], [True, True], [True, True]]
