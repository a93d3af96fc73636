#!/usr/bin/env bash
# HeartPy makes the results of two recordings one, and SDSD, like pyHRV, far too small.
#
# process_rr() takes the intervals that straps send, and two dictionaries which "will be created if not passed", says
# its documentation. They are created once: the results of a rest become those of a run that is analysed later, and
# these hold what was asked for the rest alone. SDSD is the standard deviation of the differences between adjacent
# intervals (Task Force of the ESC and NASPE, "Heart rate variability", 1996, table 1); since these add up to about
# nothing, it is about RMSSD. HeartPy and pyHRV leave out their sign, and tell how unequal they are: 0 ms of intervals
# that alternate. RMSSD is right. HeartPy's documentation of calc_ts_measures() keeps the sign, for the right SDSD, and
# half of pNN20.
#
# Seen:    2026-11-30, HeartPy 1.2.7, pyHRV 0.5.0
# Instead: process_rr(intervals, measures={}, working_data={}), and numpy.std(numpy.diff(intervals)) for SDSD.
# Here:    custom_components/heart_rate_relay/monitor/variability.py makes RMSSD, of differences with their sign
# Needs:   Python 3.11 or later
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check install --quiet \
    heartpy==1.2.7 pyhrv==0.5.0 biosppy==2.2.4 nolds==0.6.2 peakutils==1.3.5 spectrum==0.10.0 \
    numpy==2.3.5 scipy==1.17.1 matplotlib==3.11.2 setuptools==80.9.0

"$work/venv/bin/python" -W ignore - <<'PYTHON' | tee "$work/seen"
from importlib.metadata import version
import math

from heartpy import process_rr
from heartpy.analysis import calc_ts_measures
import numpy as np
from pyhrv import time_domain

# Intervals in ms
REST = [900 + 60 * math.sin(math.tau * beat / 4.4) for beat in range(221)]
RUN = [400 + 3 * math.sin(math.tau * beat / 9) for beat in range(220)]
ALTERNATING = [800 + 30 * (beat % 2) for beat in range(221)]


def told(measures):
    return f"{measures['bpm']:.0f} bpm, RMSSD {measures['rmssd']:.0f} ms"


def show(new):
    """Analyse a rest and then a run, each with new dictionaries, if any."""
    _, rest = process_rr(REST, calc_freq=True, **new())
    ratio = rest["lf/hf"]
    print("  rest:", told(rest))
    _, run = process_rr(RUN, **new())
    print("  run:", told(run))
    print("  rest, looked at again:", told(rest))
    print("  LF/HF of the run, which was not asked for:", "that of the rest" if run.get("lf/hf") == ratio else "none")


def by_definition(intervals):
    steps = np.diff(intervals)
    return np.std(steps), np.mean(np.abs(steps) > 20)


def by_heartpy(intervals):
    _, measures = process_rr(intervals, measures={}, working_data={})
    return measures["sdsd"], measures["pnn20"]


def as_heartpy_documents(intervals):
    steps = np.diff(intervals)
    _, measures = calc_ts_measures(intervals, steps, steps**2, {}, {})
    return measures["sdsd"], measures["pnn20"]


def by_pyhrv(intervals):
    return time_domain.sdsd(intervals)["sdsd"], time_domain.nn20(intervals)["pnn20"] / 100


print("HeartPy", version("heartpy") + ", with dictionaries that it creates")
show(dict)
print("HeartPy", version("heartpy") + ", with dictionaries that are passed")
show(lambda: {"measures": {}, "working_data": {}})
for name, intervals in (("of a rest", REST), ("of intervals that alternate", ALTERNATING)):
    print("SDSD and pNN20", name)
    for who, measures in (
        ("right", by_definition),
        ("HeartPy " + version("heartpy"), by_heartpy),
        ("as HeartPy documents it", as_heartpy_documents),
        ("pyHRV " + version("pyhrv"), by_pyhrv),
    ):
        sdsd, pnn20 = measures(np.array(intervals, float))
        print(f"  {who}: {sdsd:.0f} ms, {pnn20:.0%}")
PYTHON

diff - "$work/seen" <<'EXPECTED'
HeartPy 1.2.7, with dictionaries that it creates
  rest: 67 bpm, RMSSD 56 ms
  run: 150 bpm, RMSSD 1 ms
  rest, looked at again: 150 bpm, RMSSD 1 ms
  LF/HF of the run, which was not asked for: that of the rest
HeartPy 1.2.7, with dictionaries that are passed
  rest: 67 bpm, RMSSD 56 ms
  run: 150 bpm, RMSSD 1 ms
  rest, looked at again: 67 bpm, RMSSD 56 ms
  LF/HF of the run, which was not asked for: none
SDSD and pNN20 of a rest
  right: 56 ms, 91%
  HeartPy 1.2.7: 25 ms, 91%
  as HeartPy documents it: 56 ms, 45%
  pyHRV 0.5.0: 25 ms, 91%
SDSD and pNN20 of intervals that alternate
  right: 30 ms, 100%
  HeartPy 1.2.7: 0 ms, 100%
  as HeartPy documents it: 30 ms, 50%
  pyHRV 0.5.0: 0 ms, 100%
EXPECTED
