"""The broker that Home Assistant's own MQTT integration is connected to."""

import asyncio
from contextlib import suppress

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ..destinations.errors import NotEntitledError, UnreachableError

INTEGRATION = "mqtt"

ACKNOWLEDGED_WITHIN = 8.0
"""Seconds for a broker to say that it has a message.

Home Assistant waits for 10, and then goes on as if it had said so.
"""


class Broker:
    """Publishes messages, and says whether they arrived."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize the broker."""
        self._hass = hass

    @callback
    def check(self) -> None:
        """See that there is a broker, and a connection to it.

        Without a connection Home Assistant would keep messages in memory, and send each as
        often as it was tried. Raises DestinationError.
        """
        if not self._hass.config_entries.async_has_entries(
            INTEGRATION, include_disabled=False, include_ignore=False
        ):
            raise NotEntitledError("mqtt_missing")
        if INTEGRATION in self._hass.config.components:
            # What it needs is installed only where it is set up
            from homeassistant.components import mqtt  # noqa: PLC0415

            with suppress(KeyError):
                if mqtt.is_connected(self._hass):
                    return
        raise UnreachableError("mqtt_not_connected")

    async def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Publish a message, and wait until the broker has it.

        With QoS 0 it says nothing: the message was sent then. Raises DestinationError.
        """
        from homeassistant.components import mqtt  # noqa: PLC0415 - as above

        try:
            async with asyncio.timeout(ACKNOWLEDGED_WITHIN):
                await mqtt.async_publish(self._hass, topic, payload, qos, retain=False)
        except TimeoutError as err:
            raise UnreachableError("timeout") from err
        except HomeAssistantError as err:
            raise UnreachableError("mqtt_not_connected") from err
