"""Is this entity a heart-rate sensor, as far as its name and unit tell?

A rule, not a list of integrations. An entity measures a heart rate now when its unit is
that of one, its own words name one, and none of them names something else: an average,
a limit, a breath.
"""

from collections.abc import Callable, Set as AbstractSet

from ...reading import to_bpm
from ...units import Counted, rate_of
from .candidate import Candidate, Verdict, is_number_or_absent, number
from .names import own_words
from .vocabulary import Table, slug, vocabulary

OTHER_RATES = frozenset(
    {
        *(Table.RESTING, Table.AVERAGE, Table.PERIOD, Table.OTHER_DAY, Table.EXTREME),
        *(Table.AMBIGUOUS, Table.RECOVERY, Table.VARIABILITY, Table.WALKING),
        *(Table.LIMIT, Table.BREATH, Table.PRESSURE, Table.ABOUT),
    }
)
"""What is no heart rate now, though a word may name one beside it."""

LOWEST, HIGHEST = 20.0, 300.0
"""In bpm: what no heart is below or above. With 0 a sensor says that it is not worn."""

_PRESSURE = "mmhg"
_NOTHING_ELSE = frozenset({_PRESSURE, "", "bpm", "%", "v", "mv", "dbm", "db"})
"""What a blood-pressure meter tells, and its battery and its radio."""

_LIVE_PLATFORMS = frozenset(
    {"ble_monitor", "bthome", "esphome", "heart_rate_relay", "hr", "hrm_ble"}
    | {"polar_bluetooth"}
)
_DELAYED_PLATFORMS = frozenset(
    {"eight_sleep", "fitbit", "garmin_connect", "google_fit", "google_health"}
    | {"health_bridge", "healthsync", "healthsync_ha", "huawei_health", "mobile_app"}
    | {"oura", "polar", "sleepiq", "strava", "ultrahuman", "withings"}
)


def judge(candidate: Candidate) -> Verdict:
    """Say whether an entity is a heart-rate sensor. May read files: see vocabulary.py."""
    return judge_by(candidate, said_of(candidate))


def judge_by(candidate: Candidate, said: AbstractSet[Table]) -> Verdict:
    """Say whether an entity is a heart-rate sensor, by what its words say."""
    certain = Table.HEART in said
    named = certain or Table.PULSE in said
    in_beats = is_in_beats(candidate, said)
    if (
        not may_measure(candidate, said, to_bpm)
        or not (named or in_beats)
        or said & OTHER_RATES
        or (not certain and said & {Table.MACHINE, Table.IMPULSE})
    ):
        return Verdict.NO
    if not may_be_of_a_heart(candidate):
        return Verdict.SUGGEST if certain else Verdict.NO
    is_sure = named and in_beats and not _is_with_pressure(candidate, certain)
    return Verdict.MATCH if is_sure else Verdict.SUGGEST


def rank(candidate: Candidate) -> tuple[int, bool, bool, bool, str]:
    """Return a sort key: who measures here and now comes before who tells later."""
    nameless = candidate._replace(device_name=None, device_first_name=None)
    said = said_of(nameless)
    return (
        2 if Table.PRESSURE in said else _delay(candidate),
        Table.LIVE not in said,
        candidate.platform is None,
        candidate.state_class != "measurement",
        candidate.entity_id,
    )


def _delay(candidate: Candidate) -> int:
    """Return how late readings may be: 0 not, 1 unknown, 2 late."""
    if candidate.platform in _LIVE_PLATFORMS:
        return 0
    is_late = candidate.platform in _DELAYED_PLATFORMS or candidate.is_polled
    return 2 if is_late else 1


def said_of(candidate: Candidate) -> frozenset[Table]:
    """Return what an entity's own words say."""
    device_class = slug(candidate.device_class or "")
    of_class = vocabulary().said(device_class) & {Table.HEART, Table.STEPS}
    return vocabulary().said(own_words(candidate)) | of_class


def may_measure(
    candidate: Candidate,
    said: AbstractSet[Table],
    convert: Callable[[float, str | None], float | None],
    device_class: str = "frequency",
) -> bool:
    """Return whether all but the words is as it is for what has such a unit.

    A device class may be a text that Home Assistant does not know, and is of no account
    where an entity is told in beats.
    """
    return (
        candidate.entity_id.startswith("sensor.")
        and (
            candidate.device_class in (None, "", device_class)
            or is_in_beats(candidate, said)
            or Table.HEART in vocabulary().said(slug(candidate.device_class))
        )
        and candidate.state_class in (None, "measurement")
        and convert(1.0, candidate.unit) is not None
        and is_number_or_absent(candidate.state)
    )


def is_in_beats(candidate: Candidate, said: AbstractSet[Table]) -> bool:
    """Return whether an entity counts beats, and not anything a minute."""
    rate = rate_of(candidate.unit or "")
    return rate is not None and (
        rate.counted is Counted.BEATS
        or (rate.counted is Counted.BEATS_OR_PARTS and Table.HEART in said)
    )


def may_be_of_a_heart(candidate: Candidate) -> bool:
    """Return whether the present value may be a heart's."""
    value = number(candidate.state)
    bpm = None if value is None else to_bpm(value, candidate.unit)
    return not bpm or LOWEST <= bpm <= HIGHEST


def _is_with_pressure(candidate: Candidate, certain: bool) -> bool:
    """Return whether a pulse was taken with a blood pressure, by what is beside it.

    A phone tells blood pressures, too, but much else.
    """
    beside = {unit.strip().lower() for unit in candidate.beside}
    return _PRESSURE in beside and (not certain or beside <= _NOTHING_ELSE)
