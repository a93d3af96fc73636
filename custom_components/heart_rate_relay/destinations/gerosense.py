"""Gerosense, which tells how fast a body ages from its steps and heart rates.

Sources: https://developer.gerosense.ai/gerosense-api-reference and, for a proxy of one's
own before it, https://developer.gerosense.ai/gerosense-api-proxy-reference
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from http import HTTPStatus
from math import ulp
from random import uniform
import re
from time import monotonic
from typing import Any, ClassVar, override
from urllib.parse import urlencode
from weakref import WeakValueDictionary

import aiohttp
from yarl import URL

from ..metrics import HEART_RATE, STEPS, Metric
from ..reading import Reading, Source
from .base import (
    Account,
    Answer,
    Destination,
    Directory,
    Limits,
    Receipt,
    TokenDestination,
    error_from,
)
from .errors import (
    DestinationError,
    NotAuthorisedError,
    NotEntitledError,
    RefusedError,
    UnknownPersonError,
    UnreachableError,
    WaitError,
)
from .text import device_name, parse_url, tidy
from .tokens import Token, Tokens, bearer

API_URL = URL("https://api-b2b.gerosense.ai")

STATUS_INTERVAL = 60.0
"""Seconds for which the service is taken to be ready once it has said so."""

MAINTENANCE_RETRY = (60.0, 300.0)
"""Seconds, one in between, after which to see whether a maintenance is over."""

MAX_VERSION = 100
"""How long the version of a device may be, in characters."""

KINDS: Mapping[Metric, tuple[str, str]] = {
    HEART_RATE: ("bpm", "count/min"),
    STEPS: ("steps", "count"),
}
"""What the service calls a metric, and its unit."""

PERSON_STATUSES = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""What may be answered where the wearer is unknown: the service does not say."""

# Brackets end a search: an error may repeat what was sent, a device's name among it
UNKNOWN_PERSON = re.compile(
    r"user[^{}\[\]]{0,60}?(not[ _-]?found|notfound|exist|unknown|regist|inactive|disabled)"
    r"|(\bno|such|unknown|unregistered|register|inactive|disabled)[ _-](this |the )?user"
    r"|user_id\W{0,4}\]",
    re.IGNORECASE,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TOKENS: WeakValueDictionary[tuple[aiohttp.ClientSession, str, str], Tokens] = (
    WeakValueDictionary()
)
"""The tokens of each login that is in use, for all the wearers that share it.

A service that ends a session when the next one begins would have them throw each other out.
"""


class Face(Destination):
    """What takes samples: Gerosense, or a proxy before it."""

    service = "Gerosense"
    limits = Limits(
        metrics=frozenset(KINDS),
        max_batch=1000,
        min_batch=3,
        mixed=False,
        # It computes anew 5 minutes after the last batch: one a minute would put that off
        gather=600.0,
        ranges={HEART_RATE: (ulp(0.0), 300.0), STEPS: (1.0, 30000.0)},
        tells_refused=False,
    )
    version: ClassVar[tuple[int, int]]
    """The version of its API that is spoken here."""

    _person: Mapping[str, str] = {}
    """What tells whose samples they are."""
    _status_headers: Mapping[str, str] = {}
    _ready_until = 0.0

    @property
    @abstractmethod
    def _root(self) -> URL:
        """Where it is."""

    @abstractmethod
    async def _send(self, url: URL, body: object) -> Answer:
        """Return the answer to a POST. Raises DestinationError."""

    @abstractmethod
    def _miss_status(self, answer: Answer) -> None:
        """Take note of an answer that tells no status. Raises DestinationError."""

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        """Deliver readings of one metric."""
        samples = _samples(readings, self.time_zone)
        answer = await self._post_samples(readings[0].metric, samples)
        if answer.status == HTTPStatus.MULTI_STATUS:
            # It does not say which: sent again, those it took would be there twice
            return Receipt(in_doubt=len(readings))
        if answer.ok:
            return Receipt()
        error = self._error_from(answer)
        if not isinstance(error, RefusedError):
            self._ready_until = 0.0
        if isinstance(error, UnknownPersonError):
            raise NotEntitledError("person_gone", error.detail)
        raise error

    async def _see_person(self) -> None:
        """See that samples would be taken, by sending too few of them to be stored.

        Raises DestinationError.
        """
        answer = await self._post_samples(HEART_RATE, [])
        if not answer.ok:
            error = self._error_from(answer)
            if not isinstance(error, RefusedError):
                raise error

    async def _post_samples(
        self, metric: Metric, samples: Sequence[Mapping[str, object]]
    ) -> Answer:
        """Return the answer to samples of a metric. Raises DestinationError."""
        data_type, _ = KINDS[metric]
        body = {**self._person, "data_type": data_type, "data": samples}
        return await self._post("samples", body)

    async def _post(self, path: str, body: object) -> Answer:
        """Return the answer to data, which are sent only while they are wanted.

        Raises DestinationError.
        """
        await self._see_status()
        major, minor = self.version
        return await self._send(self._root / f"api/v{major}.{minor}" / path, body)

    async def _see_status(self) -> None:
        """See that the service wants data now. Raises DestinationError where not.

        Source: https://developer.gerosense.ai/gerosense-api-proxy-reference/checking-api-status
        """
        if monotonic() < self._ready_until:
            return
        answer = await self._request(
            "GET", self._root / "api/status", headers=self._status_headers, read=True
        )
        match answer.json.get("status"):
            case "Maintenance":
                raise WaitError(uniform(*MAINTENANCE_RETRY))
            case "Ok" if answer.ok:
                if _version(answer.json.get("minimal_api_version")) > self.version:
                    raise NotEntitledError("outdated")
            case _:
                self._miss_status(answer)
        self._ready_until = monotonic() + STATUS_INTERVAL

    def _error_from(self, answer: Answer) -> DestinationError:
        """Return what an answer to data means that is no success."""
        is_about_person = UNKNOWN_PERSON.search(answer.text) and not answer.is_page
        if answer.status in PERSON_STATUSES and is_about_person:
            return UnknownPersonError(answer.text)
        return error_from(answer)


class Gerosense(Face, TokenDestination, Directory):
    """A wearer at Gerosense, who may share a login with others."""

    version = (2, 2)
    lists = False

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination. Its tokens are those of the login."""
        login = (session, config["username"], config["password"])
        super().__init__(session, config, _TOKENS.setdefault(login, Tokens()))
        self._user_id: str = config["user_id"].strip()
        self._person = {"user_id": self._user_id}

    @override
    async def validate(self) -> Account:
        """Say which wearer it is. Raises UnknownPersonError for one not registered."""
        url = API_URL / "api/v1.0/login/test-token"
        answer = await self._request_with_token("POST", url)
        if not answer.ok:
            raise _login_error(answer)
        await self._see_person()
        return self._account

    @override
    async def add_person(self, details: Mapping[str, Any]) -> Account:
        """Register the wearer, by biological_sex (male, female) and year_of_birth.

        One who is registered already is so still. Raises DestinationError, also where one
        of them is missing.
        Source: https://developer.gerosense.ai/gerosense-api-reference/registering-users
        """
        sex, year = details.get("biological_sex"), details.get("year_of_birth")
        if not sex or not year:
            raise DestinationError("details_missing")
        person = {"biological_sex": sex.capitalize(), "year_of_birth": int(year)}
        answer = await self._post("user", {"id": self._user_id, **person})
        if answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT):
            try:
                await self._see_person()
            except UnknownPersonError:
                raise RefusedError(answer.text) from None
        elif not answer.ok:
            raise error_from(answer)
        return self._account

    @property
    def _account(self) -> Account:
        return Account(self._user_id, f"{self.service} {self._user_id}")

    @property
    @override
    def _root(self) -> URL:
        return API_URL

    @override
    async def _send(self, url: URL, body: object) -> Answer:
        return await self._request_with_token("POST", url, json=body)

    @override
    def _miss_status(self, answer: Answer) -> None:
        """Go on: only of a proxy is it documented that it tells."""

    @override
    async def _obtain(self, token: Token | None) -> Token:
        """Log in: a token cannot be refreshed.

        Source: https://developer.gerosense.ai/gerosense-api-reference/requests-authentication
        """
        login = {key: self._config[key] for key in ("username", "password")}
        answer = await self._request(
            "POST",
            API_URL / "api/v1.0/login/access-token",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            data=urlencode(login).encode(),
            read=True,
        )
        if not answer.ok:
            raise _login_error(answer)
        access_token = answer.json.get("access_token")
        if not isinstance(access_token, str) or not access_token:
            raise UnreachableError("unexpected_answer")
        return {"access_token": access_token}

    @override
    def _refuses_token(self, answer: Answer) -> bool:
        return answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

    @override
    def _error_from(self, answer: Answer) -> DestinationError:
        if answer.status == HTTPStatus.NOT_FOUND and not answer.is_page:
            # The route is known to be there
            return UnknownPersonError(answer.text)
        return super()._error_from(answer)


class GerosenseProxy(Face):
    """A wearer at a proxy of one's own, which knows by the token who that is."""

    version = (1, 1)

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination. Raises DestinationError for what is no address."""
        super().__init__(session, config, tokens)
        url = parse_url(config["url"])
        self._url = url.with_path(re.sub(r"/api(/v[\d.]+)?$", "", url.path))
        self._status_headers = self._headers = bearer(config["token"])

    @override
    async def validate(self) -> Account:
        """See that the token is good. Whose it is, the proxy does not tell."""
        await self._see_person()
        return Account(None, self.service)

    @property
    @override
    def _root(self) -> URL:
        return self._url

    @override
    async def _send(self, url: URL, body: object) -> Answer:
        return await self._request("POST", url, headers=self._headers, json=body)

    @override
    def _miss_status(self, answer: Answer) -> None:
        error = error_from(answer)
        if isinstance(error, RefusedError):
            raise UnreachableError("wrong_url", error.detail)
        raise error


def _samples(
    readings: Sequence[Reading], time_zone: tzinfo
) -> list[Mapping[str, object]]:
    """Return readings as the service knows them, in the order in which they began.

    Its results are for each day of the wearer's.
    Source: https://developer.gerosense.ai/gerosense-api-reference/sending-users-data
    """
    devices: dict[Source, Mapping[str, str]] = {}
    samples: list[Mapping[str, object]] = []
    for reading in sorted(readings, key=lambda reading: reading.started_at):
        if (device := devices.get(reading.source)) is None:
            device = devices[reading.source] = _device(reading.source)
        samples.append(
            {
                **device,
                "start_date": _date(reading.started_at, time_zone),
                "end_date": _date(reading.measured_at, time_zone),
                "unit": KINDS[reading.metric][1],
                "value": _number(reading),
            }
        )
    return samples


def _device(source: Source) -> Mapping[str, str]:
    """Return what a sample tells of a device."""
    device = {"device_name": device_name(source)}
    if version := tidy(source.device.version, MAX_VERSION):
        device["device_version"] = version
    return device


def _date(at: int, time_zone: tzinfo) -> str:
    """Return µs since the epoch in ISO 8601, with an offset."""
    moment = (EPOCH + timedelta(microseconds=at)).astimezone(time_zone)
    return moment.isoformat(timespec="microseconds")


def _number(reading: Reading) -> float:
    """Return a value, whole where it is: there are no parts of a step."""
    whole = round(reading.value)
    is_whole = reading.metric is STEPS or whole == reading.value
    return whole if is_whole else reading.value


def _version(text: object) -> tuple[int, int]:
    """Return the numbers of a version such as v1.1, the lowest where there is none."""
    match = re.match(
        r"v?(\d{1,4})(?:\.(\d{1,4}))?", text if isinstance(text, str) else ""
    )
    return (int(match[1]), int(match[2] or 0)) if match else (0, 0)


def _login_error(answer: Answer) -> DestinationError:
    """Return what an answer to a login means, without its words: they may repeat it."""
    error = error_from(answer)
    if isinstance(error, RefusedError | NotAuthorisedError):
        return NotAuthorisedError()
    return error
