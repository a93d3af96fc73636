"""Config flow of Heart Rate Relay."""

from collections.abc import Mapping
from typing import Any, override

import probatio

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)

from .const import (
    CONF_DECLINED,
    CONF_FOLLOW_NEW,
    CONF_KEEP_DAYS,
    CONF_KEEP_READINGS,
    CONF_LIVE_FOR,
    CONF_MAX_BPM,
    CONF_MIN_BPM,
    CONF_MIN_INTERVAL,
    CONF_SERVICE,
    CONF_SOURCES,
    DEFAULT_OPTIONS,
    DOMAIN,
    LOGGER,
    UNIT_BPM,
)
from .destinations.base import Account, DestinationError
from .forms import FORMS
from .relay.candidates import (
    async_candidates,
    async_last_entity_id,
    async_own_entities,
    async_source_id,
)
from .relay.coordinator import create_destination
from .relay.detection import Verdict

SOURCE_DOMAINS = ["sensor", "number", "input_number"]


class HeartRateRelayConfigFlow(ConfigFlow, domain=DOMAIN):
    """Adds a relay, and lets it sign in again."""

    def __init__(self) -> None:
        """Initialize the flow."""
        self._data: dict[str, Any] = {}
        self._title = ""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> RelayOptionsFlow:
        """Return the flow for a relay's options."""
        return RelayOptionsFlow()

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the service."""
        return self.async_show_menu(step_id="user", menu_options=list(FORMS))

    async def async_step_pulsoid(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give credentials for Pulsoid."""
        return await self._async_step_account("pulsoid", user_input)

    async def async_step_livetracking(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give credentials for livetracking.io."""
        return await self._async_step_account("livetracking", user_input)

    async def async_step_influxdb_v1(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give credentials for InfluxDB 1."""
        return await self._async_step_account("influxdb_v1", user_input)

    async def async_step_influxdb_v2(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give credentials for InfluxDB 2."""
        return await self._async_step_account("influxdb_v2", user_input)

    async def async_step_influxdb_v3(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give credentials for InfluxDB 3."""
        return await self._async_step_account("influxdb_v3", user_input)

    async def async_step_sources(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the sources."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input[CONF_SOURCES] or user_input[CONF_FOLLOW_NEW]:
                return self.async_create_entry(
                    title=self._title,
                    data=self._data,
                    options=_source_options(self.hass, DEFAULT_OPTIONS, user_input),
                )
            errors["base"] = "no_sources"
        candidates = async_candidates(self.hass)
        matches = candidates[Verdict.MATCH]
        suggestions = candidates[Verdict.SUGGEST]
        return self.async_show_form(
            step_id="sources",
            data_schema=self.add_suggested_values_to_schema(
                _sources_schema(self.hass),
                user_input or {CONF_SOURCES: matches},
            ),
            errors=errors,
            description_placeholders={
                "recognised": str(len(matches)),
                "suggestions": ", ".join(suggestions) or "0",
            },
        )

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Sign in again, because the service refused the credentials."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give new credentials."""
        entry = self._get_reauth_entry()
        return await self._async_step_credentials("reauth_confirm", entry, user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give new credentials before the service refuses the old ones."""
        entry = self._get_reconfigure_entry()
        return await self._async_step_credentials("reconfigure", entry, user_input)

    async def _async_step_account(
        self, service: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Give credentials, which are tried before anything is stored."""
        form = FORMS[service]
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {CONF_SERVICE: service, **user_input}
            if account := await self._async_validate(data, errors):
                if await self._async_set_account(service, account):
                    self._abort_if_unique_id_configured()
                else:
                    self._async_abort_entries_match(data)
                self._data, self._title = data, account.name
                return await self.async_step_sources()
        return self.async_show_form(
            step_id=service,
            data_schema=self.add_suggested_values_to_schema(form.fields(), user_input),
            errors=errors,
            description_placeholders=form.links,
        )

    async def _async_step_credentials(
        self, step_id: str, entry: ConfigEntry, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Give new credentials for the same account."""
        service = entry.data[CONF_SERVICE]
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {**entry.data, **user_input}
            if account := await self._async_validate(data, errors):
                if await self._async_set_account(service, account) and entry.unique_id:
                    self._abort_if_unique_id_mismatch(reason="wrong_account")
                return self.async_update_reload_and_abort(entry, data=data)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                FORMS[service].fields(credentials_only=True), user_input
            ),
            errors=errors,
            description_placeholders={"relay": entry.title},
        )

    async def _async_validate(
        self, data: Mapping[str, Any], errors: dict[str, str]
    ) -> Account | None:
        """Return whose account it is, or say what is wrong."""
        try:
            return await create_destination(self.hass, data).validate()
        except DestinationError as err:
            errors["base"] = err.key
        except Exception:  # noqa: BLE001 - a flow must say something
            LOGGER.exception("Unexpected error")
            errors["base"] = "unknown"
        return None

    async def _async_set_account(self, service: str, account: Account) -> bool:
        """Say whose account the flow is about, where the service tells."""
        if account.id is None:
            return False
        await self.async_set_unique_id(f"{service} {account.id}")
        return True


class RelayOptionsFlow(OptionsFlowWithReload):
    """Changes what a relay collects and keeps."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the options."""
        options = DEFAULT_OPTIONS | self.config_entry.options
        errors: dict[str, str] = {}
        if user_input is not None:
            if not user_input[CONF_SOURCES] and not user_input[CONF_FOLLOW_NEW]:
                errors["base"] = "no_sources"
            elif user_input[CONF_MIN_BPM] >= user_input[CONF_MAX_BPM]:
                errors["base"] = "empty_range"
            else:
                return self.async_create_entry(
                    data=_source_options(self.hass, options, user_input)
                )
        sources = dict.fromkeys(
            async_last_entity_id(self.hass, source_id)
            for source_id in options[CONF_SOURCES]
        )
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                _sources_schema(self.hass).extend(LIMITS_SCHEMA),
                user_input or {**options, CONF_SOURCES: list(sources)},
            ),
            errors=errors,
        )


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


LIMITS_SCHEMA = {
    probatio.Required(CONF_MIN_INTERVAL): _number(0, 3600, "s"),
    probatio.Required(CONF_MIN_BPM): _number(1, 300, UNIT_BPM),
    probatio.Required(CONF_MAX_BPM): _number(1, 300, UNIT_BPM),
    probatio.Required(CONF_LIVE_FOR): _number(5, 3600, "s"),
    probatio.Required(CONF_KEEP_DAYS): _number(1, 3650, "d"),
    probatio.Required(CONF_KEEP_READINGS): _number(1_000, 10_000_000, ""),
}


def _sources_schema(hass: HomeAssistant) -> probatio.Schema:
    """Return the fields about sources."""
    return probatio.Schema(
        {
            probatio.Required(CONF_SOURCES, default=list): EntitySelector(
                EntitySelectorConfig(
                    domain=SOURCE_DOMAINS,
                    exclude_entities=async_own_entities(hass),
                    multiple=True,
                    reorder=True,
                )
            ),
            probatio.Required(CONF_FOLLOW_NEW, default=False): BooleanSelector(),
        }
    )


def _source_options(
    hass: HomeAssistant, options: Mapping[str, Any], user_input: Mapping[str, Any]
) -> dict[str, Any]:
    """Return options changed by the input of a form with fields about sources.

    Sensors that were offered and not chosen are not to be followed later.
    """
    # A source that is gone must not be forgotten for that
    gone = {
        entity_id: source_id
        for source_id in options[CONF_SOURCES]
        if not hass.states.get(entity_id := async_last_entity_id(hass, source_id))
    }
    sources = dict.fromkeys(
        gone.get(entity_id) or async_source_id(hass, entity_id)
        for entity_id in user_input[CONF_SOURCES]
    )
    matches = (
        async_source_id(hass, entity_id)
        for entity_id in async_candidates(hass)[Verdict.MATCH]
    )
    offered = dict.fromkeys((*options.get(CONF_DECLINED, ()), *matches))
    return {
        **options,
        **user_input,
        CONF_SOURCES: list(sources),
        CONF_DECLINED: [source_id for source_id in offered if source_id not in sources],
    }
