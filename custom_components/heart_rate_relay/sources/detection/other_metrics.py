"""Of which metrics is this entity a source: steps, a resting heart rate, any?

As in heart_rate.py: a rule on names and units.
"""

from collections.abc import Callable, Mapping, Set as AbstractSet
from functools import lru_cache
from types import MappingProxyType

from ...metrics import (
    HEART_RATE,
    HEART_RATE_VARIABILITY,
    HEART_RATE_VARIABILITY_SDNN,
    RESTING_HEART_RATE,
    STEPS,
    Metric,
)
from ...reading import to_bpm
from . import heart_rate
from .candidate import Candidate, Verdict, is_number_or_absent
from .heart_rate import is_in_beats, may_be_of_a_heart, may_measure, said_of
from .variability import NOT_A_VALUE, judge_rmssd, judge_sdnn
from .vocabulary import Table, slug, vocabulary

_NOT_STEPS = frozenset(
    {
        *(Table.NOT_WALKED, Table.CADENCE, Table.OTHER_DAY, Table.AVERAGE),
        *(Table.EXTREME, Table.AMBIGUOUS, Table.LIMIT),
    }
)
_NOT_RESTING = NOT_A_VALUE | {
    *(Table.AVERAGE, Table.RECOVERY, Table.VARIABILITY, Table.WALKING, Table.BREATH)
}


def judge(candidate: Candidate, metric: Metric) -> Verdict:
    """Say whether an entity is a source of a metric. May read files: see vocabulary.py."""
    judged = _JUDGES.get(metric)
    return judged(candidate, said_of(candidate)) if judged else Verdict.NO


def verdicts(candidate: Candidate) -> Mapping[Metric, Verdict]:
    """Say of which metrics an entity is a source. May read files: see vocabulary.py."""
    said = said_of(candidate)
    return {metric: judged(candidate, said) for metric, judged in _JUDGES.items()}


@lru_cache(maxsize=256)
def is_count_of_steps(unit: str | None) -> bool:
    """Return whether a unit may be that of steps: it is, or there is none."""
    if not unit or not unit.strip():
        return True
    is_rate = "/" in unit or len(unit.split()) > 1
    said = vocabulary().said(slug(unit))
    return not is_rate and not said.isdisjoint({Table.STEPS, Table.STEP_UNIT})


@lru_cache(maxsize=256)
def is_of_a_day(*names: str) -> bool:
    """Return whether names say that a count begins at 0 every day."""
    return any(Table.OF_A_DAY in vocabulary().said(f"_{slug(name)}_") for name in names)


def _judge_steps(candidate: Candidate, said: AbstractSet[Table]) -> Verdict:
    """Say whether an entity counts the steps that someone walks."""
    device_class = vocabulary().said(slug(candidate.device_class or ""))
    in_steps = Table.STEPS in vocabulary().said(slug(candidate.unit or ""))
    named = Table.STEPS in said
    if (
        not candidate.entity_id.startswith("sensor.")
        or (candidate.device_class and Table.STEPS not in device_class)
        or not is_number_or_absent(candidate.state)
        or not is_count_of_steps(candidate.unit)
        or not (named or in_steps)
        or said & _NOT_STEPS
    ):
        return Verdict.NO
    is_total = candidate.state_class in ("total", "total_increasing")
    is_sure = (named and in_steps) or (is_total and (named or in_steps))
    return Verdict.MATCH if is_sure else Verdict.SUGGEST


def _judge_resting(candidate: Candidate, said: AbstractSet[Table]) -> Verdict:
    """Say whether an entity tells a heart rate at rest."""
    named = Table.RESTING_HEART in said or (
        Table.RESTING in said and said & {Table.HEART, Table.PULSE}
    )
    if not may_measure(candidate, said, to_bpm) or not named or said & _NOT_RESTING:
        return Verdict.NO
    is_sure = is_in_beats(candidate, said) and may_be_of_a_heart(candidate)
    return Verdict.MATCH if is_sure else Verdict.SUGGEST


_JUDGES: Mapping[Metric, Callable[[Candidate, AbstractSet[Table]], Verdict]] = (
    MappingProxyType(
        {
            HEART_RATE: heart_rate.judge_by,
            RESTING_HEART_RATE: _judge_resting,
            HEART_RATE_VARIABILITY: judge_rmssd,
            HEART_RATE_VARIABILITY_SDNN: judge_sdnn,
            STEPS: _judge_steps,
        }
    )
)
