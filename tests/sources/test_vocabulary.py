"""Do the words of all languages get along with each other, and out of the way?"""

from pathlib import Path
import subprocess
import sys

import pytest

from custom_components.heart_rate_relay.sources.detection.vocabulary import (
    LANGUAGES,
    Table,
    Vocabulary,
    slug,
    vocabulary,
)

FILES = sorted(LANGUAGES.iterdir())
MAX_LINE = 100

HARMLESS = {Table.HEART, Table.PULSE, Table.STEP_UNIT}
"""What may be said by the words that name a heart rate: others are asked of units."""


def phrases_of(file: Path) -> list[tuple[Table, str]]:
    """Return the phrases of a language, each with its table."""
    return [
        (Table(table), phrase.strip())
        for line in file.read_text("utf-8").splitlines()
        for table, _, phrases in [line.partition(":")]
        for phrase in phrases.split(",")
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_file(file: Path) -> None:
    """Each is a language, its tables in order, each phrase there once."""
    assert file.suffix == ".txt"
    lines = file.read_text("utf-8").splitlines()
    assert all(len(line) <= MAX_LINE for line in lines)
    tables = [table for table, _ in phrases_of(file)]
    assert tables == sorted(tables, key=list(Table).index)
    assert Table.HEART in tables
    phrases = phrases_of(file)
    assert len(phrases) == len(set(phrases))
    assert all(slug(phrase) for _, phrase in phrases)


def test_each_table_has_words() -> None:
    """No table is there in vain."""
    assert {table for file in FILES for table, _ in phrases_of(file)} == set(Table)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_hearts_are_nothing_else(file: Path) -> None:
    """No word for a heart rate is, in another script or language, one that rules it out."""
    for table, phrase in phrases_of(file):
        if table is Table.HEART:
            said = vocabulary().said(f"_{slug(phrase)}_")
            assert Table.HEART in said
            assert said <= HARMLESS, phrase


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("_ruheherzfrequenz_", {Table.HEART, Table.RESTING, Table.RESTING_HEART}),
        ("_hr_", {Table.PULSE}),
        ("_hr2_", {Table.PULSE}),
        ("_chr_", set()),
        ("_hrx_", set()),
        ("_atrest_", {Table.RESTING}),
        ("_max_", set()),
        ("_max_hr_", {Table.AMBIGUOUS, Table.PULSE}),
        ("_max_watch_hr_", {Table.PULSE}),
        ("_hr_ _max_", {Table.PULSE}),
        ("_impulse_rate_", {Table.IMPULSE}),
        ("_impulse_and_pulse_rate_", {Table.IMPULSE, Table.HEART, Table.PULSE}),
        ("_pulse_ox_", set()),
        ("", set()),
    ],
)
def test_said(words: str, said: set[Table]) -> None:
    """Short words stand alone, long ones within others, and some swallow others."""
    known = [Table.HEART, Table.PULSE, Table.RESTING, Table.RESTING_HEART]
    known += [Table.AMBIGUOUS, Table.IMPULSE]
    assert vocabulary().said(words) & set(known) == said


@pytest.mark.parametrize(
    ("token", "parts"),
    [
        ("restingheartrate", ["resting", "heartrate"]),
        ("avghr", ["avg", "hr"]),
        ("hrmax", ["hrmax"]),
        ("dailysteps", ["daily", "steps"]),
        ("annahr", ["annahr"]),
        ("minmax", ["minmax"]),
    ],
)
def test_parts(token: str, parts: list[str]) -> None:
    """A word is parted where it is made of known ones, of which one is sought."""
    assert vocabulary().part(token) == parts


def test_unknown_table() -> None:
    """A table that nobody asks for is a mistake."""
    with pytest.raises(ValueError, match="hart"):
        Vocabulary(["hart: heart rate"])


NOT_LOADED = """
import custom_components.heart_rate_relay.config_flow
from custom_components.heart_rate_relay.sources.detection.vocabulary import vocabulary
assert not vocabulary.cache_info().currsize
"""


def test_not_read_by_the_import() -> None:
    """Nobody pays for words who needs none."""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", NOT_LOADED], cwd=root, check=True)
