"""The steps of the config flow that add a monitor."""

import asyncio
from collections.abc import Iterable
from typing import Any, override

from bleak_retry_connector import BleakOutOfConnectionSlotsError
import voluptuous as vol

from homeassistant.components.bluetooth import (
    BluetoothServiceInfoBleak,
    async_discovered_service_info,
    async_request_active_scan,
)
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_ADDRESS, CONF_NAME, UnitOfLength
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
)

from ..const import (
    CONF_DETAILS,
    CONF_FEATURES,
    CONF_FORMER_ADDRESS,
    CONF_LISTEN_ONLY,
    CONF_MONITOR,
    CONF_PROFILES,
    CONF_WHEEL_CIRCUMFERENCE,
    DEFAULT_MONITOR_OPTIONS,
)
from ..monitor.advertisement import parse_broadcast
from ..monitor.coordinator import MonitorCoordinator
from ..monitor.details import Details
from ..monitor.identity import (
    NotHeardError,
    async_find,
    async_latest,
    async_recognise,
    is_heard_as_monitor,
)
from ..monitor.link import BLUETOOTH_ERRORS, PairingNeededError
from ..monitor.measuring import features_of
from ..monitor.memory import profiles_of
from ..monitor.probe import Probe, async_probe
from ..monitor.profiles import advertised, heart_rate
from ..monitor.profiles.base import Profile, Settings
from ..monitor.scanners import SCAN, advertised_name, async_let_be_found
from ..unexpected import log_unexpected


class MonitorFlow(ConfigFlow):
    """Adds a monitor that was heard."""

    _info: BluetoothServiceInfoBleak
    _namesakes: Iterable[MonitorCoordinator] = ()
    _probing: asyncio.Task[Probe] | None = None
    _probe = Probe(details=Details())
    _error = ""

    @override
    async def async_step_bluetooth(
        self, discovery_info: BluetoothServiceInfoBleak
    ) -> ConfigFlowResult:
        """Take a monitor that was heard for the first time."""
        self._info = discovery_info
        await self.async_set_unique_id(discovery_info.address)
        self._abort_if_unique_id_configured()
        if not is_heard_as_monitor(discovery_info):
            return self.async_abort(reason="not_a_monitor")
        try:
            recognised = await async_recognise(self.hass, discovery_info)
        except NotHeardError:
            async_let_be_found(self.hass, discovery_info.address)
            return self.async_abort(reason="no_monitors_found")
        # It may have told its name meanwhile
        self._info = async_latest(self.hass, discovery_info)
        self.context["title_placeholders"] = {"name": self._name}
        if isinstance(recognised, MonitorCoordinator):
            return await self._async_adopt(recognised)
        self._namesakes = recognised
        return await self.async_step_known_monitor()

    async def async_step_bluetooth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to add it."""
        if user_input is not None:
            return await self._async_try()
        self._set_confirm_only()
        return self.async_show_form(
            step_id="bluetooth_confirm",
            description_placeholders={
                "name": self._name,
                "signal": str(self._info.rssi),
            },
        )

    async def async_step_known_monitor(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether it is one of the monitors that there are, or a new one."""
        titles = {
            monitor.config_entry.entry_id: monitor.config_entry.title
            for monitor in self._namesakes
            if self._may_still_be(monitor)
        }
        chosen = (user_input or {}).get(CONF_MONITOR)
        for monitor in self._namesakes:
            if monitor.config_entry.entry_id == chosen in titles:
                return await self._async_adopt(monitor)
        if user_input is not None and chosen is None:
            return await self._async_try()
        if not titles:
            return await self.async_step_bluetooth_confirm()
        return self.async_show_form(
            step_id="known_monitor",
            data_schema=vol.Schema({vol.Optional(CONF_MONITOR): _choice(titles)}),
            description_placeholders={"name": self._name},
        )

    async def async_step_monitor(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose one of the monitors that are heard."""
        return await self._async_step_choose("monitor", user_input)

    async def async_step_replace(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose what a monitor is heard as now."""
        return await self._async_step_choose("replace", user_input)

    async def _async_step_choose(
        self, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Choose one of the monitors that are heard, and have no entry."""
        heard = self._heard()
        if user_input is None and not heard:
            # Some do not say that they may be found, and are only by who asks
            await async_request_active_scan(self.hass, SCAN)
            heard = self._heard()
        if user_input is not None and (info := heard.get(user_input[CONF_ADDRESS])):
            self._info = info
            await self.async_set_unique_id(info.address, raise_on_progress=False)
            self._abort_if_unique_id_configured()
            return await self._async_try()
        if not heard:
            return self.async_abort(reason="no_monitors_found")
        names = {
            address: f"{_name_of(info)} ({info.rssi} dBm)"
            for address, info in heard.items()
        }
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({vol.Required(CONF_ADDRESS): _choice(names)}),
        )

    @callback
    def _heard(self) -> dict[str, BluetoothServiceInfoBleak]:
        """Return the monitors that are heard, and have no entry, by their addresses."""
        configured = self._async_current_ids(include_ignore=False)
        return {
            info.address: info
            for info in async_discovered_service_info(self.hass, connectable=False)
            if is_heard_as_monitor(info) and info.address not in configured
        }

    async def _async_try(self) -> ConfigFlowResult:
        """Try to read a measurement, unless it is in the advertisement."""
        if self._is_broadcast_only:
            return await self.async_step_add_monitor()
        return await self.async_step_read()

    async def async_step_read(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show that the monitor is being read."""
        if not self._probing:
            # What ended at once would have the last form's input answer the next one
            self._probing = self.hass.async_create_task(
                async_probe(self.hass, self._info.address), eager_start=False
            )
        if not self._probing.done():
            return self.async_show_progress(
                step_id="read",
                progress_action="read",
                progress_task=self._probing,
                description_placeholders={"name": self._name},
            )
        try:
            self._probe = self._probing.result()
        except PairingNeededError:
            self._error = "pairing_needed"
        except BleakOutOfConnectionSlotsError:
            self._error = "slots_full"
        except BLUETOOTH_ERRORS:
            self._error = "not_read"
        except Exception as err:  # noqa: BLE001 - a flow must say something
            log_unexpected(err, "the monitor was not read")
            self._error = "unknown"
        return self.async_show_progress_done(
            next_step_id="unread" if self._error else "add_monitor"
        )

    async def async_step_unread(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to add a monitor that could not be read."""
        if user_input is not None:
            return await self.async_step_add_monitor()
        return self.async_show_form(
            step_id="unread",
            errors={"base": self._error},
            description_placeholders={"name": self._name},
        )

    async def async_step_add_monitor(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Add the monitor, unless it is one that has changed its address."""
        details = self._probe.details
        address = self._info.address
        if self.source == SOURCE_RECONFIGURE:
            entry = self._get_reconfigure_entry()
            self._withdraw_offers()
            return self.async_update_reload_and_abort(
                entry,
                unique_id=address,
                data_updates={
                    CONF_ADDRESS: address,
                    CONF_NAME: advertised_name(self._info),
                    # What the former one told is not known of this one
                    CONF_DETAILS: dict(details.texts),
                    CONF_FORMER_ADDRESS: None,
                },
            )
        if monitor := await async_find(self.hass, self._info, details):
            return await self._async_adopt(monitor)
        # Another flow may have come first, and its entry would be replaced
        self._abort_if_unique_id_configured()
        return self.async_create_entry(
            title=self._name,
            data={
                CONF_ADDRESS: address,
                CONF_NAME: advertised_name(self._info),
                CONF_DETAILS: dict(details.texts),
                CONF_FEATURES: sorted(self._features),
                CONF_PROFILES: [profile.key for profile in self._profiles],
            },
            options={
                **DEFAULT_MONITOR_OPTIONS,
                CONF_LISTEN_ONLY: self._is_broadcast_only,
            },
        )

    @callback
    def _may_still_be(self, monitor: MonitorCoordinator) -> bool:
        """Return whether a monitor is there, and was heard at no other address since."""
        entry_id = monitor.config_entry.entry_id
        entry = self.hass.config_entries.async_get_entry(entry_id)
        if entry and entry.state is ConfigEntryState.LOADED:
            monitor = entry.runtime_data
        return entry is not None and monitor.heard_at <= self._info.time

    async def _async_adopt(self, monitor: MonitorCoordinator) -> ConfigFlowResult:
        """Let a monitor have its new address."""
        self._withdraw_offers()
        entry = monitor.config_entry
        if entry.state is ConfigEntryState.LOADED:
            # It may have been loaded again since it was recognised
            monitor = entry.runtime_data
        await monitor.async_adopt(self._info.address)
        return self.async_abort(reason="monitor_recognised")

    @callback
    def _withdraw_offers(self) -> None:
        """Offer no more what a monitor is heard as from now on."""
        for flow in self._async_in_progress(
            include_uninitialized=True, match_context={"unique_id": self.unique_id}
        ):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    @property
    def _name(self) -> str:
        """What to call the monitor."""
        return self._probe.details.name or _name_of(self._info)

    @property
    def _profiles(self) -> tuple[Profile, ...]:
        """What the monitor speaks, as far as that is known."""
        return self._probe.profiles or _profiles_of(self._info)

    @property
    def _features(self) -> set[str]:
        """What the monitor has, as far as that is known."""
        return {
            *(feature for profile in self._profiles for feature in profile.features),
            *self._probe.details.features,
            *features_of(self._probe.values),
        }

    @property
    def _is_broadcast_only(self) -> bool:
        """Whether all that can be had of the monitor is in its advertisement."""
        can_connect = self._info.connectable and any(
            advertised(self._info.service_uuids)
        )
        return not can_connect and bool(parse_broadcast(self._info.manufacturer_data))


WHEEL = NumberSelector(
    NumberSelectorConfig(
        min=500,
        max=3000,
        step=1,
        mode=NumberSelectorMode.BOX,
        unit_of_measurement=UnitOfLength.MILLIMETERS,
    )
)
"""The circumference of a wheel, from that of a scooter to that of a penny-farthing."""

DEFAULT_WHEEL = round(Settings().wheel_circumference * 1000)


class MonitorOptionsFlow(OptionsFlowWithReload):
    """Changes how a monitor is listened to."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the options."""
        return await self.async_step_monitor()

    async def async_step_monitor(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change how the monitor is listened to."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        fields: dict[vol.Marker, Selector[Any]] = {
            vol.Required(CONF_LISTEN_ONLY): BooleanSelector()
        }
        suggested = dict(self.config_entry.options)
        if any(profile.has_wheel for profile in profiles_of(self.config_entry)):
            fields[vol.Required(CONF_WHEEL_CIRCUMFERENCE)] = WHEEL
            suggested.setdefault(CONF_WHEEL_CIRCUMFERENCE, DEFAULT_WHEEL)
        return self.async_show_form(
            step_id="monitor",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(fields), suggested
            ),
        )


def _choice(labels: dict[str, str]) -> SelectSelector:
    """Return a field to choose one of some values by their labels."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[
                SelectOptionDict(value=value, label=label)
                for value, label in labels.items()
            ]
        )
    )


def _name_of(info: BluetoothServiceInfoBleak) -> str:
    """Return what to call a monitor, of which at least the address is known."""
    if name := advertised_name(info):
        return name
    profile, *_ = _profiles_of(info)
    return f"{profile.name} {info.address[-5:]}"


def _profiles_of(info: BluetoothServiceInfoBleak) -> tuple[Profile, ...]:
    """Return what a monitor speaks, by its advertisement."""
    # What is told in advertisements themselves is a heart rate
    return tuple(advertised(info.service_uuids)) or (heart_rate.PROFILE,)
