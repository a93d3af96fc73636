"""A person at a server that an API key opens: what is imported can be seen."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from itertools import chain
from math import ceil
from typing import Any, NamedTuple, override

import aiohttp

from ...reading import Reading
from ..base import Answer, Receipt, Refusal
from ..errors import (
    DestinationError,
    NotEntitledError,
    NotStoredError,
    RefusedError,
    UnknownPersonError,
)
from ..tokens import Tokens
from .imported import NOTHING, Imported, Look, Query, Window, window_of
from .people import OpenWearablesPeople
from .reasons import MAX_EVENTS, reason_of
from .records import Record, batch_of, by_time, names_of, records_of
from .server import FIRST_BATCH, MAX_REQUEST, objection, see_queued
from .workouts import Span, batch_with, parted, query_for, span_of, span_told

LOOKS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each look whether records were imported, as long as no more were."""

HASTE = 0.5
"""Which part of the time that the last import took passes before the first look.

What is seen then tells when to look next, for a server is not as fast all the time.
"""

MIN_PAUSE = 0.25
"""Which part of the first of the seconds above is between two looks at least."""

WITNESS_VALID = 120.0
"""Seconds for which it holds that the server imports, and a batch must be at fault."""

OFTEN = 2
"""How often a workout is missing before the others that came with it are no longer in the way."""

NOT_IMPORTED = "accepted by the server, but not imported"


class Cargo(NamedTuple):
    """Records that are to be imported, none of which is there."""

    requests: Sequence[Sequence[Record]]
    """Each is imported as a whole or not at all, but for single records that are bad."""
    window: Window
    """In which they are looked for."""
    before: Look
    """What was there before they were sent."""

    @property
    def records(self) -> list[Record]:
        """All of the records by their time."""
        return sorted(chain.from_iterable(self.requests), key=by_time)

    def proves(self, missing: Sequence[Record]) -> bool:
        """Return whether one is there that was seen not to be before."""
        absent = set(missing)
        return any(
            record not in absent and self.before.reaches(record)
            for record in self.records
        )

    def without(self, imported: set[Record]) -> Cargo:
        """Return what is left of it."""
        requests = [
            [record for record in request if record not in imported]
            for request in self.requests
        ]
        total = self.before.total + len(imported)
        return self._replace(
            requests=[*filter(None, requests)], before=self.before._replace(total=total)
        )


class OpenWearables(OpenWearablesPeople):
    """A person at a server that an API key opens, so that imports can be verified."""

    limits = replace(OpenWearablesPeople.limits, max_batch=10 * MAX_REQUEST)

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination with a key to the server."""
        super().__init__(session, config, tokens)
        self._imported = Imported(self._page)
        self._is_careful = True
        self._sent_at = 0.0
        self._seconds_each = 0.0
        self._suspects: frozenset[Record] = frozenset()
        self._suspected_until = 0.0
        self._missed = Counter[Reading]()
        """How often workouts were not imported since all were."""

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        """Deliver readings, and see that they were imported.

        It begins small, and so again after any error. Raises NotStoredError where nothing
        is imported, and NotEntitledError when the person is gone.
        """
        workouts, readings = parted(readings)
        records, first = records_of(readings), 0
        if self._is_careful:
            records = await self._imported.absent(records, by_name=True)
            first = FIRST_BATCH
        self._is_careful = True
        refused = [*await self._import(records[:first])]
        refused += await self._import(records[first:])
        others = len(records) - len(refused)
        is_alone = not readings
        refused += await self._import_workouts(workouts, others, is_alone=is_alone)
        self._is_careful = False
        self._missed.clear()
        return Receipt(tuple(refused))

    async def _import_workouts(
        self, workouts: Sequence[Reading], others: int, *, is_alone: bool
    ) -> Sequence[Refusal]:
        """Have workouts imported one by one, and return which the server dropped.

        That is what was missing before, and is again while others were imported just now. Raises
        NotStoredError where that is not known yet: it may be the server that imports nothing.
        Or else what comes along is there already, and leaves no room for such others: raises
        RefusedError then, so that it goes in a batch of its own.
        """
        refused: list[Refusal] = []
        there = await self._workouts_there(workouts) if workouts else None
        for workout in workouts:
            if there and span_of(workout) in there:
                continue
            if await self._send_workout(workout):
                others += 1
                continue
            await self._see_person()
            reason = await self._reason(set(names_of(workout.source)))
            if others and self._missed[workout]:
                refused.append(Refusal(workout, _explained(reason)))
                continue
            self._missed[workout] += 1
            if not (others or is_alone) and self._missed[workout] > OFTEN:
                raise RefusedError(_explained(reason))
            raise NotStoredError("not_imported", reason)
        return refused

    async def _send_workout(self, workout: Reading) -> bool:
        """Send a workout, and return whether it is there when it should be."""
        self._sent_at = _now()
        body = batch_with([workout], self.time_zone)
        see_queued(await self._ask("POST", self._sync_url, json=body))
        for pause in LOOKS:
            await asyncio.sleep(pause)
            there = await self._workouts_there([workout])
            if there is None or span_of(workout) in there:
                return True
        return False

    async def _workouts_there(self, workouts: Sequence[Reading]) -> set[Span] | None:
        """Return which workouts are there about that time, None where it does not tell."""
        url = self._api / "users" / self._user_id / "events/workouts"
        answer = await self._ask("GET", url.with_query(query_for(workouts)))
        if answer.status == HTTPStatus.NOT_FOUND:
            await self._see_person()
            return None
        if not answer.ok:
            raise objection(answer)
        told = answer.json.get("data")
        return {*filter(None, map(span_told, told if isinstance(told, list) else ()))}

    async def _import(self, records: Sequence[Record]) -> Sequence[Refusal]:
        """Have records imported, and return which the server dropped.

        Raises RefusedError where a smaller batch may tell.
        """
        if not records:
            return ()
        cargo = await self._load(records)
        if not cargo.requests or not (missing := await self._send(cargo)):
            return ()
        await self._see_person()
        names = {name for record in missing for name in record.key[1:3] if name}
        reason = await self._reason(names)
        if cargo.proves(missing):
            return await self._import_again(cargo, missing, reason)
        if not self._are_suspect(missing) and not await self._has_witness(missing):
            raise NotStoredError("not_imported", reason)
        if len(missing) > 1:
            raise RefusedError(_explained(reason))
        return _refusals(missing, reason)

    async def _load(self, records: Sequence[Record]) -> Cargo:
        """Return what of some records is not there, so that what is there later proves something.

        They are spread over the requests, so that the first that is seen of them later has
        something of each. So it does now: where nothing is, only a count is needed.
        """
        window = window_of(records)
        before = await self._imported.look(window)
        unseen = self._imported.absent_from(records, before.samples, by_name=True)
        if len(unseen) < len(records):
            records = await self._imported.absent(records, by_name=True)
            before = before._replace(cursor=None)
        count = ceil(len(records) / MAX_REQUEST)
        return Cargo([records[n::count] for n in range(count)], window, before)

    async def _import_again(
        self, cargo: Cargo, missing: Sequence[Record], reason: str
    ) -> Sequence[Refusal]:
        """Send what is missing once more, the rest having been imported.

        A request of which nothing is there again holds a record that loses it: raises
        RefusedError then, for a smaller batch to tell which.
        """
        rest = cargo.without(set(cargo.records).difference(missing))
        left = set(await self._send(rest))
        lost = [
            request
            for request in cargo.requests
            if len(request) > 1 and left.issuperset(request)
        ]
        if lost:
            self._suspect(chain.from_iterable(lost))
            raise RefusedError(_explained(reason))
        return _refusals([each for each in missing if each in left], reason)

    def _suspect(self, records: Iterable[Record]) -> None:
        """Take note of records that were lost though the server is at work."""
        self._suspects = frozenset(records)
        self._suspected_until = _now() + WITNESS_VALID

    def _are_suspect(self, records: Sequence[Record]) -> bool:
        """Return whether others were imported just now when these were not."""
        return _now() < self._suspected_until and self._suspects.issuperset(records)

    async def _has_witness(self, records: Sequence[Record]) -> bool:
        """Return whether at least one record of a lost batch is imported when sent alone.

        So the batch is at fault, and the server is at work.
        """
        if len(records) == 1:
            return False
        for record in (records[0], records[-1]):
            # One after the other: a person's first requests get lost when they follow at once
            if not await self._send(Cargo([[record]], window_of([record]), NOTHING)):
                self._suspect(records)
                return True
        return False

    async def _send(self, cargo: Cargo) -> Sequence[Record]:
        """Send records, and return those that are not there when they should be.

        It waits as long as they become more, and looks when the last should be there.
        """
        self._sent_at = _now()
        for request in cargo.requests:
            body = batch_of(request, self.time_zone)
            see_queued(await self._ask("POST", self._sync_url, json=body))
        count, arrived, pauses = len(cargo.records), 0, iter(LOOKS)
        expected = self._sent_at + HASTE * count * self._seconds_each
        pause = max(next(pauses), expected - _now())
        while True:
            await asyncio.sleep(pause)
            there, missing = await self._look(cargo)
            seconds = _now() - self._sent_at
            if there == count:
                if count >= MAX_REQUEST:
                    self._seconds_each = seconds / count
                return ()
            if there > arrived:
                arrived, pauses = there, iter(LOOKS)
                left = seconds * (count - there) / there
                pause = min(max(left, MIN_PAUSE * LOOKS[0]), LOOKS[-1])
            elif (after := next(pauses, None)) is not None:
                pause = after
            elif missing is None:
                return await self._imported.absent(cargo.records)
            else:
                return missing

    async def _look(self, cargo: Cargo) -> tuple[int, Sequence[Record] | None]:
        """Return how many records are there, and which are not, None where that is not known.

        As many more samples as there are records are the records, where one of each request
        is seen: what others measured meanwhile cannot stand for what was lost.
        """
        records = cargo.records
        look = await self._imported.look(cargo.window)
        more = look.total - cargo.before.total
        if look.cursor is None:
            missing = self._imported.absent_from(records, look.samples)
        elif more < len(records):
            return more, None
        elif more == len(records) and self._imported.shows(look, cargo.requests):
            missing = []
        else:
            missing = await self._imported.absent(records)
        return len(records) - len(missing), missing

    async def _reason(self, names: set[str]) -> str:
        """Return why what is called so was not imported, empty where it does not say."""
        url = self._api / "users" / self._user_id / "sync/recent"
        try:
            answer = await self._ask("GET", url.with_query(limit=MAX_EVENTS))
        except DestinationError:
            return ""
        return reason_of(answer, _now() - self._sent_at, names)

    async def _page(self, query: Query) -> Answer:
        """Return some samples."""
        url = self._api / "users" / self._user_id / "timeseries"
        answer = await self._ask("GET", url.with_query(query))
        if answer.status == HTTPStatus.NOT_FOUND:
            await self._see_person()
        if not answer.ok:
            # A question has no readings that could be refused
            raise objection(answer)
        return answer

    async def _see_person(self) -> None:
        """See that the person is still known, for whom all else is discarded."""
        try:
            await self._person()
        except UnknownPersonError as err:
            raise NotEntitledError("person_gone") from err


def _explained(reason: str) -> str:
    """Return what happened to records, with the server's own words where it has some."""
    return f"{NOT_IMPORTED}: {reason}" if reason else NOT_IMPORTED


def _refusals(records: Sequence[Record], reason: str) -> Sequence[Refusal]:
    """Return that records will never be imported."""
    return [Refusal(record.reading, _explained(reason)) for record in records]


def _now() -> float:
    """Return the time of the event loop, in seconds."""
    return asyncio.get_running_loop().time()
