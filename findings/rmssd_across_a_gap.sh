#!/usr/bin/env bash
# NeuroKit2 makes three RMSSDs of the same beats with a gap, by the form in which it is given them.
#
# RMSSD is about successive beats. Where a strap lost ten of them, intervals with their times (RRI_Time) are right: no
# difference is taken across the gap. The same intervals alone, which is all that straps send, are joined as if nothing
# were missing. And as times of beats the gap becomes one interval of eight seconds, which makes an RMSSD of nearly a
# second. No warning in any of them.
#
# Seen:    2026-11-29, neurokit2 0.3.0
# Instead: keep the time of each interval and pass {"RRI": …, "RRI_Time": …}; with other libraries, split at gaps.
# Here:    custom_components/heart_rate_relay/monitor/variability.py begins anew after a gap
# Needs:   Python 3.11 or later
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check install --quiet \
    neurokit2==0.3.0 numpy==2.2.0 pandas==3.1.1 scipy==1.17.1

"$work/venv/bin/python" -W ignore - <<'PYTHON' | tee "$work/seen"
from importlib.metadata import version
import math

import neurokit2
import numpy as np

# Two minutes of a heart that breathes, in ms
intervals = [round(800 + 30 * math.sin(beat / 4) + 5 * (-1) ** beat) for beat in range(120)]
times = np.cumsum(intervals) / 1000
heard = np.r_[0:60, 70:120]
peaks = np.r_[0, times[0:60], times[69:120]] * 1000

steps = np.r_[np.diff(intervals[:60]), np.diff(intervals[70:])]
print("neurokit2", version("neurokit2"))
print(f"{'right:':<22}{math.sqrt(np.mean(steps**2)):.1f} ms")
for name, beats in (
    ("intervals with times", {"RRI": np.array(intervals)[heard], "RRI_Time": times[heard]}),
    ("intervals alone", {"RRI": np.array(intervals)[heard]}),
    ("times of beats", peaks.astype(int)),
):
    rmssd = neurokit2.hrv_time(beats, sampling_rate=1000)["HRV_RMSSD"][0]
    print(f"{name + ':':<22}{rmssd:.1f} ms")
PYTHON

diff - "$work/seen" <<'EXPECTED'
neurokit2 0.3.0
right:                11.3 ms
intervals with times: 11.3 ms
intervals alone:      12.0 ms
times of beats:       958.8 ms
EXPECTED
