"""Options of a relay."""

from collections.abc import Collection
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
)

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
    CONF_OTHER_SOURCES,
    CONF_SOURCES,
    DEFAULT_OPTIONS,
    UNIT_BPM,
)
from ..destinations.base import Destination
from ..destinations.hosted import Hosted
from ..destinations.tokens import Tokens
from ..relay.session import async_import_destination, create_destination
from ..sources.candidates import async_last_entity_id
from ..sources.chosen import known_metrics
from ..sources.finding import async_find
from ..sources.rules import Again
from .address import address_words
from .measured import MeasuredFlow, async_measured
from .sources import async_flaw_in, has_sources, source_fields, source_options


class RelayOptionsFlow(OptionsFlowWithReload, MeasuredFlow):
    """Changes what a relay collects and keeps."""

    step_of_sources = "init"

    _known: Collection[str] = ()
    """The sources of heart rates when they were shown first."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the options, or be shown an address where there is one."""
        await async_import_destination(self.hass, self.config_entry.data)
        is_begun = user_input is not None or self._chosen
        if not is_begun and isinstance(self._destination, Hosted):
            return await self.async_step_hosted()
        return await self.async_step_settings(user_input)

    async def async_step_hosted(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose what to do with what is served here."""
        return self.async_show_menu(
            step_id="hosted", menu_options=["address", "settings"]
        )

    async def async_step_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the address of what is served here."""
        if user_input is not None:
            return self.async_create_entry(data=self.config_entry.options)
        return self.async_show_form(
            step_id="address",
            data_schema=vol.Schema({}),
            description_placeholders=address_words(self.hass, self._destination),
        )

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the options."""
        limits = self._destination.limits
        options = DEFAULT_OPTIONS | self.config_entry.options
        errors: dict[str, str] = {}
        words: dict[str, str] = {}
        if user_input is not None:
            errors, words = await async_flaw_in(
                self.hass, user_input, limits.metrics, known_metrics(options)
            )
            if not has_sources(user_input):
                errors["base"] = "no_sources"
            elif user_input[CONF_MIN_BPM] >= user_input[CONF_MAX_BPM]:
                errors["base"] = "empty_range"
            if not errors:
                self._chosen = user_input
                return await self.async_step_measured()
        fields = source_fields(self.hass, limits) | LIMITS
        if limits.keeps:
            fields |= KEPT
        if limits.gather is not None:
            fields |= GATHER
            options = {CONF_GATHER: limits.gather, **options}
        if user_input is None and not self._chosen:
            self._known = options[CONF_SOURCES]
        shown = user_input or self._chosen or options | self._source_entities(options)
        self._seen = shown[CONF_OTHER_SOURCES] if CONF_OTHER_SOURCES in fields else ()
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), shown),
            errors=errors,
            description_placeholders={
                "measured": await async_measured(
                    self.hass, self._seen, known_metrics(options)
                ),
                **words,
            },
        )

    @override
    async def async_step_confirm_sources(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change them, now that it was seen what the sources measure."""
        found = await async_find(self.hass)
        # Only now: what is changed elsewhere must stay so
        options = DEFAULT_OPTIONS | self.config_entry.options
        # What was followed meanwhile is in no form that a person saw
        followed = [one for one in options[CONF_SOURCES] if one not in self._known]
        entity_ids = (async_last_entity_id(self.hass, one) for one in followed)
        sources = [*self._chosen[CONF_SOURCES], *entity_ids]
        chosen = {**self._chosen, CONF_SOURCES: sources}
        return self.async_create_entry(
            data=source_options(self.hass, options, chosen, found)
        )

    @property
    def _destination(self) -> Destination:
        """What the relay delivers to."""
        return create_destination(self.hass, self.config_entry.data, Tokens())

    def _source_entities(self, options: dict[str, Any]) -> dict[str, list[str]]:
        """Return the entities that the sources are now, or were, for each option."""
        return {
            option: list(
                dict.fromkeys(
                    async_last_entity_id(self.hass, source_id)
                    for source_id in options[option]
                )
            )
            for option in ALL_SOURCES
        }


def _number(minimum: float, maximum: float, unit: str) -> NumberSelector:
    """Return a field for a number."""
    return NumberSelector(
        NumberSelectorConfig(
            min=minimum,
            max=maximum,
            step="any",
            unit_of_measurement=unit,
            mode=NumberSelectorMode.BOX,
        )
    )


LIMITS: dict[vol.Marker, object] = {
    vol.Required(CONF_MIN_INTERVAL): _number(0, 3600, "s"),
    vol.Required(CONF_MIN_BPM): _number(1, 300, UNIT_BPM),
    vol.Required(CONF_MAX_BPM): _number(1, 300, UNIT_BPM),
    vol.Required(CONF_LIVE_FOR): _number(5, 3600, "s"),
    vol.Required(CONF_AGAIN): SelectSelector(
        SelectSelectorConfig(options=list(Again), translation_key=CONF_AGAIN)
    ),
}

KEPT: dict[vol.Marker, object] = {
    vol.Required(CONF_KEEP_DAYS): _number(1, 3650, "d"),
    vol.Required(CONF_KEEP_READINGS): _number(1_000, 10_000_000, ""),
}

GATHER: dict[vol.Marker, object] = {
    vol.Required(CONF_GATHER): _number(10, 24 * 60 * 60, "s"),
}
