"""The table of metrics and services in the docs, written by `python -m dev.metrics_table`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from custom_components.heart_rate_relay.destinations import (
    DESTINATIONS,
    gerosense,
    live_tracking,
)
from custom_components.heart_rate_relay.destinations.influxdb.naming import Naming
from custom_components.heart_rate_relay.destinations.open_wearables import kinds
from custom_components.heart_rate_relay.metrics import METRICS, WORKOUT, Metric

PAGE = Path(__file__).parents[1] / "docs" / "relays.md"

BEGIN = "<!-- written by python -m dev.metrics_table -->\n\n"
END = "\n<!-- end of what it wrote -->"

NOTHING = "–"

WORKOUTS = "workouts"
"""What Open Wearables has apart from records."""

CALLED: Mapping[str, Callable[[Metric], str]] = MappingProxyType(
    {
        "Gerosense": lambda metric: gerosense.KINDS[metric][0],
        "livetracking.io": lambda metric: live_tracking.FIELDS[metric].key,
        "InfluxDB": lambda metric: Naming({}).place_of(metric).field,
        "Open Wearables": lambda metric: (
            WORKOUTS if metric is WORKOUT else kinds.KINDS[metric].type
        ),
    }
)
"""What services call a metric. One that is not among them has a name for nothing."""


def table() -> str:
    """Return what each service gets, a row for each metric."""
    takes = {
        destination.service: destination.limits.metrics
        for destination in DESTINATIONS.values()
    }
    rows = [
        ["Metric", "in", *takes],
        ["---"] * (2 + len(takes)),
        *(
            [
                metric.key.replace("_", " "),
                metric.unit,
                *(
                    _cell(service, metric) if metric in metrics else NOTHING
                    for service, metrics in takes.items()
                ),
            ]
            for metric in METRICS.values()
        ),
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def written(page: str) -> str:
    """Return a page with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def _cell(service: str, metric: Metric) -> str:
    """Return what a service calls a metric that it takes."""
    called = CALLED.get(service)
    return f"`{called(metric)}`" if called else "✓"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
