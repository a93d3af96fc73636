"""Constants of Heart Rate Relay."""

from collections.abc import Mapping
from datetime import timedelta
import logging
from types import MappingProxyType
from typing import Any, Final

from .metrics import (
    HEART_RATE,
    HEART_RATE_VARIABILITY,
    HEART_RATE_VARIABILITY_SDNN,
    RESTING_HEART_RATE,
    STEPS,
    Metric,
)

DOMAIN: Final = "heart_rate_relay"
LOGGER = logging.getLogger(__package__)

ENTRY_VERSION: Final = (1, 1)
"""Of what an entry holds: of what others cannot read, and of what they may leave alone."""

# What an entry holds
CONF_SERVICE: Final = "service"
CONF_NAMING: Final = "naming"
CONF_MEASUREMENT: Final = "measurement"
CONF_FIELD: Final = "field"
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
CONF_STEP_SOURCES: Final = "step_sources"
CONF_RESTING_SOURCES: Final = "resting_heart_rate_sources"
CONF_VARIABILITY_SOURCES: Final = "heart_rate_variability_sources"
CONF_SDNN_SOURCES: Final = "heart_rate_variability_sdnn_sources"
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

SOURCE_OPTIONS: Mapping[Metric, str] = MappingProxyType(
    {
        HEART_RATE: CONF_SOURCES,
        STEPS: CONF_STEP_SOURCES,
        RESTING_HEART_RATE: CONF_RESTING_SOURCES,
        HEART_RATE_VARIABILITY: CONF_VARIABILITY_SOURCES,
        HEART_RATE_VARIABILITY_SDNN: CONF_SDNN_SOURCES,
    }
)
"""Which of the options holds the sources of each metric."""

DEFAULT_OPTIONS: Final[dict[str, Any]] = {
    **{option: [] for option in SOURCE_OPTIONS.values()},
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

UNIT_BPM: Final = "bpm"

PUBLISH_INTERVAL: Final = timedelta(seconds=30)
"""How often at the most a relay tells how it goes, while it goes the same way."""

MISSING_AFTER: Final = timedelta(seconds=10)
"""How long a source may be gone before it counts as missing: renaming takes a moment."""
