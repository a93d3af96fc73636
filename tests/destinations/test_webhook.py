"""A webhook: what is sent, how it is signed, and what may be sent along."""

from base64 import b64encode
from collections.abc import AsyncIterator
import json

import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.destinations.errors import (
    DestinationError,
    NotAuthorisedError,
    RefusedError,
)
from custom_components.heart_rate_relay.destinations.webhook import (
    NOT_ONES_OWN,
    parse_headers,
    parse_key,
    sign,
)
from custom_components.heart_rate_relay.reading import Reading
from dev.stand_ins import Failure, Webhook
from dev.stand_ins.webhook import KEY
from tests.conftest import running

from .common import NOW, STRAP, Connect, batch, http, outcome, reading, serving


@pytest.fixture
async def receiver(socket_enabled: None) -> AsyncIterator[Webhook]:
    """Return a receiver of our own."""
    async with running(Webhook()) as stand_in:
        yield stand_in


async def test_reading(connect: Connect) -> None:
    """All that is known of a reading is told, its times to the microsecond."""
    steps = Reading(metrics.STEPS, 12.0, NOW + 7, STRAP, duration=60_000_000)
    async with serving(http(204)) as server:
        hook = connect("webhook", f"{server.url}/hook/?room=gym#here")
        await hook.deliver([steps])
        (seen,) = server.seen
    assert (seen.method, seen.target) == ("POST", "/hook/?room=gym")
    assert seen.headers["content-type"] == "application/json"
    assert json.loads(seen.body) == {
        "metric": "steps",
        "value": 12.0,
        "unit": "steps",
        "measured_at": "2026-11-21T07:21:18.901007+00:00",
        "started_at": "2026-11-21T07:20:18.901007+00:00",
        "source": {"entity_id": "sensor.strap_heart_rate", "name": "Strap"},
    }


async def test_every_metric(connect: Connect, receiver: Webhook) -> None:
    """Each goes by its key, in its unit."""
    url = receiver.url / "heart-rate/"
    hook = connect("webhook", url, signing_key=KEY, per_request="many")
    rows = list(metrics.METRICS.values())
    assert set(rows) == hook.limits.metrics
    await hook.deliver([Reading(row, 41.5, NOW, STRAP) for row in rows])
    told = [(arrival.metric, arrival.tags["unit"]) for arrival in receiver.arrivals]
    assert told == [(row.key, row.unit) for row in rows]


def test_published_signature() -> None:
    """A message is signed as in the example that the libraries of Standard Webhooks share."""
    key = parse_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = sign(
        key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("per_request", ["one", "many"])
async def test_repeat(connect: Connect, receiver: Webhook, per_request: str) -> None:
    """What is sent again is known again, also after a restart; what differs is not."""
    url = receiver.url / "heart-rate/"
    first, other = (batch(1), batch(1, NOW + 1))
    for readings in (first, first, other):
        hook = connect("webhook", url, signing_key=KEY, per_request=per_request)
        await hook.deliver(readings)
    assert receiver.repeats == 1
    assert [arrival.measured_at for arrival in receiver.arrivals] == [NOW, NOW + 1]


async def test_not_signed(connect: Connect, receiver: Webhook) -> None:
    """Without a key nothing is signed, and with another one nothing is believed."""
    url = receiver.url / "heart-rate/"
    for key in ("", b64encode(bytes(24)).decode()):
        hook = connect("webhook", url, signing_key=key)
        found = await outcome(hook.deliver([reading()]))
        assert found == (NotAuthorisedError, "invalid_auth")
    receiver.key = ""
    await connect("webhook", url, signing_key="").deliver([reading()])
    assert len(receiver.arrivals) == 1


async def test_check(connect: Connect, receiver: Webhook) -> None:
    """It is tried without a reading, and who objects to nothing but that is there."""
    hook = connect("webhook", receiver.url / "heart-rate/", signing_key=KEY)
    account = await hook.validate()
    receiver.objects_to_nothing = False
    assert await hook.validate() == account
    assert not receiver.arrivals
    assert account.name == "Webhook 127.0.0.1"
    assert account.id
    assert "heart-rate" not in account.id
    receiver.failure = Failure(413, "too much")
    assert await outcome(hook.validate()) == (RefusedError, "refused")


async def test_accounts(connect: Connect, receiver: Webhook) -> None:
    """An address and its headers tell one relay from another, secrets do not."""
    url = receiver.url / "heart-rate/"
    ids = [
        (await connect("webhook", at, signing_key=KEY, **config).validate()).id
        for at, config in (
            (url, {}),
            (url, {"secret_headers": ["X-Secret: another"]}),
            (url, {"headers": ["X-Wearer: Ben"]}),
            (url.with_query(wearer="ben"), {}),
        )
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


async def test_headers(connect: Connect, receiver: Webhook) -> None:
    """Headers of one's own go along, secret or not."""
    receiver.wants = {"X-Room": "gym: left", "Authorization": "Bearer abc"}
    hook = connect(
        "webhook",
        receiver.url / "heart-rate/",
        signing_key=KEY,
        headers=["X-Room: gym: left", ""],
        secret_headers=["authorization:Bearer abc"],
    )
    await hook.deliver([reading()])
    assert len(receiver.arrivals) == 1


@pytest.mark.parametrize(
    "lines",
    [
        ["no header"],
        [": value"],
        ["X-Empty: "],
        ["X Space: a"],
        ["X-Ü: a"],
        ["X-Value: ü"],
        ["X-Break: a\r\nX-Evil: b"],
        ["X-Nul: a\0b"],
        ["X-Twice: a", "x-twice: b"],
        ["Webhook-Id: a"],
        ["Proxy-Authorization: a"],
        *([f"{name.title()}: a"] for name in sorted(NOT_ONES_OWN)),
    ],
)
def test_bad_headers(connect: Connect, lines: list[str]) -> None:
    """What is no header, or says how a request is sent, is not taken."""
    with pytest.raises(DestinationError, match="invalid_headers"):
        parse_headers(lines)
    with pytest.raises(DestinationError, match="invalid_headers"):
        connect("webhook", "http://127.0.0.1", secret_headers=lines)


@pytest.mark.parametrize(
    "key",
    [
        "let me in",
        "whsec_",
        "AAAA",
        b64encode(bytes(23)).decode(),
        b64encode(bytes(65)).decode(),
        b64encode(bytes(25)).decode().rstrip("="),
    ],
)
def test_bad_key(key: str) -> None:
    """A key that is too short, too long or mistyped signs nothing."""
    with pytest.raises(DestinationError, match="invalid_signing_key"):
        parse_key(key)


def test_key() -> None:
    """A key is good with its prefix and without, and there may be none."""
    for size in (24, 64):
        text = b64encode(bytes(size)).decode()
        assert parse_key(f" {text}\n") == parse_key(f"whsec_{text}") == bytes(size)
    assert parse_key(" ") == b""
