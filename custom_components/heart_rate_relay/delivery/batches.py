"""Makes batches of readings."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ..destinations.base import Limits
from ..metrics import Metric
from ..outbox.disk import Entry


def batches_of(
    entries: Sequence[Entry], limits: Limits
) -> tuple[list[Sequence[Entry]], bool]:
    """Return batches of a size that a service takes, and whether more are left.

    So few are left that they have to wait for others, or enough for another batch.
    """
    groups: Mapping[Metric | None, Sequence[Entry]] = {None: entries}
    if not limits.mixed:
        by_metric: defaultdict[Metric | None, list[Entry]] = defaultdict(list)
        for entry in entries:
            by_metric[entry.reading.metric].append(entry)
        groups = by_metric
    batches: list[Sequence[Entry]] = []
    is_rest = False
    for group in groups.values():
        if len(group) > limits.max_batch:
            is_rest = True
            group = group[: min(limits.max_batch, len(group) - limits.min_batch)]
        if len(group) >= limits.min_batch:
            batches.append(group)
    return batches, is_rest
