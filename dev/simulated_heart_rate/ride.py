"""A simulated ride in a figure of eight, faster and slower every minute.

Everything follows from the seconds since its begin, so that it fits together.
"""

import math
from typing import NamedTuple

SPEED = 7.0
SWING = 2.0
"""How much faster or slower than that it gets, in m/s."""
PERIOD = 60
"""From fastest to fastest, in seconds."""

DEVELOPMENT = 6.0
"""Metres for each turn of the pedals."""

LAP = 600.0
"""Metres of each circle of the eight."""

CENTRE = (52.5163, 13.3777)
"""Where both circles meet: latitude and longitude."""

METRES_PER_DEGREE = 111_195


class Place(NamedTuple):
    """Where the ride is."""

    latitude: float
    longitude: float
    course: float
    """In degrees, clockwise from the north."""


def speed(second: int) -> float:
    """Return how fast it is, in m/s."""
    return round(SPEED + SWING * math.sin(math.tau * second / PERIOD), 2)


def distance(second: int) -> float:
    """Return how far it has gone, in m: the integral of the speed."""
    swing = SWING * PERIOD / math.tau * (1 - math.cos(math.tau * second / PERIOD))
    return round(SPEED * second + swing, 1)


def cadence(second: int) -> int:
    """Return how fast the pedals turn, in rpm."""
    return round(speed(second) / DEVELOPMENT * 60)


def power(second: int) -> int:
    """Return what that takes against the air and the road, in W."""
    fast = speed(second)
    return round(0.25 * fast**3 + 5 * fast)


def power_left(second: int) -> float:
    """Return the left leg's part of it, in W."""
    return round(power(second) * 0.48, 1)


def power_right(second: int) -> float:
    """Return the right leg's part of it, in W."""
    return round(power(second) - power_left(second), 1)


def altitude(second: int) -> float:
    """Return how high it is, in m: up and down on each lap."""
    return round(34 + 6 * math.sin(math.tau * distance(second) / LAP), 1)


def place(second: int) -> Place:
    """Return where it is: it begins to the north, and turns to the right at first."""
    laps, along = divmod(distance(second), LAP)
    side = -1 if laps % 2 else 1
    angle = math.tau * along / LAP
    radius = LAP / math.tau / METRES_PER_DEGREE
    latitude, longitude = CENTRE
    east = side * radius * (1 - math.cos(angle)) / math.cos(math.radians(latitude))
    return Place(
        round(latitude + radius * math.sin(angle), 6),
        round(longitude + east, 6),
        round(side * math.degrees(angle) % 360, 1),
    )


def accuracy(second: int) -> int:
    """Return how far it may be from there, in m."""
    return 4 + second // 5 % 3
