"""What takes line protocol: where it is, who writes, and what it is sent."""

import asyncio
from collections.abc import Iterable, Mapping
from itertools import batched
from typing import Any, ClassVar

import aiohttp

from ..base import Answer, Destination
from ..text import parse_url
from ..tokens import Tokens
from .dialects import Dialect, authorization

AT_ONCE = 1000
"""Lines that are made without a pause: the event loop is not only there for us."""


class LineProtocolServer(Destination):
    """A database at a server that takes line protocol."""

    dialect: ClassVar[Dialect]

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination. Raises DestinationError for what is no address."""
        super().__init__(session, config, tokens)
        self._url = parse_url(config["url"])
        self._headers = authorization(self.dialect.scheme, config)
        self._target = {
            parameter: config[field]
            for parameter, field in self.dialect.parameters.items()
            if config.get(field)
        }
        self._write_url = (self._url / self.dialect.path).with_query(
            {**self._target, "precision": self.dialect.precision}
        )

    async def _write(self, lines: Iterable[str]) -> Answer:
        """Return the answer to lines, between whose parts others have their turn.

        Raises DestinationError where there is none.
        """
        parts: list[str] = []
        for some in batched(lines, AT_ONCE, strict=False):
            if parts:
                await asyncio.sleep(0)
            parts.append("\n".join(some))
        return await self._request(
            "POST",
            self._write_url,
            headers=self._headers,
            data="\n".join(parts).encode(errors="replace"),
            read=True,
        )
