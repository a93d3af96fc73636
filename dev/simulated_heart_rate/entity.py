"""What measures once a second, always at the same moment of it, and keeps a ledger."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
import math
from typing import override

from custom_components.heart_rate_relay.metrics import Metric
from homeassistant.core import callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .const import SIGNAL_STOP
from .record import Kind, Record, Writer


class SimulatedEntity(Entity):
    """An entity that measures once a second, always at the same moment of it.

    Never twice in the same second: live tracking tells no shorter times apart.
    """

    _attr_should_poll = False
    phase = 0.0
    """When it measures, in seconds after the full second."""

    _cancel: Callable[[], None] | None = None
    _device: str
    """What its device is called."""
    _metrics: tuple[Metric, ...]
    """What it measures."""
    _ledger: Writer

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to measure, or begin again."""
        self._note(Kind.START, dt_util.utcnow(), dict.fromkeys(self._metrics))
        await super().async_added_to_hass()
        self.async_on_remove(self._stop)
        self.async_on_remove(
            async_dispatcher_connect(self.hass, SIGNAL_STOP, self._stop)
        )
        self._schedule()

    @abstractmethod
    def _measure(self) -> None:
        """Do what is to be done in this second."""

    def _tell(self, values: Mapping[Metric, float | None]) -> None:
        """Write the state that holds what was measured, and all of that to the ledger."""
        self.async_write_ha_state()
        if (state := self.hass.states.get(self.entity_id)) is None:
            return
        kind = Kind.CHANGE if state.last_reported == state.last_updated else Kind.REPORT
        self._note(
            kind if self.available else Kind.UNAVAILABLE, state.last_reported, values
        )

    def _note(
        self, kind: Kind, moment: datetime, values: Mapping[Metric, float | None]
    ) -> None:
        """Write a line to the ledger for each metric."""
        at = int(moment.timestamp() * 1000)
        for metric, value in values.items():
            self._ledger.write(
                Record(self.entity_id, self._device, metric.key, kind, at, value)
            )

    @callback
    def _stop(self) -> None:
        """Measure no more."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _schedule(self) -> None:
        """Measure next when the moment comes again."""
        now = dt_util.utcnow()
        second = now.replace(microsecond=0)
        wait = math.floor((now - second).total_seconds() - self.phase) + 1
        self._cancel = async_track_point_in_utc_time(
            self.hass, self._on_moment, second + timedelta(seconds=self.phase + wait)
        )

    @callback
    def _on_moment(self, now: datetime) -> None:
        """Measure, and again in a second."""
        self._schedule()
        self._measure()
