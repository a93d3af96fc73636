"""Finds words of many languages in the names of entities.

Words are compared as Home Assistant writes entity ids (lower case, ASCII, underscores), so
that a name in any script and the entity id made of it agree.

The tables hold words as people write them. A star stands for any ending. A phrase of
seven letters or more is also found inside longer words, as in "Ruheherzfrequenz"; a
shorter one only on its own, or among other phrases of the tables, as in "avghr".
"""

from collections.abc import Iterable
import re

from slugify import slugify

_LONG = 7
"""Letters of a phrase that may be part of a longer word."""


def slug(text: str) -> str:
    """Write a text like an entity id, for tables and entities alike."""
    return slugify(text, separator="_")


def phrases(table: Iterable[str]) -> list[str]:
    """Return the phrases of a table, long ones first, so that they win."""
    phrases = ",".join(table).split(",")
    slugs = {slug(phrase) + "*" * phrase.endswith("*") for phrase in phrases}
    return sorted(slugs, key=lambda slug: (-len(slug), slug))


def any_of(table: Iterable[str]) -> str:
    """Return a pattern of any phrase of a table, to be put between boundaries."""
    return "|".join(phrases(table))


def finder(table: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that finds the phrases of a table in the words of an entity."""
    stems: list[str] = []
    wholes: list[str] = []
    parts: list[str] = []
    for phrase in phrases(table):
        stem = phrase.removesuffix("*")
        if len(stem.replace("_", "")) >= _LONG:
            kind = parts
        else:
            kind = wholes if phrase == stem else stems
        kind.append(stem.replace("_", "_?"))
    starts = "|".join((f"(?:{'|'.join(wholes)})(?![a-z])", *stems))
    return re.compile("|".join((f"(?<![a-z0-9])(?:{starts})", *parts)))
