"""What Home Assistant has heard of a monitor."""

from homeassistant.components import bluetooth
from homeassistant.core import HomeAssistant, callback


@callback
def async_let_be_found(hass: HomeAssistant, address: str) -> None:
    """Have whatever is at an address be discovered when it is heard the next time."""
    bluetooth.async_clear_address_from_match_history(hass, address)
    # What is heard again, and says the same, would be nothing new
    bluetooth.async_clear_advertisement_history(hass, address)


@callback
def advertised_name(info: bluetooth.BluetoothServiceInfoBleak) -> str:
    """Return what a monitor calls itself, empty where no scanner has heard that."""
    return "" if info.name == info.address else info.name
