#!/usr/bin/env bash
# tcxreader finds no heart rate in a session indoors, and leaves tunnels out of the average of one outdoors.
#
# It keeps points that have a position, unless it is told not to. On a treadmill none has: no points, no average, no
# maximum, a duration of 0, and nothing says why. Outdoors the heart rates of the minutes without satellites, the
# highest ones perhaps, do not count, though the strap went on measuring.
#
# Seen:    2026-11-29, tcxreader 0.4.11
# Instead: TCXReader().read(file, only_gps=False)
# Here:    no files are read
# Needs:   Python 3.9 or later
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check install --quiet tcxreader==0.4.11

"$work/venv/bin/python" - "$work/run.tcx" <<'PYTHON' | tee "$work/seen"
from importlib.metadata import version
from pathlib import Path
import sys

from tcxreader.tcxreader import TCXReader

FILE = """<?xml version="1.0" encoding="UTF-8"?>
<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">
  <Activities><Activity Sport="Running"><Id>2026-11-29T10:00:00Z</Id>
    <Lap StartTime="2026-11-29T10:00:00Z">
      <TotalTimeSeconds>4</TotalTimeSeconds><DistanceMeters>12</DistanceMeters><Calories>1</Calories>
      <Intensity>Active</Intensity><TriggerMethod>Manual</TriggerMethod>
      <Track>{}</Track>
    </Lap>
  </Activity></Activities>
</TrainingCenterDatabase>"""
POSITION = "<Position><LatitudeDegrees>50</LatitudeDegrees><LongitudeDegrees>4</LongitudeDegrees></Position>"


def point(second, heart_rate, has_position):
    return (
        f"<Trackpoint><Time>2026-11-29T10:00:0{second}Z</Time>{POSITION if has_position else ''}"
        f"<DistanceMeters>{second * 3}</DistanceMeters>"
        f"<HeartRateBpm><Value>{heart_rate}</Value></HeartRateBpm></Trackpoint>"
    )


print("tcxreader", version("tcxreader"))
for name, positions in (("indoors", (0, 0, 0, 0, 0)), ("tunnel", (1, 1, 0, 0, 1))):
    points = (point(second, (140, 140, 180, 180, 140)[second], positions[second]) for second in range(5))
    Path(sys.argv[1]).write_text(FILE.format("".join(points)))
    for options in ({}, {"only_gps": False}):
        run = TCXReader().read(sys.argv[1], **options)
        print(f"{name}, {options}: {len(run.trackpoints)} points, average {run.hr_avg}, duration {run.duration}")
PYTHON

diff - "$work/seen" <<'EXPECTED'
tcxreader 0.4.11
indoors, {}: 0 points, average None, duration 0
indoors, {'only_gps': False}: 5 points, average 156.0, duration 4.0
tunnel, {}: 3 points, average 140.0, duration 4.0
tunnel, {'only_gps': False}: 5 points, average 156.0, duration 4.0
EXPECTED
