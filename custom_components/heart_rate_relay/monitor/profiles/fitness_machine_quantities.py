"""What only fitness machines tell."""

from .base import Quantity
from .quantities import CADENCE, DISTANCE, ENERGY, HEART_RATE, POWER, SPEED, STEP_RATE

AVERAGE_SPEED = Quantity(
    "average_speed", "km/h", "speed", precision=1, is_enabled=False
)
AVERAGE_CADENCE = Quantity("average_cadence", "rpm", precision=0, is_enabled=False)
AVERAGE_STEP_RATE = Quantity("average_step_rate", "spm", precision=0, is_enabled=False)
AVERAGE_STROKE_RATE = Quantity(
    "average_stroke_rate", "spm", precision=1, is_enabled=False
)
AVERAGE_POWER = Quantity("average_power", "W", "power", precision=0, is_enabled=False)
AVERAGE_PACE = Quantity("average_pace", "min/km", precision=2, is_enabled=False)
AVERAGE_ROWING_PACE = Quantity(
    "average_rowing_pace", "s/500 m", precision=0, is_enabled=False
)
INCLINATION = Quantity("inclination", "%", precision=1)
RAMP_ANGLE = Quantity("ramp_angle", "°", precision=1, is_enabled=False)
ELEVATION_GAIN = Quantity("elevation_gain", "m", "distance", precision=0, is_total=True)
ELEVATION_LOSS = Quantity(
    "elevation_loss", "m", "distance", precision=0, is_total=True, is_enabled=False
)
PACE = Quantity("pace", "min/km", precision=2)
ROWING_PACE = Quantity("rowing_pace", "s/500 m", precision=0)
STROKE_RATE = Quantity("stroke_rate", "spm", precision=1)
STROKES = Quantity("strokes", precision=0, is_total=True)
STRIDES = Quantity("strides", precision=0, is_total=True)
RESISTANCE = Quantity("resistance", precision=0)
FORCE = Quantity("belt_force", "N", precision=0, is_enabled=False)
ENERGY_PER_HOUR = Quantity("energy_per_hour", "kcal/h", precision=0, is_enabled=False)
ENERGY_PER_MINUTE = Quantity(
    "energy_per_minute", "kcal/min", precision=0, is_enabled=False
)
METABOLIC_EQUIVALENT = Quantity("metabolic_equivalent", "MET", precision=1)
ELAPSED_TIME = Quantity("elapsed_time", "s", "duration", precision=0, is_total=True)
REMAINING_TIME = Quantity("remaining_time", "s", "duration", precision=0)

QUANTITIES = (
    SPEED,
    AVERAGE_SPEED,
    DISTANCE,
    POWER,
    AVERAGE_POWER,
    CADENCE,
    AVERAGE_CADENCE,
    STEP_RATE,
    AVERAGE_STEP_RATE,
    STROKE_RATE,
    AVERAGE_STROKE_RATE,
    STROKES,
    STRIDES,
    PACE,
    AVERAGE_PACE,
    ROWING_PACE,
    AVERAGE_ROWING_PACE,
    INCLINATION,
    RAMP_ANGLE,
    ELEVATION_GAIN,
    ELEVATION_LOSS,
    RESISTANCE,
    FORCE,
    ENERGY,
    ENERGY_PER_HOUR,
    ENERGY_PER_MINUTE,
    HEART_RATE,
    METABOLIC_EQUIVALENT,
    ELAPSED_TIME,
    REMAINING_TIME,
)
