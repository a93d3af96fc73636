"""A real Home Assistant, in a process of its own, that does what the driver is told."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
import json
from pathlib import Path
import socket
from tempfile import TemporaryDirectory
from typing import Any

from yarl import URL

from dev.home_assistant.config import PULSOID, ROOT, write_configuration
from dev.home_assistant.process import HomeAssistantError, HomeAssistantProcess

from .arrangements import configuration_for
from .sink import HOST

DRIVER = """\
benchmark_driver:
  address: {}
"""

NO_LIMIT = """\
from dataclasses import replace

pulsoid.Pulsoid.limits = replace(pulsoid.Pulsoid.limits, max_rate=None)
"""
"""What lets Pulsoid have more than 10 readings a second, so that their cost shows soon."""

RELAY = ROOT / "custom_components" / "heart_rate_relay"

DRIVING = ROOT / "benchmarks" / "benchmark_driver"

LONGEST_ANSWER = 64 * 1024 * 1024
"""In bytes."""


type Subjects = Callable[[int], AbstractAsyncContextManager[Subject]]
"""Where to measure with so many sensors."""


class Subject:
    """A running Home Assistant."""

    def __init__(
        self,
        process: HomeAssistantProcess,
        folder: Path,
        url: URL,
        streams: tuple[StreamReader, StreamWriter],
    ) -> None:
        """Initialize what speaks to the driver in it."""
        self.folder = folder
        """Its configuration."""
        self.url = url
        """Where it listens."""
        self._process = process
        self._reader, self._writer = streams

    async def tell(self, command: str, **arguments: Any) -> Any:
        """Return what a command of the driver returns.

        Raises HomeAssistantError where it does not.
        """
        self._writer.write(json.dumps((command, arguments)).encode() + b"\n")
        if not (answer := await self._reader.readline()):
            raise HomeAssistantError(
                "\n".join((*self._process.latest, f"No answer to {command}."))
            )
        return json.loads(answer)


@asynccontextmanager
async def running_subject(
    sink: URL,
    sensors: int,
    relay: Path = RELAY,
    services: Iterable[str] = (PULSOID,),
) -> AsyncIterator[Subject]:
    """Run a Home Assistant in which so many sensors can be sent to a sink.

    Services that have one address of their own are there, too. Raises HomeAssistantError where it does not start.
    """
    configuration = configuration_for(sensors, sink)
    async with driven(configuration, dict.fromkeys(services, sink), relay) as subject:
        yield subject


@asynccontextmanager
async def driven(
    configuration: str,
    services: Mapping[str, URL],
    relay: Path = RELAY,
    on_line: Callable[[str], None] = lambda line: None,
) -> AsyncIterator[Subject]:
    """Run a Home Assistant for which services are elsewhere, with the driver in it.

    Every line that it prints goes to on_line. Raises HomeAssistantError where it does not start.
    """
    connected = asyncio.get_running_loop().create_future()

    def connect(reader: StreamReader, writer: StreamWriter) -> None:
        connected.set_result((reader, writer))

    with TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        address, url = folder / "driver", _free_url()
        write_configuration(
            folder,
            url,
            services,
            configuration + DRIVER.format(address),
            (relay, DRIVING),
        )
        if PULSOID in services:
            with (folder / "custom_components" / "__init__.py").open("a") as code:
                code.write(NO_LIMIT)
        process = HomeAssistantProcess(folder, on_line)
        server = await asyncio.start_unix_server(connect, address, limit=LONGEST_ANSWER)
        running = process.start()
        try:
            await asyncio.wait(
                (running, connected), return_when=asyncio.FIRST_COMPLETED
            )
            if running.done():
                running.result()
            yield Subject(process, folder, url, await connected)
        finally:
            await process.stop()
            server.close()


def _free_url() -> URL:
    """Return a URL on which nobody listens."""
    with socket.create_server((HOST, 0)) as server:
        return URL.build(scheme="http", host=HOST, port=server.getsockname()[1])
