"""The real servers that some tests run, where they are installed."""

import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest


def program(name: str, package: str) -> str:
    """Return a server's program. Where there is none, the test is skipped.

    It fails where everything has to be tested: in CI, but for what the machine's system does
    not have (see .ci/run).
    """
    if found := shutil.which(name, path=_path()):
        return found
    message = f"{name} is not installed (Debian: apt install {package})"
    if (
        os.environ.get("CI")
        and package not in os.environ.get("NOT_TO_BE_HAD", "").split()
    ):
        pytest.fail(message)
    pytest.skip(message)


def _path() -> str:
    """Return where to look: Debian keeps servers where no user has them in the way."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return os.pathsep.join((os.environ["PATH"], "/usr/sbin", *map(str, versions)))


FREE_PORT = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens at.

    In a process of its own: a test may open no socket before it says so.
    """
    return int(subprocess.check_output([sys.executable, "-c", FREE_PORT]))
