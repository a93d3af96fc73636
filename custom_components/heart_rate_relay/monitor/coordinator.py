"""Knows a monitor, and tells its entities."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from math import inf
from typing import Any, TypeIs, override

from homeassistant.components import bluetooth
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_ADDRESS, CONF_NAME, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..const import (
    CONF_DETAILS,
    CONF_FEATURES,
    CONF_FORMER_ADDRESS,
    CONF_LISTEN_ONLY,
    CONF_PROFILES,
    DOMAIN,
    LOGGER,
    PUBLISH_INTERVAL,
)
from ..unexpected import guarded
from . import monitor_issues as issues
from .advertisement import Broadcast, parse_broadcast, tells_more
from .bluez import async_forget
from .connection import Connection, OtherMonitorError
from .data import MonitorData
from .details import BATTERY, Details, Mark, mark_of, parse_battery
from .link import BLUETOOTH_ERRORS, Link
from .measuring import Measuring, features_of
from .memory import device_info_of, profiles_of, settings_of, told_once
from .probe import PROBES, Probe
from .profiles import heart_rate
from .profiles.base import Action, MalformedError, Profile, Values
from .records import Records
from .scanners import advertised_name, async_let_be_found
from .trouble import Trouble

BROADCAST_INTERVAL = 1.0
"""Seconds for which the same advertisement, heard again, is no new measurement."""

type MonitorConfigEntry = ConfigEntry[MonitorCoordinator]


class MonitorCoordinator(DataUpdateCoordinator[MonitorData]):
    """Knows a monitor: by a connection to it, or by listening to what it tells everyone."""

    config_entry: MonitorConfigEntry
    stops_at = EVENT_HOMEASSISTANT_STOP
    """When to stop: later, there is no Bluetooth to disconnect by."""

    def __init__(self, hass: HomeAssistant, entry: MonitorConfigEntry) -> None:
        """Initialize the monitor. It is connected to, or heard, as soon as it is near."""
        super().__init__(hass, LOGGER, config_entry=entry, name=entry.title)
        self.profiles = profiles_of(entry)
        """What it speaks, as far as that is known."""
        self.features = {
            *entry.data[CONF_FEATURES],
            *(one for profile in self.profiles for one in profile.features),
        }
        """What it has: not each tells everything, or each time."""
        self.heard_at = -inf
        """When it was last heard at its address, on the monotonic clock."""
        self.data = MonitorData(told=told_once(entry))
        self.is_listening: bool = entry.options.get(CONF_LISTEN_ONLY, False)
        self.strangers: set[str] = set()
        """Addresses that were taken for its own, and are another monitor's."""
        self._measuring = Measuring(settings_of(entry))
        self._records = Records(hass, self._have_values)
        self._connection: Connection | None = None
        self._moving = asyncio.Lock()
        self._measured_at = -inf
        self._published_at = -inf
        self._broadcast: Broadcast | None = None
        self._stale_timer: CALLBACK_TYPE | None = None
        self._unlisten: CALLBACK_TYPE | None = None
        self._was_silent = False
        self._is_stopped = False

    @property
    def address(self) -> str:
        """The address that the monitor has now."""
        address: str = self.config_entry.data[CONF_ADDRESS]
        return address

    @property
    def mark(self) -> Mark | None:
        """What the monitor is told by from all others, None where that is not known."""
        return mark_of(self.config_entry.data[CONF_DETAILS])

    async def async_start(self) -> None:
        """Start to listen, and to connect."""
        self._async_resume()
        if probe := self.hass.data.get(PROBES, {}).pop(self.address, None):
            self._have_probe(probe)

    @callback
    def _async_resume(self) -> None:
        """Listen, and connect, at the address that the monitor has now, and no other."""
        registry = dr.async_get(self.hass)
        entry_id = self.config_entry.entry_id
        if device := registry.async_get_device_by_identifier(
            (DOMAIN, entry_id), entry_id
        ):
            registry.async_update_device(
                device.id, new_connections={(dr.CONNECTION_BLUETOOTH, self.address)}
            )
        if not self.is_listening:
            self._connection = Connection(
                self.hass, self.config_entry, self.address, self
            )
            self._connection.start()
        self._unlisten = bluetooth.async_register_advertisement_callback(
            self.hass, self._have_advertisement, self.address
        )

    async def async_stop(self) -> None:
        """Stop, with no connection left behind."""
        self._is_stopped = True
        async with self._moving:
            await self._async_pause()
        self._records.stop()
        if self._stale_timer:
            self._stale_timer()
            self._stale_timer = None

    async def _async_pause(self) -> None:
        """Stop to listen, and to connect."""
        if self._unlisten:
            self._unlisten()
            self._unlisten = None
        if self._connection:
            await self._connection.stop()
            self._connection = None

    async def async_perform(self, action: Action) -> None:
        """Let the monitor do something. Raises HomeAssistantError."""
        try:
            if self._connection and (link := self._connection.link):
                await link.perform(action)
                return
        except BLUETOOTH_ERRORS as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key=action.refusal,
                translation_placeholders={"monitor": self.name},
            ) from err
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="not_connected",
            translation_placeholders={"monitor": self.name},
        )

    async def async_forget_bond(self) -> bool:
        """Have the computer forget that it was paired, and return whether it did."""
        forgotten = await async_forget(self.address)
        if forgotten and self._connection:
            self._connection.hurry()
        return forgotten

    @override
    async def _async_update_data(self) -> MonitorData:
        """Return what is known, to whoever asks."""
        return self.data

    # What comes through the air

    @callback
    @guarded
    def _have_advertisement(self, info: bluetooth.BluetoothServiceInfoBleak) -> None:
        """Take an advertisement of the monitor, which every scanner near it hears."""
        self.heard_at = info.time
        if self._connection:
            if info.connectable:
                self._connection.heard(info.source)
        elif tells_more(info.raw) and (
            broadcast := parse_broadcast(info.manufacturer_data)
        ):
            self._have_broadcast(broadcast)
        if not self.config_entry.data[CONF_NAME] and (name := advertised_name(info)):
            self._remember(**{CONF_NAME: name})
        if info.time - self._published_at >= PUBLISH_INTERVAL.total_seconds():
            self._published_at = info.time
            self._update(signal_strength=info.rssi)

    @callback
    def _have_broadcast(self, broadcast: Broadcast) -> None:
        """Take what the monitor tells everyone, once.

        What does not count measurements repeats each for a while. What does, and counts no
        further, measures no more: straps go on with their last value when taken off.
        """
        if broadcast == self._broadcast and (
            broadcast.number is not None
            or self.hass.loop.time() - self._measured_at < BROADCAST_INTERVAL
        ):
            return
        self._broadcast = broadcast
        values = heart_rate.broadcast(broadcast.heart_rate, broadcast.contact)
        self._have_values(heart_rate.MEASUREMENT, values, self.hass.loop.time(), None)

    @callback
    def _have_probe(self, probe: Probe) -> None:
        """Take what the monitor has just measured, when it was tried, without a connection."""
        if probe.at > self.hass.loop.time() - self._measuring.stale_after:
            self.heard_at = probe.at
            for characteristic, data in probe.packets:
                values = self._measuring.decode(characteristic, data, probe.at)
                self._records.take(characteristic, values, probe.at)
            self.have_link()

    @callback
    def have_profiles(self, profiles: Iterable[Profile]) -> None:
        """Take what the monitor speaks, and remember it."""
        new = [one for one in profiles if one not in self.profiles]
        if new:
            self.profiles = (*self.profiles, *new)
            self._remember(**{CONF_PROFILES: [one.key for one in self.profiles]})
            self._learn(*(feature for one in new for feature in one.features))

    @callback
    def have_packet(self, characteristic: str, data: bytearray) -> bool:
        """Take a measurement, and return whether it is well-formed."""
        now = self.hass.loop.time()
        # By the clock of advertisements, which ticks slower: it is compared with theirs
        self.heard_at = bluetooth.MONOTONIC_TIME()
        try:
            values = self._measuring.decode(characteristic, bytes(data), now)
        except MalformedError as err:
            LOGGER.debug("%s: malformed measurement: %s", self.name, err)
            return False
        self._records.take(characteristic, values, now)
        return True

    @callback
    def _have_values(
        self,
        characteristic: str,
        values: Values,
        at: float,
        measured_at: datetime | None,
    ) -> None:
        """Take what was measured, at that time if it was not now."""
        if values:
            self._measuring.take(characteristic, values, at, measured_at)
            self._have_measurement(values, at)

    @callback
    def _have_measurement(self, values: Values, at: float) -> None:
        """Tell what was measured."""
        self._measured_at = at
        self._learn(*features_of(values))
        if not self._stale_timer:
            self._check_later(self._measuring.stale_after)
        if self._was_silent:
            self._was_silent = False
            LOGGER.info("%s measures again", self.name)
        self._update(
            is_reached=self.is_listening or self._has_link,
            is_measuring=True,
            measurements=self.data.measurements + 1,
            told={**self.data.told, **self._measuring.told},
        )

    @callback
    def have_battery(self, data: bytearray) -> None:
        """Take the battery's level."""
        if (battery := parse_battery(data)) is not None:
            self._learn(BATTERY)
            self._update(battery=battery)

    @callback
    def have_details(self, details: Details) -> None:
        """Take what the monitor tells of itself, and remember it."""
        self._learn(*details.features)
        entry = self.config_entry
        if entry.data.get(CONF_FORMER_ADDRESS):
            self._remember(**{CONF_FORMER_ADDRESS: None})
        known = {**entry.data[CONF_DETAILS], **details.texts}
        if known != entry.data[CONF_DETAILS]:
            self._remember(**{CONF_DETAILS: known})
            dr.async_get(self.hass).async_get_or_create(
                config_entry_id=entry.entry_id, **device_info_of(entry)
            )
        self._update(
            battery=self.data.battery if details.battery is None else details.battery,
            told={**self.data.told, **told_once(entry)},
        )

    # What is found out about the connection

    @property
    def _has_link(self) -> bool:
        return bool(self._connection and self._connection.link)

    @callback
    def have_link(self) -> None:
        """Take note that there is a connection, or none any more."""
        self._update(is_reached=self._has_link)

    @callback
    def have_trouble(self, trouble: Trouble | None) -> None:
        """Tell a person what hinders the connection."""
        issues.async_update_trouble(self.hass, self.config_entry, trouble)

    async def async_confirm(self, link: Link) -> None:
        """Make sure that a new address is this monitor's. Raises OtherMonitorError."""
        if self.mark and self.config_entry.data.get(CONF_FORMER_ADDRESS):
            told = await link.read_mark()
            if told and told != self.mark:
                raise OtherMonitorError

    @callback
    def have_other(self) -> None:
        """Go back to the former address: the new one is another monitor's."""
        self.strangers.add(self.address)
        self.config_entry.async_create_background_task(
            self.hass, self._async_return(self.address), f"{self.name} return"
        )

    # Monitors that change their address

    async def async_adopt(self, address: str) -> None:
        """Take an address for that of this monitor, which changes it now and then."""
        async with self._moving:
            # Two may have found that out
            if address != self.address:
                await self._async_move(address, former=self.address)

    async def _async_return(self, other: str) -> None:
        """Go back from the address of another monitor, and let that be found."""
        async with self._moving:
            former = self.config_entry.data.get(CONF_FORMER_ADDRESS)
            if former and self.address == other:
                await self._async_move(former, former=None)

    async def _async_move(self, address: str, *, former: str | None) -> None:
        """Listen and connect at another address, from which there may be a way back."""
        await self._async_pause()
        left = self.address
        self.hass.config_entries.async_update_entry(
            self.config_entry,
            data=self.config_entry.data
            | {CONF_ADDRESS: address, CONF_FORMER_ADDRESS: former},
            unique_id=address,
        )
        async_let_be_found(self.hass, left)
        if not self._is_stopped:
            self._async_resume()

    # What is remembered and told

    def _learn(self, *features: str) -> None:
        """Remember what the monitor has."""
        if not self.features.issuperset(features):
            self.features.update(features)
            self._remember(**{CONF_FEATURES: sorted(self.features)})

    def _remember(self, **data: Any) -> None:
        """Keep what is known of the monitor with its entry."""
        self.hass.config_entries.async_update_entry(
            self.config_entry, data={**self.config_entry.data, **data}
        )

    def _check_later(self, seconds: float) -> None:
        """See in so many seconds whether what was measured is stale."""
        self._stale_timer = async_call_later(self.hass, seconds, self._check)

    @callback
    @guarded
    def _check(self, _: datetime) -> None:
        """See whether what was measured is stale."""
        self._stale_timer = None
        now = self.hass.loop.time()
        stale_at = self._measuring.forget_stale(now)
        told = {**told_once(self.config_entry), **self._measuring.told}
        if stale_at is not None:
            self._check_later(stale_at - now)
            if told != self.data.told:
                self._update(told=told)
            return
        LOGGER.info("%s measures nothing now", self.name)
        self._was_silent = True
        self._update(is_reached=self._has_link, is_measuring=False, told=told)

    def _update(self, **changes: Any) -> None:
        """Tell the entities what has changed."""
        self.async_set_updated_data(replace(self.data, **changes))


def is_monitor(entry: ConfigEntry) -> TypeIs[MonitorConfigEntry]:
    """Return whether an entry is a monitor's, and not a relay's."""
    return CONF_ADDRESS in entry.data
