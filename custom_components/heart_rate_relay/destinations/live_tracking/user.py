"""A user of a server: an InfluxDB with one measurement, and fields that it knows."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple, override

import aiohttp
from yarl import URL

from ...metrics import (
    AIR_TEMPERATURE,
    ALTITUDE,
    BATTERY,
    BEARING,
    CADENCE,
    CYCLING_DISTANCE,
    DISTANCE,
    HEART_RATE,
    LATITUDE,
    LONGITUDE,
    POSITION_ACCURACY,
    POWER,
    POWER_LEFT,
    POWER_RIGHT,
    SIGNAL_STRENGTH,
    SPEED,
    WORKOUT,
    Metric,
)
from ...reading import SECOND, Reading
from ..base import Account, Answer, Limits, Receipt, Refusal, error_from
from ..errors import RefusedError, UnreachableError
from ..influxdb.answers import is_written, meaning_of, refusals
from ..influxdb.dialects import LIVE
from ..influxdb.server import LineProtocolServer
from ..tokens import Tokens
from .sessions import DISTANCES, Sessions

TOTALS = DISTANCES | {WORKOUT}
"""What is not told as it is measured, but in all."""

RETENTION = 8 * 60 * 60.0
"""Seconds for which the server keeps what it is told."""

MAX_LINES = 5000

REPEAT_EVERY = 1.0
"""Seconds from one request to the next that tells anew what was told: what is new goes before."""

SESSION = "session"
"""What is remembered of it."""

DECIMALS = 6
"""Of what is converted: a product has more than were measured."""


class Field(NamedTuple):
    """What the server calls a metric."""

    key: str
    factor: float = 1.0
    """How much of its unit one of ours is."""


FIELDS: Mapping[Metric, Field] = MappingProxyType(
    {
        HEART_RATE: Field("hr_bpm"),
        SPEED: Field("spd_kph", 3.6),
        CADENCE: Field("cad_rpm"),
        POWER: Field("pwr_w"),
        POWER_LEFT: Field("pwr_w_l"),
        POWER_RIGHT: Field("pwr_w_r"),
        ALTITUDE: Field("alt_m"),
        LATITUDE: Field("lat"),
        LONGITUDE: Field("lng"),
        POSITION_ACCURACY: Field("acc_m"),
        BEARING: Field("bearing"),
        AIR_TEMPERATURE: Field("temp_c"),
        BATTERY: Field("battery"),
        SIGNAL_STRENGTH: Field("gsm_signal"),
        # Of the session so far, see sessions.py
        DISTANCE: Field("dist_km", 0.001),
        CYCLING_DISTANCE: Field("dist_km", 0.001),
        WORKOUT: Field("dur_s"),
    }
)


class LiveTracking(LineProtocolServer):
    """A user of a livetracking.io server, whose name is that of the database."""

    service = "livetracking.io"
    limits = Limits(
        metrics=frozenset(FIELDS),
        max_batch=MAX_LINES,
        step=LIVE.step,
        max_age=RETENTION,
        lead=HEART_RATE,
        one_line=True,
        follows_workouts=True,
    )
    dialect = LIVE

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination. Raises DestinationError for what is no address."""
        self._username: str = config["username"]
        self._database = self._username.lower()
        super().__init__(session, {**config, "database": self._database}, tokens)
        self._config = config
        self._sessions: Sessions | None = None
        self._repeat_at = 0.0
        self._repeat_most = MAX_LINES

    @override
    async def validate(self) -> Account:
        """Say whose login it is."""
        answer = await self._get(self._url / "auth")
        if answer.status == HTTPStatus.NOT_FOUND:
            # Older servers cannot say, but do not answer a query of a stranger's
            query = {"db": self._database, "q": "SELECT hr_bpm FROM samples LIMIT 1"}
            answer = await self._get((self._url / "query").with_query(query))
            is_known = "results" in answer.json and "error" not in answer.text
        else:
            is_known = answer.json.get("status") == "OK"
        if answer.status == HTTPStatus.FORBIDDEN:
            raise error_from(answer)
        if not answer.ok:
            raise meaning_of(answer)
        if not is_known:
            raise UnreachableError("wrong_url", answer.text)
        return Account(
            id=f"{self._url} {self._database}",
            name=f"{self.service} {self._username}",
        )

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        """Deliver readings, and with them how long and how far the session was by then.

        What of that must outlast a restart is remembered when they are taken, as they are
        forgotten in the outbox: neither without the other.
        """
        sessions = self._known_sessions()
        seconds = sessions.add(readings)
        lines = [*_lines_of(readings), *_totals_of(sessions, seconds)]
        if not lines:
            return Receipt()
        answer = await self._write(line for _, line in lines)
        refused: Sequence[Refusal] = ()
        if not is_written(answer):
            times = [second * SECOND for second, _ in lines]
            refused = refusals(readings, answer, step=SECOND, times=times)
        if session := sessions.accept(seconds):
            self.memory[SESSION] = session
        self._repeat_at = asyncio.get_running_loop().time() + REPEAT_EVERY
        return Receipt(refused)

    @property
    @override
    def repeat_at(self) -> float | None:
        """When to tell anew what a late reading has changed, in seconds of the event loop."""
        return self._repeat_at if self._sessions and self._sessions.due else None

    @override
    async def repeat(self) -> Receipt:
        """Tell the oldest seconds anew that a late reading has changed."""
        sessions = self._known_sessions()
        seconds = sorted(sessions.due)[: self._repeat_most]
        answer = await self._write(line for _, line in _totals_of(sessions, seconds))
        match None if is_written(answer) else meaning_of(answer):
            case RefusedError(is_too_large=True) if len(seconds) > 1:
                self._repeat_most = len(seconds) // 2
            case None | RefusedError():
                # What is refused is too old
                sessions.due.difference_update(seconds)
            case error:
                raise error
        self._repeat_at = asyncio.get_running_loop().time() + REPEAT_EVERY
        return Receipt()

    def _known_sessions(self) -> Sessions:
        """Return the sessions, the last of which goes on after a restart."""
        if self._sessions is None:
            self._sessions = Sessions()
            self._sessions.restore(self.memory.get(SESSION))
        return self._sessions

    async def _get(self, url: URL) -> Answer:
        """Return the answer to a question."""
        return await self._request("GET", url, headers=self._headers, read=True)


def _lines_of(readings: Iterable[Reading]) -> Iterator[tuple[int, str]]:
    """Yield the second and the line of each reading but those that are told in all."""
    for metric, value, measured_at, _, _ in readings:
        if metric not in TOTALS:
            key, factor = FIELDS[metric]
            told = float(value) if factor == 1.0 else round(value * factor, DECIMALS)
            second = measured_at // SECOND
            yield second, f"samples {key}={told!r} {second}"


def _totals_of(sessions: Sessions, seconds: Iterable[int]) -> Iterator[tuple[int, str]]:
    """Yield the lines that tell how long and how far a session was by some seconds."""
    for second in seconds:
        if fields := sessions.fields(second):
            pairs = ",".join(f"{key}={value!r}" for key, value in fields.items())
            yield second, f"samples {pairs} {second}"
