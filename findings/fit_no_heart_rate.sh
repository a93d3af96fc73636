#!/usr/bin/env bash
# fit-tool reads a second without a heart rate as 255 bpm, one without power as 65,535 W, and no beat as one of 65.5 s.
#
# A message of a FIT file has each field that was announced for it. A watch whose strap slipped writes a number that
# says "none": each base type of the protocol has one, its invalid value, 0xFF for a heart rate and 0xFFFF for power and
# for the time between two beats, which fills up a list of beats. fit-tool hands them out as if they were measured: the
# highest heart rate of such a run is 255, and an RMSSD of its beats is one of many seconds. It writes them itself in
# place of what is taken out ("protocol-invalid fill", its documentation says), and believes its own file. Three others
# tell that there is nothing.
#
# Seen:    2026-11-30, fit-tool 0.9.16, garmin-fit-sdk 21.218.0, fitdecode 0.11.0, fitparse 1.2.0
# Instead: read with another library, or compare each of field.encoded_values with field.base_type.invalid_raw_value().
# Here:    no files are read; custom_components/heart_rate_relay/workout/fit.py writes with it, and announces for each
#          second only what there is
# Needs:   Python 3.11 or later
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check install --quiet \
    fit-tool==0.9.16 garmin-fit-sdk==21.218.0 fitdecode==0.11.0 fitparse==1.2.0

"$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from fit_tool import FitFile as FitToolFile
from fit_tool.profile.messages.hrv_message import HrvMessage
from fit_tool.profile.messages.record_message import RecordMessage
from fitdecode import FIT_FRAME_DATA, FitReader
from fitparse import FitFile
from garmin_fit_sdk import Decoder, Encoder, Profile, Stream

START = datetime(2026, 11, 30, 10, tzinfo=UTC)
NO_HEART_RATE, NO_POWER, NO_BEAT = 0xFF, 0xFFFF, 0xFFFF / 1000

encoder = Encoder()
number = Profile["mesg_num"]
encoder.on_mesg(number["FILE_ID"], {"type": "activity", "manufacturer": "development", "time_created": START})
for second, heart_rate, power in ((0, 120, 200), (1, NO_HEART_RATE, NO_POWER), (2, 121, 0)):
    encoder.on_mesg(
        number["RECORD"],
        {"timestamp": START + timedelta(seconds=second), "heart_rate": heart_rate, "power": power},
    )
encoder.on_mesg(number["HRV"], {"time": [0.5, 0.496, NO_BEAT, NO_BEAT, NO_BEAT]})
file = bytes(encoder.close())


def by_fit_tool(file):
    for record in FitToolFile.from_bytes(file).records:
        match record.message:
            case RecordMessage(heart_rate=heart_rate, power=power):
                yield heart_rate, power
            case HrvMessage(time=time):
                yield from time


def by_garmin(file):
    messages, errors = Decoder(Stream.from_byte_array(bytearray(file))).read()
    assert not errors, errors
    for record in messages["record_mesgs"]:
        yield record.get("heart_rate"), record.get("power")
    yield from messages["hrv_mesgs"][0]["time"]


def by_fitdecode(file):
    for frame in FitReader(file):
        if frame.frame_type == FIT_FRAME_DATA and frame.name == "record":
            yield frame.get_value("heart_rate"), frame.get_value("power")
        elif frame.frame_type == FIT_FRAME_DATA and frame.name == "hrv":
            yield from frame.get_value("time")


def by_fitparse(file):
    for message in FitFile(file).get_messages():
        if message.name == "record":
            yield message.get_value("heart_rate"), message.get_value("power")
        elif message.name == "hrv":
            yield from message.get_value("time")


def taken_out(file):
    """Take out the heart rate of the first second with fit-tool."""
    fit = FitToolFile.from_bytes(file)
    first = next(record.message for record in fit.records if isinstance(record.message, RecordMessage))
    first.heart_rate = None
    return fit.to_bytes()


for library, read in (
    ("fit-tool", by_fit_tool),
    ("garmin-fit-sdk", by_garmin),
    ("fitdecode", by_fitdecode),
    ("fitparse", by_fitparse),
):
    print(library, version(library) + ":", *read(file))
print("the first heart rate taken out with fit-tool, and read")
print("  with garmin-fit-sdk:", next(by_garmin(taken_out(file)))[0])
print("  with fit-tool:", next(by_fit_tool(taken_out(file)))[0])
PYTHON

diff - "$work/seen" <<'EXPECTED'
fit-tool 0.9.16: (120, 200) (255, 65535) (121, 0) 0.5 0.496 65.535 65.535 65.535
garmin-fit-sdk 21.218.0: (120, 200) (None, None) (121, 0) 0.5 0.496 None None None
fitdecode 0.11.0: (120, 200) (None, None) (121, 0) 0.5 0.496 None None None
fitparse 1.2.0: (120, 200) (None, None) (121, 0) 0.5 0.496 None None None
the first heart rate taken out with fit-tool, and read
  with garmin-fit-sdk: None
  with fit-tool: 255
EXPECTED
