"""What hinders the connection to a monitor, and how long to wait because of it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Trouble(StrEnum):
    """Why there is no connection to a monitor that is heard."""

    SLOTS_FULL = "slots_full"
    """Adapters and proxies near it have all the connections that they can."""
    PAIRING_NEEDED = "pairing_needed"
    BOND_LOST = "bond_lost"
    """It does not know any more that it was paired, and this computer does."""
    REFUSED = "refused"
    """It does not take the connection: often another device has it."""
    SILENT = "silent"
    """It takes the connection, and then measures nothing."""


PATIENCE: Mapping[Trouble, float] = MappingProxyType(
    {
        Trouble.SLOTS_FULL: 20.0,
        Trouble.PAIRING_NEEDED: 0.0,
        Trouble.BOND_LOST: 0.0,
        Trouble.REFUSED: 60.0,
        Trouble.SILENT: 300.0,
    }
)
"""Seconds for which something may go wrong before a person is told."""

MIN_BACKOFF = 3.0
MAX_BACKOFF = 60.0
"""Seconds between two attempts."""

MAX_SILENT_BACKOFF = 300.0
"""The same where each costs a slot for a while, and brings nothing."""


def backoff(trouble: Trouble | None, failures: int) -> float:
    """Return for how long not to try again, in seconds, after so many failures in a row."""
    match trouble:
        case Trouble.SLOTS_FULL:
            # Nothing was sent, so nobody was bothered
            return MIN_BACKOFF
        case Trouble.PAIRING_NEEDED | Trouble.BOND_LOST:
            # Each attempt may ask its wearer something
            return MAX_BACKOFF
        case Trouble.SILENT:
            longest = MAX_SILENT_BACKOFF
        case _:
            longest = MAX_BACKOFF
    return min(longest, MIN_BACKOFF * 2.0 ** min(failures - 1, 8))
