"""Constants of Heart Rate Relay."""

from datetime import timedelta
import logging
from typing import Any, Final

DOMAIN: Final = "heart_rate_relay"
LOGGER = logging.getLogger(__package__)

# What an entry holds
CONF_SERVICE: Final = "service"
CONF_NAMING: Final = "naming"
CONF_MEASUREMENT: Final = "measurement"
CONF_FIELD: Final = "field"
CONF_TAGS: Final = "tags"
CONF_DATABASE: Final = "database"
CONF_RETENTION_POLICY: Final = "retention_policy"
CONF_ORGANIZATION: Final = "organization"
CONF_BUCKET: Final = "bucket"

# What its options hold
CONF_SOURCES: Final = "sources"
CONF_DECLINED: Final = "declined"
CONF_FOLLOW_NEW: Final = "follow_new"
CONF_MIN_INTERVAL: Final = "min_interval"
CONF_MIN_BPM: Final = "min_bpm"
CONF_MAX_BPM: Final = "max_bpm"
CONF_LIVE_FOR: Final = "live_for"
CONF_KEEP_DAYS: Final = "keep_days"
CONF_KEEP_READINGS: Final = "keep_readings"
CONF_PAUSED: Final = "paused"

DEFAULT_OPTIONS: Final[dict[str, Any]] = {
    CONF_SOURCES: [],
    CONF_FOLLOW_NEW: False,
    CONF_MIN_INTERVAL: 0,
    CONF_MIN_BPM: 20,
    CONF_MAX_BPM: 250,
    CONF_LIVE_FOR: 60,
    CONF_KEEP_DAYS: 30,
    CONF_KEEP_READINGS: 1_000_000,
    CONF_PAUSED: False,
}

UNIT_BPM: Final = "bpm"

PUBLISH_INTERVAL: Final = timedelta(seconds=30)
"""How often at the most a relay tells how it goes, while it goes the same way."""

MISSING_AFTER: Final = timedelta(seconds=10)
"""How long a source may be gone before it counts as missing: renaming takes a moment."""
