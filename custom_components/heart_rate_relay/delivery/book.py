"""Counts what became of readings, and keeps why the last of them were refused."""

from collections import deque
from collections.abc import Sequence

from ..destinations.base import Limits, Receipt, Refusal
from ..outbox.outbox import Outbox
from ..reading import Reading, now_us
from .overwritten import Overwritten
from .refusals import kept

KEPT_REFUSALS = 20


class Book:
    """What became of readings."""

    def __init__(self, outbox: Outbox, limits: Limits) -> None:
        """Initialize the book, which is kept in an outbox's tally."""
        self.refusals: deque[Refusal] = deque(maxlen=KEPT_REFUSALS)
        self._outbox = outbox
        self._overwritten = Overwritten(limits)

    def count(self, readings: Sequence[Reading], receipt: Receipt) -> None:
        """Count what a request came to."""
        tally = self._outbox.tally
        tally.refused += len(receipt.refused)
        tally.in_doubt += receipt.in_doubt
        if receipt.refused:
            self.refusals.extend(map(kept, receipt.refused[-KEPT_REFUSALS:]))
            tally.unseen_refusals += len(receipt.refused)
            tally.refused_for = self.refusals[-1].reason
            refused = {refusal.reading for refusal in receipt.refused}
            readings = [reading for reading in readings if reading not in refused]
        if readings:
            overwritten = self._overwritten.count(readings)
            tally.overwritten += overwritten
            tally.delivered += len(readings) - overwritten
            tally.last_delivery = now_us()

    def refuse(self, readings: Sequence[Reading], reason: str) -> None:
        """Count readings that are never accepted."""
        self.count(
            readings, Receipt([Refusal(reading, reason) for reading in readings])
        )
