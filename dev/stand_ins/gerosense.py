"""Gerosense and a proxy before it, as strict as the manual says, stricter where it is silent.

Sources: https://developer.gerosense.ai/gerosense-api-reference and
https://developer.gerosense.ai/gerosense-api-proxy-reference. What is not documented is
refused if in doubt, so that a client that relies on mercy is seen.
"""

from abc import abstractmethod
import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import json
from math import isfinite
import re
import time
from types import MappingProxyType
from typing import NamedTuple

from aiohttp import web

from .base import PASSWORD, TOKEN, StandIn

MIN_SAMPLES = 3
MAX_SAMPLES = 1000
MAX_NAME = 100
"""Characters in a device's name or version. How many there may be is not known."""

FUTURE = timedelta(minutes=5)
"""By how much a sample may be ahead. Whether it may be at all is not known."""

UNITS: Mapping[str, tuple[str, float]] = MappingProxyType(
    {"bpm": ("count/min", 300), "steps": ("count", 30_000)}
)
"""The unit and the greatest value, by the type of the data."""

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")

REQUIRED = frozenset({"device_name", "start_date", "unit", "value"})
OPTIONAL = frozenset({"device_version", "end_date"})


class Sample(NamedTuple):
    """One sample that is in the store."""

    user_id: str
    """Empty at a proxy, where the token says it."""
    data_type: str
    device_name: str
    start: datetime
    end: datetime
    value: float
    device_version: str


class _Objection(Exception):
    """What is wrong with a body."""


class _Samples(StandIn):
    """What both faces have in common: they take samples, and say how they do."""

    def __init__(self) -> None:
        """Initialize the stand-in."""
        super().__init__()
        self.samples: list[Sample] = []
        """What is in the store."""
        self.maintenance = False
        self.minimal_api_version = "v1.0"
        self.has_status = True
        """Whether the status can be asked for."""
        self.sees_size_first = False
        """Whether too few samples are refused before it is seen whose they are."""
        self.partial = 0
        """How many batches, from now on, lose their first sample, with a 207."""
        self.bad_token_status = HTTPStatus.FORBIDDEN
        """403 as the manual says, or 401."""
        self.latency = 0.0
        """Seconds that a batch takes."""
        self.disorder: list[Sample] = []
        """Samples that began before one that was there already, of the same device."""
        self.repeats: list[Sample] = []
        """Samples that were there already."""
        self.overlaps: list[str] = []
        """The paths of requests that came while another was under way."""
        self.sent_in_maintenance: list[str] = []
        """The paths of requests with data that came in spite of a maintenance."""
        self.refused_tokens: list[str] = []
        self._under_way = 0
        self._starts: dict[tuple[str, str, str], set[datetime]] = {}
        self._latest: dict[tuple[str, str, str], datetime] = {}
        """When samples began, by wearer, type of the data and device."""

    def _routes(self) -> Iterable[web.RouteDef]:
        yield web.get("/api/status", self._status)
        for path in self.deliveries:
            yield web.post(path, self._take)

    def _count(self, body: bytes) -> int:
        try:
            return len(json.loads(body)["data"])
        except ValueError, TypeError, KeyError:
            return 0

    async def _status(self, request: web.Request) -> web.Response:
        """Say whether data are wanted. Nobody has to log in for that."""
        if not self.has_status:
            raise web.HTTPNotFound(text='{"detail": "Not Found"}')
        return web.json_response(
            {
                "status": "Maintenance" if self.maintenance else "Ok",
                "minimal_api_version": self.minimal_api_version,
            }
        )

    async def _take(self, request: web.Request) -> web.Response:
        """Answer a batch."""
        if self._under_way:
            self.overlaps.append(request.path)
        self._under_way += 1
        try:
            await asyncio.sleep(self.latency)
            return await self._answer(request)
        finally:
            self._under_way -= 1

    async def _answer(self, request: web.Request) -> web.Response:
        """Take a batch whole, or not at all."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        try:
            body = _json_object(await request.read())
            if self.sees_size_first:
                _data(body)
            if (user_id := self._user_id(body)) is None:
                return _detail(HTTPStatus.NOT_FOUND, "User not found")
            samples = _samples(body, user_id)
        except _Objection as err:
            return _detail(HTTPStatus.BAD_REQUEST, str(err))
        is_partial = self.partial > 0
        self.partial -= is_partial
        for sample in samples[is_partial:]:
            self._keep(request, sample)
        if is_partial:
            # What it says then is not documented
            return web.Response(status=HTTPStatus.MULTI_STATUS, text='{"why": [1')
        return web.json_response({})

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Return what is wrong with a request with data, whatever they are."""
        if (unauthorised := self._unauthorised(request)) is not None:
            return unauthorised
        if self.maintenance:
            self.sent_in_maintenance.append(request.path)
            return _detail(HTTPStatus.SERVICE_UNAVAILABLE, "Maintenance")
        if request.content_type != "application/json":
            return _detail(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, request.content_type)
        return None

    def _unauthorised(self, request: web.Request) -> web.Response | None:
        """Return the answer to a token that is not good, None where it is."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and token in self._good_tokens():
            return None
        self.refused_tokens.append(token)
        return _detail(self.bad_token_status, "Could not validate credentials")

    @abstractmethod
    def _good_tokens(self) -> Iterable[str]:
        """Return the tokens that are good now."""

    @abstractmethod
    def _user_id(self, body: dict[str, object]) -> str | None:
        """Take from a body whose samples they are, and return it, None for a stranger."""

    def _keep(self, request: web.Request, sample: Sample) -> None:
        """Put a sample in the store."""
        starts = self._starts.setdefault(sample[:3], set())
        if sample.start in starts:
            self.repeats.append(sample)
        latest = self._latest.setdefault(sample[:3], sample.start)
        if sample.start < latest:
            self.disorder.append(sample)
        self._latest[sample[:3]] = max(latest, sample.start)
        starts.add(sample.start)
        self.samples.append(sample)
        tags = {
            "source": sample.device_name,
            "data_type": sample.data_type,
            "device_version": sample.device_version,
            "start": sample.start.isoformat(timespec="microseconds"),
            "end": sample.end.isoformat(timespec="microseconds"),
        }
        self._accept(request, _us(sample.end), sample.value, tags)


class Gerosense(_Samples):
    """Gerosense, with one login and the wearers that were registered with it."""

    service = "gerosense"
    deliveries = frozenset({"/api/v2.2/samples"})

    def __init__(
        self,
        username: str = "relay",
        password: str = PASSWORD,
        user_ids: Iterable[str] = ("85b4453a-wearer",),
    ) -> None:
        """Initialize the account."""
        super().__init__()
        self.username = username
        self.password = password
        self.people: dict[str, tuple[str, int]] = dict.fromkeys(
            user_ids, ("Female", 1990)
        )
        """The sex and the year of birth of each wearer."""
        self.single_session = False
        """Whether a login ends the session of the one before. It is not documented."""
        self.duplicate_status = HTTPStatus.BAD_REQUEST
        """What is answered to a registration that is there already."""
        self.logins = 0
        self._tokens: set[str] = set()

    def expire(self) -> None:
        """End all sessions."""
        self._tokens.clear()

    def _routes(self) -> Iterable[web.RouteDef]:
        yield from super()._routes()
        yield web.post("/api/v1.0/login/access-token", self._login)
        yield web.post("/api/v1.0/login/test-token", self._test_token)
        yield web.post("/api/v2.2/user", self._register)

    async def _login(self, request: web.Request) -> web.Response:
        """Begin a session."""
        form = dict(await request.post())
        if request.content_type != "application/x-www-form-urlencoded" or set(form) != {
            "username",
            "password",
        }:
            return _detail(HTTPStatus.UNPROCESSABLE_ENTITY, f"not a login: {form}")
        if form != {"username": self.username, "password": self.password}:
            return _detail(HTTPStatus.BAD_REQUEST, "Incorrect email or password")
        if self.single_session:
            self.expire()
        self.logins += 1
        token = f"{TOKEN}-{self.logins}"
        self._tokens.add(token)
        return web.json_response({"access_token": token, "token_type": "Bearer"})

    async def _test_token(self, request: web.Request) -> web.Response:
        """Say whether a session goes on."""
        if (unauthorised := self._unauthorised(request)) is not None:
            return unauthorised
        return web.json_response({"username": self.username})

    async def _register(self, request: web.Request) -> web.Response:
        """Take a wearer."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        try:
            user_id, sex, year = _person(_json_object(await request.read()))
        except _Objection as err:
            return _detail(HTTPStatus.UNPROCESSABLE_ENTITY, str(err))
        if user_id in self.people:
            return _detail(HTTPStatus(self.duplicate_status), "registered previously")
        self.people[user_id] = (sex, year)
        return web.json_response({})

    def _good_tokens(self) -> Iterable[str]:
        return self._tokens

    def _user_id(self, body: dict[str, object]) -> str | None:
        if not isinstance(user_id := body.pop("user_id", None), str):
            raise _Objection("user_id is missing")
        return user_id if user_id in self.people else None


class GerosenseProxy(_Samples):
    """A proxy of one's own, with one wearer and one token."""

    service = "gerosense_proxy"
    deliveries = frozenset({"/api/v1.1/samples"})

    def __init__(self, token: str = TOKEN) -> None:
        """Initialize the proxy."""
        super().__init__()
        self.token = token

    def _good_tokens(self) -> Iterable[str]:
        return {self.token}

    def _user_id(self, body: dict[str, object]) -> str:
        return ""


def _json_object(data: bytes) -> dict[str, object]:
    """Return what a body says."""
    try:
        body = json.loads(data)
    except ValueError:
        raise _Objection("not JSON") from None
    if not isinstance(body, dict):
        raise _Objection("not an object")
    return body


def _person(body: dict[str, object]) -> tuple[str, str, int]:
    """Return the wearer that a body registers."""
    match body:
        case {
            "id": str(id),
            "biological_sex": "Male" | "Female" as sex,
            "year_of_birth": int(year),
        }:
            if len(body) == 3 and id and 1900 <= year <= time.gmtime().tm_year:
                return id, sex, year
    raise _Objection(f"not a user: {body}")


def _data(body: Mapping[str, object]) -> list[object]:
    """Return the samples of a batch that has as many as it should have."""
    data = body.get("data")
    if not isinstance(data, list) or not MIN_SAMPLES <= len(data) <= MAX_SAMPLES:
        raise _Objection("data does not have 3 to 1000 elements")
    return data


def _samples(body: dict[str, object], user_id: str) -> list[Sample]:
    """Return the samples of a body."""
    data_type, data = body.pop("data_type", None), _data(body)
    del body["data"]
    if body:
        raise _Objection(f"unknown fields {sorted(body)}")
    if not isinstance(data_type, str) or data_type not in UNITS:
        raise _Objection("data_type is neither steps nor bpm")
    return [_sample(each, data_type, user_id) for each in data]


def _sample(sample: object, data_type: str, user_id: str) -> Sample:
    """Return one sample."""
    if not isinstance(sample, dict):
        raise _Objection("a sample is no object")
    if not REQUIRED <= set(sample) <= REQUIRED | OPTIONAL:
        raise _Objection(f"the fields of a sample are {sorted(sample)}")
    unit, greatest = UNITS[data_type]
    if sample["unit"] != unit:
        raise _Objection(f"unit is not {unit}")
    value = sample["value"]
    if type(value) not in (int, float) or not isfinite(value):
        raise _Objection("value is no number")
    if not 0 < value <= greatest or (data_type == "steps" and type(value) is not int):
        raise _Objection("value is out of range")
    start = _date(sample["start_date"])
    end = _date(sample.get("end_date", sample["start_date"]))
    if end < start:
        raise _Objection("end_date is earlier than start_date")
    return Sample(
        user_id,
        data_type,
        _name(sample["device_name"]),
        start,
        end,
        value,
        _name(sample["device_version"]) if "device_version" in sample else "",
    )


def _name(name: object) -> str:
    """Return the name or the version of a device."""
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise _Objection("a name has 1 to 100 characters")
    if not name.isprintable() or name != name.strip():
        raise _Objection("a name has control characters or spaces around it")
    return name


def _date(text: object) -> datetime:
    """Return an instant."""
    if not isinstance(text, str) or not DATE.fullmatch(text):
        raise _Objection(f"no date with an offset: {text}")
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise _Objection(f"no such date: {text}") from None
    if date > datetime.now(UTC) + FUTURE:
        raise _Objection(f"in the future: {text}")
    return date


def _us(date: datetime) -> int:
    """Return an instant in microseconds since the epoch."""
    return (date - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _detail(status: HTTPStatus, detail: str) -> web.Response:
    """Return an error, worded as such servers do: how this one does is not documented."""
    return web.json_response({"detail": detail}, status=status)
