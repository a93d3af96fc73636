"""What a server is told and asked, whichever way we may write to it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, override
from uuid import UUID

import aiohttp
from yarl import URL

from ...metrics import WORKOUT
from ..base import Answer, Destination, Limits, error_from
from ..errors import (
    DestinationError,
    RefusedError,
    UnknownPersonError,
    UnreachableError,
)
from ..text import parse_url
from ..tokens import Tokens
from .kinds import KINDS
from .records import MAX_VALUE

FIRST_BATCH = 10
"""Records of the first request, which is alone: those that follow at once may get lost."""

MAX_REQUEST = 500
"""Records of a request: the server is comfortable with up to a thousand."""


class OpenWearablesServer(Destination):
    """A person at a server, whichever way we may write."""

    service = "Open Wearables"
    limits = Limits(
        metrics=frozenset({*KINDS, WORKOUT}),
        max_batch=MAX_REQUEST,
        gather=60.0,
        ranges=dict.fromkeys(KINDS, (-MAX_VALUE, MAX_VALUE)),
    )
    max_answer = 256 * 1024

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination.

        Raises DestinationError when the address cannot be right.
        """
        super().__init__(session, config, tokens)
        self._url = parse_url(config["url"])
        self._api = self._url / "api/v1"

    @property
    def _user_id(self) -> str:
        """The person's id, without which nothing can be delivered."""
        try:
            return str(UUID(str(self._config.get("user_id"))))
        except ValueError as err:
            raise UnknownPersonError from err

    @property
    def _sync_url(self) -> URL:
        """Where readings go."""
        return self._sync_url_of(self._user_id)

    def _sync_url_of(self, user_id: str) -> URL:
        """Return where a person's readings go."""
        return self._api / "sdk/users" / user_id / "sync"

    @property
    def _account_id(self) -> str:
        """What the person is known by, whichever way we may write."""
        return f"{self._url} {self._user_id}"

    @override
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
        """Return the answer to a request, on a connection of its own.

        The server closes idle ones after five seconds, maybe just when we use one.
        """
        headers = {**headers, "Connection": "close"}
        return await super()._request(
            method, url, headers=headers, data=data, json=json, read=read
        )


def see_queued(answer: Answer) -> None:
    """See that records were accepted. Raises DestinationError when they were not."""
    if answer.status != HTTPStatus.ACCEPTED:
        raise refusal(answer)


def refusal(answer: Answer) -> DestinationError:
    """Return what an answer other than the one wanted means, where it is not special.

    The server's words are kept only where they are a sentence: its lists of faults repeat
    what it was sent.
    """
    detail = answer.json.get("detail", answer.text)
    body = detail.encode(errors="replace") if isinstance(detail, str) else b""
    return error_from(answer._replace(body=body))


def objection(answer: Answer, key: str = "unexpected_answer") -> DestinationError:
    """Return the same for a request without readings, of which none can be refused."""
    error = refusal(answer)
    if isinstance(error, RefusedError):
        return UnreachableError(key, error.detail)
    return error
