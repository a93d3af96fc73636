"""What words of many languages say of an entity: that it is a pulse, an average, of a meter.

Words are compared as Home Assistant writes entity ids (lower case, ASCII, underscores), so
that a name in any script and the entity id made of it agree.

The files in languages/ hold words as people write them, a file for each language, each line
a table and its phrases. A star stands for any ending. A phrase of seven letters or more is
also found inside longer words, as in "Ruheherzfrequenz"; a shorter one only on its own, or
among other phrases of the tables, as in "avghr".

They are read when they are first needed, which takes its time: not in an event loop.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache, lru_cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

from slugify import slugify

LANGUAGES = Path(__file__).with_name("languages")

_LONG = 7
"""Letters of a phrase that may be part of a longer word."""

_BEGINNING, _LONG_BEGINNING = 2, 4
"""Letters by which a phrase is looked up, and a long one, the gap behind a word among them."""


class Table(StrEnum):
    """What words may say."""

    HEART = "heart"
    """A heart rate, whatever stands beside them."""
    PULSE = "pulse"
    """A heart rate where nothing speaks of machines or music."""
    IMPULSE = "impulse"
    """An impulse: the pulse within it is none."""
    MACHINE = "machine"
    """That a pulse is that of a meter, a machine or a song."""
    RESTING = "resting"
    RESTING_HEART = "resting_heart"
    """A heart rate at rest, all by themselves."""
    AVERAGE = "average"
    PERIOD = "period"
    """That a heart rate is one of a whole period."""
    EXTREME = "extreme"
    """A minimum or a maximum."""
    RECOVERY = "recovery"
    VARIABILITY = "variability"
    LIMIT = "limit"
    """A bound, a zone or a goal."""
    WALKING = "walking"
    BREATH = "breath"
    PRESSURE = "pressure"
    """That of blood."""
    ABOUT = "about"
    """Something about a measurement, or beside it."""
    AMBIGUOUS = "ambiguous"
    """A minimum, a maximum or a zone; but also persons and places.

    They are a name where they stand alone, own something ("Max's"), or go before a thing
    that is worn ("Max Watch"). Elsewhere they are not: of "Max Smith heart rate" it cannot
    be told whose or which that is, and a wrong no costs a click where a wrong match sends
    wrong data.
    """
    WORN = "worn"
    """A thing that is worn, or slept on."""
    NEUTRAL = "neutral"
    """Nothing: names of products and units that hold words of the other tables."""
    LIVE = "live"
    """That something measures here and now."""
    APPLE = "apple"
    """That values come out of Apple's Health."""
    CHILD = "child"
    """That a child is measured."""
    SIDE = "side"
    """One side, as of a bed."""
    STEPS = "steps"
    STEP_UNIT = "step_unit"
    """The unit of steps, but of other things, too."""
    NOT_WALKED = "not_walked"
    """Steps that nobody walks, or what is not their number."""
    CADENCE = "cadence"
    OTHER_DAY = "other_day"
    """A period that is not today."""
    OF_A_DAY = "of_a_day"
    """A day: of a count, that it begins at 0 every day."""
    RMSSD = "rmssd"
    SDNN = "sdnn"
    HRV = "hrv"
    """A variability of the heart rate, however it is told."""
    OTHER_STATISTIC = "other_statistic"
    """A variability that is neither RMSSD nor SDNN."""
    VERDICT = "verdict"
    """What somebody thinks of a variability."""
    OF_A_NIGHT = "of_a_night"


_SWALLOWED = frozenset({Table.NEUTRAL, Table.IMPULSE})
"""What leaves nothing of itself for other tables."""

_SOUGHT = frozenset({Table.HEART, Table.PULSE, Table.STEPS})
_IN_COMPOUNDS = _SOUGHT | {
    *(Table.MACHINE, Table.RESTING, Table.AVERAGE, Table.PERIOD, Table.EXTREME),
    *(Table.RECOVERY, Table.VARIABILITY, Table.LIMIT, Table.WALKING, Table.BREATH),
    *(Table.PRESSURE, Table.ABOUT, Table.AMBIGUOUS),
}
"""What is told apart in a word that is made of several."""


class _Phrase(NamedTuple):
    """A phrase of a table, its words parted by underscores, or not."""

    text: str
    table: Table
    is_whole: bool = False
    """Whether no letter may follow."""

    def begins(self, words: str, start: int) -> bool:
        """Return whether it stands in words at an index."""
        if not words.startswith(self.text, start):
            return False
        end = start + len(self.text)
        return not (self.is_whole and words[end : end + 1].isalpha())


class Vocabulary:
    """The words of all languages."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Initialize the vocabulary from the lines of its files."""
        # By the letters that they begin with
        self._at_words: dict[str, list[_Phrase]] = {}
        self._anywhere: dict[str, list[_Phrase]] = {}
        self._parts: dict[str, bool] = {}
        for line in lines:
            table, _, phrases = line.partition(":")
            for phrase in phrases.split(","):
                self._add(phrase.strip(), Table(table))
        for found in (*self._at_words.values(), *self._anywhere.values()):
            found.sort(key=lambda phrase: -len(phrase.text))

    def _add(self, phrase: str, table: Table) -> None:
        """Add a phrase to a table."""
        words = slug(phrase).split("_")
        text = "".join(words)
        is_stem = phrase.endswith("*")
        if table in _IN_COMPOUNDS and not is_stem:
            self._parts[text] = self._parts.get(text, False) or table in _SOUGHT
        for gaps in product(("_", ""), repeat=len(words) - 1):
            spelt = words[0] + "".join(map("".join, zip(gaps, words[1:], strict=True)))
            if len(text) >= _LONG:
                found = self._anywhere.setdefault(spelt[:_LONG_BEGINNING], [])
                found.append(_Phrase(spelt, table))
            else:
                found = self._at_words.setdefault(f"{spelt}_"[:_BEGINNING], [])
                found.append(_Phrase(spelt, table, not is_stem))

    def said(self, words: str) -> frozenset[Table]:
        """Return of which tables there are phrases in words."""
        return frozenset(phrase.table for phrase in self._found(words))

    def part(self, token: str) -> list[str]:
        """Return "restingheartrate" as "resting" and "heartrate".

        All its parts must be known, and one of them be what is sought.
        """
        parts: list[str] = []
        start = 0
        while start < len(token):
            ends = range(len(token), start, -1)
            end = next((end for end in ends if token[start:end] in self._parts), 0)
            if not end:
                return [token]
            parts.append(token[start:end])
            start = end
        return parts if any(self._parts[part] for part in parts) else [token]

    def _found(self, words: str) -> Iterator[_Phrase]:
        """Yield the phrases in words."""
        start = 0
        while start < len(words):
            after = start + 1
            for phrase in self._at(words, start):
                if phrase.table is Table.AMBIGUOUS and self._is_name(
                    words, start, phrase
                ):
                    continue
                yield phrase
                if phrase.table in _SWALLOWED:
                    after = start + len(phrase.text)
                    break
            start = after

    def _at(self, words: str, start: int) -> Iterator[_Phrase]:
        """Yield the phrases that stand in words at an index, the longest first."""
        found = self._anywhere.get(words[start : start + _LONG_BEGINNING], ())
        yield from (phrase for phrase in found if phrase.begins(words, start))
        if not start or not words[start - 1 : start].isalnum():
            found = self._at_words.get(words[start : start + _BEGINNING], ())
            yield from (phrase for phrase in found if phrase.begins(words, start))

    def _is_name(self, words: str, start: int, ambiguous: _Phrase) -> bool:
        """Return whether an ambiguous word is a name: alone, or of who wears a thing."""
        end = start + len(ambiguous.text)
        is_alone = f" {words} "[start - 1 : end + 3] == f" _{ambiguous.text}_ "
        return is_alone or any(
            phrase.table is Table.WORN for phrase in self._at(words, end + 1)
        )


@lru_cache(maxsize=1024)
def slug(text: str) -> str:
    """Write a text like an entity id, for tables and entities alike."""
    # Where no backend is named, it looks for one in vain, on the disk, for each text
    return slugify(text, separator="_", backend="text-unidecode")


@cache
def vocabulary() -> Vocabulary:
    """Return the words of all languages."""
    return Vocabulary(
        line
        for file in sorted(LANGUAGES.glob("*.txt"))
        for line in file.read_text(encoding="utf-8").splitlines()
    )
