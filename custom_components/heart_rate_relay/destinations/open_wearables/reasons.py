"""Why a server did not import a batch, in its own words but for what they tell of a person."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
import json
import re
from typing import Any

from ..base import Answer
from ..errors import MAX_REASON
from ..text import tidy
from .records import PROVIDER

MAX_EVENTS = 20
"""How many of the last events are looked at."""

SLACK = 5.0
"""Seconds by which an event may seem to be older than the batch: clocks show whole seconds."""

REDACTED = re.compile(r"'[^']*'|\"[^\"]*\"|\d[\d.,:+-]*")
"""Values and names in the words of a database: what is quoted, and numbers."""


def reason_of(answer: Answer, seconds: float, names: Iterable[str]) -> str:
    """Return why a batch of the last so many seconds failed, empty where that is not told.

    The answer is the list of what was imported lately, the newest first. An error names
    values and sources behind its first line, and may do so within: they are left out.
    """
    try:
        events = json.loads(answer.body)
        latest = parsedate_to_datetime(answer.headers["Date"])
        earliest = latest - timedelta(seconds=seconds + SLACK)
        error = next(_errors(events, earliest), "")
    except ArithmeticError, LookupError, RecursionError, TypeError, ValueError:
        return ""
    line, _, _ = error.partition("\n")
    for name in sorted(names, key=len, reverse=True):
        line = line.replace(name, "…")
    return tidy(REDACTED.sub("…", line), MAX_REASON)


def _errors(events: Any, earliest: datetime) -> Iterator[str]:
    """Yield why batches like ours failed since a time."""
    for event in events:
        if (
            event["status"] == "failed"
            and event["source"] == "sdk"
            and event["provider"] == PROVIDER
            and datetime.fromisoformat(event["timestamp"]) >= earliest
        ):
            yield str(event["error"])
