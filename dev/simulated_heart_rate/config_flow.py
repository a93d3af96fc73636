"""Where to write the ledger."""

from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult

from .const import CONF_LEDGER, DOMAIN

SCHEMA = vol.Schema({vol.Required(CONF_LEDGER): str})


class SimulationConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets the simulation up."""

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for it, and do it."""
        if user_input is None:
            return self.async_show_form(step_id="user", data_schema=SCHEMA)
        return self.async_create_entry(title="Simulated heart rate", data=user_input)
