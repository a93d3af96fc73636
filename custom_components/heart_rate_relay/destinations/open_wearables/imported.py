"""What a server has imported of a person: how much it is, and which records are among it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from ..base import Answer
from ..errors import UnreachableError
from .records import Record, Sample, absent, date, end_after, sample_of

MAX_PAGE = 100
"""Samples in an answer."""

MAX_PAGES = 20
"""Pages read for one comparison. Where there is more, its halves are compared."""

type Query = Mapping[str, str | int | Sequence[str]]

type Read = Callable[[Query], Awaitable[Answer]]
"""Returns a page of samples."""


class Window(NamedTuple):
    """The kinds and the time of some records."""

    series: Sequence[str]
    first: int
    """Microseconds since the Unix epoch, UTC."""
    last: int
    """In the same unit, included."""

    @property
    def query(self) -> dict[str, str | int | Sequence[str]]:
        """The question what is there."""
        return {
            "types": self.series,
            "start_time": date(self.first),
            "end_time": end_after(self.last),
            "limit": MAX_PAGE,
        }


def window_of(records: Sequence[Record]) -> Window:
    """Return the window that records fill."""
    series = sorted({record.kind.series for record in records})
    times = [record.key.started_at for record in records]
    return Window(series, min(times), max(times))


class Look(NamedTuple):
    """What is in a window, whoever measured it."""

    total: int
    """How many samples there are."""
    samples: Sequence[Sample]
    """The first of them."""
    cursor: str | None
    """Where the next ones begin, None where these are all."""

    def reaches(self, record: Record) -> bool:
        """Return whether a record would be among the samples if it were there."""
        if self.cursor is None:
            return True
        latest = self.samples[-1].started_at if self.samples else 0
        return record.key.started_at < latest


NOTHING = Look(0, (), None)
"""An empty window."""


class Imported:
    """What a server has imported of a person."""

    def __init__(self, read: Read) -> None:
        """Initialize with what reads a page."""
        self._read = read
        self._tells_names = False

    async def look(self, window: Window, cursor: str | None = None) -> Look:
        """Return what is in a window, by one request."""
        query = window.query if cursor is None else {**window.query, "cursor": cursor}
        page = (await self._read(query)).json
        data, pagination = page.get("data"), page.get("pagination")
        if not isinstance(data, list):
            raise UnreachableError("unexpected_answer")
        if not isinstance(pagination, Mapping):
            pagination = {}
        count, cursor = pagination.get("total_count"), pagination.get("next_cursor")
        samples = [sample for each in data if (sample := sample_of(each))]
        return Look(
            count if isinstance(count, int) else len(data),
            samples,
            cursor if isinstance(cursor, str) else None,
        )

    async def absent(
        self, records: Sequence[Record], *, by_name: bool = False
    ) -> list[Record]:
        """Return the records, by their time, that are not there, after reading all that is.

        Raises UnreachableError where that never ends.
        """
        if not records:
            return []
        window = window_of(records)
        look = await self.look(window)
        if look.total > MAX_PAGES * MAX_PAGE and window.first < window.last:
            middle = len(records) // 2
            return [
                *await self.absent(records[:middle], by_name=by_name),
                *await self.absent(records[middle:], by_name=by_name),
            ]
        samples = [*look.samples]
        for _ in range(MAX_PAGES):
            if look.cursor is None:
                return self.absent_from(records, samples, by_name=by_name)
            look = await self.look(window, look.cursor)
            samples += look.samples
        raise UnreachableError("unexpected_answer")

    def shows(self, look: Look, requests: Iterable[Sequence[Record]]) -> bool:
        """Return whether at least one record of each request is seen, by its name."""
        return all(
            len(absent(request, look.samples, by_name=True)) < len(request)
            for request in requests
        )

    def absent_from(
        self,
        records: Sequence[Record],
        samples: Sequence[Sample],
        *,
        by_name: bool = False,
    ) -> list[Record]:
        """Return the records that are not among samples.

        A server that was once seen to tell the names of sources always does.
        """
        unnamed = absent(records, samples, by_name=True)
        if len(unnamed) < len(records):
            self._tells_names = True
        if by_name or self._tells_names:
            return unnamed
        return absent(records, samples, by_name=False)
