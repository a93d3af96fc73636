"""A day of twenty wearers at 1 Hz, with whatever may go wrong, and nothing lost.

Time leaps. FAULT_HOURS and FAULT_RELAYS say how much of it there is, and FAULT_SEED what
goes wrong: scripts/endure sets them.
"""

import asyncio
from collections import Counter
import gc
from random import Random, randrange
import resource

import pytest

from custom_components.heart_rate_relay.relay.coordinator import outbox_path
from dev.stand_ins import Pulsoid
from homeassistant.core import HomeAssistant

from ..browser import Browser
from .chaos import Chaos
from .common import fds, scale, tasks
from .simulated_time import SimulatedTime
from .town import HOUR, Town, Wearer, living

HOURS = scale("FAULT_HOURS", 0.15)
RELAYS = int(scale("FAULT_RELAYS", 10))
SEED = int(scale("FAULT_SEED", 0)) or randrange(1, 1_000_000)

DRAINS = 8 * HOUR
"""Seconds in which all that waits is delivered, when nothing is wrong any more."""


@pytest.fixture(autouse=True)
def impatient() -> None:
    """Leave the patience of the relays as it is, in place of the fixture of that name."""


@pytest.mark.slow
@pytest.mark.timeout(300 + HOURS * 3600)
async def test_long_run(
    hass: HomeAssistant,
    pulsoid: Pulsoid,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The services hold what was measured, but for what the relays say they do not."""
    print(f"seed {SEED}")  # noqa: T201 - to be found where it fails
    caplog.set_level("WARNING")
    # It would be told of each task where it was made
    asyncio.get_running_loop().set_debug(False)
    seconds = int(HOURS * HOUR)
    clock = SimulatedTime(monkeypatch, seconds=seconds + 2 * DRAINS)
    async with living(hass, monkeypatch, RELAYS, pulsoid) as town:
        chaos = Chaos(hass, town, Random(SEED), monkeypatch)
        begin = int(clock.wall()) + 1
        for second in range(begin, begin + seconds):
            await clock.until(second + 0.5)
            for wearer in town.wearers:
                wearer.beat(second)
            await chaos.happen(second)
            if second % HOUR == 0:
                town.forget()
                print(_progress(town, second - begin))  # noqa: T201 - a day is long
        await chaos.heal()
        await _drain(clock, town)
        counts = Counter(chaos.happened)
        print("\n".join(_accounts(hass, town)))  # noqa: T201 - what this is for
        print(f"faults: {dict(sorted(counts.items()))}")  # noqa: T201
        for wearer in town.wearers:
            relay = wearer.relay
            assert relay
            tally = relay.outbox.tally
            account = f"seed {SEED}, {_name(wearer)}: "
            account += wearer.ledger.account(tally)
            assert wearer.ledger.is_clean(tally, len(relay.outbox)), account
            assert relay.outbox.set_aside is None, account
    gc.collect()
    assert not [record for record in caplog.records if record.exc_info]
    assert "Unexpected error" not in caplog.text


async def _drain(clock: SimulatedTime, town: Town) -> None:
    """Wait until nothing waits but what is too few for a batch."""
    ends = clock.wall() + DRAINS
    while clock.wall() < ends:
        left = 0
        for wearer in town.wearers:
            relay = wearer.relay
            assert relay
            relay.delivery.send_now()
            least = relay.destination.limits.min_batch
            left += max(0, len(relay.outbox) - least + 1)
        if not left:
            return
        await clock.until(clock.wall() + 10)
    pytest.fail(f"{left} readings do not leave")


def _name(wearer: Wearer) -> str:
    """Return what kind of service a wearer's relay is for."""
    return f"{wearer.entry.data['service']:26}"


def _accounts(hass: HomeAssistant, town: Town) -> list[str]:
    """Return a line for each relay, and one for what this process has open."""
    lines = [f"ledger of {HOURS:g} h, {RELAYS} relays, seed {SEED}"]
    for wearer in town.wearers:
        assert wearer.relay
        account = wearer.ledger.account(wearer.relay.outbox.tally)
        path = outbox_path(hass, wearer.entry.entry_id)
        size = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
        lines.append(f"{_name(wearer)} {account}, file {size // 1024} KiB")
    return [*lines, _resources()]


def _progress(town: Town, seconds: int) -> str:
    """Return a line on how it goes."""
    waiting = sum(len(each.relay.outbox) for each in town.wearers if each.relay)
    measured = sum(len(each.ledger.measured) for each in town.wearers)
    return f"{seconds / HOUR:5.1f} h: measured {measured}, waiting {waiting}, {_resources()}"


def _resources() -> str:
    """Return what this process uses."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (
        f"{fds()} files and sockets, {tasks()} tasks, "
        f"{usage.ru_maxrss // 1024} MiB, {usage.ru_utime + usage.ru_stime:.0f} s of CPU"
    )
