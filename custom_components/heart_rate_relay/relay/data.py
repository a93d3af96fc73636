"""How a relay does."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ..destinations.errors import (
    DestinationError,
    NotAuthorisedError,
    NotEntitledError,
    RefusedError,
    RefusesAllError,
    WaitError,
)


class Status(StrEnum):
    """How a delivery goes."""

    IDLE = "idle"
    """Nothing was to be delivered yet."""
    DELIVERING = "delivering"
    WAITING = "waiting"
    """The service asked for patience, or refuses everything, for minutes at most."""
    UNREACHABLE = "unreachable"
    NOT_AUTHORISED = "not_authorised"
    NOT_ENTITLED = "not_entitled"
    PAUSED = "paused"


@dataclass(frozen=True, kw_only=True)
class RelayData:
    """How a relay does."""

    status: Status
    waiting: int
    delivered: int
    refused: int
    expired: int
    overwritten: int
    in_doubt: int
    last_delivery: datetime | None
    backfill: int | None
    """How much of the history that is wanted has been read, in percent."""


FLOWING = frozenset({Status.IDLE, Status.DELIVERING})
"""Nothing hinders the delivery, as far as is known."""


def status_after(
    error: DestinationError | None, before: Status, *, is_lasting: bool
) -> Status:
    """Return how the delivery goes after an outcome.

    What has lasted for minutes is no matter of patience any more, whatever it is called.
    """
    match error:
        case None:
            return Status.DELIVERING
        case NotAuthorisedError():
            return Status.NOT_AUTHORISED
        case NotEntitledError():
            return Status.NOT_ENTITLED
        case WaitError() | RefusesAllError():
            return Status.UNREACHABLE if is_lasting else Status.WAITING
        case RefusedError():
            # A reading or two, which says nothing of the service
            return before if before in FLOWING else Status.WAITING
    return Status.UNREACHABLE
