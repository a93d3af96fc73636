"""Makes batches of readings."""

from collections import defaultdict

from ..destinations.base import Limits
from ..metrics import Metric
from ..outbox.entries import Entries


def batches_of(entries: Entries, limits: Limits) -> tuple[list[Entries], bool]:
    """Return batches of a size that a service takes, and whether more are left.

    So few are left that they have to wait for others, or enough for another batch.
    """
    groups = [entries]
    if not limits.mixed:
        places: defaultdict[Metric, list[int]] = defaultdict(list)
        for place, (metric, _) in enumerate(entries.readings.series):
            places[metric].append(place)
        groups = [entries.pick(some) for some in places.values()]
    batches: list[Entries] = []
    is_rest = False
    for group in groups:
        if len(group) > limits.max_batch:
            is_rest = True
            group = group[: min(limits.max_batch, len(group) - limits.min_batch)]
        if len(group) >= limits.min_batch:
            batches.append(group)
    return batches, is_rest
