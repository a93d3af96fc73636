"""What hinders the connection to a monitor, and for how long that may be so untold."""

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
