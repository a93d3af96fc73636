#!/usr/bin/env bash
# python-tcxparser gives heart rates and times in lists that do not belong together.
#
# A point without a heart rate, as each strap has at its start or when it slips, is left out of hr_values() and not of
# time_values(). Zipped, as their names suggest, each later heart rate moves to the time of an earlier one, more with
# each gap, and the last times are lost.
#
# Seen:    2026-11-29, python-tcxparser 2.4.0
# Instead: go through the Trackpoint elements of the tree that the parser keeps (.root), and take both from each.
# Here:    no files are read
# Needs:   Python 3.9 or later
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check install --quiet python-tcxparser==2.4.0

cat > "$work/run.tcx" <<'TCX'
<?xml version="1.0" encoding="UTF-8"?>
<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">
  <Activities><Activity Sport="Running"><Id>2026-11-29T10:00:00Z</Id>
    <Lap StartTime="2026-11-29T10:00:00Z">
      <TotalTimeSeconds>3</TotalTimeSeconds><DistanceMeters>9</DistanceMeters><Calories>1</Calories>
      <Intensity>Active</Intensity><TriggerMethod>Manual</TriggerMethod>
      <Track>
        <Trackpoint><Time>2026-11-29T10:00:00Z</Time></Trackpoint>
        <Trackpoint><Time>2026-11-29T10:00:01Z</Time><HeartRateBpm><Value>101</Value></HeartRateBpm></Trackpoint>
        <Trackpoint><Time>2026-11-29T10:00:02Z</Time></Trackpoint>
        <Trackpoint><Time>2026-11-29T10:00:03Z</Time><HeartRateBpm><Value>103</Value></HeartRateBpm></Trackpoint>
      </Track>
    </Lap>
  </Activity></Activities>
</TrainingCenterDatabase>
TCX

"$work/venv/bin/python" - "$work/run.tcx" <<'PYTHON' | tee "$work/seen"
from importlib.metadata import version
import sys

from tcxparser import TCXParser

run = TCXParser(sys.argv[1])
print("python-tcxparser", version("python-tcxparser"))
for time, heart_rate in zip(run.time_values(), run.hr_values()):
    print(time, heart_rate)
PYTHON

diff - "$work/seen" <<'EXPECTED'
python-tcxparser 2.4.0
2026-11-29T10:00:00Z 101
2026-11-29T10:00:01Z 103
EXPECTED
