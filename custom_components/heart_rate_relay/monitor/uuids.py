"""What the services and characteristics of a monitor are called (Assigned Numbers).

Those of a profile are with it; these any monitor may have.
"""

from typing import Final


def uuid(number: int) -> str:
    """Return the full form of a 16-bit UUID (Core Specification 3.B.2.5.1)."""
    return f"0000{number:04x}-0000-1000-8000-00805f9b34fb"


BATTERY_LEVEL: Final = uuid(0x2A19)

DEVICE_NAME: Final = uuid(0x2A00)
MODEL_NUMBER: Final = uuid(0x2A24)
SERIAL_NUMBER: Final = uuid(0x2A25)
FIRMWARE_REVISION: Final = uuid(0x2A26)
HARDWARE_REVISION: Final = uuid(0x2A27)
MANUFACTURER_NAME: Final = uuid(0x2A29)
