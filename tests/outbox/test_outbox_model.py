"""The outbox against a plain list that does the same, over whatever may happen to it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
import shutil
import tempfile

from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
import pytest

from custom_components.heart_rate_relay.outbox.entries import Entry
from custom_components.heart_rate_relay.outbox.hold import Hold
from custom_components.heart_rate_relay.outbox.outbox import STORE_AFTER, Outbox
from custom_components.heart_rate_relay.reading import Reading, Source

from .common import STRAP, WATCH, Clock, reading

MAX_READINGS = 8
MAX_AGE = 1000.0


@dataclass
class Waiting:
    """A reading that waits, as the model knows it."""

    reading: Reading
    added_at: float
    stored: bool = False


class Model:
    """What an outbox does, without a disk, threads or a timer."""

    def __init__(self) -> None:
        """Initialize the model."""
        self.waiting: list[Waiting] = []
        """In the order of arrival."""
        self.expired = 0
        self.expired_on_disk = 0

    @property
    def fresh(self) -> list[Waiting]:
        """What is in memory."""
        return [one for one in self.waiting if not one.stored]

    def add(self, reading: Reading, now: float, oldest: float) -> None:
        """Add a reading, unless it was measured before a time, in µs."""
        if reading.measured_at < oldest:
            self.expired += 1
        else:
            self.waiting.append(Waiting(reading, now))

    def take(self, count: int, *, newest_first: bool, oldest: float) -> list[Reading]:
        """Return what is to come next, and let fall out what is too old for that."""
        if newest_first and self.fresh:
            return [one.reading for one in self.fresh[:count]]
        kept = [
            one
            for one in self.waiting
            if not one.stored or one.reading.measured_at >= oldest
        ]
        self.expired += len(self.waiting) - len(kept)
        self.waiting = kept
        return [one.reading for one in self._by_time(newest_first)[:count]]

    def settle(self, readings: list[Reading]) -> None:
        """Forget readings."""
        self.waiting = [one for one in self.waiting if one.reading not in readings]

    def flush(self, oldest: float) -> None:
        """Store everything, and keep to the bounds."""
        kept = [w for w in self._by_time() if w.reading.measured_at >= oldest]
        kept = kept[-MAX_READINGS:]
        self.expired += len(self.waiting) - len(kept)
        self.expired_on_disk = self.expired
        self.waiting = [one for one in self.waiting if one in kept]
        for one in self.waiting:
            one.stored = True

    def insert(self, readings: list[Reading], now: float, oldest: float) -> None:
        """Store readings of the past, and keep to the bounds on disk."""
        self.waiting += [Waiting(one, now, stored=True) for one in readings]
        stored = [one for one in self._by_time() if one.stored]
        kept = [one for one in stored if one.reading.measured_at >= oldest]
        kept = kept[-MAX_READINGS:]
        self.expired += len(stored) - len(kept)
        self.expired_on_disk = self.expired
        self.waiting = [one for one in self.waiting if not one.stored or one in kept]

    def kill(self) -> None:
        """Forget what is not on disk."""
        self.waiting = [one for one in self.waiting if one.stored]
        self.expired = self.expired_on_disk

    def _by_time(self, newest_first: bool = False) -> list[Waiting]:
        arrival = list(enumerate(self.waiting))
        arrival.sort(
            key=lambda pair: (pair[1].reading.measured_at, pair[0]),
            reverse=newest_first,
        )
        return [one for _, one in arrival]


class OutboxMachine(RuleBasedStateMachine):
    """Does the same to an outbox and to its model."""

    def __init__(self) -> None:
        """Open an outbox on an event loop whose time is ours."""
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "0", "outbox.db")
        self.patch = pytest.MonkeyPatch()
        self.runner = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)
        self.clock = Clock(self.runner.get_loop(), self.patch)
        self.model = Model()
        self.hold = Hold()
        self.number = 0
        self.taken: list[Entry] = []
        self.run(self.open)

    def run[T](self, job: Callable[[], Awaitable[T]]) -> T:
        """Run something on the event loop."""

        async def run() -> T:
            return await job()

        return self.runner.run(run())

    async def open(self) -> None:
        """Open the outbox of the present path."""
        self.outbox = Outbox(
            self.path, max_readings=MAX_READINGS, max_age=MAX_AGE, hold=self.hold
        )
        await self.outbox.open()

    def oldest(self, now: float) -> float:
        """Return when the oldest reading that may stay was measured, in µs."""
        return (self.clock.wall() - self.clock.now + now - MAX_AGE) * 1_000_000

    @rule(
        ages=st.lists(st.integers(0, 3) | st.integers(0, 1100), min_size=1, max_size=4),
        source=st.sampled_from([STRAP, WATCH]),
    )
    def add(self, ages: list[int], source: Source) -> None:
        """Readings come in, measured so many seconds ago, not always in order."""
        self.come_in(ages, source)

    def come_in(self, ages: list[int], source: Source) -> None:
        """Let readings come in."""

        async def add() -> None:
            for age in ages:
                self.number += 1
                one = reading(self.number, age=age + 0.05, source=source)
                self.outbox.add(one)
                self.model.add(one, self.clock.now, self.oldest(self.clock.now))

        self.run(add)

    @rule(count=st.integers(1, 6), newest_first=st.booleans())
    def take(self, count: int, newest_first: bool) -> None:
        """A batch is taken."""
        self.taken = list(
            self.run(lambda: self.outbox.take(count, newest_first=newest_first))
        )
        oldest = self.oldest(self.clock.now)
        expected = self.model.take(count, newest_first=newest_first, oldest=oldest)
        assert [entry.reading for entry in self.taken] == expected

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        """Some of the last batch is delivered, perhaps long after it was taken."""
        part = data.draw(st.lists(st.sampled_from(self.taken), unique=True))
        self.run(lambda: self.outbox.settle(part))
        self.model.settle([entry.reading for entry in part])
        self.taken = [entry for entry in self.taken if entry not in part]

    @rule()
    def flush(self) -> None:
        """All is written to disk."""
        self.run(self.outbox.flush)
        self.model.flush(self.oldest(self.clock.now))

    @rule(ticks=st.integers(0, 4))
    def flush_cancelled(self, ticks: int) -> None:
        """Whoever waits for all to be written is cancelled, which changes nothing."""

        async def flush() -> None:
            flushing = asyncio.create_task(self.outbox.flush())
            for _ in range(ticks):
                await asyncio.sleep(0)
            flushing.cancel()
            with suppress(asyncio.CancelledError):
                await flushing
            await self.outbox.flush()

        self.run(flush)
        self.model.flush(self.oldest(self.clock.now))

    @rule(ages=st.lists(st.integers(0, 1100), min_size=1, max_size=4))
    def insert(self, ages: list[int]) -> None:
        """Some of the past is written to disk."""
        some = []
        for age in ages:
            self.number += 1
            # At no moment of another one: which came in first is known of each tier alone
            some.append(reading(self.number, age=age + 0.0437))
        assert self.run(lambda: self.outbox.insert(some, {}))
        self.model.insert(some, self.clock.now, self.oldest(self.clock.now))

    @rule(
        ages=st.lists(st.integers(0, 900), max_size=3),
        seconds=st.sampled_from([0, 2]),
        reopens=st.booleans(),
    )
    def back_up(self, ages: list[int], seconds: float, reopens: bool) -> None:
        """A backup is made, while readings come in, and the relay may be loaded again."""
        self.run(self.hold.begin)
        self.model.flush(self.oldest(self.clock.now))
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(shutil.copy(self.path, folder))
            self.come_in(ages, STRAP)
            if reopens:
                self.run(self.outbox.close)
                self.taken = []
                self.run(self.outbox.open)
            self.run(lambda: asyncio.sleep(seconds))
            assert copy.read_bytes() == self.path.read_bytes()
        self.run(self.hold.end)
        self.model.flush(self.oldest(self.clock.now))

    @rule(seconds=st.sampled_from([0.3, 1.0, 400.0]))
    def wait(self, seconds: float) -> None:
        """Time passes, and what is overdue is written to disk."""
        end = self.clock.now + seconds
        if fresh := self.model.fresh:
            due = fresh[0].added_at + STORE_AFTER
            if due <= end:
                self.model.flush(self.oldest(due))
        self.run(lambda: asyncio.sleep(end - self.clock.now))

    @rule()
    def reopen(self) -> None:
        """Home Assistant restarts."""
        self.run(self.outbox.close)
        self.model.flush(self.oldest(self.clock.now))
        self.taken = []
        self.run(self.open)

    @rule()
    def kill(self) -> None:
        """Home Assistant is killed: what counts is what is on disk at that moment."""
        path = Path(self.folder.name, str(self.number), self.path.name)
        if path != self.path and self.path.parent.exists():
            self.number += 1
            path = Path(self.folder.name, str(self.number), self.path.name)
            shutil.copytree(self.path.parent, path.parent)
            self.run(self.outbox.close)
            self.path = path
            self.model.kill()
            self.taken = []
            self.run(self.open)

    @invariant()
    def same(self) -> None:
        """Both tell the same."""
        assert len(self.outbox) == len(self.model.waiting)
        assert self.run(self.has_fresh) == bool(self.model.fresh)
        assert self.outbox.tally.expired == self.model.expired
        assert self.outbox.trouble is None
        assert self.outbox.set_aside is None

    async def has_fresh(self) -> bool:
        """Return whether the outbox says that a reading came in just now."""
        return self.outbox.has_fresh

    def teardown(self) -> None:
        """See that all that waits comes out, once and in order."""
        self.run(self.drain)
        self.run(self.outbox.close)
        self.patch.undo()
        self.runner.close()
        self.folder.cleanup()

    async def drain(self) -> None:
        """Take and settle everything."""
        oldest = self.oldest(self.clock.now)
        expected = self.model.take(1000, newest_first=False, oldest=oldest)
        found = await self.outbox.take(1000, newest_first=False)
        assert [entry.reading for entry in found] == expected
        await self.outbox.settle(found)
        assert len(self.outbox) == 0


@pytest.mark.slow
def test_outbox_against_model() -> None:
    """Nothing lost, nothing twice, and the order right, whatever happens."""
    run_state_machine_as_test(
        OutboxMachine,
        settings=settings(max_examples=80, stateful_step_count=25, deadline=None),
    )
