"""A webhook: readings as JSON, to an address of one's own.

Source of the headers that tell a request and sign it:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from hmac import digest
import re
import time
from typing import Any, override

import aiohttp

from ..metrics import METRICS
from ..reading import Reading
from .base import Account, Answer, Destination, Limits, Receipt, error_from
from .errors import DestinationError, RefusedError
from .plain import described, encoded
from .text import parse_address
from .tokens import Tokens

ONE, MANY = "one", "many"

PER_REQUEST = (ONE, MANY)
"""How many readings a request may hold."""

KEY_PREFIX = "whsec_"

KEY_BYTES = range(24, 65)
"""How long the key to sign with may be."""

NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""What a header may be called: RFC 9110, section 5.6.2."""

NOT_ONES_OWN = frozenset(
    {
        *("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
        *("content-encoding", "content-length", "content-type", "expect", "host"),
    }
)
"""Headers that say how a request is sent: RFC 9110, sections 7.6.1, 7.2, 8 and 10.1.1."""

NOT_ONES_OWN_PREFIXES = ("proxy-", "webhook-")


class Webhook(Destination):
    """An address that takes readings by POST."""

    service = "Webhook"
    limits = Limits(
        metrics=frozenset(METRICS.values()), max_batch=1, known_by_batch=True
    )

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination.

        Raises DestinationError when address, headers or key cannot be right.
        """
        super().__init__(session, config, tokens)
        self._url = parse_address(config["url"])
        self._own = config.get("headers", [])
        lines = (*self._own, *config.get("secret_headers", ()))
        self._headers = {"Content-Type": "application/json", **parse_headers(lines)}
        self._key = parse_key(config.get("signing_key", ""))
        self._is_many = config.get("per_request") == MANY
        if self._is_many:
            self.limits = replace(self.limits, max_batch=500, gather=60)

    @override
    async def validate(self) -> Account:
        """Say which address it is, and see that it takes what is sent there.

        A batch without a reading is no reading that nobody measured. Who objects to it is
        there, and has understood.
        """
        answer = await self._post({"readings": []})
        if not answer.ok:
            error = error_from(answer)
            if not isinstance(error, RefusedError) or error.is_too_large:
                raise error
        # Many an address is a secret itself
        told = "\n".join((str(self._url), *self._own))
        return Account(
            id=sha256(told.encode()).hexdigest(),
            name=f"{self.service} {self._url.host}",
        )

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        """Deliver one reading, or a batch."""
        told = [described(reading) for reading in readings]
        answer = await self._post({"readings": told} if self._is_many else told[0])
        if not answer.ok:
            raise error_from(answer)
        return Receipt()

    async def _post(self, content: object) -> Answer:
        """Return the answer to a request. What is the same has the same id."""
        body = encoded(content)
        message = f"msg_{sha256(body).hexdigest()[:32]}"
        at = str(int(time.time()))
        headers = {**self._headers, "webhook-id": message, "webhook-timestamp": at}
        if self._key:
            headers["webhook-signature"] = sign(self._key, message, at, body)
        return await self._request("POST", self._url, headers=headers, data=body)


def sign(key: bytes, message: str, at: str, body: bytes) -> str:
    """Return the signature of a message, sent at a time in seconds, by a shared key."""
    signed = f"{message}.{at}.".encode() + body
    return f"v1,{b64encode(digest(key, signed, 'sha256')).decode()}"


def parse_key(text: str) -> bytes:
    """Return a key to sign with, empty for none. Raises DestinationError when it is none."""
    if not (text := text.strip()):
        return b""
    try:
        key = b64decode(text.removeprefix(KEY_PREFIX), validate=True)
    except ValueError:
        key = b""
    if len(key) not in KEY_BYTES:
        raise DestinationError("invalid_signing_key")
    return key


def parse_headers(lines: Iterable[str]) -> Mapping[str, str]:
    """Return headers from lines such as "Name: value".

    Raises DestinationError where one is none, comes twice, or is not for a person to set.
    """
    headers: dict[str, str] = {}
    for line in filter(str.strip, lines):
        name, _, value = (part.strip(" \t") for part in line.partition(":"))
        key = name.lower()
        if (
            not NAME.fullmatch(name)
            or not value
            or not (value.isascii() and value.isprintable())
            or key in NOT_ONES_OWN
            or key.startswith(NOT_ONES_OWN_PREFIXES)
            or key in map(str.lower, headers)
        ):
            raise DestinationError("invalid_headers")
        headers[name] = value
    return headers
