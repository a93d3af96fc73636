"""What may be kept of a refusal: a reason that names nobody."""

from collections.abc import Iterable

from ..destinations.base import Refusal
from ..destinations.words import discreet
from ..reading import Reading


def kept(refusal: Refusal) -> Refusal:
    """Return a refusal as it may be kept."""
    return Refusal(refusal.reading, words_about([refusal.reading], refusal.reason))


def words_about(readings: Iterable[Reading], words: str) -> str:
    """Return a service's words without what the sensors of readings are called."""
    sources = {reading.source for reading in readings}
    names = {
        name
        for source in sources
        for name in (source.name, source.entity_id, source.device.name)
    }
    return discreet(words, names)
