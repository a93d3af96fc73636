"""What a relay costs, beside what people would pick instead, in a real Home Assistant.

Prints tables, and writes them with all figures as Markdown and JSON. CPU time is that of the
whole process of Home Assistant, less what it uses for the same states when nobody listens.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from compileall import compile_dir
from contextlib import ExitStack, nullcontext
from functools import partial
from itertools import groupby
import json
import os
from pathlib import Path
import platform
import signal
import sys
from typing import NamedTuple

from dev.home_assistant.config import ROOT
from dev.home_assistant.process import HomeAssistantError

from . import draining, history, idle, live, report, watching
from .arrangements import RELAY
from .build import RELAY_FOLDER, build_of
from .sink import Sink, running_sink
from .subject import Subject, Subjects, running_subject

FOLDER = ROOT / ".benchmark"
"""What the latest run has left."""

DOC = ROOT / "docs" / "performance.md"

MARKERS = ("<!-- figures: scripts/benchmark --doc -->", "<!-- end of figures -->")

ROUNDS = 5
READINGS = 1_000_000

QUICK_SENSORS = 20
QUICK = tuple(
    live.Scenario(sensors=QUICK_SENSORS, rate=5, seconds=1, whole=whole)
    for whole in (False, True)
)
QUICK_READINGS = 20_000
QUICK_HISTORY = 5_000


class Older(NamedTuple):
    """Another build of the relay."""

    revision: str
    tree: Path
    """Where all of that revision is."""


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
        "--against",
        metavar="REVISION",
        help="drain, backfill and set up with another build beside this one, too",
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
        with ExitStack() as stack:
            older = None
            if revision := arguments.against:
                older = Older(revision, stack.enter_context(build_of(revision)))
            lost = asyncio.run(
                _run(arguments.quick, arguments.rounds, older, arguments.doc)
            )
    except KeyboardInterrupt:
        return 130
    except HomeAssistantError as err:
        print(err, file=sys.stderr)
        return 1
    for message in lost:
        print(message, file=sys.stderr)
    return 1 if lost else 0


async def _run(
    quick: bool, rounds: int, older: Older | None, doc: bool
) -> Sequence[str]:
    """Measure everything, and return what was lost of readings."""
    tables: list[report.Table] = []
    with running_sink() as sink:
        async for table in _quick(sink) if quick else _all(sink, rounds, older):
            tables.append(table)
            print(report.markdown([table]), end="\n\n", flush=True)
    content = f"{_machine()}\n\n{report.markdown(tables)}"
    (FOLDER / "figures.md").write_text(f"{content}\n")
    figures = report.as_json(tables, _machine())
    (FOLDER / "figures.json").write_text(json.dumps(figures, indent=2))
    if doc:
        DOC.write_text(report.put_between(DOC.read_text(), MARKERS, content))
    return [loss for table in tables for loss in report.losses(table)]


async def _all(
    sink: Sink, rounds: int, older: Older | None
) -> AsyncIterator[report.Table]:
    """Yield all tables."""
    subjects = partial(running_subject, sink.url)
    for _, scenarios in groupby(live.SCENARIOS, key=lambda scenario: scenario.kind):
        results = await live.measure(list(scenarios), sink, subjects, rounds)
        for scenario, by_arrangement in results.items():
            yield report.live_table(scenario, by_arrangement)
    relays = {RELAY: ROOT / RELAY_FOLDER}
    trees: dict[str, Path] = {}
    if older:
        name = f"the build {older.revision}"
        trees[name] = older.tree
        relays[name] = older.tree / RELAY_FOLDER
    builds: dict[str, Subjects] = {
        name: partial(running_subject, sink.url, relay=relay)
        for name, relay in relays.items()
    }
    drained = await draining.measure(READINGS, sink, builds, rounds, trees)
    yield report.draining_table(drained)
    yield report.history_table(
        {
            name: await history.measure(history.MONTH, sink, of_build)
            for name, of_build in builds.items()
        }
    )
    for watched in (await watching.measure(subjects, rounds)).items():
        yield report.watching_table(*watched)
    for name, relay in relays.items():
        # No code may have been imported before the first is set up, and none is to be compiled
        compile_dir(relay, quiet=1)
        bare = partial(running_subject, sink.url, relay=relay, services=())
        idled = await idle.measure(sink, bare, rounds, with_floor=name == RELAY)
        yield report.idle_table(name, idled)


async def _quick(sink: Sink) -> AsyncIterator[report.Table]:
    """Yield one table of each kind, from a short round of each in one Home Assistant."""
    async with running_subject(sink.url, QUICK_SENSORS) as subject:

        def subjects(_: int) -> nullcontext[Subject]:
            return nullcontext(subject)

        for scenario in QUICK:
            results = await live.measure([scenario], sink, subjects, rounds=1)
            yield report.live_table(scenario, results[scenario])
        builds: dict[str, Subjects] = {RELAY: subjects}
        yield report.draining_table(
            await draining.measure(QUICK_READINGS, sink, builds, rounds=1)
        )
        backfilled = await history.measure(QUICK_HISTORY, sink, subjects)
        yield report.history_table({RELAY: backfilled})
        watched = await watching.measure(subjects, 1, watching.QUICK_SECONDS)
        for viewers, by_name in watched.items():
            yield report.watching_table(viewers, by_name)
        yield report.idle_table(RELAY, await idle.measure(sink, subjects, rounds=1))


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
