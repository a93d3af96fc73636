"""Constants of the simulation."""

from typing import Final

DOMAIN: Final = "simulated_heart_rate"

CONF_LEDGER: Final = "ledger"

SERVICE_STOP: Final = "stop"
SIGNAL_STOP: Final = f"{DOMAIN}_stop"
