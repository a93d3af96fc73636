"""Who it is that Gerosense knows, and by which login."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
import json

import aiohttp
import pytest

from custom_components.heart_rate_relay.destinations import gerosense
from custom_components.heart_rate_relay.destinations.base import Account, Receipt
from custom_components.heart_rate_relay.destinations.errors import (
    DestinationError,
    UnreachableError,
)
from custom_components.heart_rate_relay.destinations.tokens import Tokens
from dev.stand_ins import Failure
from dev.stand_ins.base import TOKEN
from dev.stand_ins.gerosense import Gerosense

from ..common import (
    BAD_LOGIN,
    REFUSED,
    WRONG_URL,
    Outcome,
    error_of,
    http,
    outcome,
    serving,
)
from .common import (
    BUSY,
    DIRECT,
    GONE,
    LOGIN,
    LOGIN_PATH,
    PAST,
    PERSON,
    PROXY,
    READY,
    SAMPLES_PATH,
    SERVER_ERROR,
    STATUS_PATH,
    TEST_PATH,
    UNKNOWN,
    USER,
    Face,
    Pair,
    assert_spotless,
    heart_rates,
    paths,
)

# Who it is: a proxy


@PROXY
async def test_validate_proxy(pair: Pair) -> None:
    """A good token is known by what it may do, and nothing is stored by that."""
    assert await pair.connect().validate() == Account(None, "Gerosense")
    assert paths(pair.stand_in) == [STATUS_PATH, "/api/v1.1/samples"]
    assert not pair.stand_in.samples


@PROXY
@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
async def test_bad_token_of_a_proxy(pair: Pair, status: HTTPStatus) -> None:
    """A token that is no good is told."""
    pair.stand_in.bad_token_status = status
    destination = pair.connect(token="another")
    assert await outcome(destination.validate()) == BAD_LOGIN
    assert await outcome(destination.deliver(heart_rates(3))) == BAD_LOGIN


@PROXY
@pytest.mark.parametrize("token", ["two\nlines", "nul\0"])
async def test_token_that_no_header_can_hold(pair: Pair, token: str) -> None:
    """What can be no token is not sent."""
    assert await outcome(pair.connect(token=token).validate()) == BAD_LOGIN
    assert not pair.stand_in.requests


@pytest.mark.parametrize("base", ["", "/", "/gero", "/gero/apiary"])
@pytest.mark.parametrize("end", ["", "/", "/api", "/api/v1.1", "/api/v1.1/"])
async def test_address(connect: Callable[..., Face], base: str, end: str) -> None:
    """The address of a proxy may end in that of its API."""
    async with serving(http(200, READY)) as server:
        url = str(server.url).rstrip("/") + base.rstrip("/") + end
        await connect("proxy", f" {url} ").validate()
    root = base.rstrip("/")
    assert [seen.target for seen in server.seen] == [
        f"{root}/api/status",
        f"{root}/api/v1.1/samples",
    ]


@pytest.mark.parametrize("url", ["", "proxy.example.org", "ftp://x", "http://a:b@x"])
def test_no_address(connect: Callable[..., Face], url: str) -> None:
    """What is no address is said to be so at once."""
    with pytest.raises(DestinationError) as info:
        connect("proxy", url)
    assert info.value.key == "invalid_url"


# Who it is: a login


@DIRECT
async def test_validate(pair: Pair) -> None:
    """The login is tried, then whether the wearer is known, and nothing is stored."""
    destination = pair.connect(user_id=f" {USER}\n")
    assert await destination.validate() == Account(USER, f"Gerosense {USER}")
    assert paths(pair.stand_in) == [LOGIN_PATH, TEST_PATH, STATUS_PATH, SAMPLES_PATH]
    assert not pair.stand_in.samples


@pytest.mark.parametrize("key", ["username", "password"])
async def test_wrong_login(
    service: Gerosense, connect: Callable[..., Face], key: str
) -> None:
    """A login that is refused is bad, and is not tried again."""
    destination = connect("direct", service.url, **{key: "wrong & more=1"})
    assert await outcome(destination.validate()) == BAD_LOGIN
    assert await outcome(destination.deliver(heart_rates(3))) == BAD_LOGIN
    assert paths(service) == [LOGIN_PATH, STATUS_PATH, LOGIN_PATH]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, BAD_LOGIN) for status in (400, 401, 403, 422)),
        *((status, BUSY) for status in (429, 503)),
        (404, WRONG_URL),
        (500, SERVER_ERROR),
    ],
)
async def test_login_outcome(
    connect: Callable[..., Face], status: int, expected: Outcome
) -> None:
    """What is answered to a login never refuses readings, nor repeats a password."""
    body = json.dumps({"detail": [{"input": "you said it"}]})
    async with serving(http(status, body)) as server:
        destination = connect("direct", server.url)
        assert await outcome(destination.deliver(heart_rates(3))) == expected
        error = await error_of(destination.validate())
    assert (type(error), error.key) == expected
    assert not (expected == BAD_LOGIN and error.detail)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, BAD_LOGIN) for status in (400, 401, 403, 422)),
        (404, WRONG_URL),
        (429, BUSY),
        (500, SERVER_ERROR),
    ],
)
async def test_token_that_is_no_good(
    connect: Callable[..., Face], status: int, expected: Outcome
) -> None:
    """A token that does not stand its test is not used to set anything up."""

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_test = server.seen[-1].target == TEST_PATH
        writer.write(http(status) if is_test else http(200, READY))

    async with serving(reply) as server:
        assert await outcome(connect("direct", server.url).validate()) == expected
        assert not any("samples" in seen.target for seen in server.seen)


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", "{}", '{"access_token": ""}', '{"access_token": 7}']
)
async def test_login_without_a_token(connect: Callable[..., Face], body: str) -> None:
    """A success without a token is none."""
    async with serving(http(200, body)) as server:
        found = await outcome(connect("direct", server.url).validate())
    assert found == (UnreachableError, "unexpected_answer")


@DIRECT
@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
async def test_expiry_in_the_middle(pair: Pair, status: HTTPStatus) -> None:
    """An expired token means one new login, no reading lost, and no use of the old one."""
    stand_in = pair.stand_in
    assert isinstance(stand_in, Gerosense)
    stand_in.bad_token_status = status
    destination = pair.connect()
    for number in range(6):
        if number == 3:
            stand_in.expire()
        readings = heart_rates(100, PAST + 100_000_000 * number)
        assert await destination.deliver(readings) == Receipt()
    assert stand_in.logins == 2
    assert stand_in.refused_tokens == [f"{TOKEN}-1"]
    assert len(stand_in.samples) == 600
    assert_spotless(stand_in)


@DIRECT
async def test_one_new_login_and_no_more(pair: Pair) -> None:
    """A new token that is refused too takes a person."""
    destination = pair.connect()
    await destination.deliver(heart_rates(3))
    pair.stand_in.failure = Failure(403)
    assert await outcome(destination.deliver(heart_rates(3))) == BAD_LOGIN
    assert paths(pair.stand_in).count(LOGIN_PATH) == 2
    assert paths(pair.stand_in).count(SAMPLES_PATH) == 3


@DIRECT
async def test_password_changed(pair: Pair) -> None:
    """When the session ends and the password is another one, that is told."""
    stand_in = pair.stand_in
    assert isinstance(stand_in, Gerosense)
    destination = pair.connect()
    await destination.deliver(heart_rates(3))
    stand_in.password = "another"
    stand_in.expire()
    assert await outcome(destination.deliver(heart_rates(3))) == BAD_LOGIN
    again = pair.connect(password="another")
    assert await again.validate() == Account(USER, f"Gerosense {USER}")


async def test_wearers_share_a_login(
    service: Gerosense, connect: Callable[..., Face]
) -> None:
    """Where each login ends the last session, two wearers do not throw each other out."""
    service.people["other"] = ("Male", 1961)
    service.single_session = True
    relays = [connect("direct", service.url, user_id=user) for user in (USER, "other")]
    for number in range(5):
        if number == 2:
            service.expire()
        readings = heart_rates(3, PAST + 10_000_000 * number)
        assert await asyncio.gather(*(relay.deliver(readings) for relay in relays)) == [
            Receipt(),
            Receipt(),
        ]
    assert service.logins == 2
    assert {each.user_id for each in service.samples} == {USER, "other"}
    assert len(service.samples) == 30
    assert not service.disorder


async def test_logins_are_kept_apart(
    service: Gerosense, connect: Callable[..., Face]
) -> None:
    """A token is for the login that got it, and forgotten when nobody uses it."""
    first = connect("direct", service.url)
    await first.validate()
    for wrong in ({"password": "wrong"}, {"username": "wrong"}):
        other = connect("direct", service.url, **wrong)
        assert await outcome(other.validate()) == BAD_LOGIN
    async with aiohttp.ClientSession() as session:
        await gerosense.Gerosense(session, LOGIN, Tokens()).validate()
    assert service.logins == 2


# Registration


@pytest.mark.parametrize("year", [1961, 1961.0])
async def test_registration(
    service: Gerosense, connect: Callable[..., Face], year: float
) -> None:
    """A wearer who is not known can be registered, and then deliver."""
    destination = connect("direct", service.url, user_id="new")
    assert isinstance(destination, gerosense.Gerosense)
    assert await outcome(destination.validate()) == UNKNOWN
    assert await outcome(destination.deliver(heart_rates(3))) == GONE
    person = {"biological_sex": "male", "year_of_birth": year}
    assert await destination.add_person(person) == Account("new", "Gerosense new")
    assert service.people["new"] == ("Male", 1961)
    assert await destination.validate() == Account("new", "Gerosense new")
    assert await destination.deliver(heart_rates(3)) == Receipt()


@pytest.mark.parametrize("status", [HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT])
async def test_registered_already(
    service: Gerosense, connect: Callable[..., Face], status: HTTPStatus
) -> None:
    """A wearer who is registered already is not worse off."""
    service.duplicate_status = status
    destination = connect("direct", service.url)
    assert isinstance(destination, gerosense.Gerosense)
    assert await destination.add_person(PERSON) == Account(USER, f"Gerosense {USER}")
    assert service.people == {USER: ("Female", 1990)}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, REFUSED),
        (409, REFUSED),
        (422, REFUSED),
        (403, BAD_LOGIN),
        (404, WRONG_URL),
        (429, BUSY),
        (500, SERVER_ERROR),
    ],
)
async def test_registration_fails(
    connect: Callable[..., Face], status: int, expected: Outcome
) -> None:
    """A registration that is refused is not taken for one."""

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match server.seen[-1].target:
            case "/api/v2.2/user":
                writer.write(http(status, "no such year"))
            case "/api/v2.2/samples":
                writer.write(http(404, "{}"))
            case _:
                writer.write(http(200, READY))

    async with serving(reply) as server:
        destination = connect("direct", server.url)
        assert isinstance(destination, gerosense.Gerosense)
        error = await error_of(destination.add_person(PERSON))
    assert (type(error), error.key) == expected
    if expected == REFUSED:
        assert error.detail == "no such year"


@DIRECT
async def test_registration_waits_for_the_maintenance(pair: Pair) -> None:
    """A wearer is not registered in a maintenance."""
    pair.stand_in.maintenance = True
    destination = pair.connect(user_id="new")
    assert isinstance(destination, gerosense.Gerosense)
    assert await outcome(destination.add_person(PERSON)) == BUSY
    assert_spotless(pair.stand_in)


async def test_directory_does_not_list(
    service: Gerosense, connect: Callable[..., Face]
) -> None:
    """The service does not tell whom it knows."""
    destination = connect("direct", service.url)
    assert isinstance(destination, gerosense.Gerosense)
    assert not destination.lists
    assert list(await destination.people("a")) == []
