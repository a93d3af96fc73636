#!/usr/bin/env bash
# Garmin's own SDK for Python reads a FIT file up to its first compressed timestamp, and returns that as the file.
#
# The format lets a message keep five bits of its time in its header, which saves four bytes of each record. The SDK
# gives up at the first one: no exception, the records before it are returned, and the second value that read()
# returns, which is easily thrown away, says why. fitdecode and fitparse read the whole.
#
# Seen:    2026-11-29, garmin-fit-sdk 21.218.0, fitdecode 0.11.0, fitparse 1.2.0
# Instead: take what read() returns as nothing unless its list of errors is empty, then try fitdecode.
# Here:    no files are read
# Needs:   Python 3.11 or later
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check install --quiet \
    garmin-fit-sdk==21.218.0 fitdecode==0.11.0 fitparse==1.2.0

"$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
from importlib.metadata import version
import struct

from fitdecode import FIT_FRAME_DATA, FitReader
from fitparse import FitFile
from garmin_fit_sdk import CrcCalculator, Decoder, Stream

START = 1_164_880_800
ENUM, UINT8, UINT16, UINT32 = 0x00, 0x02, 0x84, 0x86


def definition(local, message, *fields):
    """Return what a local message number stands for: fields are number, size and type."""
    head = struct.pack("<BBBHB", 0x40 | local, 0, 0, message, len(fields))
    return head + b"".join(bytes(field) for field in fields)


def with_crc(data):
    return data + struct.pack("<H", CrcCalculator.calculate_crc(data, 0, len(data)))


records = definition(0, 0, (0, 1, ENUM), (1, 2, UINT16), (4, 4, UINT32))
records += struct.pack("<BBHI", 0, 4, 255, START)
records += definition(1, 20, (253, 4, UINT32), (3, 1, UINT8))
records += struct.pack("<BIB", 1, START, 70)
records += definition(2, 20, (3, 1, UINT8))
for second in (1, 2, 3):
    records += struct.pack("<BB", 0x80 | 2 << 5 | (START + second) & 0x1F, 70 + second)
file = with_crc(with_crc(struct.pack("<BBHI4s", 14, 0x20, 21218, len(records), b".FIT")) + records)

reader = Decoder(Stream.from_byte_array(bytearray(file)))
assert reader.is_fit() and reader.check_integrity()
messages, errors = Decoder(Stream.from_byte_array(bytearray(file))).read()
print("garmin-fit-sdk", version("garmin-fit-sdk") + ":", *(one["heart_rate"] for one in messages["record_mesgs"]))
print(" ", *errors)
print(
    "fitdecode", version("fitdecode") + ":",
    *(frame.get_value("heart_rate") for frame in FitReader(file)
      if frame.frame_type == FIT_FRAME_DATA and frame.name == "record"),
)
print(
    "fitparse", version("fitparse") + ":",
    *(message.get_value("heart_rate") for message in FitFile(file).get_messages("record")),
)
PYTHON

diff - "$work/seen" <<'EXPECTED'
garmin-fit-sdk 21.218.0: 70
  FIT Runtime Error at byte: 64 Compressed timestamp messages are not currently supported
fitdecode 0.11.0: 70 71 72 73
fitparse 1.2.0: 70 71 72 73
EXPECTED
