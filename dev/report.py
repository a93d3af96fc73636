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
    "gerosense": "95",
    "open_wearables": "94",
}
WARNING = "33"

LOG_LINE = re.compile(
    r"\d{4}-\d\d-\d\d \S+ (?P<level>[A-Z]+) \(\S+\) \[(?P<logger>\S+)\]"
)
"""How a line of Home Assistant's log begins, where it does not go on with the last one."""

LOUD = {"WARNING", "ERROR", "CRITICAL"}

SERVICE_WIDTH = 16

COLUMNS = f"{{:<{SERVICE_WIDTH}}}" + "{:>8}{:>10}{:>8}{:>6}{:>6}{:>12}{:>7}{:>10}{:>10}"


def has_colors() -> bool:
    """Return whether the terminal shows colours."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(text: str, color: str) -> str:
    """Return a text in a colour, where colours are shown."""
    return f"\033[{color}m{text}\033[0m" if has_colors() else text


def delivery_line(delivery: Delivery) -> str:
    """Return a line about a delivery."""
    arrival, unit = delivery.arrival, delivery.metric.unit
    source = delivery.source or "unknown"
    line = (
        f"{arrival.service:<{SERVICE_WIDTH}}{delivery.told.value:>5g} {unit:<6}{source:<36}"
        f"measured {_clock(arrival.measured_ms)}  after {delivery.latency:>8.1f} ms"
    )
    if delivery.is_altered:
        return paint(f"{line}  not what was measured", WARNING)
    return paint(line, COLORS[arrival.service])


def summary(tallies: Iterable[Tally]) -> str:
    """Return a table of what became of all readings."""
    lines = [
        COLUMNS.format(
            *(
                "service",
                "metrics",
                "delivered",
                "due",
                "held",
                "lost",
                "duplicated",
                "wrong",
            ),
            *("p50 ms", "p99 ms"),
        )
    ]
    for tally in tallies:
        line = COLUMNS.format(
            tally.service,
            len({delivery.metric for delivery in tally.deliveries}),
            len(tally.deliveries),
            len(tally.due),
            len(tally.held),
            len(tally.lost),
            tally.duplicated,
            len(tally.wrong),
            *(_latency(tally, percentile) for percentile in (50, 99)),
        )
        lines.append(line if tally.is_good else paint(line, WARNING))
        if not tally.gathers and any(one.is_from_air for one in tally.deliveries):
            lines.append(
                f"  from the air: p50 {tally.latency_from_air(50):.1f} ms, "
                f"p99 {tally.latency_from_air(99):.1f} ms"
            )
        lines.extend(
            f"  {metric.key.replace('_', ' ')}: {counted.delivered:g} delivered, "
            f"{counted.held:g} held, {counted.counted:g} counted"
            for metric, counted in tally.counted.items()
        )
        lines.extend(
            f"  lost: {lost.value:g} {lost.metric.unit} of {lost.entity_id} "
            f"at {_clock(lost.at)}"
            for lost in tally.lost[:5]
        )
    return "\n".join(lines)


def _latency(tally: Tally, percentile: float) -> str:
    """Return a latency in ms, where it tells something."""
    return "-" if tally.gathers else f"{tally.latency(percentile):.1f}"


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
