"""What takes line protocol: where it is, who writes, and what it is sent."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import aiohttp

from ..base import Answer, Destination
from ..text import parse_url
from ..tokens import Tokens
from .dialects import Dialect, authorization


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
        """Return the answer to lines. Raises DestinationError where there is none."""
        return await self._request(
            "POST",
            self._write_url,
            headers=self._headers,
            data="\n".join(lines).encode(errors="replace"),
            read=True,
        )
