"""Whoever wants to be connected to a monitor."""

from collections.abc import Iterable
from typing import Protocol

from .details import Details
from .link import Link
from .profiles.base import Profile
from .trouble import Trouble


class Owner(Protocol):
    """What takes what comes over a connection, and what is found out about it."""

    def have_profiles(self, profiles: Iterable[Profile]) -> None:
        """Take what the monitor speaks."""

    def have_packet(self, characteristic: str, data: bytearray) -> bool:
        """Take a measurement, and return whether it is well-formed."""

    def have_battery(self, data: bytearray) -> None:
        """Take the battery's level."""

    def have_details(self, details: Details) -> None:
        """Take what the monitor tells of itself."""

    def have_link(self) -> None:
        """Take note that there is a connection, or none any more."""

    def have_trouble(self, trouble: Trouble | None) -> None:
        """Take note of what has gone wrong for a while, or no longer does."""

    async def async_confirm(self, link: Link) -> None:
        """Make sure whose connection it is. Raises OtherMonitorError."""

    def have_other(self) -> None:
        """Take note that it was another monitor. There are no more attempts."""
