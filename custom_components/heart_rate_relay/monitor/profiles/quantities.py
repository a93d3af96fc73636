"""What several profiles tell alike: each is one entity, whoever tells it."""

from typing import Final

from .base import Kind, Quantity

KCAL: Final = 4.184
"""In kJ."""

HEART_RATE = Quantity("heart_rate", "bpm")
ENERGY = Quantity("energy", "kJ", "energy", precision=0, is_total=True)
POWER = Quantity("power", "W", "power", precision=0, is_named_by_class=True)
SPEED = Quantity("speed", "km/h", "speed", precision=1, is_named_by_class=True)
DISTANCE = Quantity(
    "distance", "m", "distance", precision=0, is_total=True, is_named_by_class=True
)
CADENCE = Quantity("cadence", "rpm", precision=0)
STEP_RATE = Quantity("step_rate", "spm", precision=0)
WEIGHT = Quantity(
    "weight", "kg", "weight", precision=2, is_lasting=True, is_named_by_class=True
)
BODY_HEIGHT = Quantity(
    "body_height", "m", "distance", precision=2, is_lasting=True, is_enabled=False
)
SCALE_USER = Quantity("scale_user", precision=0, is_lasting=True)
MEASURED_AT = Quantity("measured_at", kind=Kind.TIME)
"""Told by what keeps measurements until somebody wants to have them."""
