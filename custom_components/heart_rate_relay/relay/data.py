"""How a relay does."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ..destinations.base import (
    DestinationError,
    NotAuthorisedError,
    NotEntitledError,
    WaitError,
)


class Status(StrEnum):
    """How a delivery goes."""

    IDLE = "idle"
    """Nothing was to be delivered yet."""
    DELIVERING = "delivering"
    WAITING = "waiting"
    """The service asked for patience."""
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
    in_doubt: int
    last_delivery: datetime | None
    backfill: int | None
    """How much of the history that is wanted has been read, in percent."""


def status_after(error: DestinationError | None) -> Status:
    """Return how the delivery goes after an outcome."""
    match error:
        case None:
            return Status.DELIVERING
        case NotAuthorisedError():
            return Status.NOT_AUTHORISED
        case NotEntitledError():
            return Status.NOT_ENTITLED
        case WaitError():
            return Status.WAITING
    return Status.UNREACHABLE
