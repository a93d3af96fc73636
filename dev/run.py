"""What every run of a Home Assistant with stand-ins needs: room, ports, an end."""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
import fcntl
from pathlib import Path
import shutil
import signal
import socket

from yarl import URL

from .home_assistant.process import HomeAssistantError
from .stand_ins import Gerosense, Pulsoid, StandIn

HOST = "127.0.0.1"

CONFIGURATION_FOLDER = "home-assistant"
"""Where in the folder of a run Home Assistant keeps its configuration, with its log."""


@contextmanager
def alone(folder: Path, script: str) -> Iterator[Path]:
    """Empty the folder of a script, let no one else use it meanwhile, and return it.

    Raises HomeAssistantError where someone does already.
    """
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeAssistantError(f"{script} is already running.") from None
        for left in folder.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
            elif left.name != "lock":
                left.unlink()
        (folder / CONFIGURATION_FOLDER).mkdir()
        yield folder


def elsewhere(stand_ins: Iterable[StandIn]) -> Mapping[str, URL]:
    """Return where the services are whose addresses are no one's to choose."""
    return {
        stand_in.service: stand_in.url
        for stand_in in stand_ins
        if isinstance(stand_in, Pulsoid | Gerosense)
    }


def free_port(port: int = 0) -> int:
    """Return a port if it is free, else another one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            probe.bind((HOST, 0))
        free: int = probe.getsockname()[1]
        return free


def end_on_signals() -> None:
    """Cancel this task when the first signal to end comes, and ignore the others."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end() -> None:
        for number in signals:
            loop.add_signal_handler(number, lambda: None)
        assert task is not None
        print("Stopping")
        task.cancel()

    for number in signals:
        loop.add_signal_handler(number, end)


async def before[T](ended: asyncio.Task[None], work: Coroutine[None, None, T]) -> T:
    """Return what some work returns. Raises HomeAssistantError when that ends before."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait((task, ended), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            ended.result()
        return await task
    finally:
        task.cancel()
