"""Workouts at Open Wearables: whole, once, and seen to be there."""

from dataclasses import replace
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from custom_components.heart_rate_relay.delivery import backoff
from custom_components.heart_rate_relay.delivery.delivery import Delivery
from custom_components.heart_rate_relay.destinations.base import Destination
from custom_components.heart_rate_relay.destinations.errors import (
    NotStoredError,
    UnreachableError,
)
from custom_components.heart_rate_relay.destinations.open_wearables import api_key
from custom_components.heart_rate_relay.destinations.open_wearables.api_key import (
    OpenWearables as OpenWearablesDestination,
)
from custom_components.heart_rate_relay.destinations.tokens import Tokens
from custom_components.heart_rate_relay.metrics import HEART_RATE, WORKOUT
from custom_components.heart_rate_relay.outbox.outbox import Outbox
from custom_components.heart_rate_relay.reading import SECOND, Reading, Source
from dev.stand_ins import Arrival, Failure, OpenWearables
from dev.stand_ins.open_wearables import API_KEY

from ..common import until
from ..outbox.common import DAY

BEGIN = 1_780_000_000 * SECOND

SAID = {
    "sport": "cycling",
    "energy": 345.6,
    "distance": 12000.0,
    "average_heart_rate": 142.3,
    "lowest_heart_rate": 98.5,
    "highest_heart_rate": 178.0,
    "average_cadence": 88.0,
    "average_power": 201.5,
    "time_in_zone_3": 600.0,
}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait long for an import."""
    monkeypatch.setattr(api_key, "LOOKS", (0.05, 0.1, 0.2))


STRAP = Source("strap", "sensor.strap", "Strap")


def beats(count: int, begin: int = BEGIN) -> list[Reading]:
    """Return heart rates, one each second."""
    return [
        Reading(HEART_RATE, 72.0 + n, begin + n * SECOND, STRAP) for n in range(count)
    ]


def workout(minutes: float = 30, begin: int = BEGIN, **said: Any) -> Reading:
    """Return a workout that took so long."""
    duration = round(minutes * 60 * SECOND)
    source = Source("id", "event.anna", "Anna", said=json.dumps({**SAID, **said}))
    return Reading(WORKOUT, minutes * 60, begin + duration, source, duration)


@pytest.fixture
async def destination(
    session: aiohttp.ClientSession, open_wearables: OpenWearables
) -> Destination:
    """Return the person at the server."""
    config = {
        "url": str(open_wearables.url),
        "api_key": API_KEY,
        "user_id": open_wearables.user_id,
        "verify_ssl": True,
    }
    return OpenWearablesDestination(session, config, Tokens())


async def test_whole(open_wearables: OpenWearables, destination: Destination) -> None:
    """What it came to is there as the server understands it."""
    receipt = await destination.deliver([workout()])
    assert not receipt.refused
    (stored,) = open_wearables.workouts.values()
    assert (stored.key.begin, stored.key.end) == (BEGIN, BEGIN + 1800 * SECOND)
    assert stored.type == "CYCLING"
    assert dict(stored.values) == {
        "duration": 1_800_000,
        "calories": 345.6,
        "distance": 12000,
        "meanHeartRate": 142.3,
        "minHeartRate": 98,
        "maxHeartRate": 178,
        "averageRunningPower": 201.5,
    }


async def test_once(open_wearables: OpenWearables, destination: Destination) -> None:
    """A repeat sends nothing: what is there is seen."""
    await destination.deliver([workout(), *beats(1)])
    requests = len(open_wearables.arrivals)
    await destination.deliver([workout(), workout(20, BEGIN + 7200 * SECOND)])
    assert len(open_wearables.workouts) == 2
    assert len(open_wearables.arrivals) == requests == 1


async def test_not_imported(
    open_wearables: OpenWearables, destination: Destination
) -> None:
    """While nothing is imported it is kept, and is there as soon as it is."""
    open_wearables.worker_running = False
    with pytest.raises(NotStoredError):
        await destination.deliver([workout()])
    assert not open_wearables.workouts
    open_wearables.worker_running = True
    await destination.deliver([workout()])
    assert len(open_wearables.workouts) == 1


async def test_witness_of_long_ago(
    open_wearables: OpenWearables, destination: Destination
) -> None:
    """That others are there already says nothing of a server that imports nothing now."""
    readings = [*beats(2), workout()]
    open_wearables.on_arrival = lambda _: open_wearables.failures.append(Failure(500))
    with pytest.raises(UnreachableError):
        await destination.deliver(readings)
    open_wearables.on_arrival = None
    open_wearables.failures.clear()
    open_wearables.worker_running = False
    for _ in range(2):
        with pytest.raises(NotStoredError):
            await destination.deliver(readings)
    open_wearables.worker_running = True
    assert not (await destination.deliver(readings)).refused
    assert len(open_wearables.workouts) == 1


async def test_worker_killed(
    open_wearables: OpenWearables, destination: Destination
) -> None:
    """What a worker had when it was killed is sent again, though others were imported before."""

    def stop(_: Arrival) -> None:
        open_wearables.worker_running = False

    open_wearables.on_arrival = stop
    readings = [*beats(1), workout()]
    with pytest.raises(NotStoredError):
        await destination.deliver(readings)
    open_wearables.kill_worker()
    open_wearables.on_arrival = None
    open_wearables.worker_running = True
    assert not (await destination.deliver(readings)).refused
    assert len(open_wearables.workouts) == 1


@pytest.fixture
def drops_workouts(
    open_wearables: OpenWearables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have the server import all but workouts."""
    as_measured = open_wearables._import

    def import_(batch: Any) -> None:
        if "workouts" not in batch.content["data"]:
            as_measured(batch)

    monkeypatch.setattr(open_wearables, "_import", import_)


@pytest.mark.usefixtures("drops_workouts")
async def test_dropped(open_wearables: OpenWearables, destination: Destination) -> None:
    """What is missing again, while others are imported, is refused, and holds up nothing more."""
    bad = [workout(), workout(20, BEGIN + 7200 * SECOND)]
    for count in (1, 2):
        with pytest.raises(NotStoredError):
            await destination.deliver([*beats(count), *bad])
    receipt = await destination.deliver([*beats(3), *bad])
    assert [each.reading for each in receipt.refused] == bad
    assert all("not imported" in each.reason for each in receipt.refused)
    assert len(open_wearables.store) == 3
    with pytest.raises(NotStoredError):
        await destination.deliver([*beats(4), bad[0]])


@pytest.mark.usefixtures("drops_workouts")
async def test_dropped_from_a_full_batch(
    open_wearables: OpenWearables,
    destination: Destination,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """So it is where as many wait behind it as a batch holds, and more: nothing is stuck."""
    monkeypatch.setattr(backoff, "MIN_BACKOFF", 0.01)
    monkeypatch.setattr(backoff, "MAX_BACKOFF", 0.01)
    destination.limits = replace(destination.limits, max_batch=4)
    outbox = Outbox(tmp_path / "outbox.db", max_readings=100, max_age=3650 * DAY)
    await outbox.open()
    bad = workout(0.5, BEGIN - 28 * SECOND)
    readings = [*beats(2), bad, *beats(9, BEGIN + 3 * SECOND)]
    for one in readings:
        outbox.add(one)
    delivery = Delivery(outbox, destination, lambda _: None)
    delivery.start()
    await until(lambda: len(outbox) == 0)
    await delivery.stop()
    await outbox.close()
    assert [refusal.reading for refusal in delivery.refusals] == [bad]
    assert len(open_wearables.store) == 11


async def test_sport_unknown(
    open_wearables: OpenWearables, destination: Destination
) -> None:
    """What the server has no word for is another one."""
    await destination.deliver([workout(sport="curling")])
    (stored,) = open_wearables.workouts.values()
    assert stored.type == "OTHER"
