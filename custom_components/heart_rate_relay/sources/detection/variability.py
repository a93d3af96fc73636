"""Does this entity tell the variability of a heart rate, and by which statistic?

RMSSD and SDNN are as different as a mean and a range. Where an entity does not say which
it tells, it may be either: it is offered for both, and chosen for none.
"""

from collections.abc import Set as AbstractSet

from ...reading import to_ms
from .candidate import Candidate, Verdict
from .heart_rate import may_measure
from .vocabulary import Table, slug, vocabulary

NOT_A_VALUE = frozenset(
    {
        *(Table.OTHER_DAY, Table.EXTREME, Table.AMBIGUOUS, Table.LIMIT),
        *(Table.PRESSURE, Table.MACHINE, Table.IMPULSE, Table.ABOUT),
    }
)
_OTHER = NOT_A_VALUE | {Table.OTHER_STATISTIC, Table.VERDICT}

_COMPANION_APP = "mobile_app"
_HEALTH_CONNECT = "health_connect_"
"""In the unique ids of what Android's Health Connect tells: its variability is RMSSD.

Source: https://developer.android.com, HeartRateVariabilityRmssdRecord
"""
_APPLE_HEALTH = "health_"
"""In those of what Apple's Health tells: its variability is SDNN.

Source: https://developer.apple.com, HKQuantityTypeIdentifierHeartRateVariabilitySDNN
"""


def judge_rmssd(candidate: Candidate, said: AbstractSet[Table]) -> Verdict:
    """Say whether an entity tells the variability of a heart rate as RMSSD."""
    told = said | _told_by_origin(candidate)
    if Table.SDNN in told or (_is_apples(candidate) and Table.RMSSD not in told):
        return Verdict.NO
    return _judge(candidate, said, told, Table.RMSSD)


def judge_sdnn(candidate: Candidate, said: AbstractSet[Table]) -> Verdict:
    """Say whether an entity tells the variability of a heart rate as SDNN."""
    told = said | _told_by_origin(candidate)
    if Table.RMSSD in told:
        return Verdict.NO
    return _judge(candidate, said, told, Table.SDNN)


def _judge(
    candidate: Candidate,
    said: AbstractSet[Table],
    told: AbstractSet[Table],
    wanted: Table,
) -> Verdict:
    """Say whether an entity tells a variability, and is known to tell the wanted one."""
    named = told & {Table.HRV, wanted} or (
        Table.VARIABILITY in said and said & {Table.HEART, Table.PULSE}
    )
    if (
        not named
        or said & _OTHER
        or not may_measure(candidate, said, to_ms, device_class="duration")
    ):
        return Verdict.NO
    is_of_a_night = said & {Table.AVERAGE, Table.OF_A_NIGHT}
    is_sure = wanted in told and candidate.unit and not is_of_a_night
    return Verdict.MATCH if is_sure else Verdict.SUGGEST


def _told_by_origin(candidate: Candidate) -> frozenset[Table]:
    """Return the statistic of where an entity's values come from, where that is known."""
    key = candidate.key or ""
    if candidate.platform == _COMPANION_APP and _HEALTH_CONNECT in key:
        return frozenset({Table.RMSSD})
    if candidate.platform == _COMPANION_APP and _APPLE_HEALTH in key:
        return frozenset({Table.SDNN})
    return frozenset()


def _is_apples(candidate: Candidate) -> bool:
    """Return whether values seem to come out of Apple's Health, by another's hand."""
    texts = (candidate.platform, candidate.name, candidate.device_name)
    words = " ".join(f"_{slug(text)}_" for text in texts if text)
    return Table.APPLE in vocabulary().said(words)
