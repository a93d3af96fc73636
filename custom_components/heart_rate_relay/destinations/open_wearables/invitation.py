"""A person at a server that an invitation opens: what is imported cannot be seen."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
import re
from typing import Any, override

from ...reading import Reading
from ..base import (
    Account,
    Answer,
    DestinationError,
    NotAuthorisedError,
    Receipt,
    RefusedError,
    TokenDestination,
    UnreachableError,
)
from ..tokens import Token
from .records import Record, batch_of, records_of
from .server import FIRST_BATCH, OpenWearablesServer, objection, refusal, see_queued

FIRST_PAUSE = 4.0
"""Seconds for the first records to be imported."""

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


class OpenWearablesInvitation(OpenWearablesServer, TokenDestination):
    """A person at a server that an invitation opens, so that nothing can be read back."""

    limits = replace(OpenWearablesServer.limits, tells_refused=False)

    _is_known = False

    @override
    async def sign_in(self) -> Mapping[str, Any]:
        """Use an invitation code, which works once, and return tokens in its place."""
        config = dict(self._config)
        code = "".join(config.pop("invitation_code", "").split()).upper()
        if not code and "token" in config:
            return config
        if not CODE.fullmatch(code):
            raise DestinationError("invalid_code")
        answer = await self._request(
            "POST",
            self._api / "invitation-code/redeem",
            headers={},
            json={"code": code},
            read=True,
        )
        detail = answer.json.get("detail")
        if answer.status in CODE_REFUSED and detail and detail != NO_PATH:
            raise NotAuthorisedError(key="code_used")
        if not answer.ok:
            raise objection(answer, "wrong_url")
        if not isinstance(user_id := answer.json.get("user_id"), str):
            raise UnreachableError("wrong_url")
        return {**config, "user_id": user_id.lower(), "token": _token(answer)}

    @override
    async def validate(self) -> Account:
        """Say whose token it is, by a delivery that lacks all."""
        answer = await self._request_with_token(
            "POST", self._sync_url, json={}, read=True
        )
        if "Unsupported provider" not in str(answer.json.get("detail")):
            raise objection(answer, "wrong_url")
        return Account(id=self._account_id, name=self.service)

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        """Deliver readings. Whether they are imported cannot be seen."""
        records = records_of(readings)
        in_doubt = 0
        if not self._is_known:
            in_doubt += await self._post(records[:FIRST_BATCH])
            await asyncio.sleep(FIRST_PAUSE)
            self._is_known = True
            records = records[FIRST_BATCH:]
        in_doubt += await self._post(records)
        return Receipt(in_doubt=in_doubt)

    async def _post(self, records: Sequence[Record]) -> int:
        """Send records, and return of how many some were dropped."""
        if not records:
            return 0
        answer = await self._request_with_token(
            "POST", self._sync_url, json=batch_of(records), read=True
        )
        see_queued(answer)
        return len(records) if answer.json.get("dropped_count") else 0

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
            return _token(answer)
        error = refusal(answer)
        if isinstance(error, RefusedError | NotAuthorisedError):
            # Without the server's words, which may repeat the token
            raise NotAuthorisedError
        raise error


def _token(answer: Answer) -> Token:
    """Return the pair of tokens of an answer."""
    token = {key: answer.json.get(key) for key in ("access_token", "refresh_token")}
    if not all(isinstance(value, str) and value for value in token.values()):
        raise UnreachableError("unexpected_answer")
    return token
