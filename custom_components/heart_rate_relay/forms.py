"""What each service asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import probatio

from homeassistant.const import (
    CONF_ACCESS_TOKEN,
    CONF_PASSWORD,
    CONF_TOKEN,
    CONF_URL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .const import (
    CONF_BUCKET,
    CONF_DATABASE,
    CONF_FIELD,
    CONF_MEASUREMENT,
    CONF_NAMING,
    CONF_ORGANIZATION,
    CONF_RETENTION_POLICY,
    CONF_TAGS,
)
from .destinations.influxdb import DEFAULT_FIELD, DEFAULT_MEASUREMENT

TEXT = TextSelector()
ADDRESS = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
USERNAME = TextSelector(TextSelectorConfig(autocomplete="username"))
SECRET = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)


type Fields = Mapping[probatio.Marker, object]


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form of a service."""

    schema: Fields
    credentials: frozenset[str]
    """The fields to ask for again when the service refuses them."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Addresses that the form's texts name."""

    def fields(self, *, credentials_only: bool = False) -> probatio.Schema:
        """Return the fields to fill in."""
        if not credentials_only:
            return probatio.Schema(dict(self.schema))
        return probatio.Schema(
            {
                marker: selector
                for marker, selector in self.schema.items()
                if marker.schema in self.credentials
            }
        )


VERIFY_SSL: Fields = {
    probatio.Required(CONF_VERIFY_SSL, default=True): BooleanSelector()
}

NAMING: Fields = {
    probatio.Required(CONF_NAMING): section(
        probatio.Schema(
            {
                probatio.Required(CONF_MEASUREMENT, default=DEFAULT_MEASUREMENT): TEXT,
                probatio.Required(CONF_FIELD, default=DEFAULT_FIELD): TEXT,
                probatio.Optional(CONF_TAGS, default=list): TextSelector(
                    TextSelectorConfig(multiple=True)
                ),
            }
        ),
        {"collapsed": True},
    )
}

FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "pulsoid": Form(
            schema={probatio.Required(CONF_ACCESS_TOKEN): SECRET},
            credentials=frozenset({CONF_ACCESS_TOKEN}),
            links={"keys_url": "https://pulsoid.net/ui/keys"},
        ),
        "livetracking": Form(
            schema={
                probatio.Required(CONF_URL): ADDRESS,
                probatio.Required(CONF_USERNAME): USERNAME,
                probatio.Required(CONF_PASSWORD): SECRET,
                **VERIFY_SSL,
            },
            credentials=frozenset({CONF_PASSWORD}),
            links={"example_url": "https://livetracking.example.org"},
        ),
        "influxdb_v1": Form(
            schema={
                probatio.Required(CONF_URL): ADDRESS,
                probatio.Required(CONF_DATABASE): TEXT,
                probatio.Optional(CONF_USERNAME): USERNAME,
                probatio.Optional(CONF_PASSWORD): SECRET,
                probatio.Optional(CONF_RETENTION_POLICY): TEXT,
                **VERIFY_SSL,
                **NAMING,
            },
            credentials=frozenset({CONF_USERNAME, CONF_PASSWORD}),
            links={"example_url": "http://homeassistant.local:8086"},
        ),
        "influxdb_v2": Form(
            schema={
                probatio.Required(CONF_URL): ADDRESS,
                probatio.Required(CONF_ORGANIZATION): TEXT,
                probatio.Required(CONF_BUCKET): TEXT,
                probatio.Required(CONF_TOKEN): SECRET,
                **VERIFY_SSL,
                **NAMING,
            },
            credentials=frozenset({CONF_TOKEN}),
            links={"example_url": "http://homeassistant.local:8086"},
        ),
        "influxdb_v3": Form(
            schema={
                probatio.Required(CONF_URL): ADDRESS,
                probatio.Required(CONF_DATABASE): TEXT,
                probatio.Optional(CONF_TOKEN): SECRET,
                **VERIFY_SSL,
                **NAMING,
            },
            credentials=frozenset({CONF_TOKEN}),
            links={"example_url": "http://homeassistant.local:8181"},
        ),
    }
)
