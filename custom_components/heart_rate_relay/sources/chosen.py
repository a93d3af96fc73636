"""What a person chose as sources, and what each of them is now, and measures."""

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

from homeassistant.core import HomeAssistant, callback

from ..const import CONF_KNOWN_METRICS, CONF_OTHER_SOURCES
from ..metrics import HEART_RATE, LATITUDE, METRICS, WORKOUT, Kind, Metric
from .candidates import async_entity_id
from .detection.vocabulary import vocabulary
from .manner import async_load_manners
from .measured import async_metric_of


class Chosen(NamedTuple):
    """What sources are remembered by, in the order of preference."""

    heart_rates: Sequence[str] = ()
    others: Sequence[str] = ()
    """What each of them measures is told by the entity itself."""
    positions: Sequence[str] = ()
    workouts: Sequence[str] = ()
    known: Mapping[str, Metric] = MappingProxyType({})
    """Others of which it is said what they measure, whatever they say themselves."""


def known_metrics(options: Mapping[str, Any]) -> dict[str, Metric]:
    """Return what some of a relay's other sources measure, by what they are remembered by.

    A former version had a list for each metric, so that they need not say it themselves.
    """
    known: Mapping[str, str] = options.get(CONF_KNOWN_METRICS, {})
    others = options.get(CONF_OTHER_SOURCES, ())
    return {
        source_id: METRICS[known[source_id]]
        for source_id in others
        if source_id in known
    }


def takes_others(metrics: Iterable[Metric]) -> bool:
    """Return whether there are other metrics than heart rates and positions among some."""
    return any(
        metric.kind not in (Kind.POSITION, Kind.WORKOUT) and metric is not HEART_RATE
        for metric in metrics
    )


def takes_positions(metrics: Iterable[Metric]) -> bool:
    """Return whether there are metrics of a position among some."""
    return any(metric.kind is Kind.POSITION for metric in metrics)


class Told:
    """Knows of each source what it measures, as soon as that can be told."""

    def __init__(
        self, hass: HomeAssistant, chosen: Chosen, takes: Container[Metric]
    ) -> None:
        """Initialize it for a service that takes some metrics."""
        self.takes = takes
        self._hass = hass
        self._metrics: dict[str, Metric | None] = {
            **dict.fromkeys(chain(*chosen[:-1])),
            **chosen.known,
            **dict.fromkeys(chosen.workouts, WORKOUT),
            # A place is told by all that it is made of, at once
            **dict.fromkeys(chosen.positions, LATITUDE),
            **dict.fromkeys(chosen.heart_rates, HEART_RATE),
        }

    async def async_prepare(self) -> None:
        """Find out what there is to know of the integrations, and the words, of sources."""
        await async_load_manners(self._hass, self.entities())
        if None in self._metrics.values():
            await self._hass.async_add_executor_job(vocabulary)

    @property
    def ids(self) -> list[str]:
        """What the sources are remembered by, the most preferred first."""
        return list(self._metrics)

    @callback
    def add(self, source_id: str) -> None:
        """Add a source of heart rates behind all others."""
        self._metrics[source_id] = HEART_RATE

    @callback
    def entities(self) -> dict[str, str]:
        """Return the entities that the sources are now, and what each is remembered by."""
        return {
            entity_id: source_id
            for source_id in self._metrics
            if (entity_id := async_entity_id(self._hass, source_id))
        }

    @callback
    def metric(self, source_id: str, entity_id: str) -> Metric | None:
        """Return what a source measures, None as long as that cannot be told.

        What the service does not take is none of its sources.
        """
        if not self._metrics[source_id] and (state := self._hass.states.get(entity_id)):
            self._metrics[source_id] = async_metric_of(self._hass, state)
        metric = self._metrics[source_id]
        return metric if metric in self.takes else None
