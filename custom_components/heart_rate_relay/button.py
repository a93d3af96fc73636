"""Buttons of Heart Rate Relay."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import (
    MonitorEntity,
    MonitorEntityDescription,
    RelayEntity,
    async_add_monitor_entities,
)
from .monitor.coordinator import MonitorConfigEntry, is_monitor
from .monitor.profiles import ACTIONS
from .monitor.profiles.base import Action
from .past.backfill import Backfill
from .relay.coordinator import RelayConfigEntry, RelayCoordinator
from .relay.hosting import Hosting

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MonitorButtonEntityDescription(
    MonitorEntityDescription[None], ButtonEntityDescription
):
    """Describes a button of a monitor."""

    action: Action


SEND_NOW = ButtonEntityDescription(
    key="send_now",
    translation_key="send_now",
    entity_category=EntityCategory.DIAGNOSTIC,
)

REPLACE_ADDRESS = ButtonEntityDescription(
    key="replace_address",
    translation_key="replace_address",
    entity_category=EntityCategory.CONFIG,
)

STOP_BACKFILL = ButtonEntityDescription(
    key="stop_backfill",
    translation_key="stop_backfill",
    entity_category=EntityCategory.DIAGNOSTIC,
)

MONITOR_BUTTONS = tuple(
    MonitorButtonEntityDescription(
        key=action.key,
        translation_key=action.key,
        entity_category=EntityCategory.CONFIG,
        needs=frozenset({action.quantity.feature, action.feature}),
        value_fn=lambda data: None,
        action=action,
    )
    for action in ACTIONS
)
"""A button for each of what monitors can be made to do."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MonitorConfigEntry | RelayConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the buttons of a monitor or a relay."""
    if is_monitor(entry):
        async_add_monitor_entities(
            entry, async_add_entities, MONITOR_BUTTONS, MonitorButton
        )
        return
    async_add_entities([SendNowButton(entry.runtime_data, SEND_NOW)])
    if backfill := entry.runtime_data.backfill:
        async_add_entities([StopBackfillButton(entry.runtime_data, backfill)])
    if hosting := entry.runtime_data.hosting:
        async_add_entities([ReplaceAddressButton(entry.runtime_data, hosting)])


class MonitorButton(MonitorEntity[None], ButtonEntity):
    """Lets a monitor do something."""

    entity_description: MonitorButtonEntityDescription

    @override
    async def async_press(self) -> None:
        """Let it be done."""
        await self.coordinator.async_perform(self.entity_description.action)


class SendNowButton(RelayEntity, ButtonEntity):
    """Ends the wait for a service."""

    @override
    async def async_press(self) -> None:
        """Try to deliver at once."""
        self.coordinator.async_send_now()


class StopBackfillButton(RelayEntity, ButtonEntity):
    """Lets what the recorder still has be."""

    def __init__(self, coordinator: RelayCoordinator, backfill: Backfill) -> None:
        """Initialize the button."""
        super().__init__(coordinator, STOP_BACKFILL)
        self._backfill = backfill

    @property
    @override
    def available(self) -> bool:
        """Return whether there is anything to stop."""
        return super().available and self._backfill.progress is not None

    @override
    async def async_press(self) -> None:
        """End the backfill for good."""
        await self._backfill.async_cancel()


class ReplaceAddressButton(RelayEntity, ButtonEntity):
    """Gives what is served here another address, so that nobody comes by the old one."""

    def __init__(self, coordinator: RelayCoordinator, hosting: Hosting) -> None:
        """Initialize the button."""
        super().__init__(coordinator, REPLACE_ADDRESS)
        self._hosting = hosting

    @override
    async def async_press(self) -> None:
        """Replace the address at once."""
        self._hosting.async_replace_secret()
