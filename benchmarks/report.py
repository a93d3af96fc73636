"""The tables, as Markdown, and all figures, as JSON."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from statistics import median
from typing import Any

from .arrangements import FLOOR, NOTHING, RELAY, Arrangement
from .draining import Drained
from .figures import added, percentile, spread
from .history import Backfilled
from .idle import SetUp
from .live import OTHERS, Round, Rounds, Scenario
from .watching import BARE, NOBODY, RATE, Watched

US = 1e6
MS = 1e3
MB = 1024 * 1024

LEAST_FLOOR = 1.0
"""µs for a state: two runs with nothing on differ by more than less than that."""

type Row = Mapping[str, float | int | str | None]
"""By the headings of the columns. Units are in the headings."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Figures of one kind."""

    title: str
    rows: Sequence[Row]


def live_table(scenario: Scenario, rounds: Rounds) -> Table:
    """Return what a scenario came to."""
    nothing, floor = rounds[NOTHING], rounds[FLOOR]
    floor_cpu = _cpu(floor, nothing)
    return Table(
        title=f"{scenario.name}, {scenario.sensors * scenario.rate:g} states a second",
        rows=[
            _live_row(arrangement, own, nothing, floor_cpu)
            for arrangement, own in rounds.items()
        ],
    )


def _live_row(
    arrangement: Arrangement,
    own: Sequence[Round],
    nothing: Sequence[Round],
    floor_cpu: float,
) -> Row:
    """Return what a scenario came to with one arrangement."""
    latencies = [ms for one in own for ms in one.arrived.latencies]
    delays = [ms for one in own for ms in one.delays]
    is_nothing = arrangement is NOTHING
    cpu = _cpu(own, nothing)
    each = [_cpu([one], [beside]) for one, beside in zip(own, nothing, strict=True)]
    expected = sum(one.expected for one in own)
    return {
        "": arrangement.name,
        "CPU for a state, µs": None if is_nothing else round(cpu, 1),
        "±": None if is_nothing else round(spread(each), 1),
        "× the bare POST": (
            None if is_nothing or floor_cpu < LEAST_FLOOR else round(cpu / floor_cpu, 2)
        ),
        "p50, ms": _rounded(percentile(latencies, 50)) if latencies else None,
        "p99, ms": _rounded(percentile(latencies, 99)) if latencies else None,
        "event loop late, p99, ms": round(percentile(delays, 99), 1),
        "added to a state of another entity, µs": (
            None
            if is_nothing
            else round(
                added(
                    [one.other_cpu for one in own],
                    [one.other_cpu for one in nothing],
                    OTHERS,
                )
                * US,
                2,
            )
        ),
        "lost": None if is_nothing else expected - arrived_of(own),
        "twice": None if is_nothing else sum(one.arrived.duplicates for one in own),
    }


def arrived_of(rounds: Iterable[Round]) -> int:
    """Return how many readings arrived."""
    return sum(one.arrived.readings for one in rounds)


def _cpu(own: Sequence[Round], nothing: Sequence[Round]) -> float:
    """Return the CPU time that each state costs, in µs."""
    return (
        added([one.cpu for one in own], [one.cpu for one in nothing], own[0].states)
        * US
    )


def _rounded(ms: float) -> float | None:
    """Return milliseconds as precisely as they are known: not at all in too short a time."""
    if isnan(ms):
        return None
    return round(ms, 2) if ms < 10 else round(ms)


def draining_table(by_build: Mapping[str, Sequence[Drained]]) -> Table:
    """Return what draining came to with each build, and its floor."""
    return Table(
        title=f"Draining {by_build[RELAY][0].readings:,} readings to an InfluxDB",
        rows=[
            {
                "": name,
                "readings a second": round(
                    median(one.readings / one.seconds for one in results), -3
                ),
                "CPU for a reading, µs": round(
                    median(one.cpu / one.readings for one in results) * US, 1
                ),
                "memory at its highest, MB": round(
                    median(one.memory for one in results) / MB, 1
                ),
                "event loop late, p99, ms": _rounded(
                    median(percentile(one.delays, 99) for one in results)
                ),
                "lost": sum(one.readings - one.arrived for one in results),
            }
            for name, results in by_build.items()
        ],
    )


def history_table(by_build: Mapping[str, Backfilled]) -> Table:
    """Return what a backfill came to with each build, beside doing nothing."""
    return Table(
        title=(
            f"Backfilling {by_build[RELAY].readings:,} readings "
            "from the recorder to an InfluxDB"
        ),
        rows=[
            {
                "": NOTHING.name,
                "readings a second": None,
                "CPU for a reading, µs": None,
                "memory at its highest, MB": None,
                **_lateness(by_build[RELAY].delays_before),
                "lost": None,
            },
            *(_backfilled_row(name, one) for name, one in by_build.items()),
        ],
    )


def _backfilled_row(name: str, one: Backfilled) -> Row:
    """Return what a backfill came to with a build."""
    return {
        "": name,
        "readings a second": round(one.readings / one.seconds),
        "CPU for a reading, µs": round(one.cpu / one.readings * US, 1),
        "memory at its highest, MB": round(one.memory / MB, 1),
        **_lateness(one.delays),
        "lost": one.readings - one.arrived,
    }


def _lateness(delays: Sequence[float]) -> dict[str, float | None]:
    """Return how late the event loop was."""
    return {
        "event loop late, p50, ms": _rounded(percentile(delays, 50)),
        "p99, ms": _rounded(percentile(delays, 99)),
        "at most, ms": _rounded(max(delays, default=nan)),
    }


def watching_table(viewers: int, results: Mapping[str, Sequence[Watched]]) -> Table:
    """Return what it comes to that many watch a heart rate, beside that nobody does."""

    def cpu(name: str) -> float:
        own, nobody = ([one.cpu for one in results[key]] for key in (name, NOBODY))
        return added(own, nobody, results[name][0].states) * US

    def row(name: str) -> Row:
        latencies = [ms for one in results[name] for ms in one.latencies]
        expected = sum(one.expected for one in results[name])
        return {
            "": name,
            "CPU for a state, µs": round(cpu(name), 1),
            # What a single message costs is less than what rounds differ by
            "× bare": round(cpu(name) / cpu(BARE), 2) if viewers > 1 else None,
            "p50, ms": _rounded(percentile(latencies, 50)),
            "p99, ms": _rounded(percentile(latencies, 99)),
            "lost": expected - len(latencies),
        }

    return Table(
        title=f"1 sensor at {RATE:g} Hz, watched by {viewers}",
        rows=[row(name) for name in results if name != NOBODY],
    )


def idle_table(build: str, by_name: Mapping[str, Sequence[SetUp]]) -> Table:
    """Return what the set-up came to with a build."""
    title = "Setting up relays that have nothing to do"
    return Table(
        title=title if build == RELAY else f"{title}, with {build}",
        rows=[
            {
                "": name,
                "time, ms": round(median(one.seconds for one in results) * MS, 1),
                "CPU, ms": round(median(one.cpu for one in results) * MS, 1),
                "memory, kB": round(median(one.memory for one in results) / 1024),
            }
            for name, results in by_name.items()
        ],
    )


def losses(table: Table) -> Iterator[str]:
    """Yield what readings a relay has lost: it may lose none."""
    for row in table.rows:
        if str(row[""]).startswith(RELAY) and (lost := row.get("lost")):
            yield f"{table.title}: {lost} readings did not arrive by {row['']}"


def markdown(tables: Iterable[Table]) -> str:
    """Return tables as Markdown."""
    return "\n\n".join(_markdown_table(table) for table in tables)


def _markdown_table(table: Table) -> str:
    headings = list(table.rows[0])
    lines = [
        headings,
        ["---", *("--:" for _ in headings[1:])],
        *([_cell(row[heading]) for heading in headings] for row in table.rows),
    ]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"**{table.title}**\n\n{body}"


def _cell(value: float | str | None) -> str:
    """Return what stands in a cell."""
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:,g}"


def as_json(tables: Iterable[Table], machine: str) -> dict[str, Any]:
    """Return tables as what JSON can write."""
    return {
        "machine": machine,
        "tables": [{"title": table.title, "rows": table.rows} for table in tables],
    }


def put_between(text: str, markers: tuple[str, str], content: str) -> str:
    """Return a text with something else between two markers.

    Raises ValueError where they are not there.
    """
    begin, end = markers
    before, found, rest = text.partition(begin)
    _, found_too, after = rest.partition(end)
    if not (found and found_too):
        raise ValueError(f"{begin} and {end} are not in it")
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"
