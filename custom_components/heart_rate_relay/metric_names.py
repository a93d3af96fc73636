"""What metrics are called in the language of the household."""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN
from .metrics import Metric

type Names = Mapping[str, str]

SELECTOR = "selector"


async def async_metric_names(hass: HomeAssistant) -> Names:
    """Return what metrics are called, for name_of_metric."""
    return await async_get_translations(hass, hass.config.language, SELECTOR, [DOMAIN])


def name_of_metric(names: Names, metric: Metric) -> str:
    """Return what a metric is called."""
    key = f"component.{DOMAIN}.{SELECTOR}.metric.options.{metric.key}"
    return names.get(key, metric.key.replace("_", " "))
