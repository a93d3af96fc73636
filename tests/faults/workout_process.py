"""A Home Assistant with the workouts of a wearer, until it is killed, or told to end.

A strap measures as fast as told. Each heart rate is told once it is in the state machine: when,
in µs, and how many seconds late this machine was at the most so far, in waking up or in writing
to the disk. At the end of its input it ends the workout, and tells "over".
"""

import asyncio
from contextlib import suppress
from itertools import count
from pathlib import Path
import sys
import time

from pytest_homeassistant_custom_component.common import async_test_home_assistant

from custom_components.heart_rate_relay.workout.coordinator import WorkoutCoordinator

from ..common import STRAP, measure, us
from ..workout.gym import workout_entry
from .relay_process import Lateness

INTERVAL = 0.01

ENTRY_ID = "01K00000000000000000WORKOUT"


async def run(folder: Path) -> None:
    """Train until the end of the input."""
    async with async_test_home_assistant(config_dir=str(folder)) as hass:
        measure(hass, "unavailable")
        entry = workout_entry(begin_after=0)
        object.__setattr__(entry, "entry_id", ENTRY_ID)
        entry.add_to_hass(hass)
        coordinator = WorkoutCoordinator(hass, entry)
        await coordinator.async_start()
        late = Lateness(coordinator.memory, "write")
        ended = hass.async_add_executor_job(sys.stdin.read)
        for number in count():
            measure(hass, 120 + number % 40)
            state = hass.states.get(STRAP)
            assert state
            at = us(state.last_reported_timestamp)
            sys.stdout.write(f"{at} {late.seconds}\n")
            sys.stdout.flush()
            expected = time.monotonic() + INTERVAL
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(ended), INTERVAL)
                break
            late.note(time.monotonic() - expected)
        coordinator.async_end()
        await coordinator.async_stop()
        sys.stdout.write("over\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1])))
