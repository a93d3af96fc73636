"""What is known of the body of whoever trains."""

from dataclasses import dataclass
from enum import StrEnum


class Sex(StrEnum):
    """The biological sex, as far as formulas tell one from another."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, kw_only=True)
class Body:
    """What is known of a body; what is not known is None."""

    sex: Sex | None = None
    year_of_birth: int | None = None
    weight: float | None = None
    """In kilograms."""
    resting: float | None = None
    """The heart rate at rest in bpm."""
    measured_highest: float | None = None
    """The highest heart rate that was ever measured, in bpm."""

    def age(self, year: int) -> int | None:
        """Return the age that is reached in a year."""
        return None if self.year_of_birth is None else year - self.year_of_birth

    def highest(self, year: int) -> float | None:
        """Return the highest heart rate in bpm: as measured, else as it is at that age.

        208 - 0.7 x age: Tanaka, Monahan, Seals, "Age-predicted maximal heart rate revisited",
        J Am Coll Cardiol 37 (2001) 153-156. One person in three is more than 10 bpm off it.
        """
        if self.measured_highest is not None:
            return self.measured_highest
        age = self.age(year)
        return None if age is None else 208 - 0.7 * age
