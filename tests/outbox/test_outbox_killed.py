"""What a killed process leaves behind."""

import asyncio
from pathlib import Path
from random import uniform
import signal
import subprocess
import sys
import time

import pytest

from .common import left_by_a_kill


@pytest.mark.parametrize("settles", ["settles", "adds"])
def test_killed(tmp_path: Path, settles: str) -> None:
    """Of what is older than a second, a kill takes nothing and brings nothing back."""
    script = Path(__file__).with_name("outbox_process.py")
    paths = [tmp_path / f"{number}" / "outbox.db" for number in range(6)]
    processes = [
        subprocess.Popen(
            [sys.executable, script, path, settles],
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        for path in paths
    ]
    started = [_first_line(process) for process in processes]
    time.sleep(1.1)
    told = []
    for process, first in zip(processes, started, strict=True):
        time.sleep(uniform(0, 0.3))
        killed_at = time.time()
        process.kill()
        told.append((killed_at, first + process.communicate()[0]))
        assert process.returncode == -signal.SIGKILL
    for path, (killed_at, output) in zip(paths, told, strict=True):
        _check_killed(asyncio.run(left_by_a_kill(path)), killed_at, output)


def _first_line(process: subprocess.Popen[str]) -> str:
    """Wait until a process adds readings, and return the first line it tells."""
    assert process.stdout
    return process.stdout.readline()


def _check_killed(left: list[float], killed_at: float, output: str) -> None:
    """Compare what is left with what a process told."""
    told: dict[str, set[float]] = {"added": set(), "settling": set(), "settled": set()}
    must: set[float] = set()
    for line in output.splitlines(keepends=True):
        if line.endswith("\n"):
            what, number, at, late = line.split()
            told[what].add(float(number))
            if what == "added" and float(at) < killed_at - 1 - float(late):
                must.add(float(number))
    assert must
    assert left == sorted(set(left))
    assert must - told["settling"] <= set(left)
    assert not set(left) & told["settled"]
