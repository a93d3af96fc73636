#!/usr/bin/env bash
# The heart rates that a watch measured all day have no time in any of four FIT libraries for Python.
#
# A file of type monitoring writes a full timestamp now and then, and in the messages between them, "timestamp_16", its
# lowest 16 bits, in seconds. Libraries hand that number on as it is: such a message has a heart rate and no
# "timestamp". Who skips what has no time drops nearly the whole day.
#
# Seen:    2026-11-29, fitparse 1.2.0, fit-tool 0.9.16, fitdecode 0.11.0, garmin-fit-sdk 21.218.0
# Instead: keep the last full timestamp, in seconds since 1989-12-31 UTC, and add (timestamp_16 - last) mod 65536 to it.
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
from fit_tool.profile.messages.monitoring_message import MonitoringMessage
from fitdecode import FIT_FRAME_DATA, FitReader
from fitparse import FitFile
from garmin_fit_sdk import Decoder, Encoder, Profile, Stream

FIT_EPOCH = datetime(1989, 12, 31, tzinfo=UTC)
START = datetime(2026, 11, 29, 10, tzinfo=UTC)

encoder = Encoder()
number = Profile["mesg_num"]
encoder.on_mesg(number["FILE_ID"], {"type": "monitoring_b", "manufacturer": "development", "time_created": START})
encoder.on_mesg(number["MONITORING"], {"timestamp": START, "heart_rate": 70})
for minute in (1, 2):
    since = START + timedelta(minutes=minute) - FIT_EPOCH
    encoder.on_mesg(
        number["MONITORING"],
        {"timestamp_16": int(since.total_seconds()) % 65536, "heart_rate": 70 + minute},
    )
file = bytes(encoder.close())


def by_fitparse():
    return [message.get_values() for message in FitFile(file).get_messages("monitoring")]


def by_fit_tool():
    for record in FitToolFile.from_bytes(file).records:
        if isinstance(message := record.message, MonitoringMessage):
            yield {"heart_rate": message.heart_rate, "timestamp": message.timestamp}


def by_fitdecode():
    for frame in FitReader(file):
        if frame.frame_type == FIT_FRAME_DATA and frame.name == "monitoring":
            yield {field.name: field.value for field in frame.fields}


def by_garmin():
    messages, errors = Decoder(Stream.from_byte_array(bytearray(file))).read()
    assert not errors
    return messages["monitoring_mesgs"]


for library, read in (
    ("fitparse", by_fitparse),
    ("fit-tool", by_fit_tool),
    ("fitdecode", by_fitdecode),
    ("garmin-fit-sdk", by_garmin),
):
    print(
        library,
        version(library) + ":",
        ", ".join(f"{one['heart_rate']} at {'a' if one.get('timestamp') else 'no'} time" for one in read()),
    )
PYTHON

diff - "$work/seen" <<'EXPECTED'
fitparse 1.2.0: 70 at a time, 71 at no time, 72 at no time
fit-tool 0.9.16: 70 at a time, 71 at no time, 72 at no time
fitdecode 0.11.0: 70 at a time, 71 at no time, 72 at no time
garmin-fit-sdk 21.218.0: 70 at a time, 71 at no time, 72 at no time
EXPECTED
