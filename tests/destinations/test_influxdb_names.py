"""What things are called in line protocol, and the addresses that a person enters."""

from collections.abc import Mapping

from hypothesis import HealthCheck, example, given, settings, strategies as st
import pytest

from custom_components.heart_rate_relay.destinations.base import Receipt
from custom_components.heart_rate_relay.destinations.errors import DestinationError
from custom_components.heart_rate_relay.destinations.influxdb import (
    InfluxDBv1,
    clean,
    escape,
    parse_tags,
)
from custom_components.heart_rate_relay.destinations.influxdb.database import InfluxDB
from custom_components.heart_rate_relay.destinations.text import parse_url
from custom_components.heart_rate_relay.metrics import (
    HEART_RATE,
    METRICS,
    POWER,
    RR_INTERVAL,
    STEPS,
    Kind,
    Metric,
)
from custom_components.heart_rate_relay.reading import Reading, Source
from dev.stand_ins.database import Database

from .common import (
    AWKWARD,
    INFLUXDBS,
    NOW,
    STRAP,
    Connect,
    http,
    reading,
    serving,
    written,
)


@pytest.mark.parametrize("service", INFLUXDBS)
async def test_names_and_tags(
    databases: Mapping[str, Database], connect: Connect, service: str
) -> None:
    """Names are the user's to choose, and a tag of theirs comes before one of ours."""
    stand_in = databases[service]
    naming = {
        "measurement": "vital signs",
        "field": "heart rate, bpm",
        "tags": ["wearer=Anna = me", "name = hers ", "a,b=c d"],
    }
    await connect(service, stand_in.url, naming=naming).deliver([reading(61.25)])
    tags = (
        ("a,b", "c d"),
        ("name", "hers"),
        ("source", "sensor.strap_heart_rate"),
        ("wearer", "Anna = me"),
    )
    assert stand_in.points == {
        ("vital signs", tags, NOW * 1000): {"heart rate, bpm": 61.25}
    }


async def test_bytes_of_names(connect: Connect) -> None:
    """Only what must be escaped is: InfluxDB 3 keeps a backslash that need not be."""
    naming = {"measurement": "a=b, c", "field": "d=e, f", "tags": ["g, h=i=j\\k"]}
    async with serving(http(204)) as server:
        source = Source("1", "sensor.a", 'L"')
        destination = connect("influxdb_v3", server.url, naming=naming)
        await destination.deliver([reading(60.0, NOW, source)])
    assert server.seen[0].body.decode() == (
        f'a=b\\,\\ c,g\\,\\ h=i\\=j\\k,name=L",source=sensor.a d\\=e\\,\\ f=60.0 {NOW}'
    )


async def test_series_of_each_source(
    databases: Mapping[str, Database], connect: Connect
) -> None:
    """Sources of one batch keep apart, and one that is renamed gets its new name."""
    stand_in = databases["influxdb_v1"]
    destination = connect("influxdb_v1", stand_in.url)
    old, new, other = (
        Source("1", "sensor.a", "Old"),
        Source("1", "sensor.a", "New"),
        Source("2", "sensor.b", ""),
    )
    readings = [
        reading(60.0 + index, NOW + index, source)
        for index, source in enumerate((old, other, new, old))
    ]
    await destination.deliver(readings)
    assert [dict(arrival.tags) for arrival in stand_in.arrivals] == [
        {"name": "Old", "source": "sensor.a"},
        {"source": "sensor.b"},
        {"name": "New", "source": "sensor.a"},
        {"name": "Old", "source": "sensor.a"},
    ]


FIELDS = {HEART_RATE: "bpm"} | {
    metric: metric.key for metric in METRICS.values() if metric is not HEART_RATE
}


def one_each() -> list[Reading]:
    """Return a reading of each metric but workouts, all of the same moment."""
    return [
        Reading(metric, 50.5 + n, NOW, STRAP)
        for n, metric in enumerate(METRICS.values())
        if metric.kind is not Kind.WORKOUT
    ]


@pytest.mark.parametrize("service", INFLUXDBS)
async def test_one_measurement(
    databases: Mapping[str, Database], connect: Connect, service: str
) -> None:
    """Unless the user wants it otherwise, all are fields of one measurement."""
    stand_in = databases[service]
    naming = {"measurement": "me", "fields": ["power=watts", "rr_interval = RR, ms"]}
    readings = one_each()
    assert await connect(service, stand_in.url, naming=naming).deliver(readings) == (
        Receipt()
    )
    names = FIELDS | {POWER: "watts", RR_INTERVAL: "RR, ms"}
    expected = {names[reading.metric]: reading.value for reading in readings}
    ((key, fields),) = stand_in.points.items()
    assert (key[0], fields) == ("me", expected)
    assert len(fields) == len(readings)


@pytest.mark.parametrize("service", INFLUXDBS)
async def test_measurement_of_each(
    databases: Mapping[str, Database], connect: Connect, service: str
) -> None:
    """Or each has a measurement of its own, but for what says where someone is."""
    stand_in = databases[service]
    naming = {"layout": "each", "fields": ["power=watts", "latitude=lat"]}
    await connect(service, stand_in.url, naming=naming).deliver(one_each())
    found = {key[0]: set(fields) for key, fields in stand_in.points.items()}
    assert found == {
        "heart_rate": {"bpm"},
        "power": {"watts"},
        "position": {"lat", "longitude", "position_accuracy", "bearing"},
        **{
            metric.key: {"value"}
            for metric in METRICS.values()
            if metric.kind not in (Kind.POSITION, Kind.WORKOUT)
            and metric not in (HEART_RATE, POWER)
        },
    }


async def test_counted(databases: Mapping[str, Database], connect: Connect) -> None:
    """What was added to a counter is of the time when it had been, and nothing else is told."""
    stand_in = databases["influxdb_v1"]
    walked = Reading(STEPS, 12.0, NOW, STRAP, 60_000_000)
    await connect("influxdb_v1", stand_in.url).deliver([walked])
    (((_, _, at), fields),) = stand_in.points.items()
    assert (at, fields) == (NOW * 1000, {"steps": 12.0})


@pytest.mark.parametrize("layout", ["one", "each"])
@pytest.mark.parametrize("service", INFLUXDBS)
async def test_each_is_read_back(
    databases: Mapping[str, Database], connect: Connect, service: str, layout: str
) -> None:
    """Each metric is looked for where it was written."""
    stand_in = databases[service]
    naming = {"layout": layout, "fields": ["power=watts"]}
    destination = connect(service, stand_in.url, naming=naming)
    assert isinstance(destination, InfluxDB)
    readings = one_each()
    await destination.deliver(readings)
    for one in readings:
        assert await destination._holds(one)
        assert not await destination._holds(one._replace(value=1.0))
        assert not await destination._holds(one._replace(measured_at=NOW + 1))


def test_takes_what_is_added() -> None:
    """A metric that comes to the table goes to a database, too."""
    taken = InfluxDBv1.limits.metrics
    added = Metric("shoe_size", "EU", (15, 50))
    assert added not in taken
    METRICS[added.key] = added
    try:
        assert added in taken
        assert set(taken) == set(METRICS.values())
        assert len(taken) == len(METRICS)
    finally:
        del METRICS[added.key]


@pytest.mark.parametrize(
    ("naming", "key"),
    [
        ({"fields": ["power"]}, "invalid_fields"),
        ({"fields": ["power="]}, "invalid_fields"),
        ({"fields": ["power=time"]}, "invalid_fields"),
        ({"fields": ["=watts"]}, "invalid_fields"),
        ({"fields": ["watts=power"]}, "invalid_fields"),
        ({"fields": ["power=_field", "speed=v"]}, "invalid_fields"),
        ({"measurement": "#heart"}, "invalid_names"),
        ({"measurement": "  #heart"}, "invalid_names"),
        ({"measurement": "\0#heart"}, "invalid_names"),
        ({"measurement": " \\ "}, "invalid_names"),
        ({"measurement": "\\ #heart"}, "invalid_names"),
        ({"measurement": "\n"}, "invalid_names"),
        ({"field": "time"}, "invalid_names"),
        ({"field": " time\\"}, "invalid_names"),
        ({"field": "\\\\"}, "invalid_names"),
        ({"field": "   "}, "invalid_names"),
        ({"field": "_field"}, "invalid_names"),
        ({"tags": ["_measurement=x"]}, "invalid_tags"),
        ({"tags": ["time=now"]}, "invalid_tags"),
        ({"tags": [" time\t=now"]}, "invalid_tags"),
        ({"tags": ["\\=now"]}, "invalid_tags"),
        ({"tags": ["wearer=\\"]}, "invalid_tags"),
        ({"tags": ["wearer"]}, "invalid_tags"),
        ({"tags": ["wearer="]}, "invalid_tags"),
        ({"tags": ["=Anna"]}, "invalid_tags"),
        ({"tags": ["wearer=Anna", ""]}, "invalid_tags"),
    ],
)
def test_impossible_names(
    connect: Connect, naming: Mapping[str, object], key: str
) -> None:
    """Names that InfluxDB would swallow without a word, or never take, are refused."""
    with pytest.raises(DestinationError) as info:
        connect("influxdb_v1", "http://127.0.0.1", naming=naming)
    assert info.value.key == key


@pytest.mark.parametrize("naming", [{}, {"measurement": "", "field": "", "tags": []}])
async def test_names_that_are_not_given(
    databases: Mapping[str, Database],
    connect: Connect,
    naming: Mapping[str, object],
) -> None:
    """A name that is left empty is the usual one."""
    stand_in = databases["influxdb_v1"]
    await connect("influxdb_v1", stand_in.url, naming=naming).deliver([reading()])
    (((measurement, _, _), fields),) = stand_in.points.items()
    assert (measurement, list(fields)) == ("heart_rate", ["bpm"])


@given(AWKWARD)
def test_clean(text: str) -> None:
    """What remains can be written: no control character, no backslash that escapes."""
    cleaned = clean(text)
    assert cleaned == written(text)
    assert clean(cleaned) == cleaned
    assert cleaned.isascii() or not text.isascii()
    assert not cleaned.endswith(("\\", " "))
    assert not cleaned.startswith(" ")
    assert not any(f"\\{special}" in cleaned for special in ',= "')
    assert not any(ord(char) < 32 or ord(char) == 127 for char in cleaned)


@given(AWKWARD, st.sampled_from([",= ", ", "]))
def test_escape(text: str, special: str) -> None:
    """Without its escapes it is the clean text again, and nothing special is bare."""
    escaped = escape(text, special)
    bare = escaped
    for char in special:
        bare = bare.replace(f"\\{char}", "")
        assert escaped.count(f"\\{char}") == clean(text).count(char)
    assert not set(bare) & set(special)
    plain = escaped
    for char in special:
        plain = plain.replace(f"\\{char}", char)
    assert plain == clean(text)


@given(st.text(st.characters(exclude_characters="=", codec="utf-8")), AWKWARD)
def test_parse_tag(key: str, value: str) -> None:
    """A tag is split at its first equals sign, or refused."""
    key_written, value_written = written(key), written(value)
    if key_written in ("", "time") or not value_written:
        with pytest.raises(DestinationError) as info:
            parse_tags([f"{key}={value}"])
        assert info.value.key == "invalid_tags"
    else:
        assert parse_tags([f"{key}={value}"]) == {key_written: value_written}


@given(st.lists(st.text()))
def test_parse_any_tags(tags: list[str]) -> None:
    """Any text is a list of tags or a DestinationError, and nothing else."""
    key, parsed = "", {}
    try:
        parsed = parse_tags(tags)
    except DestinationError as err:
        key = err.key
    assert key in ("", "invalid_tags")
    assert len(parsed) <= len(tags)
    assert all(parsed.keys()) and all(parsed.values())
    assert "time" not in parsed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://influx", "http://influx"),
        ("  https://influx:8086/  ", "https://influx:8086"),
        ("HTTP://Influx.Example.ORG", "http://influx.example.org"),
        ("http://influx:80", "http://influx"),
        ("https://influx/a/b//", "https://influx/a/b"),
        ("http://influx/a%20b", "http://influx/a%20b"),
        ("http://influx/?token=secret#x", "http://influx"),
        ("http://[::1]:8086", "http://[::1]:8086"),
        ("http://żółw.example", "http://xn--w-uga1v8h.example"),
        ("http://192.168.1.2:8086", "http://192.168.1.2:8086"),
    ],
)
def test_parse_url(text: str, expected: str) -> None:
    """An address is the server and a path below which it answers."""
    assert str(parse_url(text) / "write") == f"{expected}/write"


@given(
    st.one_of(
        st.text(),
        st.from_regex(r"https?://[\w.:@\[\]%-]{0,20}(/[\w %?#&=.]{0,20})?"),
        st.builds("http://{}".format, AWKWARD),
    )
)
@example("HTTP://¡⒈")
@settings(suppress_health_check=[HealthCheck.filter_too_much])
def test_parse_any_url(text: str) -> None:
    """Any text is an address without a login, or no address."""
    key, url = "", parse_url("http://influx")
    try:
        url = parse_url(text)
    except DestinationError as err:
        key = err.key
    assert key in ("", "invalid_url")
    assert url.scheme in ("http", "https")
    assert url.host
    assert not (url.user or url.password or url.query_string or url.fragment)
    assert str(url / "write").endswith("/write")


@given(text=AWKWARD, place=st.sampled_from(["name", "measurement", "field", "tag"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_texts_read_back(
    databases: Mapping[str, Database], connect: Connect, text: str, place: str
) -> None:
    """Whatever things are called, each reading is a point of its own with that name."""
    stand_in = databases["influxdb_v1"]
    stand_in._series.points.clear()
    source = Source("1", "sensor.a", text if place == "name" else "")
    naming: dict[str, object] = {}
    if place in ("measurement", "field"):
        naming[place] = text
    elif place == "tag":
        naming["tags"] = [f"tag={text}"]
    try:
        destination = connect("influxdb_v1", stand_in.url, naming=naming)
    except DestinationError:
        assert place != "name"
        assert written(text) in ("", "time") or written(text).startswith("#")
        return
    readings = [reading(60.0 + n, NOW + n, source) for n in range(3)]
    assert await destination.deliver(readings) == Receipt()
    expected = {"measurement": "heart_rate", "field": "bpm", "name": "", "tag": ""}
    if written(text):
        expected[place] = written(text)
    tags = {"source": "sensor.a"}
    tags |= {key: expected[key] for key in ("name", "tag") if expected[key]}
    assert stand_in.points == {
        (expected["measurement"], tuple(sorted(tags.items())), (NOW + n) * 1000): {
            expected["field"]: 60.0 + n
        }
        for n in range(3)
    }
