#!/usr/bin/env bash
# Home Assistant's long-term statistics go on with the last heart rate of a strap that was taken off.
#
# They are made of means of five minutes, in which a value counts for the time until the next change of state, as
# _time_weighted_arithmetic_mean says of itself. "Unavailable" is such a change, but is left out before: the last value
# counts until the five minutes are over. And an hour is the mean of those means, be one of 40 seconds and the others of
# five minutes. Who takes a strap off after a sprint of 10 s gets 168 bpm instead of 90, and in the hour 69.8 instead of
# 60.4, which stays when the states are long purged. The lowest and the highest are right.
#
# Seen:    2026-11-30, Home Assistant 2026.10.4
# Instead: make the mean of the states while the recorder has them, each up to the next state, whatever that is.
# Here:    custom_components/heart_rate_relay/workout/series.py lets a value hold for a minute at most
# Needs:   Python 3.14.2 or later, and another with pip
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The environment that scripts/setup made does where it has this version: it takes minutes to install
python=.venv/bin/python
if ! "$python" -c 'from importlib.metadata import version; assert version("homeassistant") == "2026.10.4"' 2>/dev/null; then
    python3.14 -m venv --without-pip "$work/venv"
    python=$work/venv/bin/python
    python3 -m pip --disable-pip-version-check --python "$python" install --quiet \
        homeassistant==2026.10.4 SQLAlchemy==2.0.54 fnv-hash-fast==2.0.3 psutil-home-assistant==0.0.1
fi

"$python" -P - "$work" <<'PYTHON' | tee "$work/seen"
import asyncio
from datetime import timedelta
import sys

from homeassistant import bootstrap, loader
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.components.recorder.tasks import StatisticsTask
from homeassistant.config_entries import ConfigEntries
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers import recorder
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

SENSOR = "sensor.strap"
ATTRIBUTES = {"state_class": "measurement", "unit_of_measurement": "bpm"}
FIVE_MINUTES, HOUR = timedelta(minutes=5), timedelta(hours=1)


async def home_assistant(folder):
    """Return one that runs, with a recorder and nothing else."""
    hass = HomeAssistant(folder)
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    recorder.async_initialize_recorder(hass)
    database = {"db_url": f"sqlite:///{folder}/recorder.db", "commit_interval": 0}
    assert await async_setup_component(hass, "recorder", {"recorder": database})
    assert await async_setup_component(hass, "sensor", {})
    await hass.async_start()
    return hass


def while_worn(told, since, until):
    """Return the mean of what was told, each for the time until the next."""
    times = [*(max(at, since) for at, _ in told), until]
    spans = [(end - at).total_seconds() for at, end in zip(times, times[1:], strict=False)]
    worn = [(value, span) for (_, value), span in zip(told, spans, strict=True) if value != "unavailable"]
    return sum(value * span for value, span in worn) / sum(span for _, span in worn)


async def main():
    print("Home Assistant", __version__)
    hass = await home_assistant(sys.argv[1])
    instance = recorder.get_instance(hass)
    # An hour that is over
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0) - 2 * HOUR
    sprint = start + timedelta(minutes=50, seconds=30)
    told = [(start, 60), (sprint, 180), (sprint + timedelta(seconds=10), "unavailable")]
    for at, value in told:
        hass.states.async_set(SENSOR, str(value), ATTRIBUTES, timestamp=at.timestamp())
    await instance.async_block_till_done()
    for number in range(12):
        instance.queue_task(StatisticsTask(start + number * FIVE_MINUTES, fire_events=False))
    await instance.async_block_till_done()
    for name, since, span, period in (
        ("the last five minutes", start + timedelta(minutes=50), FIVE_MINUTES, "5minute"),
        ("the hour", start, HOUR, "hour"),
    ):
        rows = await instance.async_add_executor_job(
            statistics_during_period, hass, since, since + span, {SENSOR}, period, None, {"mean", "min", "max"}
        )
        (row,) = rows[SENSOR]
        print(f"{name}: mean {row['mean']:.1f}, lowest {row['min']:.0f}, highest {row['max']:.0f};", end=" ")
        print(f"while worn: {while_worn(told, since, since + span):.1f}")
    await hass.async_stop()


asyncio.run(main())
PYTHON

diff - "$work/seen" <<'EXPECTED'
Home Assistant 2026.10.4
the last five minutes: mean 168.0, lowest 60, highest 180; while worn: 90.0
the hour: mean 69.8, lowest 60, highest 180; while worn: 60.4
EXPECTED
