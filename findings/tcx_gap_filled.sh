#!/usr/bin/env bash
# tcxreader fills a gap with one heart rate too many, and moves all later ones by a point.
#
# Asked to interpolate what is missing, it makes two values for one missing point, three for two. The points keep their
# times, so from the first gap on each has the heart rate of one before, the next gap adds to it, and the last heart
# rates of the session are gone. An average hardly shows it.
#
# Seen:    2026-11-29, tcxreader 0.4.11
# Instead: leave null_value_handling at 1, and interpolate by time yourself.
# Here:    no files are read; nothing is ever interpolated
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

HEART_RATES = (100, 100, None, 110, 120, 130, None, 140, 150, 160)
FILE = """<?xml version="1.0" encoding="UTF-8"?>
<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">
  <Activities><Activity Sport="Running"><Id>2026-11-29T10:00:00Z</Id>
    <Lap StartTime="2026-11-29T10:00:00Z">
      <TotalTimeSeconds>9</TotalTimeSeconds><DistanceMeters>27</DistanceMeters><Calories>1</Calories>
      <Intensity>Active</Intensity><TriggerMethod>Manual</TriggerMethod>
      <Track>{}</Track>
    </Lap>
  </Activity></Activities>
</TrainingCenterDatabase>"""


def point(second, heart_rate):
    measured = f"<HeartRateBpm><Value>{heart_rate}</Value></HeartRateBpm>" if heart_rate else ""
    return (
        f"<Trackpoint><Time>2026-11-29T10:00:0{second}Z</Time><Position><LatitudeDegrees>50</LatitudeDegrees>"
        f"<LongitudeDegrees>4</LongitudeDegrees></Position><DistanceMeters>{second * 3}</DistanceMeters>"
        f"{measured}</Trackpoint>"
    )


Path(sys.argv[1]).write_text(FILE.format("".join(map(point, range(10), HEART_RATES))))
print("tcxreader", version("tcxreader"))
for handling in (1, 2):
    run = TCXReader().read(sys.argv[1], null_value_handling=handling)
    print(f"null_value_handling={handling}:", *(point.hr_value for point in run.trackpoints))
PYTHON

diff - "$work/seen" <<'EXPECTED'
tcxreader 0.4.11
null_value_handling=1: 100 100 None 110 120 130 None 140 150 160
null_value_handling=2: 100 100 103 106 110 120 130 133 136 140
EXPECTED
