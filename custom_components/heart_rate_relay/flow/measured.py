"""The step that shows what the chosen sources measure, before that is delivered."""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from homeassistant.config_entries import ConfigEntryBaseFlow, ConfigFlowResult
from homeassistant.core import HomeAssistant

from ..const import CONF_OTHER_SOURCES
from ..metric_names import async_metric_names, name_of_metric
from ..metrics import Metric
from ..sources.attributes import name_of
from ..sources.candidates import async_source_id
from ..sources.detection.vocabulary import vocabulary
from ..sources.measured import async_metric_of

NOTHING = "–"


class MeasuredFlow(ConfigEntryBaseFlow):
    """Asks about those of the chosen sources of which it was not shown what they measure."""

    step_of_sources: ClassVar[str]
    """The step in which they are chosen."""

    _chosen: Mapping[str, Any] = MappingProxyType({})
    """What was entered there."""
    _seen: Collection[str] = ()
    """The entities that were shown there with what they measure."""

    async def async_step_measured(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what the others measure, where there are any."""
        others: Sequence[str] = self._chosen.get(CONF_OTHER_SOURCES, ())
        new = [other for other in others if other not in self._seen]
        if (measured := await async_measured(self.hass, new)) == NOTHING:
            return await self.async_step_confirm_sources()
        return self.async_show_menu(
            step_id="measured",
            menu_options=["confirm_sources", self.step_of_sources],
            description_placeholders={"measured": measured},
        )

    @abstractmethod
    async def async_step_confirm_sources(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on with what was chosen."""


async def async_measured(
    hass: HomeAssistant,
    entity_ids: Iterable[str],
    known: Mapping[str, Metric] = MappingProxyType({}),
) -> str:
    """Return what entities measure, a line each.

    Of some it is known, by what they are remembered by.
    """
    await hass.async_add_executor_job(vocabulary)
    names = await async_metric_names(hass)
    lines = (
        f"- {name_of(state)}: {name_of_metric(names, metric)} ({metric.unit})"
        for entity_id in entity_ids
        if (state := hass.states.get(entity_id))
        and (
            metric := known.get(async_source_id(hass, entity_id))
            or async_metric_of(hass, state)
        )
    )
    return "\n".join(lines) or NOTHING
