"""A real InfluxDB 1, and what it gives back of what was written."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
import itertools
import json
import os
from pathlib import Path
import re
import subprocess
import time
from typing import NamedTuple

import aiohttp
import pytest

from custom_components.heart_rate_relay.destinations.base import Destination

from ..servers import program
from .common import Connect

ADMIN = aiohttp.encode_basic_auth("admin", "for the tests alone")

USERS = (
    "CREATE USER admin WITH PASSWORD 'for the tests alone' WITH ALL PRIVILEGES",
    *(
        f"CREATE USER {user} WITH PASSWORD 'pässword: {user}'"
        for user in ("writer", "reader", "nobody", "both")
    ),
)

CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
dir = "{path}/meta"
[data]
dir = "{path}/data"
wal-dir = "{path}/wal"
max-series-per-database = {series}
[monitor]
store-enabled = false
[subscriber]
enabled = false
[http]
bind-address = "127.0.0.1:0"
log-enabled = false
{more}
"""

CLOSED = """
auth-enabled = true
max-body-size = 20000
"""

names = (f"db{number}" for number in itertools.count())


@contextmanager
def running_influxd(
    path: Path, more: str = "", *, series: int = 100_000
) -> Iterator[str]:
    """Run an influxd on ports of its own choice, and return its address."""
    config, log = path / "influxdb.conf", path / "log"
    config.write_text(CONFIG.format(path=path, more=more, series=series))
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            [program("influxd", "influxdb"), "-config", config],
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env={"HOME": str(path), "PATH": os.environ["PATH"]},
        ) as process,
    ):
        try:
            yield f"{'https' if 'https' in more else 'http'}://{_address(process, log)}"
        finally:
            process.terminate()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return where influxd listens, once it does."""
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        if match := re.search(r"Listening on HTTP.* addr=(\S+)", log.read_text()):
            return match[1]
        time.sleep(0.01)
    pytest.fail(f"influxd did not start: {log.read_text()[-1000:]}")


class Column(NamedTuple):
    """One field of one series, read back."""

    measurement: str
    tags: Mapping[str, str]
    field: str
    values: Mapping[int, float]
    """By µs since the epoch."""


type Query = Callable[..., Awaitable[list[Column]]]


class Influxd(NamedTuple):
    """An influxd with a new database."""

    url: str
    database: str
    query: Query


async def with_database(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], more: str = ""
) -> Influxd:
    """Return an influxd with a new database."""
    database = next(names)

    async def query(text: str = "SELECT * FROM /.*/ GROUP BY *") -> list[Column]:
        form = {"q": text, "db": database, "epoch": "u"}
        async with session.post(f"{url}/query", data=form, headers=headers) as response:
            (result,) = json.loads(await response.text())["results"]
        assert "error" not in result, result
        return [
            Column(
                series["name"],
                {key: value for key, value in series.get("tags", {}).items() if value},
                field,
                {
                    row[0]: float(row[column])
                    for row in series["values"]
                    if row[column] is not None
                },
            )
            for series in result.get("series", [])
            for column, field in enumerate(series["columns"])
            if column
        ]

    await query(f'CREATE DATABASE "{database}" {more}')
    return Influxd(url, database, query)


def relay_to(server: Influxd, connect: Connect, **config: object) -> Destination:
    """Return a destination at an influxd that is open to all."""
    login = {"username": "", "password": "", "database": server.database}
    return connect("influxdb_v1", server.url, **login, **config)
