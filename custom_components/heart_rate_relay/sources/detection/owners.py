"""Whose sensors are these? As far as names, accounts, devices and places tell.

A sensor belongs to the person whose phone it is on, or whom it is named after. What tells
no owner is anyone's: a strap by its own may be the only person's there is, so nobody is
asked about it. Two that are alike (two sides of a bed, two of the same monitor, two accounts
at a service) are two persons', and so are sensors in two rooms.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
import re
from typing import NamedTuple

from ...metrics import Metric
from .vocabulary import Table, slug, vocabulary

_POSSESSIVE = re.compile(r"(?:^|\s)([^\W\d_][\w-]*?)(?:['’]s|(?<=s)['’])(?=\s|$)")
"""As in "Anna's watch", "Jonas' iPhone"."""


class Thing(NamedTuple):
    """A sensor, and what it may belong to."""

    entity_id: str
    metrics: frozenset[Metric]
    name: str
    person: str = ""
    """Whose it is by an account or a tracker of this person."""
    device: str = ""
    """An id, empty without a device."""
    device_name: str = ""
    model: str = ""
    platform: str = ""
    account: str = ""
    """An id, empty where it is not of an account."""
    area: str = ""

    @property
    def title(self) -> str:
        """What a person knows it by."""
        return self.device_name or self.name

    @property
    def texts(self) -> tuple[str, ...]:
        """What it, and what it belongs to, is called."""
        return self.name, self.device_name, self.area

    @property
    def words(self) -> str:
        """The same, as it is compared."""
        return " ".join(f"_{slug(text)}_" for text in self.texts)


def owners(things: Sequence[Thing], people: Sequence[str]) -> dict[str, list[str]]:
    """Return the ids of the sensors of each owner, by a name that a person knows.

    There is one owner only, without a name, where nothing speaks of several.
    """
    named = {thing.entity_id: _owner(thing, people) for thing in things}
    unnamed = [thing for thing in things if not named[thing.entity_id]]
    is_told_by_place = len({thing.area for thing in unnamed} - {""}) > 1 or (
        len(people) > 1
    )
    doubles = _doubles(unnamed)
    found: defaultdict[str, list[Thing]] = defaultdict(list)
    for thing in things:
        owner = named[thing.entity_id] or doubles.get(thing.entity_id, "")
        if not owner and is_told_by_place:
            owner = thing.area
        found[owner].append(thing)
    is_with_child = len(found) > 1 and any(map(_is_of_child, things))
    if len(found.keys() - {""}) < 2 and not is_with_child:
        return {"": [thing.entity_id for thing in things]}
    for thing in found.pop("", ()):
        found[thing.area or thing.title].append(thing)
    return {
        owner: [thing.entity_id for thing in those] for owner, those in found.items()
    }


def _owner(thing: Thing, people: Iterable[str]) -> str:
    """Return whose a sensor is by itself, empty where it does not tell."""
    if thing.person:
        return thing.person
    if person := _named_after(thing.words, people):
        return person
    for text in thing.texts:
        if owner := _POSSESSIVE.search(text):
            return owner[1]
    return (thing.area or thing.title) if _is_of_child(thing) else _side(thing)


def _named_after(words: str, people: Iterable[str]) -> str:
    """Return the person who is called by name, empty where none is, or several may be."""
    for part in (slice(None), slice(1)):
        called = {
            person
            for person in people
            if (name := slug(" ".join(person.split()[part]))) and f"_{name}_" in words
        }
        if len(called) == 1:
            return called.pop()
    return ""


def _is_of_child(thing: Thing) -> bool:
    """Return whether a sensor is of a child, who is somebody else than its parents."""
    return not thing.person and Table.CHILD in vocabulary().said(thing.words)


def _side(thing: Thing) -> str:
    """Return the side that a sensor is of, empty where it is of none."""
    if _word_for_side(thing.device_name):
        return thing.device_name
    if side := _word_for_side(thing.name):
        return f"{thing.device_name} {side}" if thing.device_name else thing.name
    return ""


def _word_for_side(text: str) -> str:
    """Return the word of a text that names a side, empty where none does."""
    sides = (
        word for word in text.split() if Table.SIDE in vocabulary().said(slug(word))
    )
    return next(sides, "")


def _doubles(things: Iterable[Thing]) -> dict[str, str]:
    """Return what those sensors are called that are there twice: for two persons."""
    kinds: defaultdict[tuple[Metric, str, str], list[Thing]] = defaultdict(list)
    for thing in things:
        for metric in thing.metrics:
            if thing.platform and thing.model:
                kinds[metric, thing.platform, thing.model].append(thing)
            if thing.platform and thing.account:
                kinds[metric, thing.platform, ""].append(thing)
    found: dict[str, str] = {}
    for (_, _, model), those in kinds.items():
        of = {thing.device if model else thing.account for thing in those}
        titles = {thing.title for thing in those}
        if len(of) > 1:
            found |= {
                thing.entity_id: thing.title if len(titles) > 1 else thing.entity_id
                for thing in those
            }
    return found
