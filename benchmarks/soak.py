"""Lets relays of all kinds and monitors soak in a real Home Assistant, in real time.

Prints what it holds and how late its event loop is, minute by minute, and fails where it
holds more and more.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle, islice
from statistics import median
import sys
from typing import Any

from dev import report
from dev.home_assistant.process import HomeAssistantError
from dev.relays import DOMAIN
from dev.run import elsewhere, end_on_signals
from dev.stand_ins import (
    Gerosense,
    InfluxDBv1,
    InfluxDBv2,
    InfluxDBv3,
    LiveTracking,
    OpenWearables,
    Pulsoid,
    StandIn,
    Webhook,
)
from dev.virtual_proxy import Bike, Oximeter, Peripheral, Proxy, Strap, World, walking
from dev.virtual_proxy.proxy import HOST

from .arrangements import DATABASE
from .figures import percentile
from .subject import Subject, driven

CONFIGURATION = """\
homeassistant:
  name: Soak
  unit_system: metric
  time_zone: UTC
  country: DE
bluetooth:
recorder:
  exclude:
    entity_globs: sensor.bench_*
logger:
  default: warning
"""

RELAYS = 20
RATE = 1
"""Times a second that the sensor of each relay measures."""

WEARERS = [f"wearer-{number}" for number in range(RELAYS)]

KINDS: Mapping[str, type[StandIn] | None] = {
    "pulsoid": Pulsoid,
    "livetracking": LiveTracking,
    "influxdb_v1": InfluxDBv1,
    "influxdb_v2": InfluxDBv2,
    "influxdb_v3": InfluxDBv3,
    "gerosense": Gerosense,
    "open_wearables": OpenWearables,
    "webhook": Webhook,
    "live_feed": None,
}
"""The services, and what stands in for each: nothing for what is served here."""

MINUTE = 60.0
MINUTES = 120
FEWEST = 8
"""Minutes before there can be a word on what grows."""

ADDED = 30.0
"""Seconds from the last set-up to the first minute."""

MONITORS = ("sensor.chest_strap_heart_rate", "sensor.arm_strap_heart_rate")
"""What some relays take beside their sensor."""

MB = 1024 * 1024

MAY_GROW: Mapping[str, float] = {
    "memory": 1 * MB,
    "blocks": 5_000,
    "files": 2,
    # One to each service is kept alive for a while, and then made anew
    "connections": RELAYS,
    "tasks": 2,
    "threads": 1,
}
"""By how much, from the third quarter of the time to the last: the first two fill caches.

Python's heap is full after minutes, and what the process keeps of the system's after an hour.
"""

type Sample = Mapping[str, float]
"""What is held at the end of a minute, how late the event loop was (ms), and the CPU time (s)."""


def main() -> int:
    """Soak for as long as the arguments say, and return the status."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument(
        "--minutes", type=int, default=MINUTES, help=f"how long (default: {MINUTES})"
    )
    arguments = parser.parse_args()
    try:
        growing = asyncio.run(_soak(arguments.minutes))
    except HomeAssistantError as err:
        print(err, file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        return 130
    for line in growing:
        print(line, file=sys.stderr)
    return 1 if growing else 0


async def _soak(minutes: int) -> Sequence[str]:
    """Let it soak, and return what grew."""
    end_on_signals()
    log = report.LogFilter(DOMAIN)
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(_services())
        stand_ins = [stand_in for _, stand_in in services if stand_in]
        world = await stack.enter_async_context(_world())
        subject = await stack.enter_async_context(
            driven(CONFIGURATION, elsewhere(stand_ins), on_line=log.add)
        )
        idle = percentile(await subject.tell("idle", seconds=MINUTE), 99)
        print(f"With nothing on, the event loop is late by {idle:.1f} ms (p99).")
        await _set_up(subject, services, world)
        samples = []
        print(_line(_HEADINGS), flush=True)
        for minute in range(1, minutes + 1):
            samples.append(await _minute(subject))
            for stand_in in stand_ins:
                stand_in.arrivals.clear()
                stand_in.requests.clear()
            print(_line((minute, *_figures(samples[-1]))), flush=True)
    return growing(samples)


@asynccontextmanager
async def _services() -> AsyncIterator[Sequence[tuple[str, StandIn | None]]]:
    """Run a service for each relay, of one kind after the other, which is said with it.

    Those whose addresses are no one's to choose are there once.
    """
    shared: Mapping[type[StandIn], StandIn] = {
        Pulsoid: Pulsoid(),
        Gerosense: Gerosense(user_ids=WEARERS),
    }
    services = [
        (name, (shared.get(kind) or kind()) if kind else None)
        for name, kind in islice(cycle(KINDS.items()), RELAYS)
    ]
    async with AsyncExitStack() as stack:
        for stand_in in dict.fromkeys(of for _, of in services):
            if stand_in:
                await stand_in.start()
                stack.push_async_callback(stand_in.stop)
        yield services


@asynccontextmanager
async def _world() -> AsyncIterator[World]:
    """Run four monitors, within reach of two proxies."""
    monitors: Sequence[Peripheral] = (
        Strap("Chest strap", "C4:5A:90:00:00:01", heart_rate=walking(90, 170)),
        Strap("Arm strap", "C4:5A:90:00:00:02", heart_rate=walking(80, 160)),
        Bike("Bike", "C4:5A:90:00:00:03", rate=4, power=walking(120, 280)),
        Oximeter("Oximeter", "C4:5A:90:00:00:04"),
    )
    proxies = [Proxy(f"proxy-{n}", mac=f"24:0A:C4:00:00:{n}0") for n in (1, 2)]
    async with World(monitors, proxies) as world:
        yield world


async def _set_up(
    subject: Subject, services: Sequence[tuple[str, StandIn | None]], world: World
) -> None:
    """Add the proxies, the monitors, and a relay to each service, with a sensor of its own."""
    ports = [proxy.port for proxy in world.proxies]
    await subject.tell("hear", host=HOST, ports=ports)
    await subject.tell("discover", monitors=len(world.straps))
    for number, (name, stand_in) in enumerate(services):
        data = {"service": name, **_data(stand_in, number)}
        sources = [f"sensor.bench_{number}", MONITORS[number % len(MONITORS)]]
        await subject.tell("add", data=data, sources=sources)
    await asyncio.sleep(ADDED)


def _data(of: StandIn | None, number: int) -> Mapping[str, Any]:
    """Return what the form of a service gives, for one of those who use it."""
    if of is None:
        return {"look": "heart", "secret": f"soak-{number}"}
    at = {"url": str(of.url), "verify_ssl": True}
    naming = {"naming": (DATABASE.relay or {})["naming"]}
    match of:
        case Pulsoid():
            return {"access_token": of.token}
        case LiveTracking():
            return at | {"username": of.username, "password": of.password}
        case InfluxDBv1():
            login = {"username": of.username, "password": of.password}
            return at | naming | login | {"database": of.database}
        case InfluxDBv2():
            own = {"organization": of.org, "bucket": of.database, "token": of.token}
            return at | naming | own
        case InfluxDBv3():
            return at | naming | {"database": of.database, "token": of.token}
        case Gerosense():
            login = {"username": of.username, "password": of.password}
            return login | {"user_id": WEARERS[number]}
        case OpenWearables():
            return at | {"api_key": of.api_key, "user_id": of.user_id}
        case Webhook():
            url = str(of.url / "heart-rate/")
            return at | {"url": url, "signing_key": of.key, "secret_headers": []}
    raise ValueError(of)


async def _minute(subject: Subject) -> Sample:
    """Let the sensors measure for a minute, and return what there is then."""
    await subject.tell(
        "stream",
        sensors=RELAYS,
        rate=RATE,
        seconds=MINUTE,
        at_once=False,
        post=None,
    )
    cpu, delays = await subject.tell("finish")
    sample: dict[str, float] = await subject.tell("holds")
    return sample | {"late": percentile(delays, 99), "cpu": cpu}


def growing(samples: Sequence[Sample]) -> Sequence[str]:
    """Return what is held more and more of, as sentences. Of a short time nothing is said."""
    if (quarter := len(samples) // 4) < FEWEST // 4:
        return []
    third, last = samples[-2 * quarter : -quarter], samples[-quarter:]
    told = []
    for name, bound in MAY_GROW.items():
        before, after = (
            median(sample[name] for sample in some) for some in (third, last)
        )
        if after - before > bound:
            told.append(f"More and more {name}: {before:,.0f}, then {after:,.0f}.")
    return told


_COUNTS = [name for name in MAY_GROW if name != "memory"]

_HEADINGS = (
    *("minute", "memory, MB", *_COUNTS),
    *("late p99, ms", "CPU, s", "waiting", "delivered"),
)


def _figures(sample: Sample) -> Sequence[float]:
    """Return a sample in the order of the headings."""
    counts = [round(sample[name]) for name in _COUNTS]
    return (
        round(sample["memory"] / MB, 1),
        *counts,
        *(round(sample["late"], 1), round(sample["cpu"], 2)),
        *(round(sample["waiting"]), round(sample["delivered"])),
    )


def _line(cells: Sequence[object]) -> str:
    """Return a row of the table."""
    return "".join(f"{cell!s:>14}" for cell in cells)


if __name__ == "__main__":
    sys.exit(main())
