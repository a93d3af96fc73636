"""The databases, besides SQLite, in which a recorder may keep what it knows: real ones."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
import itertools
import os
from pathlib import Path
import shutil
import subprocess
from tempfile import TemporaryDirectory
import time
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from ..servers import free_port, program

NOBODY = "nobody"
"""Who runs a server where the tests are run by root, whom no server obeys."""

STARTS_WITHIN = 60.0
"""Seconds."""

# No test cuts the power of these
MARIADB = (
    *("--no-defaults", "--skip-grant-tables"),
    *("--bind-address=127.0.0.1", "--port={1}"),
    *("--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M"),
    *("--datadir={0}/data", "--socket={0}/socket", "--pid-file={0}/pid"),
)
INITDB = ("-D", "{0}/data", "-A", "trust", "-U", "root", "-E", "UTF8", "--no-sync")
POSTGRESQL = (
    *("-D", "{0}/data", "-k", "{0}", "-c", "listen_addresses="),
    *("-c", "fsync=off", "-c", "synchronous_commit=off"),
)

URLS: Mapping[str, str] = {
    "mariadb": "mysql+pymysql://root@127.0.0.1:{1}/{2}?charset=utf8mb4",
    "postgresql": "postgresql://root@/{2}?host={0}",
}
"""Of a database, to be filled with the server's folder, its port, and the database's name."""

OF_ITSELF: Mapping[str, str] = {"mariadb": "", "postgresql": "postgres"}
"""The database that a server has of itself."""

names = (f"recorder{number}" for number in itertools.count())


class Server:
    """A server that only this machine can reach."""

    def __init__(self, kind: str, folder: str, port: int) -> None:
        """Initialize what makes databases on a server, which may have a port."""
        self._kind = kind
        self._folder = folder
        self._port = port

    @contextmanager
    def database(self) -> Iterator[str]:
        """Have a new database, and tell its URL."""
        name = next(names)
        engine = self._engine()
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield self._url(name)
        finally:
            with engine.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name}"))
            engine.dispose()

    def wait(self, process: subprocess.Popen[bytes], log: Path) -> None:
        """Wait until it answers."""
        engine = self._engine()
        deadline = time.monotonic() + STARTS_WITHIN
        while process.poll() is None and time.monotonic() < deadline:
            try:
                engine.connect().close()
            except OperationalError:
                time.sleep(0.05)
            else:
                engine.dispose()
                return
        pytest.fail(f"{self._kind} did not start: {log.read_text()[-1000:]}")

    def _engine(self) -> Engine:
        url = self._url(OF_ITSELF[self._kind])
        return create_engine(url, isolation_level="AUTOCOMMIT")

    def _url(self, name: str) -> str:
        return URLS[self._kind].format(self._folder, self._port, name)


@contextmanager
def running(kind: str) -> Iterator[Server]:
    """Run a server of a kind, in a folder of its own."""
    commands = {"mariadb": _mariadb, "postgresql": _postgresql}[kind]()
    # Not below pytest's folder, which is for one user alone
    with TemporaryDirectory(prefix=kind, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "data").mkdir(mode=0o700)
        options: dict[str, Any] = {"cwd": folder, "env": {"HOME": name}}
        if os.geteuid() == 0:
            for path in (folder, folder / "data"):
                shutil.chown(path, NOBODY)
            options |= {"user": NOBODY, "extra_groups": ()}
        port = free_port()
        *before, last = (
            [part.format(name, port) for part in line] for line in commands
        )
        log = folder / "log"
        with log.open("wb") as output:
            for command in before:
                subprocess.run(
                    command, check=True, stdout=output, stderr=output, **options
                )
            process = subprocess.Popen(last, stdout=output, stderr=output, **options)
        try:
            server = Server(kind, name, port)
            server.wait(process, log)
            yield server
        finally:
            process.terminate()
            process.wait()


def _mariadb() -> Sequence[Sequence[str]]:
    """Return the commands that run a MariaDB, which needs no tables of its own for that."""
    return ((program("mariadbd", "mariadb-server-core"), *MARIADB),)


def _postgresql() -> Sequence[Sequence[str]]:
    """Return the commands that make and run a PostgreSQL."""
    initdb, postgres = (program(name, "postgresql") for name in ("initdb", "postgres"))
    return (initdb, *INITDB), (postgres, *POSTGRESQL)
