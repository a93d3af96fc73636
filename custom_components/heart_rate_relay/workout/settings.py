"""What a person has said of a workout, as its modules want it."""

from collections.abc import Mapping
from typing import Any

from ..const import (
    CONF_BEGIN_AFTER,
    CONF_BEGINS_BY,
    CONF_BODY,
    CONF_BOUND,
    CONF_END_AFTER,
    CONF_HIGHEST,
    CONF_OTHERS,
    CONF_POSITION,
    CONF_RESTING,
    CONF_SEX,
    CONF_SPORT,
    CONF_WEIGHT,
    CONF_YEAR_OF_BIRTH,
    CONF_ZONE,
    CONF_ZONES,
    CONF_ZONES_BY,
)
from ..metrics import LATITUDE, METRICS, Metric
from .body import Body, Sex
from .sample import MINUTE
from .sport import Sport
from .tracker import BeginsBy, Rules
from .zones import DEFAULT_SHARES, Zones, ZonesBy, create_zones


def rules_of(options: Mapping[str, Any]) -> Rules:
    """Return when a workout begins and ends by itself."""
    return Rules(
        begins_by=BeginsBy(options[CONF_BEGINS_BY]),
        bound=options[CONF_BOUND],
        begin_after=round(options[CONF_BEGIN_AFTER] * MINUTE),
        end_after=round(options[CONF_END_AFTER] * MINUTE),
    )


def others_of(options: Mapping[str, Any]) -> dict[Metric, list[str]]:
    """Return the sources of all but heart rates, the most preferred first."""
    others = options[CONF_OTHERS]
    metrics = {**METRICS, CONF_POSITION: LATITUDE}
    return {
        metrics[key]: list(source_ids)
        for key, source_ids in others.items()
        if key in metrics and source_ids
    }


def body_of(options: Mapping[str, Any]) -> Body:
    """Return what is known of the body."""
    body = options[CONF_BODY]
    year = body.get(CONF_YEAR_OF_BIRTH)
    return Body(
        sex=Sex(body[CONF_SEX]) if body.get(CONF_SEX) else None,
        year_of_birth=int(year) if year else None,
        weight=body.get(CONF_WEIGHT),
        resting=body.get(CONF_RESTING),
        measured_highest=body.get(CONF_HIGHEST),
    )


def bounds_of(zones: Mapping[str, Any]) -> list[float]:
    """Return where each zone begins: where a person has not said so, as is usual."""
    return [
        zones.get(CONF_ZONE.format(number), share)
        for number, share in enumerate(DEFAULT_SHARES, start=1)
    ]


def zones_of(options: Mapping[str, Any], year: int) -> Zones | None:
    """Return the zones in a year, None where too little is known of the body."""
    zones = options[CONF_ZONES]
    by = ZonesBy(zones[CONF_ZONES_BY])
    return create_zones(by, bounds_of(zones), body_of(options), year)


def sport_of(options: Mapping[str, Any]) -> Sport | None:
    """Return what a person always does, None where what is measured is to tell."""
    sport = options[CONF_SPORT]
    return Sport(sport) if sport in list(Sport) else None
