#!/usr/bin/env bash
# Home Assistant's filter does not move while the heart rate holds, however long that is measured.
#
# A value that is told again makes no change of state but a report, and filter hears changes alone. A low-pass over a
# pulse that jumps from 60 to 120 and stays there takes one step and keeps it for as long as the pulse is steady: it
# never arrives. Statistics, derivative and integral do hear reports.
#
# Seen:    2026-11-29, Home Assistant 2026.10.4
# Instead: listen to changes and to reports (async_track_state_report_event), or smooth with statistics; in MQTT,
#          force_update makes a change of each measurement.
# Here:    custom_components/heart_rate_relay/sources/sources.py listens to both
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
import sys

from homeassistant import bootstrap, loader
from homeassistant.config_entries import ConfigEntries
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers import recorder
from homeassistant.setup import async_setup_component


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
    low_pass = {"filter": "lowpass", "time_constant": 4, "precision": 1}
    smooth = {"platform": "filter", "name": "smooth", "entity_id": "sensor.pulse", "filters": [low_pass]}
    assert await async_setup_component(hass, "sensor", {"sensor": [smooth]})
    await hass.async_block_till_done()
    for name, values in (
        ("60, told 20 times", [60] * 20),
        ("120, told once", [120]),
        ("120, told 20 times more", [120] * 20),
        ("120 and 121, 20 times", [121, 120] * 10),
    ):
        for value in values:
            hass.states.async_set("sensor.pulse", str(value))
            await hass.async_block_till_done()
        print(name + ":", hass.states.get("sensor.smooth").state)
    await hass.async_stop()


asyncio.run(main())
PYTHON

diff - "$work/seen" <<'EXPECTED'
Home Assistant 2026.10.4
60, told 20 times: 60.0
120, told once: 75.0
120, told 20 times more: 75.0
120 and 121, 20 times: 120.3
EXPECTED
