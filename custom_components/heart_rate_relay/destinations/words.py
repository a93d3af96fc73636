"""What may be kept of a service's own words, for a person to read who did not write them.

They may repeat what was sent, and with it who wears a sensor, what it is called and what it
measured; and they may be written so that they look like ours.
"""

from collections.abc import Iterable
import re
from typing import Any

MAX_WORDS = 200
"""How much is kept, in characters."""

GAP = "…"
"""In place of what is left out."""

# Before anything else: a quotation may hold one of these, or be cut in two by it
PAIRS = re.compile(r"""(?:\\.|[^\s\\=])+=(?:"(?:\\.|[^"\\])*"|'.*'|(?:\\.|[^\s\\])*)""")
"""As line protocol has them: a measurement with its tags, or a field with its value."""

PRIVATE = re.compile(
    r"""
    <[^>]*>?                                            # what a browser would take for more
    |(?:\w+:)?//\S* | \bwww\.\S* | \S+@\S+              # addresses
    |(?<!\w)"(?:.*"|.*) | `(?:.*`|.*) | “(?:.*”|.*)     # quotations, to the end of the last
    |(?<![\w…])'(?:.*'|.*) | «(?:.*»|.*) | ‘(?:.*’|.*)
    |\w+(?:\.\w+)+                                      # entity ids, names of hosts
    |\S*\d\S*                                           # numbers, and what has them
    |\S{30,}                                            # no word of a language
    """,
    re.VERBOSE,
)

MARKUP = re.compile(r"[][(){}<>|*_#~!\\^&$`\"]+")
"""What makes more of a text than words."""

GAPS = re.compile(rf"{GAP}(?:[\s,;:.=-]*{GAP})+")

COMMON = frozenset({"heart", "rate", "sensor", "monitor"})
"""Words in the names of sensors that name none."""

KEYS = ("error", "message", "error_message", "detail", "error_description")
"""Where services put their words."""


def words_of(body: Any, text: str) -> str:
    """Return a service's own words, out of a body's JSON object or its text."""
    for key in KEYS:
        if isinstance(words := body.get(key), str) and words:
            return words
    return text


def discreet(text: str, names: Iterable[str] = ()) -> str:
    """Return words that name nobody and nothing, are on one line, and only words.

    The names are those that are known to be nobody's business.
    """
    # So much that what is left out leaves enough, and no more: a hostile text takes time
    text = text[: 5 * MAX_WORDS]
    named = {
        word.lower() for name in names for word in re.findall(r"[^\W\d_]{3,}", name)
    }
    if named := named - COMMON:
        words = "|".join(sorted(named))
        text = re.sub(
            rf"(?<![^\W_])({words})(?![^\W_])", GAP, text, flags=re.IGNORECASE
        )
    text = PRIVATE.sub(GAP, PAIRS.sub(GAP, text))
    text = "".join(char if char.isprintable() else " " for char in text)
    text = " ".join(MARKUP.sub(" ", text).split())
    return GAPS.sub(GAP, text)[:MAX_WORDS].strip()
