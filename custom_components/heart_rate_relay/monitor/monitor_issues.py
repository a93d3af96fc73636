"""What hinders the connection to a monitor, for a person to act on."""

from homeassistant.components.bluetooth import (
    BluetoothReachabilityIntent,
    async_address_reachability_diagnostics,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_ADDRESS
from homeassistant.core import HomeAssistant, callback

from ..issues import FixData, async_create, async_delete
from .trouble import Trouble

FORGET_BOND = "forget_bond"
"""What a person can have done about a bond that the monitor has lost."""


@callback
def async_update_trouble(
    hass: HomeAssistant, entry: ConfigEntry, trouble: Trouble | None
) -> None:
    """Report what hinders the connection to a monitor, and take back what does not."""
    for other in Trouble:
        if other is not trouble:
            async_delete(hass, f"{other}_{entry.entry_id}")
    fix: FixData = {"fix": FORGET_BOND, "entry_id": entry.entry_id}
    if trouble:
        async_create(
            hass,
            f"{trouble}_{entry.entry_id}",
            f"monitor_{trouble}",
            fix=fix if trouble is Trouble.BOND_LOST else None,
            monitor=entry.title,
            details=async_address_reachability_diagnostics(
                hass, entry.data[CONF_ADDRESS], BluetoothReachabilityIntent.CONNECTION
            ),
        )
