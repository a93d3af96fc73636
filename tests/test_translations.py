"""Each language tells the same as English, and all of it."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.heart_rate_relay import config_flow

from .test_strings import HTML, STRINGS, URL, placeholders, texts

FOLDER = Path(config_flow.__file__).parent / "translations"

LANGUAGES = ("de", "es", "fr", "nl", "pl", "zh-Hans")
"""Besides English."""

ENGLISH = dict(texts(STRINGS))


def read(language: str) -> Mapping[str, Any]:
    """Return the texts of a language."""
    loaded = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_languages() -> None:
    """All languages are held to the rules here, and none has gone."""
    found = {path.stem for path in FOLDER.iterdir()}
    assert found == {"en", *LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_complete(language: str) -> None:
    """No text is missing, none is of no use, and they are in the same order."""
    assert list(dict(texts(read(language)))) == list(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders(language: str) -> None:
    """What is filled in in English is filled in everywhere, and nothing else."""
    assert {
        path: (placeholders({path: text}), placeholders({path: ENGLISH[path]}))
        for path, text in texts(read(language))
        if placeholders({path: text}) != placeholders({path: ENGLISH[path]})
    } == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_form(language: str) -> None:
    """Texts keep the form of the English ones: paragraphs, and where a sentence ends."""
    for path, text in texts(read(language)):
        english = ENGLISH[path]
        assert text.strip() == text != "", path
        assert text.count("\n\n") == english.count("\n\n"), path
        assert not URL.search(text), path
        assert not HTML.search(text), path
        assert "  " not in text, path
        assert text.endswith((".", "。")) == english.endswith("."), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_translated(language: str) -> None:
    """Sentences are not left in English."""
    same = [
        path
        for path, text in texts(read(language))
        if text == ENGLISH[path] and len(text.split()) > 3
    ]
    assert not same
