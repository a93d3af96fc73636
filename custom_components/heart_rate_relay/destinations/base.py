"""The contract that every destination fulfils, and what they all need for it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from http import HTTPStatus
import json
import ssl
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Protocol

import aiohttp
import orjson
from yarl import URL

from ..metrics import Metric
from ..reading import Reading
from .errors import (
    DestinationError,
    NotAuthorisedError,
    NotEntitledError,
    RefusedError,
    UnreachableError,
    WaitError,
)
from .tokens import Token, Tokens, bearer

MAX_ANSWER = 16 * 1024
"""How much of an answer is read, in bytes: a service may be broken or hostile."""

MAX_RETRY_AFTER = 24 * 60 * 60.0
"""How long a service may ask for silence, in seconds."""

TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)

# The middlewares of Home Assistant look where a redirect leads
STAYING: Mapping[str, Any] = {"allow_redirects": False, "middlewares": ()}
"""How to follow no redirect."""

WAIT_STATUSES = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)

REFUSED_STATUSES = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)

SIGN_IN_STATUSES = frozenset({401, 402, 403, 407})
"""With a page, something before the service lets nobody through."""

MISSED_TLS = "Client sent an HTTP request to an HTTPS server"
"""How an answer begins that only means a missing s in https."""


class Account(NamedTuple):
    """Whose readings they are, as the service knows it."""

    id: str | None
    """Unique and stable within the service, None where it does not tell."""
    name: str
    """What a person would call it."""


class Refusal(NamedTuple):
    """A reading that the service will never accept, and why."""

    reading: Reading
    reason: str


class Receipt(NamedTuple):
    """What became of readings that were delivered."""

    refused: Sequence[Refusal] = ()
    """Those refused for good, each by name. All others were accepted, unless in doubt."""
    in_doubt: int = 0
    """How many may be lost, without a word which. Negative for those that were in doubt."""


class Answer(NamedTuple):
    """What a service answered, read bounded."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the service says that all is well."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_page(self) -> bool:
        """Whether it is a web page: of a proxy or another server, whatever its status."""
        return self.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object, empty where it is none."""
        try:
            value = json.loads(self.body)
        except RecursionError, ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a service takes."""

    metrics: AbstractSet[Metric]
    max_batch: int
    """Readings in a request."""
    min_batch: int = 1
    mixed: bool = True
    """Whether a request may hold several metrics."""
    gather: float | None = None
    """Seconds for which readings are gathered, unless the user says otherwise."""
    linger: float = 0.0
    """Seconds that lie between two requests of what is fresh: the first after quiet leaves at once."""
    ranges: Mapping[Metric, tuple[float, float]] = MappingProxyType({})
    """The lowest and the highest value, where a service holds to that."""
    tells_refused: bool = True
    """Whether the service says which readings it refused."""
    step: int = 1
    """How finely the service tells times apart, in µs: it holds one reading of a series in each."""
    max_age: float | None = None
    """Seconds after which a reading is too old to be accepted."""
    newest_first: bool = False
    """Whether fresh readings overtake those that wait."""
    lead: Metric | None = None
    """What a live service is to show at once, whatever else it takes: not behind that."""
    in_order: bool = False
    """Whether it wants what each device measured in the order of time."""
    one_line: bool = False
    """Whether the service shows one line, so that only one source may count."""
    follows_workouts: bool = False
    """Whether the service is told that a workout goes on, rather than what one came to."""
    max_rate: int | None = None
    """Requests a second."""
    keeps: bool = True
    """Whether what cannot be delivered now is of use later."""
    known_by_batch: bool = False
    """Whether the service tells a repeat by its holding the same readings as before."""


class Publisher(Protocol):
    """A broker of messages that somebody else is connected to."""

    def check(self) -> None:
        """See that it can be reached. Raises DestinationError."""

    async def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Publish a message, and wait until the broker has it.

        Raises DestinationError where it may not have it.
        """


class Destination(ABC):
    """An account at a service, to which readings go."""

    service: ClassVar[str]
    """The name of the service, as its makers write it."""
    limits: Limits
    """What it takes, which may depend on what the form gave."""
    publisher: Publisher
    """What publishes messages, for services that are reached by them."""
    time_zone: tzinfo = UTC
    """The wearer's, for services that compute something for each day."""
    max_answer: ClassVar[int] = MAX_ANSWER
    """How much of an answer is read, in bytes."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination from what its form gave, and its account's tokens."""
        self._session = session
        self._config = config
        self._tokens = tokens
        self.memory: dict[str, Any] = {}
        """What outlasts a restart, as JSON knows it, written with what is settled."""

    @property
    def reads_back(self) -> bool | None:
        """Whether it can be seen what the service holds, None where nobody looks."""
        return None

    async def sign_in(self) -> Mapping[str, Any]:
        """Return what to keep in place of what the form gave.

        It differs where that can be used but once. Raises DestinationError.
        """
        return self._config

    @abstractmethod
    async def validate(self) -> Account:
        """Say whose account it is.

        Raises DestinationError when readings could not be delivered now.
        """

    @abstractmethod
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        """Deliver readings, which are in the order of their time.

        Raises DestinationError when none was accepted, or when it is not known which:
        RefusedError when a smaller batch may tell.
        """

    def hurry(self) -> None:  # noqa: B027 - most wait for nothing else
        """Wait for nothing any more but for answers: the relay is about to stop."""

    @property
    def repeat_at(self) -> float | None:
        """When to repeat(), in seconds of the event loop: None where nothing is to be repeated."""
        return None

    async def repeat(self) -> Receipt:
        """Send once more what may have been lost after it was accepted.

        Raises DestinationError.
        """
        return Receipt()

    async def _request(
        self,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str],
        data: bytes | None = None,
        json: object = None,
        read: bool = False,
    ) -> Answer:
        """Return the answer to a request, its body only where it failed or is asked for.

        Raises UnreachableError and NotAuthorisedError.
        """
        if json is not None:
            headers = {**headers, "Content-Type": "application/json"}
            data = orjson.dumps(json)
        try:
            async with self._session.request(
                method, url, headers=headers, data=data, timeout=TIMEOUT, **STAYING
            ) as response:
                answer = Answer(response.status, response.headers, b"")
                kind = answer.headers.get("Content-Type", "")
                if not answer.ok or read or "html" in kind.lower():
                    answer = await _read_bounded(answer, response, self.max_answer)
        except (aiohttp.ClientSSLError, ssl.SSLError) as err:
            raise UnreachableError("tls_error", str(err)) from err
        except TimeoutError as err:
            raise UnreachableError("timeout") from err
        except (aiohttp.ClientError, OSError) as err:
            raise UnreachableError("cannot_connect", str(err)) from err
        except ValueError as err:
            # No header can hold such credentials: there is a line break in them
            raise NotAuthorisedError from err
        if answer.body and not read and answer.ok and answer.is_page:
            raise UnreachableError("wrong_url", answer.text)
        return answer


class TokenDestination(Destination):
    """A destination that gets another token when the service refuses the last one."""

    async def _request_with_token(
        self, method: str, url: URL, *, json: object = None, read: bool = False
    ) -> Answer:
        """Return the answer to a request, made again with another token if need be.

        Raises DestinationError where there is no answer, or no token to be had.
        """
        token = await self._tokens.current(self._obtain)
        answer = await self._request(
            method, url, headers=bearer(token), json=json, read=read
        )
        if answer.is_page or not self._refuses_token(answer):
            return answer
        token = await self._tokens.renew(token, self._obtain)
        return await self._request(
            method, url, headers=bearer(token), json=json, read=read
        )

    @abstractmethod
    async def _obtain(self, token: Token | None) -> Token:
        """Get another token. Raises NotAuthorisedError when that takes a person."""

    def _refuses_token(self, answer: Answer) -> bool:
        """Return whether an answer means that another token may help."""
        return answer.status == HTTPStatus.UNAUTHORIZED


class Directory(ABC):
    """What a destination is, too, where one login is for several people."""

    lists: ClassVar[bool]
    """Whether the service tells whom it knows."""

    async def people(self, search: str = "") -> Sequence[Account]:
        """Return the people that the service knows, not all if there are very many.

        Raises DestinationError.
        """
        return ()

    @abstractmethod
    async def add_person(self, details: Mapping[str, Any]) -> Account:
        """Make a person known to the service, whose id goes in the config as user_id.

        Raises DestinationError.
        """


async def _read_bounded(
    answer: Answer, response: aiohttp.ClientResponse, size: int
) -> Answer:
    """Return an answer with the start of its body."""
    body = b""
    while len(body) < size:
        if not (chunk := await response.content.read(size - len(body))):
            break
        body += chunk
    return answer._replace(body=body)


def error_from(answer: Answer) -> DestinationError:
    """Return what an answer other than a success means, where a service has no say."""
    status = answer.status
    if status in WAIT_STATUSES:
        return WaitError(retry_after(answer))
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return UnreachableError("redirected", answer.headers.get("Location", ""))
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return RefusedError(answer.text, is_too_large=True)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return UnreachableError("server_error", answer.text)
    if answer.is_page or answer.text.lstrip().startswith(MISSED_TLS):
        if status in SIGN_IN_STATUSES:
            return UnreachableError("proxy", answer.text)
        return UnreachableError("wrong_url", answer.text)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return NotAuthorisedError(answer.text)
    if status == HTTPStatus.PAYMENT_REQUIRED:
        return NotEntitledError("premium_required", answer.text)
    if status in REFUSED_STATUSES:
        return RefusedError(answer.text)
    return UnreachableError("wrong_url", answer.text)


def retry_after(answer: Answer) -> float | None:
    """Return how many seconds an answer asks to wait, None where it does not say.

    Source: RFC 9110, section 10.2.3: seconds, or a date.
    """
    value = answer.headers.get("Retry-After", "").strip()
    try:
        if value.isdecimal():
            seconds = float(value)
        else:
            date = parsedate_to_datetime(value)
            seconds = (
                date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)
            ).total_seconds()
    except ValueError, OverflowError:
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)
