"""Runs a relay, and tells how it goes."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.recorder import DATA_INSTANCE
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..const import (
    ALL_SOURCES,
    CONF_AGAIN,
    CONF_GATHER,
    CONF_KEEP_DAYS,
    CONF_KEEP_READINGS,
    CONF_LIVE_FOR,
    CONF_MAX_BPM,
    CONF_MIN_BPM,
    CONF_MIN_INTERVAL,
    CONF_PAUSED,
    DEFAULT_OPTIONS,
    DOMAIN,
    LOGGER,
    PUBLISH_INTERVAL,
)
from ..delivery.delivery import Delivery
from ..destinations.errors import DestinationError
from ..held import async_hold
from ..outbox.coverage import Coverage
from ..outbox.outbox import Outbox
from ..past.backfill import Backfill
from ..reading import SECOND, Reading, now_us
from ..sources.chosen import Chosen, known_metrics
from ..sources.rules import Again, Rules
from ..sources.sources import Sources
from ..unexpected import guarded, log_unexpected
from . import relay_issues as issues
from .alerts import Alerts
from .data import FLOWING, RelayData, Status
from .handover import Handover, async_hand_over, async_take_over
from .hosting import create_hosting
from .outcomes import Outcomes
from .session import create_destination
from .source_watch import SourceWatch
from .stored_tokens import create_tokens

DAY = 24 * 60 * 60.0

TRY_TIMEOUT = 60.0
"""Seconds for which a person waits to learn whether a delivery works."""

type RelayConfigEntry = ConfigEntry[RelayCoordinator]


class RelayCoordinator(DataUpdateCoordinator[RelayData]):
    """Connects one wearer's sources to one destination."""

    config_entry: RelayConfigEntry
    stops_at = EVENT_HOMEASSISTANT_FINAL_WRITE
    """When to stop: until then there may be readings."""

    def __init__(self, hass: HomeAssistant, entry: RelayConfigEntry) -> None:
        """Initialize the relay."""
        super().__init__(hass, LOGGER, config_entry=entry, name=entry.title)
        self.options: Mapping[str, Any] = DEFAULT_OPTIONS | entry.options
        self.tokens = create_tokens(hass, entry)
        self.destination = create_destination(hass, entry.data, self.tokens)
        self.hosting = create_hosting(hass, entry, self.destination)
        limits = self.destination.limits
        max_readings = int(self.options[CONF_KEEP_READINGS])
        max_age = min(self.options[CONF_KEEP_DAYS] * DAY, limits.max_age or inf)
        before = async_take_over(hass, entry.entry_id)
        self._listened = before.listened if before else None
        if before and before.outbox is not None:
            self.outbox = before.outbox
            self.outbox.max_readings, self.outbox.max_age = max_readings, max_age
        else:
            self.outbox = Outbox(
                outbox_path(hass, entry.entry_id),
                max_readings=max_readings,
                max_age=max_age,
                hold=async_hold(hass),
            )
        self.delivery = Delivery(
            self.outbox,
            self.destination,
            self._have_tried,
            gather=limits.gather and self.options.get(CONF_GATHER, limits.gather),
        )
        self.delivery.paused = self.options[CONF_PAUSED]
        self._publish_timer: CALLBACK_TYPE | None = None
        self._is_due = False
        callbacks = self._is_flowing, self._have_lasted
        self._alerts = Alerts(hass, entry, self.outbox, *callbacks)
        self._outcomes = Outcomes(hass, entry, self._alerts, self.name)
        self._tried = asyncio.Event()
        self._stops = AsyncExitStack()
        self._stopping = asyncio.Lock()
        self._source_watch = SourceWatch(hass, entry, limits.metrics)
        self.backfill: Backfill | None = None
        """What takes readings out of the recorder, None without a recorder."""

    async def async_start(self) -> None:
        """Start to collect and to deliver."""
        self._stops.push_async_callback(self._close)
        await self.outbox.open()
        tally = self.outbox.tally
        self.destination.memory = tally.memory
        if tally.unreachable_since:
            self._outcomes.status = Status.UNREACHABLE
        entry = self.config_entry
        coverage = Coverage(tally.covered, entry.unique_id or "")
        self.sources = self._create_sources(coverage)
        if DATA_INSTANCE in self.hass.data:
            self.backfill = Backfill(
                self.hass, entry, self.sources, coverage, self.outbox, self._have_read
            )
        coverage.resume(self.sources.ids, entry.created_at, now_us())
        coverage.forget(now_us(-self.outbox.max_age))
        await self.sources.async_prepare()
        if tally.latest:
            # A kill must not leave word that this is all
            await self.outbox.flush()
        self._publish()
        self._stops.callback(self._source_watch.stop)
        await self._source_watch.start()
        # It collects to the end: a request under way may take its time
        self._stops.callback(self._stop_sources)
        self.sources.start()
        self._stops.push_async_callback(self.tokens.close)
        self._stops.push_async_callback(self.delivery.stop)
        self.delivery.start()
        if self.hosting:
            self.hosting.start(self.sources.wearer, lambda: self.paused)
            self._stops.callback(self.hosting.stop)
        self._stops.callback(self._alerts.stop)
        await self._alerts.start()
        if self.backfill:
            self._stops.push_async_callback(self.backfill.async_stop)
            await self.backfill.async_begin()

    def _create_sources(self, coverage: Coverage) -> Sources:
        """Return what the options name, for what the service takes."""
        options = self.options
        return Sources(
            self.hass,
            Chosen(*(options[option] for option in ALL_SOURCES))._replace(
                known=known_metrics(options)
            ),
            Rules(
                min_interval=options[CONF_MIN_INTERVAL],
                min_bpm=options[CONF_MIN_BPM],
                max_bpm=options[CONF_MAX_BPM],
                live_for=options[CONF_LIVE_FOR],
                again=Again(options[CONF_AGAIN]),
            ),
            self.outbox.tally,
            coverage,
            takes=self.destination.limits.metrics,
            one_line=self.destination.limits.one_line,
            listened=self._listened,
            on_reading=self.async_take,
            on_missing=self._have_missing,
        )

    async def async_stop(self) -> None:
        """Stop what was started, with everything that was not delivered written to disk."""
        async with self._stopping:
            await self._stops.aclose()

    @callback
    def _stop_sources(self) -> None:
        """Listen no more, and remember until when."""
        self.sources.stop(for_good=self.config_entry.disabled_by is not None)
        self._listened = self.sources.listened

    async def _close(self) -> None:
        """Write everything to disk, and leave to the next one what it has to know."""
        await self.outbox.close()
        if self._publish_timer:
            self._publish_timer()
            self._publish_timer = None
        is_closed, in_memory = self.outbox.is_closed, self.outbox.in_memory
        if in_memory and is_closed:
            LOGGER.error(
                "%s could not write %d readings to disk, a restart would lose them",
                self.name,
                in_memory,
            )
        handover = Handover(
            listened=self._listened,
            outbox=None if is_closed and not self.outbox.trouble else self.outbox,
        )
        async_hand_over(self.hass, self.config_entry.entry_id, handover)

    @property
    def paused(self) -> bool:
        """Whether readings are collected but not delivered."""
        return self.delivery.paused

    @callback
    def async_pause(self, paused: bool) -> None:
        """Deliver no more, or again. What is collected meanwhile is kept."""
        self.delivery.paused = paused
        self.delivery.wake()
        self.hass.config_entries.async_update_entry(
            self.config_entry,
            options={**self.config_entry.options, CONF_PAUSED: paused},
        )
        if self.hosting:
            self.hosting.update()
        self._publish()

    @callback
    def async_send_now(self) -> None:
        """Deliver what waits now, however long the wait was to be.

        Raises ServiceValidationError where it would be of no use.
        """
        if self.paused:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="cannot_send_paused",
                translation_placeholders={"relay": self.name},
            )
        self.delivery.send_now()

    async def async_try(self) -> bool:
        """Deliver what waits now, and say whether that works.

        Raises ServiceValidationError where it would be of no use.
        """
        self._tried.clear()
        self.async_send_now()
        if len(self.outbox) < self.destination.limits.min_batch:
            try:
                await self.destination.validate()
            except DestinationError:
                return False
            except Exception as err:  # noqa: BLE001 - a person is to be told
                log_unexpected(err, "whether the service is well is not known")
                return False
            self._have_tried(None)
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(TRY_TIMEOUT):
                await self._tried.wait()
                return self._outcomes.error is None
        return False

    @callback
    def async_see_refused(self) -> None:
        """Take note that a person has seen what was refused."""
        tally = self.outbox.tally
        tally.unseen_refusals, tally.refused_for = 0, ""
        self._publish()

    @callback
    def async_see_damaged(self) -> None:
        """Take note that a person has seen that a damaged file was set aside."""
        self.outbox.set_aside = None
        self._publish()

    @callback
    def async_count_on(self, counter: str, shown: int) -> None:
        """Count on from what was shown last: before a kill it may not have been written."""
        tally = self.outbox.tally
        # While the disk fails, what was written is yet to be added
        if not self.outbox.trouble and shown > getattr(tally, counter):
            setattr(tally, counter, shown)
            self.data = self._now()

    @override
    async def _async_update_data(self) -> RelayData:
        """Return how the relay does, to whoever asks."""
        return self._now()

    def _now(self) -> RelayData:
        tally = self.outbox.tally
        return RelayData(
            status=Status.PAUSED if self.paused else self._outcomes.status,
            waiting=len(self.outbox),
            delivered=tally.delivered,
            refused=tally.refused,
            expired=tally.expired,
            overwritten=tally.overwritten,
            in_doubt=tally.in_doubt,
            last_delivery=(
                datetime.fromtimestamp(tally.last_delivery / SECOND, UTC)
                if tally.last_delivery
                else None
            ),
            backfill=self.backfill.progress if self.backfill else None,
        )

    def _is_flowing(self) -> bool:
        """Return whether nothing hinders the delivery, as far as is known."""
        return self.data.status in FLOWING

    @property
    def last_error(self) -> str | None:
        """What went wrong with the last request, None when it went well."""
        return self._outcomes.key

    async def async_discard(self) -> int:
        """Forget what waits or is about to, and return how many readings waited."""
        if self.backfill:
            await self.backfill.async_cancel()
        discarded = await self.outbox.discard()
        self._publish()
        return discarded

    @callback
    def async_take(self, reading: Reading) -> None:
        """Take a reading from a source, or from an automation."""
        if self.paused and not self.destination.limits.keeps:
            return
        self.outbox.add(reading)
        self.delivery.notice(reading)
        self._publish_later()

    @callback
    def _have_read(self) -> None:
        """Take note that readings came out of the recorder, or that all are."""
        self.delivery.wake()
        if (self._now().backfill is None) != (self.data.backfill is None):
            self._publish()
        else:
            self._publish_later()

    @callback
    def _have_tried(self, error: DestinationError | None) -> None:
        """Take note of what a request came to."""
        if self._outcomes.note(error) or self._is_due:
            self._publish()
        self._publish_later()
        self._tried.set()

    @callback
    def _have_lasted(self) -> None:
        """Take note that what hinders the delivery lasts."""
        self._outcomes.review()
        self._publish()

    @callback
    def async_add_source(self, source_id: str) -> None:
        """Collect from one more source of heart rates, which the options name already."""
        self.sources.add(source_id)
        self._source_watch.look()

    @callback
    def _have_missing(self, source_ids: set[str]) -> None:
        """Tell which sources are gone."""
        issues.async_update_sources(self.hass, self.config_entry, source_ids)

    @callback
    def _publish(self) -> None:
        """Tell how it goes."""
        if self._publish_timer:
            self._publish_timer()
            self._publish_timer = None
        self._is_due = False
        self._alerts.report()
        self.async_set_updated_data(self._now())

    @callback
    def _publish_later(self) -> None:
        """Tell how it goes, but not too often: it is all written to the recorder."""
        if not self._publish_timer:
            self._publish_timer = async_call_later(
                self.hass, PUBLISH_INTERVAL, self._publish_soon
            )

    @callback
    @guarded
    def _publish_soon(self, _: datetime) -> None:
        """Tell how it goes, but not while something is on its way: it does not wait.

        A sensor that measures each second would else be on its way each time.
        """
        self._publish_timer = None
        gathers = self.destination.limits.gather is not None
        self._is_due = len(self.outbox) > 0 and self._is_flowing() and not gathers
        if not self._is_due:
            self._publish()


def outbox_path(hass: HomeAssistant, entry_id: str) -> Path:
    """Return where a relay's readings wait."""
    return Path(hass.config.path(STORAGE_DIR, DOMAIN, f"{entry_id}.db"))
