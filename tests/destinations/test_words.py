"""What is kept of a service's words names nobody, and is nothing but words."""

from hypothesis import given, strategies as st
import pytest

from custom_components.heart_rate_relay.destinations.words import (
    MAX_WORDS,
    discreet,
    words_of,
)

SERIES = r"heart_rate,name=Anna's\ strap,source=sensor.anna,wearer=Anna\ Smith"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("too late", "too late"),
        ("not `71.5` at 12:30:01", "not … at …"),
        ("can't take it", "can't take it"),
        (
            f"unable to parse '{SERIES} bpm=x 1': bad number",
            "unable to parse … bad number",
        ),
        (
            f"oldest point {SERIES} at 2026-01-01T00:00:00Z dropped",
            "oldest point … at … dropped",
        ),
        (
            'limit exceeded (9/9): tag="name" value="Anna\'s strap" dropped=1',
            "limit exceeded …",
        ),
        ('field "Anna" and "Bert" are bad', "field … are bad"),
        ("no device Anna's strap here", "no device …'s … here"),
        (r"no device anna_s\ STRAP here", "no device …… here"),
        ("see [this](http://evil.example/x) or www.evil.example", "see this … or …"),
        ("**bold** _and_ # <b>more</b>\n\n- a\tb", "bold and …more… - a b"),
        ("mail anna@example.com about sensor.anna", "mail … about sensor.…"),
        ("key eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "key …"),
        ("key " + "a" * 40, "key …"),
    ],
)
def test_discreet(text: str, kept: str) -> None:
    """What may be kept is, and nothing else."""
    found = discreet(text, ["Anna's strap", "sensor.anna", ""])
    assert not {"anna", "strap", "smith"} & set(found.lower().split())
    if "STRAP" not in text:
        assert found == kept


@given(
    st.text(max_size=3000),
    st.text(alphabet="ab1=\\'\"<[(`.@/: \n", max_size=3000),
)
def test_any_text(text: str, awkward: str) -> None:
    """Whatever it is, it is short, on one line, without numbers and markup."""
    for words in (text, awkward, text + awkward):
        kept = discreet(words, ["Strap"])
        assert len(kept) <= MAX_WORDS
        assert kept == " ".join(kept.split())
        assert not set(kept) & set("[](){}<>*_#|`~!\\0123456789\n")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": "no"}, "no"),
        ({"code": "x", "message": "no"}, "no"),
        ({"error_code": "7", "error_message": "no"}, "no"),
        ({"detail": [{"input": 72}]}, "text"),
        ({"error": {"deep": 1}, "message": ""}, "text"),
        ({}, "text"),
    ],
)
def test_words_of(body: dict[str, object], expected: str) -> None:
    """The words of a service are where services put them."""
    assert words_of(body, "text") == expected
