"""What the services and characteristics of a monitor are called (Assigned Numbers)."""


def _uuid(number: int) -> str:
    """Return the full form of a 16-bit UUID (Core Specification 3.B.2.5.1)."""
    return f"0000{number:04x}-0000-1000-8000-00805f9b34fb"


HEART_RATE_SERVICE = _uuid(0x180D)

MEASUREMENT = _uuid(0x2A37)
BODY_LOCATION = _uuid(0x2A38)
CONTROL_POINT = _uuid(0x2A39)

BATTERY_LEVEL = _uuid(0x2A19)

DEVICE_NAME = _uuid(0x2A00)
MODEL_NUMBER = _uuid(0x2A24)
SERIAL_NUMBER = _uuid(0x2A25)
FIRMWARE_REVISION = _uuid(0x2A26)
HARDWARE_REVISION = _uuid(0x2A27)
MANUFACTURER_NAME = _uuid(0x2A29)
