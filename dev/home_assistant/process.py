"""The process of Home Assistant: started, restarted when it asks for it, and ended."""

import asyncio
from asyncio import subprocess
from collections import deque
from collections.abc import Callable
from contextlib import suppress
import os
from pathlib import Path
import signal
import sys

RESTART = 100
"""The status with which Home Assistant asks to be started again."""

STOP_TIMEOUT = 60.0
"""How long Home Assistant may take to end, in seconds."""

LONGEST_LINE = 1024 * 1024
"""In bytes."""


class HomeAssistantError(Exception):
    """Home Assistant does not do what it should. The text is for a person to read."""


class HomeAssistantProcess:
    """A running Home Assistant, and all that it started."""

    def __init__(self, folder: Path, on_line: Callable[[str], None]) -> None:
        """Initialize the process. Every line that it prints goes to on_line."""
        self._folder = folder
        self._on_line = on_line
        self.latest: deque[str] = deque(maxlen=20)
        """The last lines that it has printed."""
        self._process: subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> asyncio.Task[None]:
        """Start it, and return what is done when it has ended.

        That raises HomeAssistantError where it was not stop() that ended it.
        """
        self._task = asyncio.create_task(self._run())
        return self._task

    async def stop(self) -> None:
        """End it in good order, or else by force."""
        self._stopping = True
        if self._task is None or self._task.done():
            return
        if self._process is not None:
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await asyncio.shield(self._task)
        except TimeoutError:
            print("Home Assistant does not end: it is killed")
            self._kill()
            await self._task

    async def kill(self) -> None:
        """End it as a power cut would, without a last word."""
        self._stopping = True
        self._kill()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        """Run it for as long as it wants to be started again."""
        status = RESTART
        while status == RESTART and not self._stopping:
            status = await self._run_once()
        if not self._stopping:
            ending = f"Home Assistant ended by itself, with status {status}."
            raise HomeAssistantError("\n".join((*self.latest, ending)))

    async def _run_once(self) -> int:
        """Run it once, and return its status."""
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "homeassistant"),
            # Everything has been installed by scripts/setup
            *("--config", str(self._folder), "--log-no-color", "--skip-pip"),
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            limit=LONGEST_LINE,
            # Of its own, so that Ctrl-C in the terminal is not for it
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            async for line in process.stdout:
                text = line.decode(errors="replace").rstrip()
                self.latest.append(text)
                self._on_line(text)
            return await process.wait()
        finally:
            self._kill()

    def _kill(self) -> None:
        """Kill what is left of it, its children too."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
