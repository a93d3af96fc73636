#!/usr/bin/env bash
# The heart rates that a strap stored while its wearer swam get wrong times from three of four FIT libraries.
#
# They are in messages "hr": eight heart rates, and eight times of 12 bits, in 1/1024 s, which go on from the last full
# time, that of the strap's own clock. Four libraries read the same file, which Garmin's own encoder wrote. fitparse and
# fit-tool go on from 0, so 1002.25 s is 2.25 s. fitdecode does, too, and adds that to the date at which the strap's
# clock was 1001.5: dates which are wrong by up to 4 s, here 1.5 s. Garmin's SDK is right.
#
# Seen:    2026-11-29, fitparse 1.2.0, fit-tool 0.9.16, fitdecode 0.11.0, garmin-fit-sdk 21.218.0
# Instead: use Garmin's SDK for these messages, and test with a full time that is not a multiple of 4 s.
# Here:    no files are read
# Needs:   Python 3.11 or later
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check install --quiet \
    fitparse==1.2.0 fit-tool==0.9.16 fitdecode==0.11.0 garmin-fit-sdk==21.218.0

"$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from fit_tool.fit_file import FitFile as FitToolFile
from fit_tool.profile.messages.hr_message import HrMessage
from fitdecode import FIT_FRAME_DATA, FitReader
from fitparse import FitFile
from garmin_fit_sdk import Decoder, Encoder, Profile, Stream

START = datetime(2026, 11, 29, 10, tzinfo=UTC)
STRAP_START = 1001.5
TIMES = [STRAP_START + 0.75 * beat for beat in range(1, 9)]


def packed(times):
    """Return the lowest 12 bits of each time, two to three bytes."""
    bits = 0
    for index, time in enumerate(times):
        bits |= (int(time * 1024) & 0xFFF) << (12 * index)
    return list(bits.to_bytes(12, "little"))


encoder = Encoder()
number = Profile["mesg_num"]
encoder.on_mesg(number["FILE_ID"], {"type": "activity", "manufacturer": "development", "time_created": START})
encoder.on_mesg(
    number["HR"],
    {"timestamp": START, "fractional_timestamp": 0.0, "event_timestamp": STRAP_START, "filtered_bpm": [70]},
)
encoder.on_mesg(number["HR"], {"event_timestamp_12": packed(TIMES), "filtered_bpm": list(range(71, 79))})
encoder.on_mesg(number["RECORD"], {"timestamp": START, "distance": 0})
file = bytes(encoder.close())


def by_fitparse():
    message = list(FitFile(file).get_messages("hr"))[-1]
    return [field.value for field in message if field.name == "event_timestamp"]


def by_fit_tool():
    messages = [record.message for record in FitToolFile.from_bytes(file).records]
    return [message for message in messages if isinstance(message, HrMessage)][-1].event_timestamp


def by_fitdecode():
    frames = [frame for frame in FitReader(file) if frame.frame_type == FIT_FRAME_DATA and frame.name == "hr"]
    return [f"{field.value:%M:%S.%f}" for field in frames[-1].fields if field.name == "event_timestamp"]


def by_garmin():
    messages, errors = Decoder(Stream.from_byte_array(bytearray(file))).read()
    assert not errors, errors
    return messages["hr_mesgs"][-1]["event_timestamp"]


print("written:", *TIMES)
print("date:", *(f"{START + timedelta(seconds=time - STRAP_START):%M:%S.%f}" for time in TIMES))
for library, times in (
    ("fitparse", by_fitparse),
    ("fit-tool", by_fit_tool),
    ("fitdecode", by_fitdecode),
    ("garmin-fit-sdk", by_garmin),
):
    print(library, version(library) + ":", *times())
PYTHON

diff - "$work/seen" <<'EXPECTED'
written: 1002.25 1003.0 1003.75 1004.5 1005.25 1006.0 1006.75 1007.5
date: 00:00.750000 00:01.500000 00:02.250000 00:03.000000 00:03.750000 00:04.500000 00:05.250000 00:06.000000
fitparse 1.2.0: 2.25 3.0 3.75 4.5 5.25 6.0 6.75 7.5
fit-tool 0.9.16: 2.25 3.0 3.75 4.5 5.25 6.0 6.75 7.5
fitdecode 0.11.0: 00:02.250000 00:03.000000 00:03.750000 00:04.500000 00:05.250000 00:06.000000 00:06.750000 00:07.500000
garmin-fit-sdk 21.218.0: 1002.25 1003 1003.75 1004.5 1005.25 1006 1006.75 1007.5
EXPECTED
