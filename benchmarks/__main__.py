"""What a relay costs, beside what people would pick instead, in a real Home Assistant.

Prints tables, and writes them with all figures as Markdown and JSON. CPU time is that of the
whole process of Home Assistant, less what it uses for the same states when nobody listens.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import groupby
import json
import os
from pathlib import Path
import platform
import signal
import sys

from dev.home_assistant.config import ROOT
from dev.home_assistant.process import HomeAssistantError

from . import draining, history, idle, live, report, watching
from .sink import Sink, running_sink
from .subject import Subject, running_subject

FOLDER = ROOT / ".benchmark"
"""What the latest run has left."""

DOC = ROOT / "docs" / "performance.md"

MARKERS = ("<!-- figures: scripts/benchmark --doc -->", "<!-- end of figures -->")

ROUNDS = 5
READINGS = 1_000_000

QUICK = live.Scenario(sensors=20, rate=5, seconds=1)
QUICK_READINGS = 20_000
QUICK_HISTORY = 5_000


def main() -> int:
    """Measure what the arguments ask for, and return the status."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="only see that all works, and all readings arrive",
    )
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"of each (default: {ROUNDS})"
    )
    parser.add_argument(
        "--doc",
        action="store_true",
        help="put the tables into docs/performance.md, too",
    )
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    # Whoever ends it, nothing is left behind
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        lost = asyncio.run(_run(arguments.quick, arguments.rounds, arguments.doc))
    except KeyboardInterrupt:
        return 130
    except HomeAssistantError as err:
        print(err, file=sys.stderr)
        return 1
    for message in lost:
        print(message, file=sys.stderr)
    return 1 if lost else 0


async def _run(quick: bool, rounds: int, doc: bool) -> Sequence[str]:
    """Measure everything, and return what was lost of readings."""
    tables: list[report.Table] = []
    with running_sink() as sink:
        async for table in _quick(sink) if quick else _all(sink, rounds):
            tables.append(table)
            print(report.markdown([table]), end="\n\n", flush=True)
    content = f"{_machine()}\n\n{report.markdown(tables)}"
    (FOLDER / "figures.md").write_text(f"{content}\n")
    figures = report.as_json(tables, _machine())
    (FOLDER / "figures.json").write_text(json.dumps(figures, indent=2))
    if doc:
        DOC.write_text(report.put_between(DOC.read_text(), MARKERS, content))
    return [loss for table in tables for loss in report.losses(table)]


async def _all(sink: Sink, rounds: int) -> AsyncIterator[report.Table]:
    """Yield all tables."""
    subjects = partial(running_subject, sink.url)
    for _, scenarios in groupby(live.SCENARIOS, key=lambda scenario: scenario.sensors):
        results = await live.measure(list(scenarios), sink, subjects, rounds)
        for scenario, by_arrangement in results.items():
            yield report.live_table(scenario, by_arrangement)
    yield report.draining_table(
        *await draining.measure(READINGS, sink, subjects, rounds)
    )
    yield report.history_table(await history.measure(history.MONTH, sink, subjects))
    for watched in (await watching.measure(subjects, rounds)).items():
        yield report.watching_table(*watched)
    yield report.idle_table(*await idle.measure(sink, subjects, rounds))


async def _quick(sink: Sink) -> AsyncIterator[report.Table]:
    """Yield one table of each kind, from a short round of each in one Home Assistant."""
    async with running_subject(sink.url, QUICK.sensors) as subject:

        def subjects(_: int) -> nullcontext[Subject]:
            return nullcontext(subject)

        results = await live.measure([QUICK], sink, subjects, rounds=1)
        yield report.live_table(QUICK, results[QUICK])
        yield report.draining_table(
            *await draining.measure(QUICK_READINGS, sink, subjects, rounds=1)
        )
        yield report.history_table(await history.measure(QUICK_HISTORY, sink, subjects))
        watched = await watching.measure(subjects, 1, watching.QUICK_SECONDS)
        for viewers, by_name in watched.items():
            yield report.watching_table(viewers, by_name)
        yield report.idle_table(*await idle.measure(sink, subjects, rounds=1))


def _machine() -> str:
    """Return where the figures come from."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = next(
        (
            line.partition(":")[2].strip()
            for line in cpuinfo.splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    version = platform.python_version()
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {version}"


if __name__ == "__main__":
    sys.exit(main())
