"""What is wanted where something goes wrong with a monitor on BlueZ: the rows of the table.

A fault returns what was seen, in seconds, or raises TimeoutError where it took longer than the
bound. Each has a rig of its own, in which nothing is left of another.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .rig import Rig

BACK = 45.0
"""Seconds within which there is a heart rate again."""

UNKNOWN = 13.0
"""Seconds within which one is shown no more that is none."""

TOLD = 20.0
"""Seconds within which the repairs tell what a person has to do."""

CORE = 120.0
"""Seconds within which Home Assistant's own watch over adapters has them work again."""

type BringAbout = Callable[[Rig], Awaitable[float]]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A row of the table."""

    name: str
    text: str
    bound: float
    """In seconds."""
    bring_about: BringAbout


FAULTS: dict[str, Fault] = {}


def fault(text: str, bound: float = BACK) -> Callable[[BringAbout], BringAbout]:
    """Make a row of the table of a function."""

    def add(bring_about: BringAbout) -> BringAbout:
        name = bring_about.__name__
        FAULTS[name] = Fault(name=name, text=text, bound=bound, bring_about=bring_about)
        return bring_about

    return add
