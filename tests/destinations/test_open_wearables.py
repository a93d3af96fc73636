"""Open Wearables with an API key: who a person is, and that what is delivered is there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
import json
import re
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import aiohttp
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.heart_rate_relay.destinations.base import Account, Receipt
from custom_components.heart_rate_relay.destinations.errors import (
    DestinationError,
    NotAuthorisedError,
    NotEntitledError,
    NotStoredError,
    RefusedError,
    UnknownPersonError,
    UnreachableError,
    WaitError,
)
from custom_components.heart_rate_relay.destinations.open_wearables import (
    OpenWearables,
    api_key,
    imported,
)
from custom_components.heart_rate_relay.destinations.open_wearables.kinds import KINDS
from custom_components.heart_rate_relay.destinations.open_wearables.records import (
    MAX_VALUE,
    zone_offset,
)
from custom_components.heart_rate_relay.destinations.tokens import Tokens
from custom_components.heart_rate_relay.metrics import (
    BLOOD_GLUCOSE,
    ENERGY,
    HEIGHT,
    METRICS,
    STEPS,
    TOTAL_ENERGY,
)
from custom_components.heart_rate_relay.reading import Device, Reading, Source
from dev.stand_ins.base import Failure
from dev.stand_ins.open_wearables import API_KEY, OpenWearables as Server
from dev.stand_ins.open_wearables_import import Key, Stored
from tests.conftest import running

from .common import NOW, STRAP, Outcome, batch, bisect, http, reading, serving

GONE = (NotEntitledError, "person_gone")
NOT_IMPORTED = (NotStoredError, "not_imported")
UNKNOWN = (UnknownPersonError, "unknown_person")
BAD_KEY = (NotAuthorisedError, "invalid_auth")
WRONG_URL = (UnreachableError, "wrong_url")
NONSENSE = (UnreachableError, "unexpected_answer")

SERIES_KEYS = ("types", "start_time", "end_time", "limit")


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[Server]:
    """Return a server of our own, which imports at once."""
    server = Server()
    server.import_delay = 0.002
    async with running(server):
        yield server


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look whether records are there every few ms, for about a tenth of a second."""
    monkeypatch.setattr(api_key, "LOOKS", (0.002, 0.005, 0.01, 0.03, 0.05))


type Connect = Callable[..., OpenWearables]


@pytest.fixture
def connect(session: aiohttp.ClientSession, server: Server) -> Connect:
    """Return what makes a destination."""

    def connect(**config: Any) -> OpenWearables:
        config = {
            "url": str(server.url),
            "api_key": API_KEY,
            "user_id": server.user_id,
            **config,
        }
        return OpenWearables(session, config, Tokens())

    return connect


MONROVIA = ZoneInfo("Africa/Monrovia")


def at(date: str) -> int:
    """Return a date in microseconds since the epoch."""
    return round(datetime.fromisoformat(date).timestamp() * 1_000_000)


async def outcome(awaitable: Any) -> Outcome:
    """Return the class and the key of the error that a call ends in."""
    with pytest.raises(DestinationError) as info:
        await awaitable
    assert API_KEY not in f"{info.value!r} {info.value.detail}"
    return type(info.value), info.value.key


def posts(server: Server) -> list[int]:
    """Return how many records each delivery held."""
    return [seen.readings for seen in server.requests if seen.method == "POST"]


def values(server: Server) -> list[float]:
    """Return the values that are stored, in the order of their time."""
    return [
        stored.value
        for stored in sorted(server.store.values(), key=lambda each: each.key.start)
    ]


def lose(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    *,
    batch_with: Sequence[float] = (),
    dropped: Sequence[float] = (),
) -> None:
    """Let the server lose whole batches, or records, that hold some values."""
    as_measured = server._import

    def import_(queued: Any) -> None:
        records = queued.content["data"]["records"]
        for record in records:
            if record["value"] in batch_with:
                record["zoneOffset"] = "none"
        records[:] = [each for each in records if each["value"] not in dropped]
        as_measured(queued)

    monkeypatch.setattr(server, "_import", import_)


# Who it is


async def test_validate(server: Server, connect: Connect) -> None:
    """The person at this server is the account, and checking it delivers nothing."""
    account = await connect().validate()
    assert account == (f"{server.url} {server.user_id}", "Open Wearables Anna")
    assert [seen.method for seen in server.requests] == ["GET"]


async def test_validate_upper_case(server: Server, connect: Connect) -> None:
    """The server knows ids in lower case only, so that is what it is asked for."""
    account = await connect(user_id=server.user_id.upper()).validate()
    assert account.id == f"{server.url} {server.user_id}"


@pytest.mark.parametrize("user_id", [None, "", "nobody", "../users", str(UUID(int=7))])
async def test_unknown_person(connect: Connect, user_id: str | None) -> None:
    """With a good key all that is left to tell is who it is."""
    assert await outcome(connect(user_id=user_id).validate()) == UNKNOWN


@pytest.mark.parametrize("user_id", [None, str(UUID(int=7))])
async def test_wrong_key(connect: Connect, user_id: str | None) -> None:
    """A bad key is told before anything else."""
    destination = connect(api_key="sk-wrong", user_id=user_id)
    assert await outcome(destination.validate()) == BAD_KEY
    assert await outcome(destination.people()) == BAD_KEY


@pytest.mark.parametrize("user_id", [None, str(UUID(int=7))])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>It works!</html>"),
        (200, "{}"),
        (200, '{"items": "none"}'),
        (202, ""),
        (404, '{"detail": "Not Found"}'),
        (404, "404: Not Found"),
        (400, '{"detail": "who are you"}'),
        (400, "<html>400</html>"),
        (422, "[]"),
    ],
)
async def test_not_the_server(
    connect: Connect, user_id: str | None, status: int, body: str
) -> None:
    """Whatever else answers at that address is not taken for the server."""
    async with serving(http(status, body)) as other:
        destination = connect(url=str(other.url), user_id=user_id)
        assert await outcome(destination.validate()) == WRONG_URL


async def test_database_down(server: Server, connect: Connect) -> None:
    """A server in trouble says so."""
    server.database_up = False
    trouble = (UnreachableError, "server_error")
    assert await outcome(connect().validate()) == trouble
    assert await outcome(connect().deliver(batch())) == trouble


# People


async def test_people(server: Server, connect: Connect) -> None:
    """Everyone is called by the best name that there is."""
    ids = [
        server.user_id,
        server.add_user(first_name="Bert", last_name="Berg", email="b@example.org"),
        server.add_user(email="carla@example.org"),
        server.add_user(external_user_id="patient 4"),
        server.add_user(first_name="  ", last_name="D\0oe\n"),
    ]
    ids.append(server.add_user())
    names = ["Anna", "Bert Berg", "carla@example.org", "patient 4", "D oe", ids[-1]]
    assert list(await connect(user_id=None).people()) == [
        Account(*each) for each in zip(ids, names, strict=True)
    ]


async def test_search(server: Server, connect: Connect) -> None:
    """The server searches."""
    bert = server.add_user(first_name="Bert & Co", email="b@example.org")
    assert [each.id for each in await connect().people(" bert & ")] == [bert]
    assert await connect().people("nobody") == []


@pytest.mark.parametrize("search", ["Bert Berg", "  berg   bert", "b@example berg"])
async def test_search_for_both_names(
    server: Server, connect: Connect, search: str
) -> None:
    """A person is found by first and last name, which the server looks for each alone."""
    bert = server.add_user(first_name="Bert", last_name="Berg", email="b@example.org")
    server.add_user(first_name="Berta", last_name="Tal")
    server.add_user(first_name="Anna", last_name="Berg")
    assert [each.id for each in await connect().people(search)] == [bert]


async def test_very_many_people(server: Server, connect: Connect) -> None:
    """A hundred are listed, however much there is to say of each."""
    for number in range(120):
        server.users[f"id {number}"] = dict(
            server.users[server.user_id], id=f"id {number}", last_name="x" * 300
        )
    people = await connect().people()
    assert len(people) == 100
    assert all(len(each.name) <= 220 for each in people)


@pytest.mark.parametrize("items", ["null", "[7]", "[{}]", '[{"id": 7}]'])
async def test_odd_people(connect: Connect, items: str) -> None:
    """A list of something else is no list of people."""
    async with serving(http(200, f'{{"items": {items}}}')) as other:
        assert await outcome(connect(url=str(other.url)).people()) == WRONG_URL


async def test_add_person(server: Server, connect: Connect) -> None:
    """A person is made known, by as much as is given."""
    added = await connect(user_id=None).add_person(
        {"first_name": " Eva ", "last_name": "", "email": None, "search": "x"}
    )
    assert added == Account(added.id, "Eva")
    user = server.users[str(added.id)]
    assert (user["first_name"], user["last_name"], user["email"]) == ("Eva", None, None)
    assert (await connect(user_id=added.id).validate()).name == "Open Wearables Eva"


async def test_add_nameless_person(server: Server, connect: Connect) -> None:
    """Nothing need be told of a person."""
    added = await connect().add_person({})
    assert added == (added.id, added.id)


@pytest.mark.parametrize("release", ["", "0.6.3"])
@pytest.mark.parametrize(
    ("details", "key"),
    [
        ({"email": "anna@example.org"}, "email_taken"),
        ({"email": "Anna@Example.org"}, "email_taken"),
        ({"email": "anna"}, "invalid_email"),
    ],
)
async def test_person_not_added(
    server: Server, connect: Connect, release: str, details: dict[str, str], key: str
) -> None:
    """What is wrong with the e-mail address is told: a release makes a second person."""
    server.release = release
    assert await outcome(connect().add_person(details)) == (DestinationError, key)
    assert len(server.users) == 1


async def test_add_person_wrong_key(connect: Connect) -> None:
    """A key that was revoked meanwhile adds nobody."""
    assert await outcome(connect(api_key="sk-wrong").add_person({})) == BAD_KEY


# What is sent


async def test_request(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is as the server wants it, or it would drop it without a word."""
    strap = STRAP._replace(device=Device("d", "Strap", "H10", "1"))
    seen: list[dict[str, Any]] = []
    enqueue = server._enqueue

    def look(*args: Any) -> None:
        seen.append(args[3])
        enqueue(*args)

    monkeypatch.setattr(server, "_enqueue", look)
    step = Reading(STEPS, 12.0, NOW, strap, duration=61_000_000)
    await connect().deliver([reading(72.12345, source=strap), step])
    (body,) = seen
    assert set(body) == {"provider", "sdkVersion", "syncTimestamp", "data"}
    assert body["provider"] == "samsung"
    steps, heart_rate = body["data"]["records"]
    name = heart_rate["source"]["name"]
    assert name.startswith("Strap ")
    source = {"name": name, "deviceModel": "H10"}
    assert len(heart_rate.pop("id")) <= 100
    assert heart_rate == {
        "type": "HEART_RATE",
        "startDate": "2026-11-21T07:21:18.901000Z",
        "endDate": "2026-11-21T07:21:18.901000Z",
        "zoneOffset": "+00:00",
        "source": source,
        "value": 72.123,
        "unit": "bpm",
    }
    steps.pop("id")
    assert steps == {
        "type": "STEP_COUNT",
        "startDate": "2026-11-21T07:20:17.901000Z",
        "endDate": "2026-11-21T07:21:18.901000Z",
        "zoneOffset": "+00:00",
        "source": source,
        "value": 12.0,
        "unit": "count",
    }


@pytest.mark.parametrize(
    ("zone", "offsets"),
    [
        ("Europe/Berlin", ["+02:00", "+01:00"]),
        ("America/St_Johns", ["-02:30", "-03:30"]),
        ("Australia/Brisbane", ["+10:00", "+10:00"]),
        ("Africa/Monrovia", ["+00:00", "+00:00"]),
        ("UTC", ["+00:00", "+00:00"]),
    ],
)
async def test_zone_offset(
    server: Server, connect: Connect, zone: str, offsets: list[str]
) -> None:
    """Each record tells how far the wearer was from UTC when it was measured."""
    summer, winter = (
        at(f"2026-{month}-15T12:00:00.000+00:00") for month in ("07", "11")
    )
    destination = connect()
    destination.time_zone = ZoneInfo(zone)
    await destination.deliver([reading(60, summer), reading(61, winter)])
    stored = sorted(server.store.values(), key=lambda each: each.key.start)
    assert [each.zone_offset for each in stored] == offsets
    assert [each.key.start for each in stored] == [summer, winter]


def test_odd_offset() -> None:
    """An offset has no seconds, which would lose a batch, though some once had."""
    assert zone_offset(at("1970-02-01T00:00:00+00:00"), MONROVIA) == "-00:44"


async def test_day_of_the_wearer(server: Server, connect: Connect) -> None:
    """Steps at both ends of a wearer's day are of one day at the server, too."""
    destination = connect()
    destination.time_zone = ZoneInfo("Australia/Brisbane")
    moments = ("2026-11-20T20:00:00+00:00", "2026-11-21T03:00:00+00:00")
    await destination.deliver(
        [Reading(STEPS, 500.0, at(moment), STRAP, 60_000_000) for moment in moments]
    )
    assert server.steps_by_day() == {"2026-11-21": 1000.0}


async def test_just_before_midnight(server: Server, connect: Connect) -> None:
    """What was measured in a day's last microsecond is found, whatever the next day has."""
    last = at("2026-11-20T23:59:59.999999+00:00")
    for number in range(2500):
        moment = last + 1_000_000 * (1 + number)
        key = Key(server.user_id, "samsung", "H10", "Other", "heart_rate", moment)
        server.store[key] = Stored(key, "HEART_RATE", moment, 80.0)
    assert await connect().deliver([reading(60, last)]) == Receipt()
    ends = [seen.query["end_time"] for seen in server.requests if "types" in seen.query]
    assert set(ends) == {"2026-11-21T00:00:00.000001Z"}
    assert len(server.requests) <= 4


TYPES = (
    *("HEART_RATE", "RESTING_HEART_RATE", "HEART_RATE_VARIABILITY"),
    "HKQuantityTypeIdentifierHeartRateVariabilitySDNN",
    *("OXYGEN_SATURATION", "RESPIRATORY_RATE", "BLOOD_GLUCOSE"),
    *("BLOOD_PRESSURE_SYSTOLIC", "BLOOD_PRESSURE_DIASTOLIC", "WEIGHT"),
    *("LEAN_BODY_MASS", "SKELETAL_MUSCLE_MASS", "BODY_FAT_MASS", "BODY_FAT", "HEIGHT"),
    *("BMI", "BODY_TEMPERATURE", "VO2_MAX", "STEP_COUNT", "FLOORS_CLIMBED"),
    *("ACTIVE_CALORIES_BURNED", "TOTAL_CALORIES_BURNED", "DISTANCE"),
    *("HKQuantityTypeIdentifierDistanceCycling", "POWER", "SPEED"),
    *("CYCLING_PEDALING_CADENCE", "HYDRATION"),
)
"""What the server understands of what a relay may have."""


async def test_all_metrics(server: Server, connect: Connect) -> None:
    """Each metric has a type of its own, and is stored and found again as it was measured."""
    readings = [
        Reading(metric, 50.123 + n, NOW, STRAP) for n, metric in enumerate(KINDS)
    ]
    assert OpenWearables.limits.metrics == {*KINDS, METRICS["workout"]}
    assert await connect().deliver(readings) == Receipt()
    assert {each.type: each.value for each in server.store.values()} == {
        KINDS[reading.metric].type: pytest.approx(reading.value, abs=1e-9)
        for reading in readings
    }
    assert {each.type for each in server.store.values()} == set(TYPES)


async def test_energies(server: Server, connect: Connect) -> None:
    """What was spent in all is stored beside what was spent by moving, not in its place.

    The server knows but one series of both, and shows the device of a day whose model is the
    first by the alphabet.
    """
    watch = STRAP._replace(device=Device("d", "Watch", "W" * 100))
    readings = [
        Reading(metric, value, NOW, source, 60_000_000)
        for source in (watch, STRAP)
        for metric, value in ((TOTAL_ENERGY, 9.0), (ENERGY, 5.0), (STEPS, 20.0))
    ]
    assert await connect().deliver(readings) == Receipt()
    assert sorted(values(server)) == [5, 5, 9, 9, 20, 20]
    by_type = {
        (each.type, each.key.source): each.key.model for each in server.store.values()
    }
    assert len(by_type) == 6
    for (type_, source), model in by_type.items():
        assert len(source) <= 64 and len(model) <= 100
        if type_ == "TOTAL_CALORIES_BURNED":
            name = source.removesuffix(" (total energy)")
            assert by_type["STEP_COUNT", name] != model
            assert model.endswith(" (total energy)")


async def test_height(server: Server, connect: Connect) -> None:
    """It takes metres for whatever it gets, and stores centimetres."""
    for value in (180.0, 170.123, 61.5):
        receipt = await connect().deliver([Reading(HEIGHT, value, NOW, STRAP)])
        assert receipt == Receipt()
        assert values(server) == [value]
    glucose = Reading(BLOOD_GLUCOSE, 100.5, NOW, STRAP)
    assert await connect().deliver([glucose]) == Receipt()
    assert 100.5 in values(server)


async def test_ids_stay(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reading has the same id each time, and no other has it."""
    ids: list[str] = []
    enqueue = server._enqueue

    def look(*args: Any) -> None:
        ids.extend(each["id"] for each in args[3]["data"]["records"])
        enqueue(*args)

    monkeypatch.setattr(server, "_enqueue", look)
    readings = [*batch(2), reading(60.0, NOW, STRAP._replace(id="other"))]
    await connect().deliver(readings)
    server.store.clear()
    await connect().deliver(readings)
    assert ids[:3] == ids[3:]
    assert len(set(ids)) == 3


async def test_like_devices(server: Server, connect: Connect) -> None:
    """Two like devices are kept apart, and one that is renamed stays the same."""
    one, two = (
        Source(f"s{n}", f"sensor.{n}", "HR", Device(f"d{n}", "Strap", "H10"))
        for n in "12"
    )
    await connect().deliver([reading(60, source=one), reading(61, source=two)])
    assert len(server.store) == 2
    renamed = one._replace(name="Anna's heart rate")
    await connect().deliver([reading(62, source=renamed)])
    assert len(server.store) == 2
    assert sorted(values(server)) == [61, 62]


async def test_awkward_names(server: Server, connect: Connect) -> None:
    """No name loses a batch."""
    awful = "\0❤️\ud800\n" + "x" * 300
    source = Source("id", awful, awful, Device("id", awful, awful, awful))
    assert await connect().deliver([reading(source=source)]) == Receipt()
    (key,) = server.store
    # Beyond that a workout would lose its batch
    assert len(key.source) <= 64
    assert len(key.model) <= 100


async def test_same_millisecond(server: Server, connect: Connect) -> None:
    """Of two readings of a series in one millisecond the later stays, and none is lost."""
    first, second = reading(60), reading(61)
    assert await connect().deliver([first, second]) == Receipt()
    assert values(server) == [61]
    assert posts(server) == [1]


IDS = st.text(st.characters(codec="utf-8"), max_size=40)
NAMES = st.text(st.characters(), max_size=120)
SOURCES = st.builds(
    Source, IDS, NAMES, NAMES, st.builds(Device, IDS, NAMES, NAMES, NAMES)
)
READINGS = st.builds(
    Reading,
    st.sampled_from(list(KINDS)),
    st.floats(-MAX_VALUE, MAX_VALUE),
    st.integers(86_400_000, 4_000_000_000_000),
    SOURCES,
    st.integers(0, 86_400_000),
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(READINGS, min_size=1, max_size=30))
async def test_nothing_is_dropped(
    server: Server, connect: Connect, readings: list[Reading]
) -> None:
    """Whatever is in range is imported, every reading that has a key of its own."""
    server.store.clear()
    assert await connect().deliver(readings) == Receipt()
    found = {(key.series, key.start) for key in server.store}
    assert found == {(KINDS[each.metric].series, each.started_at) for each in readings}
    text = "".join(f"{key.source}{key.model}" for key in server.store)
    assert re.search(r"[\x00-\x1f\x7f\u2028\ud800-\udfff]", text) is None


def test_limits() -> None:
    """What would lose a batch is out of range, whatever it measures."""
    for metric in KINDS:
        low, high = OpenWearables.limits.ranges[metric]
        assert -1e7 < low < 0 < high < 1e7
    assert OpenWearables.limits.gather == 60


# Whether it is there


async def test_delivered(server: Server, connect: Connect) -> None:
    """Once it is delivered it is there, the first few before the rest."""
    destination = connect()
    assert await destination.deliver(batch(500)) == Receipt()
    assert values(server) == [60.0 + n for n in range(500)]
    assert await destination.deliver(batch(450, NOW + 500_000_000)) == Receipt()
    assert posts(server) == [10, 490, 450]


async def test_slow_import(server: Server, connect: Connect) -> None:
    """It waits for an import that takes its time."""
    server.import_delay = 0.05
    assert await connect().deliver(batch(5)) == Receipt()
    assert len(server.store) == 5
    assert posts(server) == [5]


async def test_old_value_there(server: Server, connect: Connect) -> None:
    """An older value at the same time is not taken for the new one."""
    destination = connect()
    await destination.deliver([reading(60)])
    server.import_delay = 0.05
    await destination.deliver([reading(61)])
    assert values(server) == [61]


async def test_other_samples_meanwhile(server: Server, connect: Connect) -> None:
    """What others measured at that time is no hindrance, nor taken for ours."""
    await connect().deliver([])
    for number in range(950):
        key = Key(server.user_id, "apple", "Watch", "Other", "heart_rate", NOW + number)
        server.store[key] = Stored(key, "HEART_RATE", NOW + number, 72.0)
    readings = [reading(72.0, NOW), reading(72.0, NOW + 949)]
    assert await connect().deliver(readings) == Receipt()
    assert len(server.store) == 952


async def test_too_many_other_samples(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where very much was measured meanwhile, smaller batches are looked at."""
    monkeypatch.setattr(imported, "MAX_PAGES", 2)
    for number in range(400):
        key = Key(server.user_id, "apple", "Watch", "Other", "heart_rate", NOW + number)
        server.store[key] = Stored(key, "HEART_RATE", NOW + number, 72.0)
    readings = [reading(60 + n, NOW + 90 * n) for n in range(4)]
    assert not await bisect(connect(), readings)
    assert len(server.store) == 404


def equals(count: int) -> list[Reading]:
    """Return readings of two like devices that measure the same at the same time."""
    sources = [
        Source(f"s{n}", f"sensor.{n}", "HR", Device(f"d{n}", "Strap", "H10"))
        for n in "12"
    ]
    return [
        reading(72, NOW + 1_000_000 * n, source)
        for n in range(count)
        for source in sources
    ]


@pytest.mark.parametrize("tells_names", [True, False])
async def test_equal_readings(
    server: Server, connect: Connect, tells_names: bool
) -> None:
    """What one device measured does not pass for what another did."""
    server.tells_names = tells_names
    destination = connect()
    readings = equals(12)
    assert await destination.deliver(readings[::2]) == Receipt()
    assert len(server.store) == 12
    assert await destination.deliver(readings[1::2]) == Receipt()
    assert len(server.store) == 24
    assert await connect().deliver(equals(20)) == Receipt()
    assert len(server.store) == 40


@pytest.mark.parametrize("tells_names", [True, False])
async def test_equal_readings_lost(
    server: Server, connect: Connect, tells_names: bool
) -> None:
    """Of two equal readings one alone does not do for both."""
    server.tells_names = tells_names
    server.worker_running = False
    assert await outcome(connect().deliver(equals(1))) == NOT_IMPORTED
    server.worker_running = True
    assert await connect().deliver(equals(1)) == Receipt()
    assert len(server.store) == 2


async def test_worker_down_and_back(server: Server, connect: Connect) -> None:
    """Where nothing is imported all is kept, little is sent, and nothing is lost."""
    destination = connect()
    await destination.deliver(batch(1))
    server.worker_running = False
    waiting = batch(100, NOW + 10_000_000)
    for _ in range(3):
        assert await outcome(destination.deliver(waiting)) == NOT_IMPORTED
    assert posts(server)[1:] == [100, 1, 1, 10, 1, 1, 10, 1, 1]
    server.worker_running = True
    assert await destination.deliver(waiting) == Receipt()
    assert len(server.store) == 101


@pytest.mark.parametrize("count", [1, 2, 30])
async def test_worker_never_there(server: Server, connect: Connect, count: int) -> None:
    """No reading is refused because nothing is imported, from the first one on."""
    server.worker_running = False
    destination = connect()
    for _ in range(2):
        assert await outcome(destination.deliver(batch(count))) == NOT_IMPORTED
    server.worker_running = True
    assert await destination.deliver(batch(count)) == Receipt()
    assert len(server.store) == count


async def test_worker_stops_after_a_delivery(server: Server, connect: Connect) -> None:
    """A single reading is not refused because others were imported just before."""
    destination = connect()
    await destination.deliver(batch(3))
    server.worker_running = False
    single = [reading(80, NOW + 60_000_000)]
    assert await outcome(destination.deliver(single)) == NOT_IMPORTED
    assert await outcome(destination.deliver(single)) == NOT_IMPORTED
    assert posts(server) == [3, 1, 1]


async def test_imported_after_all(server: Server, connect: Connect) -> None:
    """What is there when it is tried again is not sent again."""
    destination = connect()
    server.worker_running = False
    assert await outcome(destination.deliver(batch(1))) == NOT_IMPORTED
    server.worker_running = True
    async with asyncio.timeout(5):
        while not server.store:
            await asyncio.sleep(0.001)
    await destination.deliver(batch(1, NOW + 5_000_000))
    before = len(posts(server))
    await connect().deliver(batch(1))
    assert len(posts(server)) == before


async def test_record_dropped(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing alone is sent once more, and then refused."""
    lose(server, monkeypatch, dropped=[63.0, 77.0])
    receipt = await connect().deliver(batch(30))
    assert {each.reading.value for each in receipt.refused} == {63.0, 77.0}
    assert all("not imported" in each.reason for each in receipt.refused)
    assert posts(server) == [10, 1, 20, 1]
    assert len(server.store) == 28


async def test_record_dropped_once(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is imported when it is sent again is not refused."""
    gone = [63.0]
    lose(server, monkeypatch, dropped=gone)
    task = asyncio.create_task(connect().deliver(batch(5)))
    async with asyncio.timeout(5):
        while len(server.store) < 4:
            await asyncio.sleep(0.001)
    gone.clear()
    assert await task == Receipt()
    assert len(server.store) == 5


@pytest.mark.parametrize("bad", [60.0, 61.0, 64.0, 70.0, 79.0])
async def test_batch_lost(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch, bad: float
) -> None:
    """A record that loses its batch is isolated, and all others are delivered."""
    lose(server, monkeypatch, batch_with=[bad])
    refused = await bisect(connect(), batch(20))
    assert {each.value for each in refused} == {bad}
    assert values(server) == [60.0 + n for n in range(20) if 60.0 + n != bad]


async def test_first_batch_lost(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is found out, too, for a person of whom the server knows nothing yet."""
    server.import_delay = 0.02
    lose(server, monkeypatch, batch_with=[60.0])
    refused = await bisect(connect(), batch(4))
    assert {each.value for each in refused} == {60.0}
    assert values(server) == [61.0, 62.0, 63.0]


async def test_neighbours_lose_the_batch(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two such records side by side are isolated, too."""
    lose(server, monkeypatch, batch_with=[64.0, 65.0])
    refused = await bisect(connect(), batch(8))
    assert {each.value for each in refused} == {64.0, 65.0}
    assert len(server.store) == 6


async def test_suspicion_ends(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record is not refused for what was found out long ago."""
    monkeypatch.setattr(api_key, "WITNESS_VALID", 2.0)
    lose(server, monkeypatch, batch_with=[60.0])
    destination = connect()
    with pytest.raises(RefusedError):
        await destination.deliver(batch(4))
    server.worker_running = False
    await asyncio.sleep(2.1)
    assert await outcome(destination.deliver(batch(1))) == NOT_IMPORTED


async def test_person_gone(server: Server, connect: Connect) -> None:
    """The server takes readings for people who are gone, and discards them."""
    destination = connect()
    await destination.deliver(batch(1))
    del server.users[server.user_id]
    assert await outcome(destination.deliver(batch(2, NOW + 5_000_000))) == GONE
    assert len(server.store) == 1


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure(200), WRONG_URL),
        (Failure(503, headers={"Retry-After": "7"}), (WaitError, "busy")),
        (Failure(401, '{"detail": "no"}'), BAD_KEY),
        (Failure(404, '{"detail": "Not Found"}'), WRONG_URL),
        (Failure(400, '{"detail": [{"input": 72}]}'), (RefusedError, "refused")),
        (Failure(500, "Internal Server Error"), (UnreachableError, "server_error")),
        (Failure(0, drop=True), (UnreachableError, "cannot_connect")),
    ],
)
async def test_not_taken(
    server: Server, connect: Connect, failure: Failure, expected: Outcome
) -> None:
    """What is not taken is kept, and delivered afterwards."""
    destination = connect()
    server.failures.append(failure)
    assert await outcome(destination.deliver(batch(12))) == expected
    assert await destination.deliver(batch(12)) == Receipt()
    assert len(server.store) == 12


async def test_words_of_an_error(server: Server, connect: Connect) -> None:
    """The server's sentences are shown, not its lists, which repeat health data."""
    server.failures.extend(
        [Failure(400, '{"detail": "no\\ud800"}'), Failure(400, '{"detail": [72]}')]
    )
    details = []
    for _ in range(2):
        with pytest.raises(RefusedError) as info:
            await connect().deliver(batch(1))
        details.append(info.value.detail)
    assert details == ["no?", ""]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"data": 7}',
        json.dumps({"data": [], "pagination": {"next_cursor": "again"}}),
    ],
)
async def test_senseless_answers(connect: Connect, body: str) -> None:
    """An answer without sense tells nothing, nor does one that never ends."""
    async with serving(http(200, body)) as other:
        destination = connect(url=str(other.url))
        assert await outcome(destination.deliver(batch(1))) == NONSENSE
        assert len(other.seen) <= 21


@pytest.mark.parametrize(
    "sample",
    [
        7,
        {},
        {"timestamp": None, "value": 60.0, "source": {}},
        {"timestamp": "yesterday", "value": 60.0, "source": {}},
        {"timestamp": "0001-01-01T00:00:00+14:00", "value": 60.0, "source": {}},
        {"timestamp": "2026-11-21T07:21:18.901000Z", "value": "much", "source": {}},
        {"timestamp": "2026-11-21T07:21:18.901000Z", "value": 60.0},
        {"timestamp": "2026-11-21T07:21:18.901000Z", "value": 61.0, "source": {}},
        {
            "timestamp": "2026-11-21T07:21:18.901000Z",
            "value": 60.0,
            "source": {"source": "Another"},
        },
    ],
)
async def test_other_samples(connect: Connect, sample: object) -> None:
    """A sample that is another, or makes no sense, does not prove a delivery."""
    told = http(200, json.dumps({"data": [sample]}))

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(told if other.seen[-1].method == "GET" else http(503))
        await writer.drain()

    async with serving(reply) as other:
        destination = connect(url=str(other.url))
        assert await outcome(destination.deliver(batch(1))) == (WaitError, "busy")
        assert [seen.method for seen in other.seen] == ["GET", "GET", "POST"]


async def test_timeseries_gone(connect: Connect) -> None:
    """A refused question refuses no reading."""
    async with serving(http(400, '{"detail": "types"}')) as other:
        destination = connect(url=str(other.url))
        assert await outcome(destination.deliver(batch(2))) == NONSENSE


async def test_asks_to_close(connect: Connect) -> None:
    """Each request says that it is the last on its connection, so none is closed under one."""
    async with serving(http(200, '{"items": []}')) as other:
        await connect(url=str(other.url)).people()
    assert [seen.headers["connection"] for seen in other.seen] == ["close"]
