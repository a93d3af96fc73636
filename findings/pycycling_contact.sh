#!/usr/bin/env bash
# pycycling says that a strap touches the skin when the strap says that it does not.
#
# The flags of a Heart Rate Measurement (0x2A37) hold two bits of contact: "I can tell" (0x04) and "I am worn" (0x02).
# pycycling takes both for one and is true when either is set. So a strap that lost contact looks worn, with its last
# value, and one that cannot tell looks taken off.
#
# Seen:    2026-11-29, pycycling 0.4.1
# Instead: believe 0x02 only where 0x04 is set; where it is not, nothing is known.
# Here:    custom_components/heart_rate_relay/monitor/measurement.py
# Needs:   Python 3.10 or later
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check install --quiet pycycling==0.4.1 bleak==3.1.0

"$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
from importlib.metadata import version

from pycycling.heart_rate_service import HeartRateService


class Strap:
    """Notifies of what it is told to."""

    async def start_notify(self, uuid, handler):
        self.notify = handler


def seen_by(flags):
    strap, seen = Strap(), []
    service = HeartRateService(strap)
    service.set_hr_measurement_handler(seen.append)
    try:
        service.enable_hr_measurement_notifications().send(None)
    except StopIteration:
        strap.notify(None, bytearray([flags, 72]))
    return f"sensor_contact={seen[0].sensor_contact} bpm={seen[0].bpm}"


print("pycycling", version("pycycling"))
print("cannot tell:", seen_by(0x00))
print("not worn:   ", seen_by(0x04))
print("worn:       ", seen_by(0x06))
PYTHON

diff - "$work/seen" <<'EXPECTED'
pycycling 0.4.1
cannot tell: sensor_contact=False bpm=72
not worn:    sensor_contact=True bpm=72
worn:        sensor_contact=True bpm=72
EXPECTED
