"""What is remembered of a monitor with its entry."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_ADDRESS
from homeassistant.helpers import device_registry as dr

from ..const import CONF_DETAILS, CONF_PROFILES, CONF_WHEEL_CIRCUMFERENCE, DOMAIN
from .data import Told
from .profiles import PROFILES, heart_rate
from .profiles.base import Profile, Settings


def profiles_of(entry: ConfigEntry) -> tuple[Profile, ...]:
    """Return what a monitor speaks, as far as that is remembered."""
    keys = entry.data.get(CONF_PROFILES, [heart_rate.PROFILE.key])
    return tuple(PROFILES[key] for key in keys if key in PROFILES)


def settings_of(entry: ConfigEntry) -> Settings:
    """Return what a person has said of a monitor."""
    if circumference := entry.options.get(CONF_WHEEL_CIRCUMFERENCE):
        return Settings(wheel_circumference=circumference / 1000)
    return Settings()


def told_once(entry: ConfigEntry) -> dict[str, Told]:
    """Return what the monitor tells once in a connection, as it last did."""
    details = entry.data[CONF_DETAILS]
    return {
        detail.quantity.key: Told(value, 0)
        for profile in profiles_of(entry)
        for detail in profile.details
        if (value := details.get(detail.quantity.key))
    }


def device_info_of(entry: ConfigEntry) -> dr.DeviceInfo:
    """Return what the device registry is to know of a monitor."""
    details = entry.data[CONF_DETAILS]
    return dr.DeviceInfo(
        connections={(dr.CONNECTION_BLUETOOTH, entry.data[CONF_ADDRESS])},
        identifiers={(DOMAIN, entry.entry_id)},
        name=entry.title,
        manufacturer=details.get("manufacturer"),
        model=details.get("model"),
        serial_number=details.get("serial_number"),
        sw_version=details.get("sw_version"),
        hw_version=details.get("hw_version"),
    )
