"""Constants of Heart Rate Relay."""

from datetime import timedelta
import logging
from typing import Any, Final

DOMAIN: Final = "heart_rate_relay"
LOGGER = logging.getLogger(__package__)

ENTRY_VERSION: Final = (1, 2)
"""Of what an entry holds: of what others cannot read, and of what they may leave alone."""

# What an entry holds
CONF_SERVICE: Final = "service"
CONF_NAMING: Final = "naming"
CONF_MEASUREMENT: Final = "measurement"
CONF_FIELD: Final = "field"
CONF_FIELDS: Final = "fields"
CONF_LAYOUT: Final = "layout"
CONF_TAGS: Final = "tags"
CONF_AUTH_IMPLEMENTATION: Final = "auth_implementation"
CONF_USER_ID: Final = "user_id"
CONF_INVITATION_CODE: Final = "invitation_code"
CONF_DATABASE: Final = "database"
CONF_RETENTION_POLICY: Final = "retention_policy"
CONF_ORGANIZATION: Final = "organization"
CONF_BUCKET: Final = "bucket"
CONF_LOOK: Final = "look"
CONF_HEADERS: Final = "headers"
CONF_SECRET_HEADERS: Final = "secret_headers"
CONF_SIGNING_KEY: Final = "signing_key"
CONF_PER_REQUEST: Final = "per_request"
CONF_TOPIC: Final = "topic"
CONF_QOS: Final = "qos"

CONF_DETAILS: Final = "details"
CONF_FEATURES: Final = "features"
CONF_FORMER_ADDRESS: Final = "former_address"
CONF_PROFILES: Final = "profiles"

CONF_KIND: Final = "kind"
KIND_WORKOUT: Final = "workout"

# What only a flow asks for
CONF_SEARCH: Final = "search"
CONF_SEX: Final = "biological_sex"
CONF_YEAR_OF_BIRTH: Final = "year_of_birth"
CONF_FIRST_NAME: Final = "first_name"
CONF_LAST_NAME: Final = "last_name"
CONF_MONITOR: Final = "monitor"
CONF_WEARERS: Final = "wearers"

# What its options hold
CONF_SOURCES: Final = "sources"
CONF_OTHER_SOURCES: Final = "other_sources"
CONF_POSITION_SOURCES: Final = "position_sources"
CONF_WORKOUT_SOURCES: Final = "workout_sources"
CONF_KNOWN_METRICS: Final = "known_metrics"
CONF_DECLINED: Final = "declined"
CONF_FOLLOW_NEW: Final = "follow_new"
CONF_MIN_INTERVAL: Final = "min_interval"
CONF_MIN_BPM: Final = "min_bpm"
CONF_MAX_BPM: Final = "max_bpm"
CONF_LIVE_FOR: Final = "live_for"
CONF_AGAIN: Final = "measured_again"
CONF_KEEP_DAYS: Final = "keep_days"
CONF_KEEP_READINGS: Final = "keep_readings"
CONF_GATHER: Final = "gather"
CONF_PAUSED: Final = "paused"
CONF_BACKFILL_DAYS: Final = "backfill_days"
CONF_LISTEN_ONLY: Final = "listen_only"
CONF_WHEEL_CIRCUMFERENCE: Final = "wheel_circumference"

# What the options of a workout hold
CONF_OTHERS: Final = "other_sensors"
CONF_POSITION: Final = "position"
CONF_WORN: Final = "worn_sensors"
CONF_BEGINS_BY: Final = "begins_by"
CONF_BOUND: Final = "bound"
CONF_BEGIN_AFTER: Final = "begin_after"
CONF_END_AFTER: Final = "end_after"
CONF_SPORT: Final = "sport"
CONF_KEEP_WORKOUTS: Final = "keep_workouts"
CONF_BODY: Final = "body"
CONF_WEIGHT: Final = "weight"
CONF_RESTING: Final = "resting_heart_rate"
CONF_HIGHEST: Final = "highest_heart_rate"
CONF_ZONES: Final = "zones"
CONF_ZONES_BY: Final = "zones_by"
CONF_ZONE: Final = "zone_{}"

ALL_SOURCES: Final = (
    CONF_SOURCES,
    CONF_OTHER_SOURCES,
    CONF_POSITION_SOURCES,
    CONF_WORKOUT_SOURCES,
)
"""The options that hold sources: of heart rates, anything else, positions, and workouts."""

FORMER_SOURCES: Final = {
    "step_sources": "steps",
    "resting_heart_rate_sources": "resting_heart_rate",
    "heart_rate_variability_sources": "heart_rate_variability",
    "heart_rate_variability_sdnn_sources": "heart_rate_variability_sdnn",
}
"""The options that held those of other metrics, a list for each, before version 1.2."""

DEFAULT_OPTIONS: Final[dict[str, Any]] = {
    **{option: [] for option in ALL_SOURCES},
    CONF_FOLLOW_NEW: False,
    CONF_MIN_INTERVAL: 0,
    CONF_MIN_BPM: 20,
    CONF_MAX_BPM: 250,
    CONF_LIVE_FOR: 60,
    CONF_AGAIN: "automatic",
    CONF_KEEP_DAYS: 30,
    CONF_KEEP_READINGS: 1_000_000,
    CONF_PAUSED: False,
}

DEFAULT_MONITOR_OPTIONS: Final[dict[str, Any]] = {CONF_LISTEN_ONLY: False}

DEFAULT_WORKOUT_OPTIONS: Final[dict[str, Any]] = {
    CONF_SOURCES: [],
    CONF_OTHERS: {},
    CONF_WORN: [],
    CONF_BEGINS_BY: "worn",
    CONF_BOUND: 100,
    CONF_BEGIN_AFTER: 1,
    CONF_END_AFTER: 8,
    CONF_SPORT: "automatic",
    CONF_KEEP_WORKOUTS: 20,
    CONF_BODY: {},
    CONF_ZONES: {CONF_ZONES_BY: "highest"},
}

UNIT_BPM: Final = "bpm"

PUBLISH_INTERVAL: Final = timedelta(seconds=30)
"""How often at the most a relay tells how it goes, while it goes the same way."""

MISSING_AFTER: Final = timedelta(seconds=10)
"""How long a source may be gone before it counts as missing: renaming takes a moment."""
