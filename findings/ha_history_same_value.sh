#!/usr/bin/env bash
# Home Assistant's history leaves out a measurement of the same value, though it is in the database.
#
# Sensors that tell when they measured in an attribute (Health Connect, scales) make a row of each measurement. Where
# its value is the one before, the usual questions skip it: state_changes_during_period always, get_significant_states
# unless told otherwise. Four of five resting pulses of 60 are gone, and a chart or an export made of it has one. The
# same measurements forced by force_update are found.
#
# Seen:    2026-11-29, Home Assistant 2026.10.4
# Instead: get_significant_states(..., significant_changes_only=False)
# Here:    custom_components/heart_rate_relay/past/history.py
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
from functools import partial
import sys

from homeassistant import bootstrap, loader
from homeassistant.components.recorder.history import get_significant_states, state_changes_during_period
from homeassistant.config_entries import ConfigEntries
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers import recorder
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util


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
    await hass.async_start()
    return hass


async def main():
    print("Home Assistant", __version__)
    hass = await home_assistant(sys.argv[1])
    start = dt_util.utcnow()
    for minute in range(5):
        measured = {"date": f"2026-11-29T10:0{minute}:00Z"}
        hass.states.async_set("sensor.dated", "60", measured)
        hass.states.async_set("sensor.forced", "60", {}, force_update=True)
        await asyncio.sleep(0.01)
    instance = recorder.get_instance(hass)
    await instance.async_block_till_done()
    for entity_id in ("sensor.dated", "sensor.forced"):
        for name, ask in (
            ("state_changes_during_period", partial(state_changes_during_period, entity_id=entity_id)),
            ("get_significant_states", partial(get_significant_states, entity_ids=[entity_id])),
            (
                "the same, significant_changes_only=False",
                partial(get_significant_states, entity_ids=[entity_id], significant_changes_only=False),
            ),
        ):
            found = await instance.async_add_executor_job(partial(ask, hass, start, None))
            print(f"{entity_id}, {name}: {len(found[entity_id])} of 5")
    await hass.async_stop()


asyncio.run(main())
PYTHON

diff - "$work/seen" <<'EXPECTED'
Home Assistant 2026.10.4
sensor.dated, state_changes_during_period: 1 of 5
sensor.dated, get_significant_states: 1 of 5
sensor.dated, the same, significant_changes_only=False: 5 of 5
sensor.forced, state_changes_during_period: 5 of 5
sensor.forced, get_significant_states: 5 of 5
sensor.forced, the same, significant_changes_only=False: 5 of 5
EXPECTED
