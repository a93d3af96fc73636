"""What the driver can be told to do. All of it runs in Home Assistant's event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
import gc
from itertools import batched
import json
from pathlib import Path
import time
from types import MappingProxyType
from typing import Any

from sqlalchemy import insert

from homeassistant.components.recorder.db_schema import (
    StateAttributes,
    States,
    StatesMeta,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.recorder import get_instance, session_scope

from .bare import tell
from .setting_up import entry_of, set_up, weigh
from .soaking import discover, hear, holds

TICK = 0.01
"""Seconds between two looks at how late the event loop is."""

LOWEST = 60
HIGHEST = 180
"""The heart rates that are written, in bpm, one after the other."""

SAMPLE: Sequence[Mapping[str, str]] = (
    {"unit_of_measurement": "bpm"},
    {"unit_of_measurement": "W", "device_class": "power"},
    {"unit_of_measurement": "m/s", "device_class": "speed"},
    {"unit_of_measurement": "rpm"},
)
"""What the sensors of a wearer tell of themselves: a heart rate, power, speed and cadence."""

OTHERS_AT_ONCE = 50
"""States of another entity that are written without a pause."""

LINES_A_REQUEST = 5000
"""As many as the relay delivers to an InfluxDB at once."""

AGO = 30 * 60
"""Seconds since the last of them: before Home Assistant started, when old values may come again."""

STATES_AT_ONCE = 10_000
"""States that are put into the recorder's database at once."""

type Written = list[tuple[int, int, int]]
"""Sensor, measured at (ms UTC), and when it was written (monotonic, ns)."""


class Clock:
    """Measures what the process does from a command until it is told to finish."""

    def __init__(self) -> None:
        """Start."""
        self.delays: list[float] = []
        """How late the event loop was, in ms."""
        self._cpu = time.process_time()
        self._ticking = asyncio.create_task(self._tick())

    def stop(self) -> float:
        """Return the seconds of CPU time that all threads have used."""
        self._ticking.cancel()
        return time.process_time() - self._cpu

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + TICK, loop.time())
            await asyncio.sleep(due - loop.time())
            self.delays.append((loop.time() - due) * 1000)


clocks: list[Clock] = []
"""The one that runs, if any."""

latest: dict[int, int] = {}
"""When each sensor measured last (ms UTC)."""


async def stream(
    hass: HomeAssistant,
    *,
    sensors: int,
    rate: float,
    seconds: float,
    at_once: bool,
    post: str | None,
    bare: bool = False,
    whole: bool = False,
) -> Written:
    """Let sensors measure so many times a second each, and start the clock with that.

    They do so in the same moment, or evenly spread. Each is one of a heart, or with whole one
    of a wearer's four. With post, what is written is posted
    there without anything in between; with bare, whoever watches is told: the floors.
    """
    gc.collect()
    clocks.append(Clock())
    loop = hass.loop
    written: Written = []
    start = loop.time()
    for due, number, measuring in _moments(sensors, rate, seconds, at_once=at_once):
        await asyncio.sleep(max(0.0, start + due - loop.time()))
        new = [_measure(hass, sensor, number, whole=whole) for sensor in measuring]
        written += new
        if post:
            hass.async_create_task(_post(hass, post, _lines(new)))
        if bare:
            hass.async_create_task(tell(_message(new)))
    return written


async def others(hass: HomeAssistant, *, writes: int) -> None:
    """Write states of an entity that no one is interested in, and start the clock with that."""
    gc.collect()
    clocks.append(Clock())
    for numbers in batched(range(writes), OTHERS_AT_ONCE, strict=False):
        for number in numbers:
            hass.states.async_set("sensor.other", str(number))
        await asyncio.sleep(0)


async def finish(hass: HomeAssistant) -> tuple[float, list[float]]:
    """Stop the clock, once the recorder has done what came of it.

    Returns the CPU time (s), and how late the event loop was (ms).
    """
    await get_instance(hass).async_block_till_done()
    clock = clocks.pop()
    return clock.stop(), clock.delays


async def switch(hass: HomeAssistant, *, automation: str, on: bool) -> None:
    """Turn an automation on, or off."""
    service = "turn_on" if on else "turn_off"
    await hass.services.async_call(
        "automation", service, {"entity_id": automation}, blocking=True
    )


async def load(hass: HomeAssistant, *, entry_id: str, on: bool) -> None:
    """Load an entry, or unload it."""
    if on:
        await hass.config_entries.async_setup(entry_id)
    else:
        await hass.config_entries.async_unload(entry_id)
    await hass.async_block_till_done()


async def find(hass: HomeAssistant, *, domain: str) -> str:
    """Return the id of an integration's only entry."""
    (entry,) = hass.config_entries.async_entries(domain)
    return entry.entry_id


async def add(hass: HomeAssistant, *, data: Mapping[str, Any], **options: Any) -> str:
    """Add a relay, and return its entry's id."""
    entry = entry_of(data, options)
    await hass.config_entries.async_add(entry)
    await hass.async_block_till_done()
    return entry.entry_id


async def drain(
    hass: HomeAssistant, *, entry_id: str, data: Mapping[str, Any], **options: Any
) -> tuple[float, int, list[float]]:
    """Add a relay whose outbox is full, and wait until it is empty.

    Returns the CPU time (s), by how much memory grew at its highest (bytes), and how late the
    event loop was (ms).
    """
    before, clock = _reset_peak(), Clock()
    entry = entry_of(data, options, entry_id)
    await hass.config_entries.async_add(entry)
    while len(entry.runtime_data.outbox):
        await asyncio.sleep(0.02)
    result = clock.stop(), _memory("VmHWM") - before, clock.delays
    await hass.config_entries.async_remove(entry_id)
    return result


async def pour(
    hass: HomeAssistant, *, path: str, url: str
) -> tuple[float, int, list[float]]:
    """Post the lines of a file, with nothing in between: the floor of draining.

    Returns the same as drain.
    """
    before, clock = _reset_peak(), Clock()
    with await hass.async_add_executor_job(Path(path).open, "rb") as file:
        batches = batched(file, LINES_A_REQUEST, strict=False)
        while lines := await hass.async_add_executor_job(next, batches, ()):
            await _post(hass, url, b"".join(lines))
    return clock.stop(), _memory("VmHWM") - before, clock.delays


async def remember(hass: HomeAssistant, *, states: int) -> None:
    """Let the recorder know so many states of the first sensor, one a second, of the past."""
    await get_instance(hass).async_add_executor_job(_remember, hass, states)


def _remember(hass: HomeAssistant, states: int) -> None:
    end = int(time.time()) - AGO
    attributes = {"unit_of_measurement": "bpm", "friendly_name": "Bench 0"}
    with session_scope(hass=hass) as session:
        meta = StatesMeta(entity_id="sensor.bench_0")
        shared = StateAttributes(hash=0, shared_attrs=json.dumps(attributes))
        session.add_all((meta, shared))
        session.flush()
        for numbers in batched(range(states), STATES_AT_ONCE, strict=False):
            rows = [
                {
                    "metadata_id": meta.metadata_id,
                    "attributes_id": shared.attributes_id,
                    "state": str(LOWEST + number % (HIGHEST - LOWEST)),
                    "last_updated_ts": end - states + number + 0.0005,
                }
                for number in numbers
            ]
            session.execute(insert(States), rows)


async def idle(hass: HomeAssistant, *, seconds: float) -> list[float]:
    """Do nothing for a time, and return how late the event loop was (ms)."""
    clock = Clock()
    await asyncio.sleep(seconds)
    clock.stop()
    return clock.delays


async def backfill(
    hass: HomeAssistant, *, data: Mapping[str, Any], **options: Any
) -> tuple[float, float, int, list[float]]:
    """Add a relay, and have all that the recorder knows delivered.

    Returns the seconds, the CPU time (s), by how much memory grew at its highest (bytes), and
    how late the event loop was (ms).
    """
    entry = entry_of(data, options)
    await hass.config_entries.async_add(entry)
    before, start, clock = _reset_peak(), time.perf_counter(), Clock()
    await hass.services.async_call(
        "heart_rate_relay",
        "backfill",
        {"config_entry_id": entry.entry_id},
        blocking=True,
        return_response=True,
    )
    while len(entry.runtime_data.outbox):
        await asyncio.sleep(0.02)
    seconds, cpu = time.perf_counter() - start, clock.stop()
    memory = _memory("VmHWM") - before
    await hass.config_entries.async_remove(entry.entry_id)
    return seconds, cpu, memory, clock.delays


def _moments(
    sensors: int, rate: float, seconds: float, *, at_once: bool
) -> Iterator[tuple[float, int, Iterable[int]]]:
    """Yield when (s), and for which time, which sensors measure."""
    for number in range(round(seconds * rate)):
        if at_once:
            yield number / rate, number, range(sensors)
            continue
        for sensor in range(sensors):
            yield (number + sensor / sensors) / rate, number, (sensor,)


def _measure(
    hass: HomeAssistant, sensor: int, number: int, *, whole: bool
) -> tuple[int, int, int]:
    """Write another state of a sensor, as an entity does it, no two in a millisecond."""
    at = max(int(time.time() * 1000), latest.get(sensor, 0) + 1)
    latest[sensor] = at
    written_at = time.monotonic_ns()
    hass.states.async_set(
        f"sensor.bench_{sensor}",
        str(LOWEST + number % (HIGHEST - LOWEST)),
        {
            "state_class": "measurement",
            "friendly_name": f"Bench {sensor}",
            **SAMPLE[sensor % len(SAMPLE) if whole else 0],
        },
        # In the middle of the millisecond, so that no rounding leads out of it
        timestamp=(at + 0.5) / 1000,
    )
    return sensor, at, written_at


def _lines(written: Written) -> bytes:
    """Return the line protocol of what was written."""
    return "\n".join(
        f"heart_rate,name=Bench\\ {sensor},source=sensor.bench_{sensor} bpm=72.0 {at}"
        for sensor, at, _ in written
    ).encode()


def _message(written: Written) -> str:
    """Return what a live feed tells of the last that was written."""
    _, at, _ = written[-1]
    return json.dumps({"measured_at": at, "data": {"heart_rate": 72}})


async def _post(hass: HomeAssistant, url: str, body: bytes) -> None:
    """Post something, barely."""
    async with async_get_clientsession(hass).post(url, data=body):
        pass


def _reset_peak() -> int:
    """Begin to look for the highest use of memory anew, and return that of now in bytes.

    Source: proc(5), /proc/pid/clear_refs.
    """
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(name: str) -> int:
    """Return how much memory this process uses in bytes. Source: proc(5)."""
    if name == "VmRSS":
        gc.collect()
    (line,) = (
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith(name)
    )
    return int(line.split()[1]) * 1024


COMMANDS: Mapping[str, Callable[..., Awaitable[Any]]] = MappingProxyType(
    {
        command.__name__: command
        for command in (
            *(stream, others, finish, switch, load, find, add, drain, pour),
            *(remember, idle, backfill, set_up, weigh, hear, discover, holds),
        )
    }
)
