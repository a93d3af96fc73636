"""The contract that every destination fulfils, and what they all need for it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
import json
import ssl
from typing import Any, ClassVar, NamedTuple

import aiohttp
from yarl import URL

from ..reading import Metric, Reading

MAX_ANSWER = 16 * 1024
"""How much of an answer is read, in bytes: a service may be broken or hostile."""

MAX_REASON = 200
"""How much of a service's own words is kept, in characters."""

MAX_RETRY_AFTER = 24 * 60 * 60.0
"""How long a service may ask for silence, in seconds."""

TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)

WAIT_STATUSES = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)

REFUSED_STATUSES = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)

NOT_THE_SERVICE = ("<", "Client sent an HTTP request to an HTTPS server")
"""How a 400 begins that is not the service's own: a page of a proxy, a missing s in https."""


class DestinationError(Exception):
    """Nothing was delivered.

    The key is a translation key: it says in plain words what happened and what to do.
    The detail is the service's own words, bounded, and may be empty.
    """

    def __init__(self, key: str, detail: str = "") -> None:
        """Initialize the error."""
        super().__init__(key)
        self.key = key
        self.detail = " ".join(detail.split())[:MAX_REASON]


class RefusedError(DestinationError):
    """At least one reading of the batch can never be accepted."""

    def __init__(self, detail: str = "") -> None:
        """Initialize the error."""
        super().__init__("refused", detail)


class NotAuthorisedError(DestinationError):
    """The credentials are bad, expired or revoked."""

    def __init__(self, detail: str = "", *, key: str = "invalid_auth") -> None:
        """Initialize the error."""
        super().__init__(key, detail)


class NotEntitledError(DestinationError):
    """The account lacks something that its owner can buy, tick or create."""


class WaitError(DestinationError):
    """The service asks for patience, for retry_after seconds where it says so."""

    def __init__(self, retry_after: float | None = None) -> None:
        """Initialize the error."""
        super().__init__("busy")
        self.retry_after = retry_after


class UnreachableError(DestinationError):
    """The service did not answer, or not sensibly."""


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
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object, empty where it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a service takes."""

    metrics: frozenset[Metric]
    max_batch: int
    """Readings in a request."""
    max_age: float | None = None
    """Seconds after which a reading is too old to be accepted."""
    newest_first: bool = False
    """Whether fresh readings overtake those that wait."""
    one_line: bool = False
    """Whether the service shows one line, so that only one source may count."""
    max_rate: int | None = None
    """Requests a second."""


class Destination(ABC):
    """An account at a service, to which readings go."""

    service: ClassVar[str]
    """The name of the service, as its makers write it."""
    limits: ClassVar[Limits]

    def __init__(
        self, session: aiohttp.ClientSession, config: Mapping[str, Any]
    ) -> None:
        """Initialize the destination from what its form gave."""
        self._session = session

    @abstractmethod
    async def validate(self) -> Account:
        """Say whose account it is.

        Raises DestinationError when readings could not be delivered now.
        """

    @abstractmethod
    async def deliver(self, readings: Sequence[Reading]) -> Sequence[Refusal]:
        """Deliver readings, and return those that were refused for good.

        All others were accepted. Raises DestinationError when none was, or when it
        is not known which: RefusedError when a smaller batch may tell.
        """

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
        try:
            async with self._session.request(
                method,
                url,
                headers=headers,
                data=data,
                json=json,
                allow_redirects=False,
                timeout=TIMEOUT,
            ) as response:
                answer = Answer(response.status, response.headers, b"")
                if answer.ok and not read:
                    return answer
                return answer._replace(body=await _read_bounded(response))
        except (aiohttp.ClientSSLError, ssl.SSLError) as err:
            raise UnreachableError("tls_error", str(err)) from err
        except TimeoutError as err:
            raise UnreachableError("timeout") from err
        except (aiohttp.ClientError, OSError) as err:
            raise UnreachableError("cannot_connect", str(err)) from err
        except ValueError as err:
            # No header can hold such credentials: there is a line break in them
            raise NotAuthorisedError from err


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    """Return the start of a body."""
    body = b""
    while len(body) < MAX_ANSWER:
        if not (chunk := await response.content.read(MAX_ANSWER - len(body))):
            break
        body += chunk
    return body


def error_from(answer: Answer) -> DestinationError:
    """Return what an answer other than a success means, where a service has no say."""
    status = answer.status
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return NotAuthorisedError(answer.text)
    if status == HTTPStatus.PAYMENT_REQUIRED:
        return NotEntitledError("premium_required", answer.text)
    if status in WAIT_STATUSES:
        return WaitError(retry_after(answer))
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return UnreachableError("redirected", answer.headers.get("Location", ""))
    if status in REFUSED_STATUSES and not (
        status == HTTPStatus.BAD_REQUEST
        and answer.text.lstrip().startswith(NOT_THE_SERVICE)
    ):
        return RefusedError(answer.text)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return UnreachableError("wrong_url", answer.text)
    return UnreachableError("server_error", answer.text)


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
