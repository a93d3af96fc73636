"""What a database means by its answer to a write."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from math import inf
import re
from typing import Any

from ...reading import Reading, now_us
from ..base import Answer, Refusal, error_from
from ..errors import (
    DestinationError,
    NotAuthorisedError,
    NotEntitledError,
    RefusedError,
    UnreachableError,
)
from ..words import words_of

LIMIT = re.compile(
    r"max-[a-z-]+ limit exceeded|(would|has) exceed(ed)? .*\b(limit|columns|tables)"
)
"""What a database may hold at most, which its owner can change."""

TOO_OLD = re.compile(r"(beyond|outside) retention policy")

LEAST_RETENTION = 60 * 60.0
"""How long any InfluxDB keeps a point, in seconds."""


def is_written(answer: Answer) -> bool:
    """Return whether all lines were written.

    A 200 with a body is no confirmation: it comes from something else.
    """
    return answer.status == HTTPStatus.NO_CONTENT or (answer.ok and not answer.body)


def misses_lines(answer: Answer) -> bool:
    """Return whether a write lacked nothing but lines.

    InfluxDB 2 and 3 say so, once all else was found to be right.
    """
    return answer.status == HTTPStatus.BAD_REQUEST and (
        "requires points" in answer.text or "was empty" in answer.text
    )


def meaning_of(answer: Answer) -> DestinationError:
    """Return what an answer other than a success means."""
    reason = words_of(answer.json, answer.text)
    if answer.is_page:
        return error_from(answer)
    if answer.status == HTTPStatus.FORBIDDEN:
        return NotAuthorisedError(reason, key="may_not_write")
    if (
        answer.status == HTTPStatus.NOT_FOUND and answer.json
    ) or "retention policy not found" in reason:
        return NotEntitledError("database_not_found", reason)
    if answer.ok:
        return UnreachableError("wrong_url", reason)
    # InfluxDB 3 says so of each line, the others of them all
    if "type conflict" in answer.text or "column type" in answer.text:
        # Not the readings are wrong: the field holds something else already
        return NotEntitledError("field_conflict", reason)
    error = error_from(answer)
    if "partial write" in reason and answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        # So does InfluxDB 2.0 word what its successors answer 422 to
        error = RefusedError(reason)
    if isinstance(error, RefusedError) and LIMIT.search(answer.text):
        return NotEntitledError("series_limit", reason)
    return error


def refusals(
    readings: Sequence[Reading],
    answer: Answer,
    *,
    step: int = 1,
    times: Sequence[int] | None = None,
) -> Sequence[Refusal]:
    """Return the readings that a partial write left out.

    Times are told in steps of so many µs. Where a line is no reading the times of all lines
    are given, in µs UTC. Raises DestinationError where nothing was written, or the answer does
    not say.
    """
    error = meaning_of(answer)
    if not isinstance(error, RefusedError) or error.is_too_large:
        raise error
    reason = words_of(answer.json, answer.text)
    if lines := answer.json.get("data"):
        refused = _refused_lines(readings, lines)
        if len(refused) < len(readings):
            return refused
        raise RefusedError(refused[0].reason)
    if TOO_OLD.search(reason):
        match = re.search(r"dropped=(\d+)", reason)
        dropped = int(match[1]) if match else 0
        if times is None:
            times = [reading.measured_at for reading in readings]
        times = sorted(times)
        oldest = _until(times[:dropped], readings, step, reason)
        if dropped < len(times):
            # InfluxDB 2.7 has bounds to both sides, and does not say which it was
            if "beyond" in reason:
                return oldest
        elif times[-1] < now_us(-LEAST_RETENTION):
            # There are databases that are right not to keep any of them
            return oldest
    raise RefusedError(reason)


def _until(
    times: Sequence[int], readings: Iterable[Reading], step: int, reason: str
) -> Sequence[Refusal]:
    """Return that readings are refused which are no later than the last of some times."""
    last = times[-1] // step if times else -inf
    by_age = sorted(readings, key=lambda reading: reading.measured_at)
    return [
        Refusal(reading, reason)
        for reading in by_age
        if reading.measured_at // step <= last
    ]


def _refused_lines(
    readings: Sequence[Reading], lines: Iterable[Mapping[str, Any]]
) -> Sequence[Refusal]:
    """Return the readings that InfluxDB 3 names by their line, counted from one."""
    numbered = dict(enumerate(readings, start=1))
    try:
        refused = {
            line["line_number"]: Refusal(
                numbered[line["line_number"]], str(line["error_message"])
            )
            for line in lines
        }
    except (LookupError, TypeError) as err:
        raise RefusedError from err
    return list(refused.values())
