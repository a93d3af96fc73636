"""A process that adds readings to an outbox, and settles some, until it is killed.

It tells what it does, a line for each reading: what, its number, how many seconds late
this machine was at the most so far.
"""

import asyncio
import importlib
from pathlib import Path
import sys
import time
from types import ModuleType

PACKAGE = "custom_components.heart_rate_relay"
INTERVAL = 0.003


def import_outbox() -> tuple[ModuleType, ModuleType]:
    """Return the modules, without Home Assistant: to import it would take seconds."""
    folder = Path(__file__).parents[2]
    for name in (PACKAGE.partition(".")[0], PACKAGE):
        package = ModuleType(name)
        package.__path__ = [str(folder.joinpath(*name.split(".")))]
        sys.modules[name] = package
    return (
        importlib.import_module(f"{PACKAGE}.reading"),
        importlib.import_module(f"{PACKAGE}.outbox.outbox"),
    )


async def run(path: Path, *, settles: bool) -> None:
    """Add readings, and settle some where it is told to."""
    reading, outbox_module = import_outbox()
    heart_rate = importlib.import_module(f"{PACKAGE}.metrics").HEART_RATE
    source = reading.Source("1a", "sensor.strap", "Strap")
    outbox = outbox_module.Outbox(path, max_readings=1_000_000, max_age=1_000_000)
    await outbox.open()
    number, late = 0, 0.0
    while True:
        number += 1
        measured_at = time.time_ns() // 1000
        outbox.add(reading.Reading(heart_rate, float(number), measured_at, source))
        tell("added", number, late)
        if settles and number % 20 == 0:
            entries = await outbox.take(10, newest_first=number % 40 == 0)
            for entry in entries:
                tell("settling", int(entry.reading.value), late)
            await outbox.settle(entries)
            for entry in entries:
                tell("settled", int(entry.reading.value), late)
        expected = time.monotonic() + INTERVAL
        await asyncio.sleep(INTERVAL)
        late = max(late, time.monotonic() - expected)


def tell(what: str, number: int, late: float) -> None:
    """Write a line that is out before the next thing happens."""
    sys.stdout.write(f"{what} {number} {time.time()} {late}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), settles=sys.argv[2] == "settles"))
