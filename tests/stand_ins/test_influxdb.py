"""The stand-ins for InfluxDB and livetracking.io, through HTTP.

What InfluxDB 1.x answers was measured on influxd 1.6.7.
"""

from collections.abc import AsyncIterator, Mapping
import gzip
from http import HTTPStatus
import json
import time

import aiohttp
import pytest

from dev.stand_ins import InfluxDBv1, InfluxDBv2, InfluxDBv3, LiveTracking
from dev.stand_ins.base import PASSWORD, TOKEN
from dev.stand_ins.database import Database

MS = 1_000_000
HOUR = 3600 * 1000
NOW = time.time_ns() // MS

RELAY = {"Authorization": aiohttp.encode_basic_auth("relay", PASSWORD)}
RUNNER = {"Authorization": aiohttp.encode_basic_auth("Runner", PASSWORD)}
WRONG_PASSWORD = {"Authorization": aiohttp.encode_basic_auth("relay", "wrong")}
TOKEN_V2 = {"Authorization": f"Token {TOKEN}"}
TOKEN_V3 = {"Authorization": f"Bearer {TOKEN}"}
QUERY_V1 = {"db": "home", "precision": "ms"}
QUERY_TRACK = {"db": "runner", "precision": "s"}
QUERY_V2 = {"org": "home", "bucket": "heart", "precision": "ms"}
QUERY_V3 = {"db": "home", "precision": "millisecond"}


@pytest.fixture
async def v1(socket_enabled: None) -> AsyncIterator[InfluxDBv1]:
    """An InfluxDB 1.x that runs."""
    stand_in = InfluxDBv1()
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


@pytest.fixture
async def track(socket_enabled: None) -> AsyncIterator[LiveTracking]:
    """A livetracking.io that runs."""
    stand_in = LiveTracking()
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


@pytest.fixture
async def v2(socket_enabled: None) -> AsyncIterator[InfluxDBv2]:
    """An InfluxDB 2.x that runs, and keeps 8 hours."""
    stand_in = InfluxDBv2(retention=8 * 3600)
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


@pytest.fixture
async def v3(socket_enabled: None) -> AsyncIterator[InfluxDBv3]:
    """An InfluxDB 3.x that runs."""
    stand_in = InfluxDBv3()
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


async def write(
    stand_in: Database,
    body: str | bytes,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Deliver lines, and return the status and the body of the answer."""
    defaults: dict[type, tuple[Mapping[str, str], Mapping[str, str]]] = {
        InfluxDBv1: (QUERY_V1, RELAY),
        LiveTracking: (QUERY_TRACK, RUNNER),
        InfluxDBv2: (QUERY_V2, TOKEN_V2),
        InfluxDBv3: (QUERY_V3, TOKEN_V3),
    }
    default_query, default_headers = defaults[type(stand_in)]
    (path,) = stand_in.deliveries
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            stand_in.url.with_path(path),
            data=body.encode() if isinstance(body, str) else body,
            params=default_query if query is None else query,
            headers=default_headers if headers is None else headers,
        ) as response,
    ):
        return response.status, await response.text()


async def get(
    stand_in: Database, path: str, headers: Mapping[str, str], **query: str
) -> tuple[int, str]:
    """Return the status and the body of the answer to a request."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(stand_in.url / path, headers=headers, params=query) as response,
    ):
        return response.status, await response.text()


def values(stand_in: Database) -> list[object]:
    """Return the fields `v` of what was kept, in order of time."""
    points = sorted(stand_in.points.items(), key=lambda item: item[0][2])
    return [fields["v"] for _, fields in points if "v" in fields]


async def test_points_are_kept_and_joined(v1: InfluxDBv1) -> None:
    """The same series and time overwrites, and yet each arrives."""
    body = f"m,source=strap v=71 {NOW}\nm,source=strap v=72 {NOW}\nm,source=strap w=1 {NOW}"
    assert await write(v1, body) == (HTTPStatus.NO_CONTENT, "")
    assert v1.points == {("m", (("source", "strap"),), NOW * MS): {"v": 72.0, "w": 1.0}}
    assert [
        (arrival.service, arrival.measured_at, arrival.value, arrival.source)
        for arrival in v1.arrivals
    ] == [
        ("influxdb_v1", NOW * 1000, 71, "strap"),
        ("influxdb_v1", NOW * 1000, 72, "strap"),
        ("influxdb_v1", NOW * 1000, 1, "strap"),
    ]
    assert v1.arrivals[0].tags == {"source": "strap"}
    assert v1.requests[0][:5] == ("POST", "/write", QUERY_V1, 204, 3)


@pytest.mark.parametrize(
    ("precision", "unit"),
    [("ms", MS), ("u", 1000), ("s", 1000 * MS), ("us", 1), ("n", 1), ("", 1)],
)
async def test_precisions_of_1x(v1: InfluxDBv1, precision: str, unit: int) -> None:
    """An unknown word means nanoseconds: so does "us", without complaint."""
    query = {"db": "home", "precision": precision}
    assert await write(v1, "m v=1 1700000000", query) == (HTTPStatus.NO_CONTENT, "")
    ((_, _, kept),) = v1.points
    assert kept == 1_700_000_000 * unit


@pytest.mark.parametrize("body", ["", "\n", "# hi", "   ", "# a\n\n# b\n"])
async def test_nothing_to_write_to_1x(v1: InfluxDBv1, body: str) -> None:
    """An empty body is fine, but only for who may write."""
    assert await write(v1, body) == (HTTPStatus.NO_CONTENT, "")
    assert v1.requests[-1].readings == 0
    v1.writable = False
    assert await write(v1, body) == (
        HTTPStatus.FORBIDDEN,
        '{"error": "\\"relay\\" user is not authorized to write to database \\"home\\""}',
    )


@pytest.mark.parametrize(
    ("query", "headers", "status", "error"),
    [
        (QUERY_V1, {}, 401, "unable to parse authentication credentials"),
        (QUERY_V1, TOKEN_V2, 401, "unable to parse authentication credentials"),
        (QUERY_V1, RUNNER, 401, "authorization failed"),
        (QUERY_V1, WRONG_PASSWORD, 401, "authorization failed"),
        (
            QUERY_V1,
            {"Authorization": "Basic ä"},
            401,
            "unable to parse authentication credentials",
        ),
        ({}, RELAY, 400, "database is required"),
        ({"db": "nope"}, RELAY, 404, 'database not found: "nope"'),
        ({"db": "nope"}, RUNNER, 401, "authorization failed"),
        ({"db": "home", "rp": "nope"}, RELAY, 500, "retention policy not found: nope"),
    ],
)
async def test_refusals_of_1x(
    v1: InfluxDBv1,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    status: int,
    error: str,
) -> None:
    """Credentials come first, then the database."""
    answered, body = await write(v1, "m v=1", query, headers)
    assert (answered, json.loads(body)) == (status, {"error": error})
    assert v1.arrivals == []


async def test_a_1x_without_a_login(socket_enabled: None) -> None:
    """An InfluxDB without users takes what comes."""
    stand_in = InfluxDBv1(username="")
    await stand_in.start()
    assert (await write(stand_in, "m v=1", headers={}))[0] == HTTPStatus.NO_CONTENT
    await stand_in.stop()
    assert values(stand_in) == [1.0]


async def test_query_of_1x(v1: InfluxDBv1) -> None:
    """Credentials can be tried, and the databases asked for."""
    assert (await get(v1, "query", RUNNER))[0] == HTTPStatus.UNAUTHORIZED
    assert await get(v1, "query", RELAY) == (
        HTTPStatus.BAD_REQUEST,
        '{"error": "missing required parameter \\"q\\""}',
    )
    status, body = await get(v1, "query", RELAY, q="SHOW DATABASES")
    assert status == HTTPStatus.OK
    (result,) = json.loads(body)["results"]
    assert result["series"][0]["values"] == [["home"]]
    assert (await get(v1, "ping", {}))[0] == HTTPStatus.NO_CONTENT
    assert all(request.readings == 0 for request in v1.requests)


async def test_a_bad_line_among_good_ones(v1: InfluxDBv1) -> None:
    """1.x keeps the good lines, and names the bad."""
    status, body = await write(v1, f"m v=1 {NOW}\nbad line\nm v=\nm v=2 {NOW + 1}\n")
    assert status == HTTPStatus.BAD_REQUEST
    assert json.loads(body)["error"] == (
        "partial write: unable to parse 'bad line': invalid field format\n"
        "unable to parse 'm v=': missing field value dropped=0"
    )
    assert values(v1) == [1.0, 2.0]
    assert v1.requests[-1].readings == 4

    status, body = await write(v1, "bad")
    assert status == HTTPStatus.BAD_REQUEST
    assert json.loads(body)["error"] == "unable to parse 'bad': missing fields"


async def test_type_conflicts_of_1x(v1: InfluxDBv1) -> None:
    """A field has one type: that of a new one must agree, or nothing is kept."""
    status, body = await write(v1, f"m v=1 {NOW}\nm v=2i {NOW + 1}")
    assert (status, json.loads(body)) == (400, {"error": "field type conflict"})
    assert v1.points == {}

    status, body = await write(
        v1, f"m v=1i {NOW}\nm v=2 {NOW + 1}\nm v=true {NOW + 2}\no v=3i {NOW + 3}"
    )
    assert status == HTTPStatus.BAD_REQUEST
    assert json.loads(body)["error"].startswith("partial write: field type conflict: ")
    assert body.endswith('already exists as type float dropped=2"}')
    assert values(v1) == [2.0, 3]


async def test_time_is_no_name(v1: InfluxDBv1) -> None:
    """No tag and no field can be called time."""
    status, body = await write(v1, f"m,time=1 v=1 {NOW}\nm v=2 {NOW}\nm v=3,time=4 1")
    assert status == HTTPStatus.BAD_REQUEST
    assert 'invalid tag key: input tag \\"time\\"' in body
    assert values(v1) == [3.0, 2.0]
    status, body = await write(v1, "m time=1 1")
    assert 'invalid field name: input field \\"time\\"' in body


@pytest.mark.parametrize(
    ("tag", "kept"),
    [
        (r"a\b", r"a\b"),
        (r"a\ b\,c\=d", "a b,c=d"),
        (r"a\\b", r"a\\b"),
        (r"a\\\=b", r"a\\=b"),
        ("=b", "=b"),
        ('"a"', '"a"'),
        (r"a\ ", "a "),
        ("❤️ö", "❤️ö"),
        ("a\tb\r\0", "a\tb\r\0"),
        ("a\\\nb", "a\\\nb"),
    ],
)
async def test_tags_of_1x(v1: InfluxDBv1, tag: str, kept: str) -> None:
    """Escapes of comma, space and equals are undone, and nothing else is."""
    assert await write(v1, f"m,source={tag} v=1 {NOW}") == (204, "")
    assert v1.arrivals[0].source == kept


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("m,s=a\\ v=1", "invalid tag format"),
        ("m,s=a\\\\ v=1", "invalid tag format"),
        ("m,s=a\\,t=x v=1", "invalid tag format"),
        ("m,s=a=b v=1", "invalid tag format"),
        ("m,s= v=1", "missing tag value"),
        ("m,s v=1", "missing tag value"),
        ("m,=a v=1", "missing tag key"),
        ("m, v=1", "missing tag key"),
        ("m,s=a,s=b v=1", "duplicate tags"),
        ("m,s=a", "missing fields"),
        (",s=a v=1", "missing measurement"),
        ("m =1", "missing field key"),
        ("m v", "invalid field format"),
        ("m v=1,", "invalid field format"),
        ("m v=1, w=2", "invalid field format"),
        ('m v="a', "unbalanced quotes"),
        ("m v=+1", "invalid boolean"),
        ("m v=inf", "invalid boolean"),
        ("m v=yes", "invalid boolean"),
        ("m v=NaN", "invalid number"),
        ("m v=1u", "invalid number"),
        ("m v=1.5i", "invalid number"),
        ("m v=1_000", "invalid number"),
        ("m v=1e400", "invalid float"),
        ("m v=1e", "invalid float"),
        (
            "m v=9223372036854775808i",
            "unable to parse integer 9223372036854775808: strconv.ParseInt: "
            'parsing "9223372036854775808": value out of range',
        ),
        ("m v=1 1.5", "bad timestamp"),
        ("m v=1 5\r", "bad timestamp"),
        ("m v=1 5 6", "point is invalid"),
        ("m v=1 -", 'strconv.ParseInt: parsing "-": invalid syntax'),
        (
            "m v=1 99999999999999999999",
            'strconv.ParseInt: parsing "99999999999999999999": value out of range',
        ),
        (
            "m v=1 9223372036854775807",
            "time outside range -9223372036854775806 - 9223372036854775806",
        ),
    ],
)
async def test_lines_that_1x_refuses(v1: InfluxDBv1, line: str, reason: str) -> None:
    """Each with the reason that influxd gives."""
    status, body = await write(v1, line)
    assert status == HTTPStatus.BAD_REQUEST
    assert json.loads(body)["error"] == f"unable to parse '{line}': {reason}"
    assert v1.points == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("1.", 1.0),
        ("-.5", -0.5),
        ("1e+2", 100.0),
        ("007", 7.0),
        ("-1i", -1),
        ("T", True),
        ("FALSE", False),
        (r'"a b,c=\"d\"\\"', 'a b,c="d"\\'),
        ('"a\nb"', "a\nb"),
    ],
)
async def test_values_that_1x_takes(
    v1: InfluxDBv1, text: str, value: float | str
) -> None:
    """Each as its own type, and only numbers are readings."""
    assert await write(v1, f"  m v={text}   {NOW}  ") == (204, "")
    (fields,) = v1.points.values()
    assert fields == {"v": value}
    assert type(fields["v"]) is type(value)
    assert len(v1.arrivals) == (type(value) in (int, float))


async def test_a_quote_in_a_key_opens_no_string(v1: InfluxDBv1) -> None:
    """So the next line is a line of its own."""
    body = f'm,a"=b v"=1 {NOW}\nm v=2 {NOW}'
    assert await write(v1, body) == (HTTPStatus.NO_CONTENT, "")
    assert [dict(fields) for fields in v1.points.values()] == [{'v"': 1}, {"v": 2}]


async def test_a_key_that_is_too_long(v1: InfluxDBv1) -> None:
    """Measurement and tags together have a greatest length."""
    status, body = await write(v1, f"m,s={'a' * 66000} v=1")
    assert status == HTTPStatus.BAD_REQUEST
    assert body.endswith('max key length exceeded: 66004 > 65535"}')


async def test_gzip(v1: InfluxDBv1) -> None:
    """A compressed body is read, and counted."""
    body = gzip.compress(f"m v=1 {NOW}\nm v=2 {NOW + 1}".encode())
    headers = RELAY | {"Content-Encoding": "gzip"}
    assert (await write(v1, body, headers=headers))[0] == HTTPStatus.NO_CONTENT
    assert values(v1) == [1.0, 2.0]
    assert v1.requests[-1].readings == 2


async def test_bodies_that_are_too_large(
    v1: InfluxDBv1, v2: InfluxDBv2, v3: InfluxDBv3
) -> None:
    """Each version says so in its own way, and to nobody who may not write."""
    body = "m v=1 1700000000000\n" * 10
    v1.max_body = v2.max_body = v3.max_body = 100
    assert await write(v1, body) == (413, '{"error": "Request Entity Too Large"}')
    status, text = await write(v2, body)
    assert status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert json.loads(text)["code"] == "request too large"
    assert await write(v3, body) == (413, "max request size (100 bytes) exceeded")
    assert (await write(v1, body, headers={}))[0] == HTTPStatus.UNAUTHORIZED
    assert [*v1.points, *v2.points, *v3.points] == []


def samples(*ages: int) -> str:
    """Return samples that are so many hours old."""
    return "\n".join(
        f"samples hr_bpm={70 + age} {(NOW - age * HOUR) // 1000}" for age in ages
    )


async def test_a_track(track: LiveTracking) -> None:
    """Eight hours are kept, older points are dropped and counted."""
    assert await write(track, samples(0, 7)) == (HTTPStatus.NO_CONTENT, "")
    status, body = await write(track, samples(9, 1, 20))
    assert status == HTTPStatus.BAD_REQUEST
    assert json.loads(body) == {
        "error": "partial write: points beyond retention policy dropped=2"
    }
    assert [arrival.value for arrival in track.arrivals] == [70, 77, 71]
    assert {arrival.service for arrival in track.arrivals} == {"livetracking"}


@pytest.mark.parametrize(
    "line",
    ["other hr_bpm=72", "samples,source=a hr_bpm=72", "samples bpm=72"],
)
async def test_what_is_no_track(track: LiveTracking, line: str) -> None:
    """Another measurement, tags and unknown fields are refused."""
    status, body = await write(track, line)
    assert status == HTTPStatus.BAD_REQUEST
    assert line in body
    assert track.points == {}


async def test_a_track_is_of_floats(track: LiveTracking) -> None:
    """An integer is a type conflict."""
    status, body = await write(track, f"samples hr_bpm=72i {NOW // 1000}")
    assert status == HTTPStatus.BAD_REQUEST
    assert "is type integer, already exists as type float dropped=1" in body
    assert track.arrivals == []


async def test_a_track_belongs_to_its_user(track: LiveTracking) -> None:
    """The database is the user's name in small letters."""
    assert (await write(track, samples(0), {"db": "Runner", "precision": "s"}))[
        0
    ] == 404
    assert (await write(track, samples(0), headers=RELAY))[0] == 401


async def test_the_login_of_a_track(track: LiveTracking) -> None:
    """Old servers have no /auth, but all have /query."""
    assert await get(track, "auth", RUNNER) == (
        HTTPStatus.OK,
        '{"username": "Runner", "status": "OK"}',
    )
    assert (await get(track, "auth", RELAY))[0] == HTTPStatus.UNAUTHORIZED
    track.has_auth = False
    assert (await get(track, "auth", RUNNER))[0] == HTTPStatus.NOT_FOUND
    assert (await get(track, "query", RUNNER))[0] == HTTPStatus.BAD_REQUEST
    assert (await get(track, "query", RELAY))[0] == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    ("query", "headers", "status", "code", "message"),
    [
        ({}, {}, 401, "unauthorized", "unauthorized access"),
        ({}, TOKEN_V3, 401, "unauthorized", "unauthorized access"),
        ({"precision": "n"}, TOKEN_V2, 400, "invalid", "invalid precision; "),
        ({"bucket": ""}, TOKEN_V2, 404, "not found", "bucket not found"),
        ({"org": "x"}, TOKEN_V2, 404, "not found", 'organization name "x" not found'),
        ({"bucket": "x"}, TOKEN_V2, 404, "not found", 'bucket "x" not found'),
    ],
)
async def test_refusals_of_2x(
    v2: InfluxDBv2,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    status: int,
    code: str,
    message: str,
) -> None:
    """The token comes first, then the precision, then organisation and bucket."""
    answered, body = await write(v2, "m v=1", QUERY_V2 | dict(query), headers)
    assert (answered, json.loads(body)["code"]) == (status, code)
    assert json.loads(body)["message"].startswith(message)
    assert v2.points == {}


async def test_a_token_of_2x_that_may_not_write(v2: InfluxDBv2) -> None:
    """It is forbidden, even to write nothing."""
    v2.writable = False
    status, body = await write(v2, "")
    assert (status, json.loads(body)["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("precision", "unit"), [("ms", MS), ("us", 1000), ("s", 1000 * MS), ("ns", 1)]
)
async def test_precisions_of_2x(v2: InfluxDBv2, precision: str, unit: int) -> None:
    """Each word is its own unit."""
    at = NOW * MS // unit
    query = QUERY_V2 | {"precision": precision}
    assert await write(v2, f"m v=1 {at}", query) == (HTTPStatus.NO_CONTENT, "")
    ((_, _, kept),) = v2.points
    assert kept == at * unit


async def test_writing_to_2x(v2: InfluxDBv2) -> None:
    """A bad line loses the batch, a conflict or an old point only itself."""
    assert await write(v2, "") == (
        HTTPStatus.BAD_REQUEST,
        '{"code": "invalid", "message": "writing requires points"}',
    )
    assert await write(v2, "\n") == (HTTPStatus.NO_CONTENT, "")
    status, body = await write(v2, f"m v=1 {NOW}\nbad")
    assert status == HTTPStatus.BAD_REQUEST
    assert json.loads(body)["message"] == "unable to parse 'bad': missing fields"
    assert v2.points == {}

    status, body = await write(v2, f"m v=1 {NOW}\nm v=2i {NOW + 1}\nm v=3 {NOW + 2}")
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "partial write: field type conflict: " in body
    assert values(v2) == [1.0, 3.0]

    status, body = await write(v2, f"m v=4 {NOW + 4}\nm v=5 {NOW - 9 * HOUR}")
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "dropped 1 points outside retention policy of duration" in body
    assert values(v2) == [1.0, 3.0, 4.0]
    assert {arrival.service for arrival in v2.arrivals} == {"influxdb_v2"}


@pytest.mark.parametrize(
    ("query", "headers", "status", "text"),
    [
        (QUERY_V3, {}, 401, '{"error": "the request was not authenticated"}'),
        (
            QUERY_V3,
            {"Authorization": "Bearer another"},
            401,
            '{"error": "the request was not authenticated"}',
        ),
        (QUERY_V3, {"Authorization": TOKEN}, 400, "malformed"),
        ({"precision": "second"}, TOKEN_V3, 400, "missing query parameter 'db'"),
        ({"db": "home", "precision": "ms"}, TOKEN_V3, 400, "unknown variant `ms`"),
    ],
)
async def test_refusals_of_3x(
    v3: InfluxDBv3,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    status: int,
    text: str,
) -> None:
    """The token comes first, then the database and the precision."""
    answered, body = await write(v3, "m v=1", query, headers)
    assert answered == status
    assert text in body
    assert v3.points == {}


async def test_writing_to_3x(v3: InfluxDBv3) -> None:
    """Good lines are kept, bad ones listed, counted without blanks and comments."""
    for body in ("", "\n", "# hi"):
        assert await write(v3, body) == (400, "incoming write was empty")
    status, text = await write(
        v3,
        f"m v=1 {NOW}\n\nm v=2i {NOW + 1} \nbad\nm,source=a v=3 {NOW + 2}",
    )
    assert status == HTTPStatus.BAD_REQUEST
    assert json.loads(text) == {
        "error": "partial write of line protocol occurred",
        "data": [
            {
                "original_line": "",
                "line_number": 2,
                "error_message": "invalid column type for column 'v', expected "
                "iox::column_type::field::float, got "
                "iox::column_type::field::integer",
            },
            {
                # The line above, cut to 20 characters: the space behind it is lost.
                "original_line": f"m v=2i {NOW + 1}",
                "line_number": 3,
                "error_message": "missing fields",
            },
        ],
    }
    assert values(v3) == [1.0, 3.0]
    assert [arrival.source for arrival in v3.arrivals] == ["", "a"]


async def test_3x_makes_databases(v3: InfluxDBv3) -> None:
    """A database that is not there is made, for who may write."""
    query = {"db": "new", "precision": "millisecond"}
    assert await write(v3, f"m v=1 {NOW}", query) == (HTTPStatus.NO_CONTENT, "")
    v3.writable = False
    assert await write(v3, f"m v=1 {NOW}", query) == (HTTPStatus.FORBIDDEN, "")
