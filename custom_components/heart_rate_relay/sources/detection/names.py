"""Which words are an entity's own, and which its device's."""

import re

from .candidate import Candidate
from .vocabulary import Table, slug, vocabulary

NAMES = frozenset({Table.HEART, Table.PULSE, Table.HRV, Table.STEPS})
"""What says by itself what an entity is of."""


def own_words(candidate: Candidate) -> str:
    """Return the words of an entity, each text of it between underscores."""
    object_id = candidate.entity_id.partition(".")[2]
    names = [
        name for name in (candidate.device_name, candidate.device_first_name) if name
    ]
    # Capitals part the words of "avgHeartRate", not those of "HEARTrate": read both ways
    spelt = {
        slug(spell(text)): [slug(spell(name)) for name in names]
        for text in (object_id, candidate.name, candidate.first_name, candidate.key)
        if text
        for spell in (_part_at_capitals, str)
    }
    former = _former_name(candidate, [slug(name) for name in names])
    own: list[str] = []
    of_device: list[str] = []
    for text, devices in spelt.items():
        words = _parted(_without(text, (*devices, former)))
        is_own = text not in devices and (
            text != slug(object_id) or _begins_with(text, devices)
        )
        (own if is_own or not devices else of_device).append(words)
    words = " ".join(own)
    if of_device and not vocabulary().said(words) & NAMES:
        words = " ".join((*own, *of_device))
    return words


def _part_at_capitals(text: str) -> str:
    """Write "avgHeartRate" as "avg Heart Rate"."""
    return _CAPITAL.sub(" ", text)


def _former_name(candidate: Candidate, devices: list[str]) -> str:
    """Return what a device was called before, empty where its entity does not tell.

    An entity id keeps the name that the device had at first, before the entity's own.
    """
    object_id = _NUMBER.sub("", slug(candidate.entity_id.partition(".")[2]))
    name = slug(candidate.name or "")
    if _begins_with(object_id, devices):
        return ""
    for device in devices:
        for own in (name.removeprefix(f"{device}_"), slug(candidate.key or "")):
            if own and object_id.endswith(f"_{own}"):
                return object_id.removesuffix(f"_{own}")
    return ""


def _begins_with(text: str, devices: list[str]) -> bool:
    """Return whether a text begins with a device's name."""
    return any(f"{text}_".startswith(f"{device}_") for device in devices)


def _without(text: str, devices: tuple[str, ...]) -> str:
    """Leave out a device's names, unless one ends the text: then it is the entity's."""
    text = f"_{text}_"
    for device in filter(None, devices):
        before, _, after = text.partition(f"_{device}_")
        if after:
            text = f"{before}_{after}"
    return text


def _parted(text: str) -> str:
    """Part the compounds in a text."""
    return _TOKEN.sub(lambda match: "_".join(vocabulary().part(match[0])), text)


_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NUMBER = re.compile(r"_\d+$")
_TOKEN = re.compile(r"[a-z]+")
