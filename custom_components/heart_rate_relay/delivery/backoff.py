"""How long to leave a service alone after something went wrong."""

from random import uniform

from ..destinations.errors import (
    DestinationError,
    NotAuthorisedError,
    NotEntitledError,
    WaitError,
)

MIN_BACKOFF = 1.0
MAX_BACKOFF = 5 * 60.0
"""Seconds between two tries to reach a service."""

MENDED_RETRY = 30 * 60.0
"""Seconds after which to see whether somebody has mended what is in the way."""


class Backoff:
    """Knows how often in a row something went wrong."""

    def __init__(self) -> None:
        """Initialize it as if all went well."""
        self._failures = 0

    def after(self, error: DestinationError | None) -> float | None:
        """Return the seconds to wait after an outcome, None where it was a success."""
        match error:
            case None:
                self._failures = 0
                return None
            case NotAuthorisedError() | NotEntitledError():
                return MENDED_RETRY
            case WaitError(retry_after=seconds) if seconds is not None:
                return max(seconds, MIN_BACKOFF)
        self._failures += 1
        return backoff(self._failures)


def backoff(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row.

    With full jitter, so that relays do not all return at the same moment:
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return uniform(MIN_BACKOFF, min(MAX_BACKOFF, 2.0 ** min(failures, 16)))
