"""What is printed in the terminal."""

from collections.abc import Iterable
from datetime import UTC, datetime
import os
import re
import sys

from .tally import Delivery, Tally

COLORS = {
    "pulsoid": "31",
    "livetracking": "34",
    "influxdb_v1": "32",
    "influxdb_v2": "36",
    "influxdb_v3": "35",
}
WARNING = "33"

LOG_LINE = re.compile(
    r"\d{4}-\d\d-\d\d \S+ (?P<level>[A-Z]+) \(\S+\) \[(?P<logger>\S+)\]"
)
"""How a line of Home Assistant's log begins, where it does not go on with the last one."""

LOUD = {"WARNING", "ERROR", "CRITICAL"}

COLUMNS = "{:<13}{:>10}{:>10}{:>6}{:>12}{:>9}{:>10}{:>10}"


def has_colors() -> bool:
    """Return whether the terminal shows colours."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(text: str, color: str) -> str:
    """Return a text in a colour, where colours are shown."""
    return f"\033[{color}m{text}\033[0m" if has_colors() else text


def delivery_line(delivery: Delivery) -> str:
    """Return a line about a delivery."""
    arrival, measurement = delivery.arrival, delivery.measurement
    source = measurement.entity_id if measurement else arrival.source or "unknown"
    line = (
        f"{arrival.service:<13}{arrival.value:>5g} bpm  {source:<36}"
        f"measured {_clock(arrival.measured_at)}  after {delivery.latency:>8.1f} ms"
    )
    if delivery.is_altered:
        return paint(f"{line}  not what was measured", WARNING)
    return paint(line, COLORS[arrival.service])


def summary(tallies: Iterable[Tally]) -> str:
    """Return a table of what became of all readings."""
    lines = [
        COLUMNS.format(
            *("service", "delivered", "due", "lost", "duplicated", "wrong"),
            *("p50 ms", "p99 ms"),
        )
    ]
    for tally in tallies:
        line = COLUMNS.format(
            tally.service,
            len(tally.deliveries),
            len(tally.due),
            len(tally.lost),
            tally.duplicated,
            len(tally.wrong),
            f"{tally.latency(50):.1f}",
            f"{tally.latency(99):.1f}",
        )
        lines.append(line if tally.is_good else paint(line, WARNING))
        lines.extend(
            f"  lost: {lost.value:g} bpm of {lost.entity_id} at {_clock(lost.at)}"
            for lost in tally.lost[:5]
        )
    return "\n".join(lines)


class LogFilter:
    """Prints what the integration warns of in Home Assistant's log."""

    def __init__(self, name: str) -> None:
        """Initialize the filter for an integration."""
        self.errors = 0
        """How many errors it has printed."""
        self._name = name
        self._printing = False

    def add(self, line: str) -> None:
        """Print a line of the log, if it is such a one or goes on with it."""
        if match := LOG_LINE.match(line):
            self._printing = (
                match["level"] in LOUD
                and self._name in line
                # What Home Assistant says of every custom integration
                and match["logger"] != "homeassistant.loader"
            )
            self.errors += self._printing and match["level"] != "WARNING"
        if self._printing:
            print(paint(line, WARNING))


def _clock(at: int) -> str:
    """Return the time of day in UTC of a moment (ms)."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
