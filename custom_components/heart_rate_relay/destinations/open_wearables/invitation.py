"""A person at a server that an invitation opens: what is imported cannot be seen.

All is sent twice, the second time when a server that was out of order should be well again.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
import re
from typing import Any, NamedTuple, override
from uuid import UUID

import aiohttp

from ...reading import Reading
from ..base import WAIT_STATUSES, Account, Answer, Receipt, TokenDestination
from ..errors import (
    DestinationError,
    NotAuthorisedError,
    RefusedError,
    UnreachableError,
)
from ..tokens import Token, Tokens
from .records import Record, batch_of, records_of
from .server import FIRST_BATCH, OpenWearablesServer, objection, refusal, see_queued
from .workouts import batch_with, parted

FIRST_PAUSE = 4.0
"""Seconds for the first records to be imported."""

REPEAT_AFTER = 10 * 60.0
"""Seconds after which records are sent once more."""

MAX_KEPT = 20_000
"""Readings that are kept for that: where there are more, the oldest are repeated at once."""

NO_PROVIDER = "none"
"""Nobody's: no server imports what comes from there, and each says so at once."""

NO_CODE = "O" * 8
"""What a code looks like, and none is: the letter is too like a zero."""

CODE = re.compile(r"[A-Z2-9]{8}")

NO_PATH = "Not Found"
"""What FastAPI says where there is no such path."""

CODE_REFUSED = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.GONE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


class Sent(NamedTuple):
    """Readings that were accepted once."""

    repeat_at: float
    """When to send them again, in seconds of the event loop."""
    readings: Sequence[Reading]


class OpenWearablesInvitation(OpenWearablesServer, TokenDestination):
    """A person at a server that an invitation opens, so that nothing can be read back."""

    limits = replace(OpenWearablesServer.limits, tells_refused=False)

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination with what an invitation gave."""
        super().__init__(session, config, tokens)
        self._is_known = False
        self._sent: deque[Sent] = deque()
        self._kept = 0
        self._repeated = 0
        """How many were since the server last said that it knows the person."""

    @override
    async def sign_in(self) -> Mapping[str, Any]:
        """Use an invitation code, which works once, and return tokens in its place.

        It is used when all else is seen to be right, so that no mistake costs another code.
        """
        config = dict(self._config)
        code = "".join(config.pop("invitation_code", "").split()).upper()
        if not code and "token" in config:
            return config
        if not CODE.fullmatch(code):
            raise DestinationError("invalid_code")
        await self._see_server()
        answer = await self._redeem(code)
        if _is_no_code(answer):
            raise NotAuthorisedError(key="code_used")
        if not answer.ok:
            raise objection(answer, "wrong_url")
        if not isinstance(user_id := answer.json.get("user_id"), str):
            raise UnreachableError("wrong_url")
        return {**config, "user_id": user_id.lower(), "token": _token(answer)}

    @override
    async def validate(self) -> Account:
        """Say whose token it is, by a delivery that every release refuses."""
        answer = await self._request_with_token(
            "POST",
            self._sync_url,
            json=batch_of((), self.time_zone, NO_PROVIDER),
            read=True,
        )
        if "Unsupported provider" not in str(answer.json.get("detail")):
            raise objection(answer, "wrong_url")
        await self._see_database()
        return Account(id=self._account_id, name=self.service)

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        """Deliver readings, all of which are in doubt until they are repeated.

        While the database is down the server accepts and forgets them, so it is asked first.
        """
        workouts, others = parted(readings)
        records = records_of(others)
        with self._person_in_doubt():
            await self._see_database()
            if not self._is_known:
                await self._post(records[:FIRST_BATCH])
                await asyncio.sleep(FIRST_PAUSE)
                self._is_known = True
                records = records[FIRST_BATCH:]
            await self._post(records)
            await self._post_workouts(workouts)
        self._sent.append(Sent(_now() + REPEAT_AFTER, readings))
        self._kept += len(readings)
        return Receipt(in_doubt=len(readings))

    @property
    @override
    def repeat_at(self) -> float | None:
        """When to send what was sent again, in seconds of the event loop."""
        if self._kept > MAX_KEPT:
            return 0.0
        return self._sent[0].repeat_at if self._sent else None

    @override
    async def repeat(self) -> Receipt:
        """Send the oldest again, which changes nothing where it was imported.

        What is refused then stays in doubt.
        """
        readings = self._sent[0].readings
        with self._person_in_doubt():
            await self._see_database()
            try:
                workouts, others = parted(readings)
                await self._post(records_of(others))
                await self._post_workouts(workouts)
            except RefusedError:
                # It would be so each time, and hold up all that waits
                self._forget_first()
                return Receipt()
        self._forget_first()
        self._repeated += len(readings)
        return Receipt(in_doubt=-len(readings))

    def _forget_first(self) -> None:
        """Keep the oldest no more."""
        self._kept -= len(self._sent.popleft().readings)

    @contextmanager
    def _person_in_doubt(self) -> Iterator[None]:
        """Doubt what was sent of late when the person may be gone, whose readings it discards."""
        try:
            yield
        except NotAuthorisedError as err:
            err.in_doubt, self._repeated = self._repeated, 0
            raise

    async def _post(self, records: Sequence[Record]) -> None:
        """Send records."""
        if records:
            answer = await self._request_with_token(
                "POST",
                self._sync_url,
                json=batch_of(records, self.time_zone),
                read=True,
            )
            see_queued(answer)

    async def _post_workouts(self, workouts: Sequence[Reading]) -> None:
        """Send workouts, of which a second copy changes nothing."""
        if workouts:
            answer = await self._request_with_token(
                "POST",
                self._sync_url,
                json=batch_with(workouts, self.time_zone),
                read=True,
            )
            see_queued(answer)

    async def _see_server(self) -> None:
        """See that it is a server of this kind, by what it says to nobody's delivery."""
        answer = await self._request(
            "POST",
            self._sync_url_of(str(UUID(int=0))),
            headers={},
            json=batch_of((), self.time_zone, NO_PROVIDER),
            read=True,
        )
        if answer.status != HTTPStatus.UNAUTHORIZED or not answer.json.get("detail"):
            raise objection(answer, "wrong_url")
        if not _is_no_code(answer := await self._redeem(NO_CODE)):
            raise objection(answer, "wrong_url")

    async def _see_database(self) -> None:
        """See that the database answers, by asking it for a code that nobody has.

        A release that should answer in another way tells nothing.
        """
        answer = await self._redeem(NO_CODE)
        if (
            answer.status in WAIT_STATUSES
            or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        ):
            raise refusal(answer)

    async def _redeem(self, code: str) -> Answer:
        """Return the answer to an invitation code."""
        url = self._api / "invitation-code/redeem"
        return await self._request(
            "POST", url, headers={}, json={"code": code}, read=True
        )

    @override
    async def _obtain(self, token: Token | None) -> Token:
        """Get the next pair of tokens, which makes the last one worthless."""
        if token is None:
            raise NotAuthorisedError
        answer = await self._request(
            "POST",
            self._api / "token/refresh",
            headers={},
            json={"refresh_token": token["refresh_token"]},
            read=True,
        )
        if answer.ok:
            self._repeated = 0
            return _token(answer)
        error = refusal(answer)
        if isinstance(error, RefusedError | NotAuthorisedError):
            # Without the server's words, which may repeat the token
            raise NotAuthorisedError
        raise error


def _is_no_code(answer: Answer) -> bool:
    """Return whether the server says that an invitation code is none, or used."""
    detail = answer.json.get("detail")
    return answer.status in CODE_REFUSED and bool(detail) and detail != NO_PATH


def _now() -> float:
    """Return the time of the event loop, in seconds."""
    return asyncio.get_running_loop().time()


def _token(answer: Answer) -> Token:
    """Return the pair of tokens of an answer."""
    token = {key: answer.json.get(key) for key in ("access_token", "refresh_token")}
    if not all(isinstance(value, str) and value for value in token.values()):
        raise UnreachableError("unexpected_answer")
    return token
