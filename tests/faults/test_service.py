"""A hostile service: whatever it answers, nothing is lost, nobody is fooled, and all is told."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random
import resource
import socket
import ssl
import time
from typing import Any
import zlib

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.delivery import backoff
from custom_components.heart_rate_relay.destinations import base
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from custom_components.heart_rate_relay.relay.data import Status
from dev.stand_ins import Failure, InfluxDBv1, StandIn
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..common import influxdb_data, relay_entry, set_up, until
from ..destinations.common import Reply, http, sending, serving
from .common import (
    PATIENCE,
    Leaks,
    Strap,
    each_service,
    entry_of,
    errors_of,
    ledger_of,
    lines_of,
    until_settled,
)

PAGE = "<html><title>It works!</title></html>"


def status_of(hass: HomeAssistant) -> str | None:
    """Return what the relay's entity says of its status."""
    state = hass.states.get("sensor.relay_status")
    return state.state if state else None


OUTCOMES: Mapping[str, tuple[Failure, Status]] = {
    "no sign-in": (Failure(401, "who?"), Status.NOT_AUTHORISED),
    "page for a sign-in": (Failure(401, PAGE), Status.UNREACHABLE),
    "page for a plan": (Failure(403, PAGE), Status.UNREACHABLE),
    "no plan": (Failure(402, "pay!"), Status.NOT_ENTITLED),
    "timeout": (Failure(408), Status.WAITING),
    "too early": (Failure(425), Status.WAITING),
    "in an hour": (Failure(429, headers={"Retry-After": "3600"}), Status.WAITING),
    "never": (
        Failure(503, PAGE, {"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}),
        Status.WAITING,
    ),
    "rubbish": (Failure(500, "\0\xff" * 50_000), Status.UNREACHABLE),
    "page": (Failure(404, PAGE), Status.UNREACHABLE),
    "page of a proxy": (Failure(400, PAGE), Status.UNREACHABLE),
    "no answer": (Failure(200, drop=True), Status.UNREACHABLE),
    **{
        f"redirect {status}": (Failure(status), Status.UNREACHABLE)
        for status in (301, 302, 303, 307, 308)
    },
}
"""What a service may answer that took nothing, and what that means."""


@each_service
async def test_outcomes(
    hass: HomeAssistant,
    service: str,
    stand_in: StandIn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each outcome is told as what it is, in one line of the log, and nothing is lost.

    Nothing goes where a redirect leads, neither a reading nor a credential.
    """
    ledger = ledger_of(service, stand_in)
    strap = Strap(hass, ledger)
    entry = entry_of(service, stand_in)
    await set_up(hass, entry)
    begin = time.time() - 10_000
    async with serving(http(204)) as elsewhere:
        location = {"Location": str(elsewhere.url / "elsewhere")}
        for number, (failure, status) in enumerate(OUTCOMES.values()):
            caplog.clear()
            at = begin + 100 * number
            if 300 <= failure.status < 400:
                failure = failure._replace(headers=location)
            await see_waiting(hass, entry, stand_in, strap, at, failure, status)
            lines = [line for line in lines_of(caplog) if line.startswith("Relay ")]
            assert len(lines) == 2, lines
            assert not errors_of(caplog)
        assert not elsewhere.connections
    await hass.config_entries.async_unload(entry.entry_id)
    assert not ledger.lost
    assert not ledger.repeated
    assert not ledger.altered


async def see_waiting(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    stand_in: StandIn,
    strap: Strap,
    begin: float,
    failure: Failure,
    status: Status,
) -> None:
    """See that all waits while a service fails, is told, and arrives afterwards."""
    coordinator = entry.runtime_data
    for second in range(5):
        strap.beat(begin + second)
    await until_settled(coordinator)
    stand_in.failure = failure
    for second in range(5, 12):
        strap.beat(begin + second)
    coordinator.async_send_now()
    await until(lambda: status_of(hass) == status, PATIENCE)
    assert len(coordinator.outbox) == 7
    issues = {issue.translation_key for issue in ir.async_get(hass).issues.values()}
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    is_locked_out = status is Status.NOT_AUTHORISED
    assert bool(issues - {"config_entry_reauth"}) == (status is Status.NOT_ENTITLED)
    assert [flow["context"]["source"] for flow in flows] == (
        [SOURCE_REAUTH] if is_locked_out else []
    )
    requests = len(stand_in.requests)
    stand_in.failure = None
    if is_locked_out:
        await asyncio.sleep(0.1)
        assert len(stand_in.requests) == requests, "sent without being authorised"
    await until_settled(coordinator)
    await until(lambda: status_of(hass) == Status.DELIVERING, PATIENCE)
    assert not ir.async_get(hass).issues


@each_service
async def test_refused(hass: HomeAssistant, service: str, stand_in: StandIn) -> None:
    """What is refused while everything is, is not refused for good."""
    ledger = ledger_of(service, stand_in)
    strap = Strap(hass, ledger)
    entry = entry_of(service, stand_in)
    coordinator = await set_up(hass, entry)
    begin = time.time() - 1000
    stand_in.failure = Failure(400, "no")
    for second in range(12):
        strap.beat(begin + second)
    await until(lambda: coordinator.last_error, PATIENCE)
    for _ in range(20):
        coordinator.async_send_now()
        await asyncio.sleep(0.01)
    stand_in.failure = None
    for second in range(12, 24):
        strap.beat(begin + second)
    await until_settled(coordinator)
    await hass.config_entries.async_unload(entry.entry_id)
    tally = coordinator.outbox.tally
    assert tally.refused == len(ledger.lost) == 0
    assert ledger.is_clean(tally), ledger.account(tally)


@each_service
async def test_lost_answers(
    hass: HomeAssistant, service: str, stand_in: StandIn
) -> None:
    """What a service took without being able to say so is sent again, as it was."""
    ledger = ledger_of(service, stand_in)
    strap = Strap(hass, ledger)
    entry = entry_of(service, stand_in)
    coordinator = await set_up(hass, entry)
    begin = time.time() - 1000
    stand_in.failures.extend([Failure(200, drop=True, accepts=True)] * 2)
    for second in range(12):
        strap.beat(begin + second)
    await until_settled(coordinator)
    await hass.config_entries.async_unload(entry.entry_id)
    assert ledger.is_clean(coordinator.outbox.tally)
    assert not ledger.lost


# What is no service at all


async def late(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send headers so slowly that they never end."""
    for char in "HTTP/1.1 204 Fine\r\n" + "X-Slow: " + "." * 1000:
        writer.write(char.encode())
        await writer.drain()
        await asyncio.sleep(0.05)


async def dripping(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a body so slowly that it never ends."""
    writer.write(b"HTTP/1.1 400 Oh\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.05)


async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a body that never ends, as fast as can be."""
    writer.write(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"." * 65536 + b"\r\n")
        await writer.drain()


@cache
def packed() -> bytes:
    """Return a quarter of a gigabyte in a quarter of a megabyte."""
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(b"\0" * 2**20) for _ in range(256)) + packer.flush()


async def bomb(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a body that is a thousand times as large when it is unpacked."""
    writer.write(http(500, packed(), {"Content-Encoding": "gzip"}))
    await writer.drain()


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Drop the connection in the middle of a body."""
    writer.write(b"HTTP/1.1 400 Oh\r\nContent-Length: 1000\r\n\r\n" + b"." * 500)
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.transport.abort()


GARBAGE = sending(Random(1).randbytes(10_000))

HOSTILE: dict[str, Reply] = {
    "late": late,
    "dripping": dripping,
    "endless": endless,
    "bomb": bomb,
    "reset": reset,
    "garbage": GARBAGE,
    "deep": sending(http(500, "[" * 200_000)),
}

LIES: dict[str, Reply] = {
    "page": sending(http(200, PAGE, {"Content-Type": "text/html"})),
    "error inside": sending(http(200, '{"error": "not written", "status": "failed"}')),
    "deep": sending(http(200, "[" * 200_000)),
}
"""What looks like a success to whoever only looks at the status.

Pulsoid and Gerosense document no more than that.
"""

MEMORY = 100 * 1024
"""By how much an answer may make this process grow, in KiB."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "replies"),
    [
        ("pulsoid", HOSTILE),
        ("influxdb_v1", HOSTILE | LIES),
        ("influxdb_v3", LIES),
        ("livetracking", LIES),
        ("open_wearables", HOSTILE | LIES),
        ("open_wearables_invitation", LIES),
    ],
)
async def test_hostile(
    hass: HomeAssistant,
    service: str,
    stand_in: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    replies: Mapping[str, Reply],
) -> None:
    """Whatever bytes come, all waits in bounded memory until there is a service."""
    monkeypatch.setattr(backoff, "MAX_BACKOFF", 0.1)
    ledger = ledger_of(service, stand_in)
    strap = Strap(hass, ledger)
    entry = entry_of(service, stand_in)
    await stand_in.stop()
    await set_up(hass, entry)
    leaks = Leaks()
    begin = time.time() - 10_000
    for number, reply in enumerate(replies.values()):
        monkeypatch.setattr(base, "TIMEOUT", aiohttp.ClientTimeout(total=0.3))
        at = begin + 100 * number
        await see_through(hass, entry.runtime_data, stand_in, strap, at, reply)
        monkeypatch.setattr(base, "TIMEOUT", aiohttp.ClientTimeout(total=30))
        await stand_in.start(stand_in.url.port or 0)
        for second in range(5, 10):
            strap.beat(at + second)
        await until_settled(entry.runtime_data)
        # What a server has queued it imports a moment later
        await until(lambda: len(ledger.arrived) == len(ledger.measured), PATIENCE)
        await stand_in.stop()
    coordinator = entry.runtime_data
    await hass.config_entries.async_unload(entry.entry_id)
    await leaks.see_none()
    assert ledger.is_clean(coordinator.outbox.tally)
    assert not ledger.lost
    assert not errors_of(caplog)


async def see_through(
    hass: HomeAssistant,
    coordinator: RelayCoordinator,
    stand_in: StandIn,
    strap: Strap,
    begin: float,
    reply: Reply,
) -> None:
    """See that nothing is given to what is where a service should be."""
    delivered = coordinator.outbox.tally.delivered
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with serving(reply, port=stand_in.url.port or 0) as server:
        for second in range(5):
            strap.beat(begin + second)
        coordinator.async_send_now()
        await until(lambda: len(server.seen) >= 2, PATIENCE)
        await until(lambda: status_of(hass) == Status.UNREACHABLE, PATIENCE)
        assert coordinator.outbox.tally.delivered == delivered
        assert len(coordinator.outbox) == 5
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    assert grown < MEMORY


# Names and certificates


async def test_certificate_expired(
    hass: HomeAssistant,
    socket_enabled: None,
    make_certificate: Callable[[timedelta, timedelta], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing goes to a server that cannot prove who it is any more, until it can."""
    day = timedelta(days=1)
    handle = hass.loop.get_exception_handler()
    assert handle

    def handle_but_resets(loop: asyncio.AbstractEventLoop, context: Any) -> None:
        # So a handshake may end for the server of which the client wants no more
        if not isinstance(context.get("exception"), ConnectionResetError):
            handle(loop, context)

    hass.loop.set_exception_handler(handle_but_resets)
    expired, good = make_certificate(-2 * day, -day), make_certificate(-day, day)
    trusting = ssl.create_default_context(cafile=expired)
    trusting.load_verify_locations(good)
    connector = async_get_clientsession(hass).connector
    monkeypatch.setattr(connector, "_ssl", trusting)
    async with serving(http(204), tls_of(expired)) as server:
        url = server.url
        data = {
            "url": str(url),
            "database": "home",
            "username": "relay",
            "password": "x",
        }
        strap = Strap(hass)
        entry = relay_entry("influxdb_v1", data)
        coordinator = await set_up(hass, entry)
        strap.beat(time.time())
        await until(lambda: coordinator.last_error == "tls_error", PATIENCE)
        assert not server.seen
    async with serving(http(204), tls_of(good), port=url.port or 0) as server:
        await until_settled(coordinator)
        assert len(server.seen) == 1
        assert b"=62.0 " in server.seen[0].body
        await hass.config_entries.async_unload(entry.entry_id)


def tls_of(certificate: Path) -> ssl.SSLContext:
    """Return what serves TLS with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


class Names(AbstractResolver):
    """A resolver that knows every name, or none."""

    fails = True

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return where a name is."""
        if self.fails:
            raise OSError(None, "Temporary failure in name resolution")
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Do nothing."""


async def test_name_not_found(
    hass: HomeAssistant, influxdb: InfluxDBv1, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that cannot be found, and then can, is one more way to be out of reach."""
    names = Names()
    monkeypatch.setattr(async_get_clientsession(hass).connector, "_resolver", names)
    ledger = ledger_of("influxdb_v1", influxdb)
    strap = Strap(hass, ledger)
    url = influxdb.url.with_host("influxdb.test")
    entry = relay_entry("influxdb_v1", {**influxdb_data(influxdb), "url": str(url)})
    coordinator = await set_up(hass, entry)
    strap.beat(time.time())
    await until(lambda: coordinator.last_error == "cannot_connect", PATIENCE)
    names.fails = False
    await until_settled(coordinator)
    await hass.config_entries.async_unload(entry.entry_id)
    assert ledger.is_clean(coordinator.outbox.tally)
    assert not ledger.lost
