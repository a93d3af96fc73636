"""What thermometers and scales say.

Sources: Health Thermometer Service 1.0, Weight Scale Service 1.0, Body Composition Service
1.0.
"""

from .fields import Field, medical_float, pack, uint

KG_PER_POUND = 0.45359237
M_PER_INCH = 0.0254


def temperature(
    degrees: float | None, *, is_fahrenheit: bool = False, time: bytes = b""
) -> bytes:
    """Return a Temperature Measurement, in the unit that is said."""
    flags = is_fahrenheit | bool(time) << 1
    return uint(flags, 1) + medical_float(degrees) + time


def weight(*, is_imperial: bool = False, time: bytes = b"", **values: float) -> bytes:
    """Return a Weight Measurement, of a mass in kg and a height in m."""
    mass, height = _units(is_imperial)
    layout = (
        Field(0, "weight", 2, mass),
        Field(1 << 2, "scale_user", 1),
        Field(1 << 3, "body_mass_index", 2, 0.1),
        Field(1 << 3, "body_height", 2, height),
    )
    data = pack(layout, values, flags_size=1)
    flags = data[0] | is_imperial | bool(time) << 1
    return uint(flags, 1) + data[1:3] + time + data[3:]


def body_composition(
    *, is_imperial: bool = False, time: bytes = b"", **values: float
) -> bytes:
    """Return a Body Composition Measurement, of masses in kg and a height in m."""
    mass, height = _units(is_imperial)
    layout = (
        Field(0, "body_fat", 2, 0.1),
        Field(1 << 2, "scale_user", 1),
        Field(1 << 3, "basal_metabolism", 2),
        Field(1 << 4, "muscle_share", 2, 0.1),
        Field(1 << 5, "muscle_mass", 2, mass),
        Field(1 << 6, "fat_free_mass", 2, mass),
        Field(1 << 7, "soft_lean_mass", 2, mass),
        Field(1 << 8, "body_water", 2, mass),
        Field(1 << 9, "impedance", 2, 0.1),
        Field(1 << 10, "weight", 2, mass),
        Field(1 << 11, "body_height", 2, height),
    )
    data = pack(layout, values, flags_size=2)
    flags = int.from_bytes(data[:2], "little") | is_imperial | bool(time) << 1
    return uint(flags, 2) + data[2:4] + time + data[4:]


def _units(is_imperial: bool) -> tuple[float, float]:
    """Return what one is on the air of a mass in kg, and of a height in m."""
    return (0.01 * KG_PER_POUND, 0.1 * M_PER_INCH) if is_imperial else (0.005, 0.001)
