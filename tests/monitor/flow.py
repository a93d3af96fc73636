"""What the tests of a monitor's flow share: what a person sees, and does next."""

from collections.abc import Mapping
from typing import Any

import pytest

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.monitor import identity, probe
from dev.virtual_proxy import Strap, World
from homeassistant.config_entries import SOURCE_BLUETOOTH, ConfigEntry, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.common import until
from tests.flow.common import start, submit

from .common import heard

OTHER = "A0:9E:1A:00:00:02"
"""Another address than that of most straps here."""


def be_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment only for what may never come."""
    monkeypatch.setattr(probe, "MEASUREMENT_TIMEOUT", 0.3)
    monkeypatch.setattr(identity, "LATELY", 0.3)


def flows(hass: HomeAssistant) -> list[ConfigFlowResult]:
    """Return what is offered, or asked."""
    return hass.config_entries.flow.async_progress_by_handler(DOMAIN)


async def offer(hass: HomeAssistant) -> ConfigFlowResult:
    """Wait for a monitor to be offered."""
    await until(lambda: flows(hass))
    (flow,) = flows(hass)
    return await hass.config_entries.flow.async_configure(flow["flow_id"])


async def discover(hass: HomeAssistant, **advertisement: Any) -> ConfigFlowResult:
    """Let a monitor be heard for the first time, of which the proxy knows nothing."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_BLUETOOTH}, data=heard(**advertisement)
    )


async def accept(
    hass: HomeAssistant, shown: ConfigFlowResult, **user_input: str
) -> ConfigFlowResult:
    """Fill in what is shown, and return what comes after the monitor was read."""
    shown = await hass.config_entries.flow.async_configure(
        shown["flow_id"], dict(user_input)
    )
    assert shown["type"] is FlowResultType.SHOW_PROGRESS
    assert shown["step_id"] == shown["progress_action"] == "read"
    await hass.async_block_till_done()
    return await hass.config_entries.flow.async_configure(shown["flow_id"])


async def list_heard(hass: HomeAssistant, *straps: Strap) -> ConfigFlowResult:
    """Choose from the menu to add a monitor, once these are heard, if any."""
    await until(lambda: len(flows(hass)) == len(straps))
    return await submit(hass, await start(hass), {"next_step_id": "monitor"})


def choices(shown: ConfigFlowResult, field: str) -> Mapping[str, str]:
    """Return what can be chosen in a form."""
    assert shown["data_schema"]
    options = shown["data_schema"].schema[field].config["options"]
    return {option["value"]: option["label"] for option in options}


def monitors(hass: HomeAssistant) -> list[ConfigEntry]:
    """Return the monitors that there are."""
    return hass.config_entries.async_entries(DOMAIN)


def assert_idle(air: World, strap: Strap) -> None:
    """See that no connection is left."""
    proxy = air.proxies[0]
    assert (proxy.links, proxy.allocated, strap.links) == ([], [], [])


def assert_form_without_error(shown: ConfigFlowResult, step_id: str) -> None:
    """See that a form is shown that can have no errors."""
    assert shown["type"] is FlowResultType.FORM
    assert shown["step_id"] == step_id
    assert not shown["errors"]
