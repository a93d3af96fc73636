"""What Home Assistant wants to be there of an integration that has entries."""

from homeassistant.config_entries import ConfigFlow


class BenchmarkConfigFlow(ConfigFlow, domain="benchmark_driver"):
    """Asks nobody for anything: entries are added by the driver."""
