"""What an entity measures, as its device class, its unit and its words tell."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.core import HomeAssistant, State, callback

from ..metrics import METRICS, Kind, Metric, Quantity
from ..reading import to_bpm
from .attributes import is_event, unit_of
from .conversions import conversion
from .detection.candidate import Candidate, Verdict, is_number_or_absent
from .detection.names import own_words
from .detection.other_metrics import verdicts
from .detection.vocabulary import Table, slug, vocabulary
from .finding import async_candidate

_NOT_NOW = frozenset(
    {Table.AVERAGE, Table.EXTREME, Table.AMBIGUOUS, Table.LIMIT, Table.OTHER_DAY}
)
"""What says that a value is made of others, or meant to be."""

_CLASSES = {Quantity.MASS: "weight", Quantity.TIME: "duration"}
"""The device classes that are not called like what is measured."""


@callback
def async_metric_of(hass: HomeAssistant, state: State) -> Metric | None:
    """Return what an entity measures, None where that cannot be told.

    The vocabulary has to be there: see vocabulary.py.
    """
    candidate = async_candidate(hass, state)._replace(unit=unit_of(state))
    if is_event(state.entity_id):
        # Its state is a time
        candidate = candidate._replace(state=None)
    return metric_of(candidate)


def metric_of(candidate: Candidate) -> Metric | None:
    """Return what an entity measures, None where that cannot be told."""
    if not is_number_or_absent(candidate.state):
        return None
    # What a helper holds may be what a sensor tells
    object_id = candidate.entity_id.partition(".")[2]
    candidate = candidate._replace(entity_id=f"sensor.{object_id}")
    found = verdicts(candidate)
    matches = (metric for metric in found if found[metric] is Verdict.MATCH)
    likely = (metric for metric in found if found[metric] is Verdict.SUGGEST)
    words = own_words(candidate)
    metrics = [metric for metric in METRICS.values() if _may_be(candidate, metric)]
    return (
        next(matches, None)
        or _named(metrics, words)
        or next(likely, None)
        or _unnamed(candidate, metrics, words)
    )


def _named(metrics: Sequence[Metric], words: str) -> Metric | None:
    """Return that of some metrics which an entity is called after.

    The name of something special comes before that of what it is a kind of.
    """
    called = {
        metric: phrase
        for metric in metrics
        if (phrase := _phrase_of(metric, words)) and _is_now(words, phrase)
    }
    return max(
        called,
        key=lambda metric: (not metric.device_class, len(called[metric])),
        default=None,
    )


def _unnamed(
    candidate: Candidate, metrics: Sequence[Metric], words: str
) -> Metric | None:
    """Return that of some metrics which a device class tells, or a unit that only it has."""
    device_class, unit = candidate.device_class, candidate.unit
    found = [metric for metric in metrics if metric.device_class == device_class]
    # A rate is told so of a heart, of breaths, and of wheels
    if not found and to_bpm(1.0, unit) is None:
        found = [metric for metric in metrics if metric.quantity is Quantity.OTHER]
    is_clear = len(found) == 1 and not _is_said(found[0].unless, words)
    return found[0] if is_clear and _is_now(words) else None


def _may_be(candidate: Candidate, metric: Metric) -> bool:
    """Return whether an entity may measure a metric, as far as no word tells."""
    classes = {metric.device_class, _CLASSES.get(metric.quantity, metric.quantity)}
    device_class = candidate.device_class or ""
    return (
        metric.kind is not Kind.POSITION
        and bool(metric.words)
        and (device_class not in set(SensorDeviceClass) or device_class in classes)
        and conversion(metric)(1.0, candidate.unit) is not None
    )


def _phrase_of(metric: Metric, words: str) -> str:
    """Return the longest phrase that an entity is called by as a metric, empty for none."""
    if _is_said(metric.unless, words):
        return ""
    found = (phrase for phrase in _phrases(metric.words) if phrase in words)
    return max(found, key=len, default="")


def _is_said(phrases: str, words: str) -> bool:
    """Return whether one of some phrases is among an entity's words."""
    return any(phrase in words for phrase in _phrases(phrases))


def _is_now(words: str, phrase: str = "") -> bool:
    """Return whether what an entity is called, but for a phrase, makes it no average."""
    rest = words.replace(phrase, "_") if phrase else words
    return vocabulary().said(rest).isdisjoint(_NOT_NOW)


@lru_cache(maxsize=256)
def _phrases(text: str) -> tuple[str, ...]:
    """Return phrases as they stand in an entity's words."""
    return tuple(_written(text))


def _written(text: str) -> Iterator[str]:
    """Yield each of some phrases as it stands in an entity's words."""
    for phrase in filter(None, map(str.strip, text.split(","))):
        yield f"_{slug(phrase)}{'' if phrase.endswith('*') else '_'}"
