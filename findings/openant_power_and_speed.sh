#!/usr/bin/env bash
# openant makes 6 W of 200 W of a power meter that tells torque, and tells no speed but when the wheel has just turned.
#
# A power meter that broadcasts crank torque (ANT+ bicycle power, page 0x12) counts 1/2048 s in 16 bits. openant adds
# 65,536 to each period, whether the count went around or not, so the angular velocity and the average power are those of
# a crank that takes 32 s longer. Speed and cadence sensors repeat their last event, four times a second, until the next:
# for each repeat the speed is None, and so it is once a minute when the time goes around; when the count does, it is
# negative; and the first message is compared with a zero that was never told.
#
# Seen:    2026-11-29, openant 1.3.3
# Instead: take differences modulo 65,536, know no rate before the second event, and keep it while an event is repeated.
# Here:    custom_components/heart_rate_relay/monitor/profiles/revolutions.py (the same counts over Bluetooth)
# Needs:   Python 3.8 or later
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check install --quiet openant==1.3.3 pyusb==1.3.1

"$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
from importlib.metadata import version
import math
import struct
from unittest.mock import Mock

from openant.devices.bike_speed_cadence import BikeSpeed
from openant.devices.power_meter import PowerMeter

CIRCUMFERENCE = 2.1  # m


def power():
    """Ride at 60 rpm and 200 W: a turn a second, each with 200 W / (2 pi rad/s)."""
    meter, seen = PowerMeter(Mock()), []
    meter.on_device_data = lambda page, name, data: seen.append(
        (data.average_power, round(data.angular_velocity, 2))
    )
    torque = 200 / (2 * math.pi)
    for turn in range(1, 5):
        page = struct.pack("<BBBBHH", 0x12, turn, turn, 60, 2048 * turn, round(32 * torque * turn))
        meter.on_data(list(page))
    return seen[1:]


def speed(events):
    """Tell wheel revolutions, as (seconds by the sensor's clock, turns)."""
    sensor, seen = BikeSpeed(Mock()), []
    sensor.on_device_data = lambda page, name, data: seen.append(
        data.calculate_speed(CIRCUMFERENCE)
    )
    for seconds, turns in events:
        time = int(seconds * 1024) % 65536
        sensor.on_data(list(struct.pack("<BBBBHH", 0, 0xFF, 0xFF, 0xFF, time, turns % 65536)))
    return [kmh if kmh is None else round(kmh, 1) for kmh in seen]


print("openant", version("openant"))
print("W and rad/s at 200 W and 6.28 rad/s:", *power())
print("km/h at 15.1, each turn told twice: ", *speed([(10, 500), (10, 500), (10.5, 501), (10.5, 501), (11, 502), (11, 502)]))
print("km/h at 15.1, the time goes around: ", *speed([(63.5, 500), (64, 501), (64.5, 502)]))
print("km/h at 15.1, the count goes around:", *speed([(10, 65534), (10.5, 65535), (11, 65536), (11.5, 65537)]))
PYTHON

diff - "$work/seen" <<'EXPECTED'
openant 1.3.3
W and rad/s at 200 W and 6.28 rad/s: (6, 0.19) (6, 0.19) (6, 0.19)
km/h at 15.1, each turn told twice:  378.0 None 15.1 None 15.1 None
km/h at 15.1, the time goes around:  59.5 None 15.1
km/h at 15.1, the count goes around: 49543.7 15.1 -990889.2 15.1
EXPECTED
