"""What is remembered of a monitor: not each has everything, or tells it each time."""

from collections.abc import Iterator
from dataclasses import asdict
from enum import StrEnum

from .link import Details
from .measurement import Measurement


class Feature(StrEnum):
    """What not every monitor has."""

    BATTERY = "battery"
    BODY_LOCATION = "body_location"
    CONTACT = "contact"
    ENERGY = "energy"
    ENERGY_RESET = "energy_reset"
    RR_INTERVALS = "rr_intervals"


def measured_features(measurement: Measurement) -> Iterator[Feature]:
    """Yield what a measurement shows that the monitor has."""
    if measurement.contact is not None:
        yield Feature.CONTACT
    if measurement.energy is not None:
        yield Feature.ENERGY
    if measurement.rr_intervals:
        yield Feature.RR_INTERVALS


def told_features(details: Details) -> Iterator[Feature]:
    """Yield what a monitor says that it has."""
    if details.battery is not None:
        yield Feature.BATTERY
    if details.body_location is not None:
        yield Feature.BODY_LOCATION
    if details.can_reset_energy:
        yield Feature.ENERGY_RESET


def remembered(details: Details) -> dict[str, str]:
    """Return what is remembered of a monitor, without what it does not tell."""
    forgotten = {"battery", "can_reset_energy"}
    return {
        key: str(value)
        for key, value in asdict(details).items()
        if value and key not in forgotten
    }
