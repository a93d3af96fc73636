"""Keeps to the requests that a service stands."""

from collections import deque

BACKLOG_SHARE = 0.8
"""How much of the requests that a service stands may be for what waited."""


class RateLimit:
    """Keeps to the requests a second that a service stands.

    A part of them is kept free for what is fresh.
    """

    def __init__(self, rate: int | None) -> None:
        """Initialize the limit, None for none."""
        self._rate = rate
        self._backlog_rate = max(1, int((rate or 0) * BACKLOG_SHARE))
        self._sent: deque[float] = deque(maxlen=rate)

    def note(self, now: float) -> None:
        """Take note of a request."""
        if self._rate:
            self._sent.append(now)

    def delay(self, now: float, *, backlog: bool) -> float:
        """Return in how many seconds there may be another request."""
        if not self._rate:
            return 0.0
        rate = self._backlog_rate if backlog else self._rate
        if len(self._sent) < rate:
            return 0.0
        return max(0.0, self._sent[-rate] + 1 - now)
