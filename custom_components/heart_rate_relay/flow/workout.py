"""The steps of the flows that are about workouts."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import voluptuous as vol

from homeassistant.components.http.auth import async_sign_path
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_NAME, UnitOfMass, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import dt as dt_util

from ..const import (
    CONF_BEGIN_AFTER,
    CONF_BEGINS_BY,
    CONF_BODY,
    CONF_BOUND,
    CONF_END_AFTER,
    CONF_HIGHEST,
    CONF_KEEP_WORKOUTS,
    CONF_KIND,
    CONF_OTHERS,
    CONF_POSITION,
    CONF_RESTING,
    CONF_SEX,
    CONF_SOURCES,
    CONF_SPORT,
    CONF_WEIGHT,
    CONF_WORN,
    CONF_YEAR_OF_BIRTH,
    CONF_ZONE,
    CONF_ZONES,
    CONF_ZONES_BY,
    DEFAULT_WORKOUT_OPTIONS,
    DOMAIN,
    KIND_WORKOUT,
    UNIT_BPM,
)
from ..metrics import (
    ALTITUDE,
    CADENCE,
    CYCLING_DISTANCE,
    DISTANCE,
    HEART_RATE,
    POWER,
    SPEED,
)
from ..sources.belongings import async_owners
from ..sources.candidates import async_last_entity_id, async_own_entities
from ..sources.finding import async_find
from ..sources.flaws import Flaw, async_unit_flaw
from ..sources.position import DOMAINS as PLACES
from ..workout.body import Sex
from ..workout.coordinator import is_workout
from ..workout.export import Kind
from ..workout.files import file_url
from ..workout.paths import shelf_of
from ..workout.settings import body_of, bounds_of, zones_of
from ..workout.shelf import time_of
from ..workout.sport import Sport
from ..workout.tracker import BeginsBy
from ..workout.zones import COUNT, DEFAULT_SHARES, ZonesBy
from .address import link
from .sources import SOURCE_DOMAINS, source_ids

AUTOMATIC = "automatic"

MOST_FILES = 100
"""Workouts whose files are offered: the action gives those of all."""

LINKS_VALID = timedelta(hours=1)

OTHERS = (SPEED, POWER, CADENCE, DISTANCE, CYCLING_DISTANCE, ALTITUDE)
"""What a workout is told by besides heart rates."""


def _number(
    low: float, high: float, unit: str | None = None, step: float = 1
) -> NumberSelector:
    """Return a field for a number."""
    config = NumberSelectorConfig(
        min=low, max=high, step=step, mode=NumberSelectorMode.BOX
    )
    if unit:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


def _choice(key: str, options: Sequence[str]) -> SelectSelector:
    """Return a field for one of some words."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options),
            translation_key=key,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


BODY = vol.Schema(
    {
        vol.Optional(CONF_SEX): _choice(CONF_SEX, list(Sex)),
        vol.Optional(CONF_YEAR_OF_BIRTH): _number(1900, 2100),
        vol.Optional(CONF_WEIGHT): _number(20, 400, UnitOfMass.KILOGRAMS, 0.1),
        vol.Optional(CONF_RESTING): _number(25, 120, UNIT_BPM),
        vol.Optional(CONF_HIGHEST): _number(100, 250, UNIT_BPM),
    }
)

ZONES = vol.Schema(
    {
        vol.Required(CONF_ZONES_BY, default=ZonesBy.HIGHEST): _choice(
            CONF_ZONES_BY, list(ZonesBy)
        ),
        **{
            vol.Required(CONF_ZONE.format(number), default=share): _number(1, 250)
            for number, share in enumerate(DEFAULT_SHARES, start=1)
        },
    }
)


RULES: dict[vol.Marker, object] = {
    vol.Required(CONF_BEGINS_BY): _choice(CONF_BEGINS_BY, list(BeginsBy)),
    vol.Required(CONF_BOUND): _number(40, 220, UNIT_BPM),
    vol.Required(CONF_BEGIN_AFTER): _number(0, 30, UnitOfTime.MINUTES, 0.5),
    vol.Required(CONF_END_AFTER): _number(2, 60, UnitOfTime.MINUTES, 0.5),
    vol.Required(CONF_SPORT): _choice(CONF_SPORT, [AUTOMATIC, *Sport]),
    vol.Required(CONF_KEEP_WORKOUTS): _number(1, 1000),
}


def _fields(hass: HomeAssistant) -> dict[vol.Marker, object]:
    """Return the fields of a workout."""
    sources = EntitySelector(
        EntitySelectorConfig(
            domain=SOURCE_DOMAINS,
            exclude_entities=_own_entities(hass),
            multiple=True,
            reorder=True,
        )
    )
    places = EntitySelector(EntitySelectorConfig(domain=list(PLACES), multiple=True))
    others = vol.Schema(
        {
            **{vol.Required(metric.key, default=list): sources for metric in OTHERS},
            vol.Required(CONF_POSITION, default=list): places,
        }
    )
    worn = EntitySelector(EntitySelectorConfig(domain="binary_sensor", multiple=True))
    return {
        vol.Required(CONF_SOURCES, default=list): sources,
        **RULES,
        vol.Required(CONF_WORN, default=list): worn,
        vol.Required(CONF_OTHERS): section(others, {"collapsed": True}),
        vol.Required(CONF_BODY): section(BODY),
        vol.Required(CONF_ZONES): section(ZONES, {"collapsed": True}),
    }


def _own_entities(hass: HomeAssistant) -> list[str]:
    """Return the entities that tell of readings or workouts, and so are no sources."""
    registry = er.async_get(hass)
    workouts = (
        entry
        for entry in hass.config_entries.async_entries(DOMAIN)
        if is_workout(entry)
    )
    return async_own_entities(hass) + [
        entity.entity_id
        for entry in workouts
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
    ]


@callback
def _flaw_in(
    hass: HomeAssistant, user_input: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the error of the form, and its words."""
    chosen = [(entity_id, HEART_RATE) for entity_id in user_input[CONF_SOURCES]]
    chosen += [
        (entity_id, metric)
        for metric in OTHERS
        for entity_id in user_input[CONF_OTHERS].get(metric.key, ())
    ]
    entity_ids = [entity_id for entity_id, _ in chosen]
    for entity_id, metric in chosen:
        # What is in a section has no place for an error of its own
        field = CONF_SOURCES if metric is HEART_RATE else "base"
        if flawed := async_unit_flaw(hass, entity_id, metric):
            return {field: flawed.flaw}, {"source": entity_id, **flawed.words}
        if entity_ids.count(entity_id) > 1:
            return {"base": Flaw.CHOSEN_TWICE}, {"source": entity_id}
    if not user_input[CONF_SOURCES] and user_input[CONF_BEGINS_BY] != BeginsBy.HAND:
        return {CONF_SOURCES: "no_heart_rate"}, {}
    year = dt_util.utcnow().year
    body = body_of(user_input)
    if (body.age(year) or 0) < 0:
        return {"base": "born_in_future"}, {}
    highest = body.highest(year)
    if highest is not None and body.resting is not None and body.resting >= highest:
        return {"base": "resting_too_high"}, {}
    if any(one >= other for one, other in pairwise(bounds_of(user_input[CONF_ZONES]))):
        return {"base": "zones_not_rising"}, {}
    by = user_input[CONF_ZONES][CONF_ZONES_BY]
    if by == ZonesBy.RESERVE and not zones_of(user_input, year):
        return {"base": "reserve_unknown"}, {}
    return {}, {}


def _options(
    hass: HomeAssistant, known: Mapping[str, Any], user_input: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options that a form gives."""
    options = {key: value for key, value in user_input.items() if key != CONF_NAME}
    for option in (CONF_SOURCES, CONF_WORN):
        options[option] = source_ids(hass, known.get(option, ()), options[option])
    options[CONF_OTHERS] = {
        key: source_ids(hass, known[CONF_OTHERS].get(key, ()), ids)
        for key, ids in options[CONF_OTHERS].items()
    }
    return options


def _suggested(hass: HomeAssistant, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options say, as a form shows it."""
    zones = options[CONF_ZONES]
    bounds = dict(
        zip(map(CONF_ZONE.format, range(1, COUNT + 1)), bounds_of(zones), strict=True)
    )
    entities = {
        option: [async_last_entity_id(hass, id_) for id_ in options[option]]
        for option in (CONF_SOURCES, CONF_WORN)
    }
    others = {
        key: [async_last_entity_id(hass, id_) for id_ in ids]
        for key, ids in options[CONF_OTHERS].items()
    }
    return {
        **options,
        **entities,
        CONF_OTHERS: others,
        CONF_ZONES: {**bounds, **zones},
    }


async def _async_sources(hass: HomeAssistant) -> list[str]:
    """Return the heart-rate sensors to propose: those of the only person there is."""
    found = await async_find(hass)
    owners = await async_owners(hass, found, {HEART_RATE})
    return list(found.matches[HEART_RATE]) if len(owners) <= 1 else []


class WorkoutFlow(ConfigFlow):
    """Adds the workouts of a wearer, or changes them."""

    async def async_step_workout(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what workouts are told by."""
        errors: dict[str, str] = {}
        words: dict[str, str] = {}
        is_new = self.source != SOURCE_RECONFIGURE
        known = DEFAULT_WORKOUT_OPTIONS
        if not is_new:
            known = known | self._get_reconfigure_entry().options
        if user_input is not None:
            errors, words = _flaw_in(self.hass, user_input)
            if not errors:
                options = _options(self.hass, known, user_input)
                return self._finish_workout(user_input[CONF_NAME], options)
        suggested = _suggested(self.hass, known)
        suggested[CONF_NAME] = "" if is_new else self._get_reconfigure_entry().title
        if is_new and user_input is None:
            suggested[CONF_SOURCES] = await _async_sources(self.hass)
        fields = {vol.Required(CONF_NAME): TextSelector(), **_fields(self.hass)}
        return self.async_show_form(
            step_id="workout",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(fields), user_input or suggested
            ),
            errors=errors,
            description_placeholders=words,
        )

    @callback
    def _finish_workout(self, name: str, options: dict[str, Any]) -> ConfigFlowResult:
        """Add the workouts, or change them."""
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_reload_and_abort(
                self._get_reconfigure_entry(), title=name, options=options
            )
        if sources := options[CONF_SOURCES]:
            self._async_abort_entries_match(
                {CONF_KIND: KIND_WORKOUT, CONF_SOURCES: sources}
            )
        return self.async_create_entry(
            title=name, data={CONF_KIND: KIND_WORKOUT}, options=options
        )


class WorkoutOptionsFlow(OptionsFlowWithReload):
    """Changes what the workouts of a wearer are told by, and gives the files of the last ones."""

    _kept: Sequence[str] = ()

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the options, or be given the files of workouts where there are any."""
        shelf = shelf_of(self.hass, self.config_entry.entry_id)
        self._kept = await self.hass.async_add_executor_job(shelf.ids)
        if self._kept:
            return await self.async_step_kept()
        return await self.async_step_workout()

    async def async_step_kept(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose what to do where workouts are kept."""
        return self.async_show_menu(step_id="kept", menu_options=["files", "workout"])

    async def async_step_files(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give the files of the last workouts: the media browser plays, and saves nothing."""
        if user_input is not None:
            return self.async_create_entry(data=self.config_entry.options)
        files = map(self._links, self._kept[:MOST_FILES])
        return self.async_show_form(
            step_id="files",
            data_schema=vol.Schema({}),
            description_placeholders={"files": "\n".join(files)},
        )

    def _links(self, id_: str) -> str:
        """Return a line with when a workout began, and links to its files."""
        paths = {kind: file_url(self.config_entry.entry_id, id_, kind) for kind in Kind}
        links = (
            link(async_sign_path(self.hass, path, LINKS_VALID), kind.upper())
            for kind, path in paths.items()
        )
        began = dt_util.as_local(time_of(id_))
        return f"- {began:%Y-%m-%d %H:%M}: {', '.join(links)}"

    async def async_step_workout(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change what workouts are told by."""
        errors: dict[str, str] = {}
        words: dict[str, str] = {}
        known = DEFAULT_WORKOUT_OPTIONS | self.config_entry.options
        if user_input is not None:
            errors, words = _flaw_in(self.hass, user_input)
            if not errors:
                return self.async_create_entry(
                    data=_options(self.hass, known, user_input)
                )
        return self.async_show_form(
            step_id="workout",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(_fields(self.hass)),
                user_input or _suggested(self.hass, known),
            ),
            errors=errors,
            description_placeholders=words,
        )
