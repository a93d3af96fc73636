"""The services that monitors speak: a module and a row each, the better one first.

Where a monitor tells the same by several, the first one counts: what a strap says of the
skin is worth more than what a treadmill says of its handles.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from . import (
    body_composition,
    cycling_power,
    cycling_speed,
    fitness_machine,
    heart_rate,
    oximeter,
    running,
    thermometer,
    weight,
)
from .base import Action, Profile, Quantity, table

PROFILES: Final[Mapping[str, Profile]] = table(
    {
        module.PROFILE.key: module.PROFILE
        for module in (
            heart_rate,
            fitness_machine,
            cycling_power,
            cycling_speed,
            running,
            oximeter,
            thermometer,
            weight,
            body_composition,
        )
    }
)
"""All profiles by their keys."""

QUANTITIES: Final[Mapping[str, Quantity]] = table(
    {
        quantity.key: quantity
        for profile in PROFILES.values()
        for quantity in profile.quantities
    }
)
"""All that monitors tell, by its keys, whichever profile it is of."""

ACTIONS: Final[Iterable[Action]] = tuple(
    action for profile in PROFILES.values() for action in profile.actions
)
"""All that monitors can be made to do."""


def advertised(services: Iterable[str]) -> Iterator[Profile]:
    """Yield the profiles of which the services are advertised."""
    wanted = set(services)
    for profile in PROFILES.values():
        if profile.service in wanted:
            yield profile


def offered(characteristics: Iterable[str]) -> Iterator[Profile]:
    """Yield the profiles of which a measurement is among characteristics."""
    wanted = set(characteristics)
    for profile in PROFILES.values():
        if not wanted.isdisjoint(profile.decoders):
            yield profile
