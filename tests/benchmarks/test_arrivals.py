"""Tests of what is read out of the requests that arrived."""

import pytest

from benchmarks.arrivals import Reading, arrived, readings_in
from benchmarks.sink import Request

AT = 1_795_705_579_409
MS = 1_000_000

BODIES = {
    "relay": b"heart_rate,name=Bench\\ 7,source=sensor.bench_7 bpm=72.0 %d" % AT,
    "core's influxdb": (
        b'bpm,domain=sensor,entity_id=bench_7 friendly_name_str="Bench 7",'
        b'state_class_str="measurement",value=72.0 %d' % (AT * MS + 500_000)
    ),
    "automation": b'{"sensor": 7, "measured_at": %d, "data": {"heart_rate": 72}}' % AT,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_readings_in(body: bytes) -> None:
    """The sensor and the time are found, whoever sent them, in whatever unit."""
    assert list(readings_in(body)) == [Reading(7, AT)]


def test_readings_in_pulsoid() -> None:
    """Pulsoid is not told which sensor it was: it can only be the first."""
    body = b'{"measured_at": %d, "data": {"heart_rate": 72}}' % AT
    assert list(readings_in(body)) == [Reading(0, AT)]


def test_readings_in_several() -> None:
    """A line is a reading, an empty one is none, and anything else is a mistake."""
    line = BODIES["relay"]
    assert len(list(readings_in(line + b"\n" + line + b"\n\n"))) == 2
    assert not list(readings_in(b"\n"))
    with pytest.raises(ValueError, match="not a reading"):
        list(readings_in(b"anything"))


def test_arrived() -> None:
    """Latencies are from the write to the first arrival; repeats and strangers are told apart."""
    written = {Reading(7, AT): 5 * MS, Reading(7, AT + 200): 205 * MS}
    requests = [
        Request(7 * MS, BODIES["relay"]),
        Request(9 * MS, BODIES["automation"]),
        Request(9 * MS, b'{"sensor": 8, "measured_at": 1}'),
    ]
    result = arrived(written, requests)
    assert result.readings == 1
    assert result.duplicates == 1
    assert result.latencies == [2.0]
