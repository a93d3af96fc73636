"""What all destinations have in common, against servers that misbehave in every way."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
import ssl

import aiohttp
from freezegun import freeze_time
from hypothesis import given, strategies as st
import pytest

from custom_components.heart_rate_relay.destinations import DESTINATIONS, base
from custom_components.heart_rate_relay.destinations.base import (
    MAX_ANSWER,
    MAX_RETRY_AFTER,
    Answer,
    Destination,
    Receipt,
    error_from,
    retry_after,
)
from custom_components.heart_rate_relay.destinations.errors import (
    MAX_REASON,
    DestinationError,
    NotAuthorisedError,
    NotEntitledError,
    RefusedError,
    UnreachableError,
    WaitError,
)
from dev.stand_ins.base import PASSWORD

from .common import (
    CONFIGS,
    SECRETS,
    TEXTS,
    WRONG_URL,
    Connect,
    Outcome,
    Reply,
    error_of,
    http,
    outcome,
    reading,
    sending,
    serving,
)

CANNOT_CONNECT = (UnreachableError, "cannot_connect")
PROXY = (UnreachableError, "proxy")

SERVICES = pytest.mark.parametrize(
    "service",
    [key for key, kind in DESTINATIONS.items() if key in CONFIGS],
)
"""All that are elsewhere, and are asked over a network."""
CALLS = pytest.mark.parametrize("call", ["validate", "deliver"])


async def ask(destination: Destination, call: str) -> None:
    """Check the credentials, or deliver a reading."""
    if call == "validate":
        await destination.validate()
    else:
        await destination.deliver([reading()])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a timeout come soon."""
    monkeypatch.setattr(base, "TIMEOUT", aiohttp.ClientTimeout(total=0.2))


async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with a body that never ends."""
    writer.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 999999999999\r\n\r\n")
    while True:
        writer.write(b"more " * 1000)
        await writer.drain()


async def endless_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with headers that never end."""
    writer.write(b"HTTP/1.1 500 Oh\r\nX: ")
    while True:
        writer.write(b"more " * 1000)
        await writer.drain()


async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with a body that comes byte by byte, and never fully."""
    writer.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.01)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer nothing, until the client goes."""
    await reader.read()
    writer.close()


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Drop the connection."""
    writer.transport.abort()


async def cut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Drop the connection in the middle of a body."""
    writer.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 1000\r\n\r\nhalf of")
    await writer.drain()
    writer.close()


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close the connection politely."""
    writer.close()


@SERVICES
@CALLS
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (reset, CANNOT_CONNECT),
        (hang_up, CANNOT_CONNECT),
        (cut, CANNOT_CONNECT),
        (sending(b"SSH-2.0-OpenSSH_10.2\r\n\r\n"), CANNOT_CONNECT),
        (endless_head, CANNOT_CONNECT),
        (endless, (UnreachableError, "server_error")),
        (sending(http(500, "Oh dear")), (UnreachableError, "server_error")),
        (sending(http(502, "<html>Bad gateway")), (UnreachableError, "server_error")),
        (sending(http(403, "<html>No")), PROXY),
        (sending(http(402, "<html>Pay")), PROXY),
        (sending(http(404, "<html>Not found")), WRONG_URL),
        (sending(http(405, "<html>Not allowed")), WRONG_URL),
        (sending(http(410, "Gone")), WRONG_URL),
        (sending(http(400, "\n<html>HTTP sent to an HTTPS port")), WRONG_URL),
        (
            sending(http(400, "Client sent an HTTP request to an HTTPS server.\n")),
            WRONG_URL,
        ),
        (sending(http(401, "<html>Log in")), PROXY),
        (sending(http(422, "<!DOCTYPE html>")), WRONG_URL),
        (
            sending(http(401, '{"detail": "Log in"}')),
            (NotAuthorisedError, "invalid_auth"),
        ),
        (sending(http(403, '{"detail": "No"}')), NotAuthorisedError),
        (sending(http(429)), (WaitError, "busy")),
    ],
)
async def test_misbehaviour(
    connect: Connect,
    service: str,
    call: str,
    reply: Reply,
    expected: Outcome | type[DestinationError],
) -> None:
    """A server that misbehaves, or is another one, is named and never believed."""
    async with serving(reply) as server:
        found = await outcome(ask(connect(service, server.url), call))
    assert expected in (found, found[0])


@SERVICES
@CALLS
@pytest.mark.parametrize("reply", [silent, slow])
@pytest.mark.usefixtures("impatient")
async def test_timeout(connect: Connect, service: str, call: str, reply: Reply) -> None:
    """A server that does not come to an end is given up, and its connection closed."""
    async with serving(reply) as server:
        found = await outcome(ask(connect(service, server.url), call))
        async with asyncio.timeout(5):
            await server.left.wait()
    assert found == (UnreachableError, "timeout")


def test_patience() -> None:
    """A service has enough time to answer, but less than a minute."""
    assert base.TIMEOUT.total is not None
    assert 10 <= base.TIMEOUT.total <= 60


@SERVICES
@CALLS
@pytest.mark.parametrize("says", ["text/html; charset=utf-8", "Text/HTML"])
async def test_plain_page(connect: Connect, service: str, call: str, says: str) -> None:
    """A page that answers 200 to everything is not the service, however it writes its type."""
    page = http(200, " <html>Welcome", {"Content-Type": says})
    async with serving(page) as server:
        kind, key = await outcome(ask(connect(service, server.url), call))
    assert kind is UnreachableError
    assert key in ("wrong_url", "unexpected_answer")


async def test_words_of_a_success_that_are_no_page(connect: Connect) -> None:
    """Many a server calls any text a page, which is none."""
    fine = http(200, "OK", {"Content-Type": "text/html; charset=utf-8"})
    async with serving(fine) as server:
        assert await connect("pulsoid", server.url).deliver([reading()]) == Receipt()


@SERVICES
@CALLS
@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
async def test_redirect(connect: Connect, service: str, call: str, status: int) -> None:
    """A redirect is named but not followed: credentials go where they belong."""
    async with (
        serving(http(204)) as other,
        serving(http(status, headers={"Location": str(other.url / "x")})) as server,
    ):
        error = await error_of(ask(connect(service, server.url), call))
        assert other.connections == 0
    assert (type(error), error.key) == (UnreachableError, "redirected")
    assert error.detail == str(other.url / "x")


@SERVICES
@CALLS
async def test_nobody_there(connect: Connect, service: str, call: str) -> None:
    """A port where nobody listens is unreachable."""
    async with serving(b"") as server:
        url = server.url
    assert await outcome(ask(connect(service, url), call)) == CANNOT_CONNECT


@SERVICES
@CALLS
async def test_own_certificate(
    connect: Connect, service: str, call: str, tls: ssl.SSLContext
) -> None:
    """Nothing is sent to a server whose certificate nobody trusts."""
    async with serving(http(204), tls) as server:
        assert server.url.scheme == "https"
        found = await outcome(ask(connect(service, server.url), call))
        assert not server.seen
    assert found == (UnreachableError, "tls_error")


@SERVICES
@CALLS
async def test_tls_to_a_plain_port(connect: Connect, service: str, call: str) -> None:
    """A server that does not speak TLS is no reason to go without."""
    plain = await asyncio.start_server(
        lambda _, writer: writer.write(http(400, "What?")), "127.0.0.1", 0
    )
    async with plain:
        port = plain.sockets[0].getsockname()[1]
        destination = connect(service, f"https://127.0.0.1:{port}")
        found = await outcome(ask(destination, call))
        plain.close_clients()
    assert found == (UnreachableError, "tls_error")


@pytest.mark.parametrize("service", ["livetracking", "influxdb_v2"])
@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "localhost:8086",
        "influx.example.org",
        "//influx.example.org",
        "ftp://influx.example.org",
        "unix:///var/run/influxdb.sock",
        "http://",
        "http:///write",
        "http://relay:secret@127.0.0.1",
        "http://relay@127.0.0.1",
        "http://:secret@127.0.0.1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "http://[::1",
        "http://my server:8086",
        "http://my\\server",
    ],
)
def test_invalid_address(connect: Connect, service: str, url: str) -> None:
    """What is no address of a server, or holds a login, is said to be so at once."""
    with pytest.raises(DestinationError) as info:
        connect(service, url)
    assert info.value.key == "invalid_url"
    assert "secret" not in repr(info.value) + info.value.detail
    assert "invalid_url" in TEXTS


@SERVICES
@pytest.mark.parametrize("secret", ["line\nbreak", "line\r\nX-Evil: 1", "nul\0"])
async def test_secret_with_control_characters(
    connect: Connect, service: str, secret: str
) -> None:
    """Nothing is smuggled into a request, and the secret is not told."""
    if service == "webhook":
        with pytest.raises(DestinationError, match="invalid_headers"):
            connect(service, "http://127.0.0.1", secret_headers=[f"X: {secret}"])
        return
    fields = ("password", "token", "api_key", "access_token")
    field = next((key for key in fields if key in CONFIGS[service]), "access_token")
    async with serving(http(204)) as server:
        destination = connect(service, server.url, **{field: secret})
        if field == "password":
            # Base64 and forms take it all
            with suppress(DestinationError):
                await destination.deliver([reading()])
            assert not [seen for seen in server.seen if "x-evil" in seen.headers]
            return
        error = await error_of(destination.deliver([reading()]))
        carried = {"authorization", "x-open-wearables-api-key"}
        assert not [seen for seen in server.seen if carried & seen.headers.keys()]
    assert secret not in str(error.__cause__) + error.detail


@SERVICES
@CALLS
async def test_endless_body_is_read_bounded(
    connect: Connect, service: str, call: str
) -> None:
    """Of an endless body no more is taken than fits into buffers on the way."""
    written = 0

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
            written += 0x1000
            await writer.drain()

    async with serving(reply) as server:
        error = await error_of(ask(connect(service, server.url), call))
        async with asyncio.timeout(5):
            await server.left.wait()
    assert error.detail == "x" * MAX_REASON
    assert written < 50_000_000


@pytest.mark.parametrize("rest", [b"", b"more"])
async def test_answer_is_read_to_its_bound(connect: Connect, rest: bytes) -> None:
    """A body that fits is read whole, however it is cut; of a longer one the start."""
    body = bytes(range(256)) * (MAX_ANSWER // 256)

    async def in_pieces(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = http(500, body + rest)
        for start in range(0, len(data), 1000):
            writer.write(data[start : start + 1000])
            await writer.drain()
            await asyncio.sleep(0)

    async with serving(in_pieces) as server:
        destination = connect("influxdb_v1", server.url)
        answer = await destination._request("GET", server.url, headers={})
    assert answer.status == 500
    assert answer.body == body


async def test_body_of_a_success_is_left_alone(connect: Connect) -> None:
    """A success needs no words: no waiting for them where they are not asked for."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        await silent(reader, writer)

    async with serving(reply) as server:
        assert await connect("pulsoid", server.url).deliver([reading()]) == Receipt()


def answer(
    status: int, body: str | bytes = b"", retry_after: str | None = None
) -> Answer:
    """Return an answer."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Answer(status, headers, body if isinstance(body, bytes) else body.encode())


def meaning(status: int) -> Outcome:
    """Return what a status means that is no success."""
    special: dict[int, Outcome] = {
        400: (RefusedError, "refused"),
        401: (NotAuthorisedError, "invalid_auth"),
        402: (NotEntitledError, "premium_required"),
        403: (NotAuthorisedError, "invalid_auth"),
        **dict.fromkeys((408, 425, 429, 503), (WaitError, "busy")),
        **dict.fromkeys((413, 422), (RefusedError, "refused")),
    }
    if status in special:
        return special[status]
    if status < 400:
        return UnreachableError, "redirected"
    return WRONG_URL if status < 500 else (UnreachableError, "server_error")


def test_meaning_of_a_status() -> None:
    """Every status has one meaning, and a text for a person."""
    for status in range(300, 600):
        error = error_from(answer(status, "The server's words"))
        assert (type(error), error.key) == meaning(status), status
        assert error.key in TEXTS


def test_page_of_a_proxy_that_finds_it_too_much() -> None:
    """A proxy that takes only small bodies is to be sent smaller ones."""
    error = error_from(answer(413, "<html>Too large</html>"))
    assert isinstance(error, RefusedError)
    assert error.is_too_large


def test_meaning_of_a_page() -> None:
    """A page says nothing of credentials or readings, whatever its status."""
    for status in range(400, 600):
        error = error_from(answer(status, "\ufeff\n<!doctype html><p>unauthorised"))
        is_size = isinstance(error, RefusedError) and error.is_too_large
        assert is_size or isinstance(error, UnreachableError | WaitError), status
        assert error.key in TEXTS


def test_error_is_short_and_on_one_line() -> None:
    """A service's words are kept apart from the message, short and on one line."""
    error = RefusedError("one\n\ttwo\r\n  three " + "x" * 1000)
    assert error.detail.startswith("one two three xxx")
    assert len(error.detail) == MAX_REASON
    assert str(error) == "refused"
    assert repr(error) == "RefusedError('refused')"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"{}", {}),
        (b"", {}),
        (b"[1]", {}),
        (b"null", {}),
        (b'"a"', {}),
        (b"\xff\xfe", {}),
        (b'{"a": "\xff"}', {}),
        (b'{"a": ', {}),
        (b"9" * MAX_ANSWER, {}),
        (b"[" * MAX_ANSWER, {}),
        (b"[" * (MAX_ANSWER // 2) + b"]" * (MAX_ANSWER // 2), {}),
    ],
)
def test_json_of_an_answer(body: bytes, expected: dict[str, object]) -> None:
    """A body that is no JSON object counts as an empty one."""
    assert answer(400, body).json == expected


@pytest.mark.parametrize(
    ("status", "ok"),
    [(199, False), (200, True), (204, True), (299, True), (300, False), (404, False)],
)
def test_success(status: int, ok: bool) -> None:
    """A success is any 2xx."""
    assert answer(status).ok is ok


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("9" * 400, MAX_RETRY_AFTER),
        ("86401", MAX_RETRY_AFTER),
        ("-1", None),
        ("-5000", None),
        ("1.5", None),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("1e9", None),
        ("2026-11-21T10:01:30Z", None),
        ("Sat, 21 Nov 2026 10:01:30 GMT", 90),
        ("Saturday, 21-Nov-26 10:01:30 GMT", 90),
        ("Sat Nov 21 10:01:30 2026", 90),
        ("Sat, 21 Nov 2026 10:01:30 -0000", 90),
        ("Sat, 21 Nov 2026 12:01:30 +0200", 90),
        ("Sat, 21 Nov 2026 09:59:59 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER),
        ("Fri, 31 Dec 9999 23:59:59 -2300", MAX_RETRY_AFTER),
        ("Sat, 01 Jan 0001 00:00:00 +2300", 0),
        ("Sat, 32 Nov 2026 10:01:30 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    """A service's wish for silence is granted, within bounds, where it makes sense."""
    with freeze_time("2026-11-21T10:00:00Z"):
        error = error_from(answer(503, retry_after=value))
    assert isinstance(error, WaitError)
    assert error.retry_after == seconds


@given(st.integers(0, 10**30))
def test_retry_after_seconds(seconds: int) -> None:
    """Seconds are seconds, up to a day."""
    assert retry_after(answer(429, retry_after=str(seconds))) == min(seconds, 86400)


@given(
    st.datetimes(
        datetime(2000, 1, 1),
        datetime(2100, 1, 1),
        timezones=st.just(UTC),
    )
)
def test_retry_after_date(date: datetime) -> None:
    """A date is so far away as it is, up to a day, and never behind us."""
    now = datetime(2026, 11, 21, 10, tzinfo=UTC)
    date = date.replace(microsecond=0)
    with freeze_time(now):
        waited = retry_after(
            answer(503, retry_after=format_datetime(date, usegmt=True))
        )
    away = (date - now) / timedelta(seconds=1)
    assert waited == max(0, min(away, 86400))


@given(
    st.one_of(
        st.text(),
        st.from_regex(
            r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,5} [\d:]{1,12} [+-]?\w{1,7}"
        ),
    )
)
def test_retry_after_of_any_text(text: str) -> None:
    """Whatever a service writes there, it breaks nothing."""
    waited = retry_after(answer(503, retry_after=text))
    assert waited is None or 0 <= waited <= MAX_RETRY_AFTER


@SERVICES
async def test_credentials_travel_in_a_header_only(
    connect: Connect, service: str
) -> None:
    """No address holds a secret: addresses end up in logs."""
    async with serving(http(204)) as server:
        destination = connect(service, server.url)
        with suppress(DestinationError):
            await destination.deliver([reading()])
        with pytest.raises(DestinationError):
            await connect(service, server.url.with_port(1)).validate()
        *_, seen = server.seen
    assert not any(secret in repr(destination) for secret in SECRETS)
    if service == "gerosense":
        # Its login is a form
        assert PASSWORD not in seen.target
        return
    carried = {"authorization", "x-open-wearables-api-key", "x-secret"}
    headers = carried & seen.headers.keys()
    assert any(secret in seen.headers[key] for key in headers for secret in SECRETS)
    everything_else = seen._replace(
        headers={**seen.headers, **dict.fromkeys(headers, "")}
    )
    assert not any(secret in repr(everything_else) for secret in SECRETS)


@pytest.mark.parametrize("service", DESTINATIONS)
def test_table(service: str) -> None:
    """Each destination says what it takes."""
    limits = DESTINATIONS[service].limits
    assert limits.metrics
    assert limits.max_batch >= 1
    assert DESTINATIONS[service].service
