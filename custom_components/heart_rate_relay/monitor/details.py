"""What a monitor tells of itself when it is asked, and what it is told from others by.

Sources: Device Information Service 1.1, Battery Service 1.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

from .profiles.base import Profile
from .uuids import (
    BATTERY_LEVEL,
    DEVICE_NAME,
    FIRMWARE_REVISION,
    HARDWARE_REVISION,
    MANUFACTURER_NAME,
    MODEL_NUMBER,
    SERIAL_NUMBER,
)

MAX_TEXT = 64
"""How many characters of a text are kept."""

TEXTS: Final[Mapping[str, str]] = {
    "serial_number": SERIAL_NUMBER,
    "name": DEVICE_NAME,
    "manufacturer": MANUFACTURER_NAME,
    "model": MODEL_NUMBER,
    "sw_version": FIRMWARE_REVISION,
    "hw_version": HARDWARE_REVISION,
}
"""The characteristics of texts, by what they are remembered as; the most useful first."""


class Mark(NamedTuple):
    """What a monitor is told by from all others, also those of its name."""

    model: str
    """Numbers of another model count anew."""
    serial_number: str

    @classmethod
    def of(cls, model: str, serial_number: str) -> Self | None:
        """Return the mark, None where the number means nothing: some have only zeros."""
        return cls(model, serial_number) if serial_number.strip("0") else None


@dataclass(frozen=True, kw_only=True)
class Details:
    """What a monitor tells of itself, as far as it does."""

    texts: Mapping[str, str] = field(default_factory=dict)
    """Names and versions, and what is told once in a connection, by their keys."""
    battery: int | None = None
    """In percent."""
    features: frozenset[str] = frozenset()
    """What it has by what it told, or by what it can be made to do."""

    @property
    def name(self) -> str:
        """What the monitor calls itself, empty where it does not."""
        return self.texts.get("name", "")

    @property
    def mark(self) -> Mark | None:
        """What the monitor is told by from all others, None where it tells none."""
        return mark_of(self.texts)


def mark_of(texts: Mapping[str, str]) -> Mark | None:
    """Return what a monitor is told by from all others, None where that is not known."""
    return Mark.of(texts.get("model", ""), texts.get("serial_number", ""))


def parse_details(
    values: Mapping[str, bytes],
    characteristics: set[str],
    profiles: tuple[Profile, ...],
) -> Details:
    """Return what values of characteristics tell, and that there are some."""
    told = [detail for profile in profiles for detail in profile.details]
    texts = {
        key: parse_text(values.get(characteristic, b""))
        for key, characteristic in TEXTS.items()
    } | {
        detail.quantity.key: detail.parse(values.get(detail.characteristic, b""))
        for detail in told
    }
    battery = parse_battery(values.get(BATTERY_LEVEL, b""))
    features = {
        detail.quantity.feature for detail in told if texts[detail.quantity.key]
    } | {
        action.feature
        for profile in profiles
        for action in profile.actions
        if action.characteristic in characteristics
    }
    return Details(
        texts={key: str(text) for key, text in texts.items() if text},
        battery=battery,
        features=frozenset(features | (set() if battery is None else {BATTERY})),
    )


BATTERY: Final = "battery"
"""What a monitor is remembered to have whose battery tells its level."""


def parse_battery(data: bytes | bytearray) -> int | None:
    """Return a battery level (0x2A19) in percent, None when it is not one."""
    if not data or data[0] > 100:
        return None
    return data[0]


def parse_text(data: bytes | bytearray) -> str:
    """Return a text (0x2A00, and those of 0x180A) as far as it can be shown."""
    text = data.decode(errors="ignore")
    shown = "".join(character for character in text if character.isprintable())
    return shown.lstrip()[:MAX_TEXT].rstrip()
