"""From packets to what is known: whose word counts, and for how long."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from .data import Told
from .profiles import PROFILES, QUANTITIES
from .profiles.base import Decoder, Kind, Settings, Value, Values

STALE_AFTER = 10.0
"""Seconds after which what was measured is not known to be so any more."""

_RANKS: Final[Mapping[str, int]] = {
    characteristic: 2 * number + (characteristic in profile.unsettled)
    for number, profile in enumerate(PROFILES.values())
    for characteristic in profile.decoders
}
"""By characteristics: the lower, the more its word counts."""


class Measuring:
    """What a monitor measures, by all the profiles that it speaks."""

    def __init__(self, settings: Settings) -> None:
        """Initialize with what is to be known of the monitor beforehand."""
        self.told: Mapping[str, Told] = {}
        """What is known now, by the keys of quantities."""
        self.stale_after = STALE_AFTER
        self._told_at: dict[str, float] = {}
        self._ranks: dict[str, int] = {}
        """Of what told it."""
        self._totals: dict[str, int] = {}
        """Of the best that ever told a total."""
        self._number = 0
        self._decoders: dict[str, Decoder] = {
            characteristic: create(settings)
            for profile in PROFILES.values()
            for characteristic, create in profile.decoders.items()
        }

    def decode(self, characteristic: str, data: bytes, at: float) -> Values:
        """Return what a packet tells, received at that monotonic time.

        Raises MalformedError.
        """
        return self._decoders[characteristic].decode(data, at)

    def take(
        self,
        characteristic: str,
        values: Values,
        at: float,
        measured_at: datetime | None = None,
    ) -> None:
        """Take what a characteristic tells, measured at that time if it was not now.

        But for what a better one of the monitor tells. Of what the monitor had kept, and tells
        at once, the latest is what is known now.
        """
        rank = _RANKS[characteristic]
        self._number += 1
        told = dict(self.told)
        for key, value in values.items():
            if self._is_of_another_total(key, value, rank) or (
                key in self._told_at
                and (
                    self._is_outdone(key, value, rank)
                    or self._is_earlier(key, measured_at, rank)
                )
            ):
                continue
            told[key] = Told(value, self._number, measured_at)
            self._told_at[key] = at
            self._ranks[key] = rank
            if value is not None and QUANTITIES[key].is_total:
                self._totals[key] = rank
        self.told = told

    def _is_of_another_total(self, key: str, value: Value, rank: int) -> bool:
        """Return whether a total is not the one that is known, but began elsewhere.

        A machine tells how far it was since it was switched on, its wheel since it was made:
        the one does not go on where the other was, however long nobody told it.
        """
        return value is not None and self._totals.get(key, rank) < rank

    def _is_outdone(self, key: str, value: Value, rank: int) -> bool:
        """Return whether what was told lately counts more than a value of a profile.

        The better profile counts, where it has something to tell.
        """
        if value is None:
            return self._ranks[key] != rank
        return self._ranks[key] < rank and self.told[key].value is not None

    def _is_earlier(self, key: str, measured_at: datetime | None, rank: int) -> bool:
        """Return whether something was measured before what was told just now.

        What comes of what was not settled yet may have another clock's time.
        """
        told = self.told[key]
        if measured_at is None or told.value is None:
            return False
        if told.measured_at is None:
            return self._ranks[key] <= rank
        return measured_at < told.measured_at

    def forget_stale(self, now: float) -> float | None:
        """Forget what is stale, and return when the next will be, None if there is none."""
        stale = {
            key for key, at in self._told_at.items() if at + self.stale_after <= now
        }
        for key in stale:
            del self._told_at[key], self._ranks[key]
        if stale:
            self.told = {
                key: told
                for key, told in self.told.items()
                if key not in stale or QUANTITIES[key].is_lasting
            }
        if self._told_at:
            return min(self._told_at.values()) + self.stale_after
        for decoder in self._decoders.values():
            decoder.reset()
        return None


def features_of(values: Values) -> set[str]:
    """Return what a monitor has, going by what it told."""
    return {
        QUANTITIES[key].feature
        for key, value in values.items()
        if has_value(value) and QUANTITIES[key].kind is not Kind.TIME
    }


def has_value(value: Value) -> bool:
    """Return whether something was told at all."""
    return value is not None and value != ()
