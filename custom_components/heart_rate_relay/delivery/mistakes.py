"""Lets no mistake end a delivery for good."""

from collections.abc import Coroutine

from ..destinations.errors import DestinationError, UnreachableError
from ..unexpected import log_unexpected


class Mistakes:
    """What nobody expected of a request, and whether that is news."""

    def __init__(self) -> None:
        """Initialize it as if nothing ever went wrong."""
        self._last: type[Exception] | None = None

    def forget(self) -> None:
        """Take note that all is well: what goes wrong after that is news."""
        self._last = None

    async def caught(
        self, request: Coroutine[None, None, None]
    ) -> DestinationError | None:
        """Do what may go wrong, and return what did: what nobody expected is logged where it is news."""
        try:
            await request
        except DestinationError as err:
            return err
        except Exception as err:  # noqa: BLE001 - no mistake may end the delivery for good
            if type(err) is not self._last:
                self._last = type(err)
                log_unexpected(err, "the delivery is tried again")
            return UnreachableError("unexpected")
        return None
