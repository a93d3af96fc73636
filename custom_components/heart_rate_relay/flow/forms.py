"""What each service asks for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import voluptuous as vol

from homeassistant.const import (
    CONF_ACCESS_TOKEN,
    CONF_API_KEY,
    CONF_EMAIL,
    CONF_PASSWORD,
    CONF_TOKEN,
    CONF_URL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..const import (
    CONF_BUCKET,
    CONF_DATABASE,
    CONF_FIELD,
    CONF_FIELDS,
    CONF_FIRST_NAME,
    CONF_HEADERS,
    CONF_INVITATION_CODE,
    CONF_LAST_NAME,
    CONF_LAYOUT,
    CONF_LOOK,
    CONF_MEASUREMENT,
    CONF_NAMING,
    CONF_ORGANIZATION,
    CONF_PER_REQUEST,
    CONF_QOS,
    CONF_RETENTION_POLICY,
    CONF_SEARCH,
    CONF_SECRET_HEADERS,
    CONF_SEX,
    CONF_SIGNING_KEY,
    CONF_TAGS,
    CONF_TOPIC,
    CONF_USER_ID,
    CONF_YEAR_OF_BIRTH,
)
from ..destinations.base import Account
from ..destinations.influxdb import DEFAULT_FIELD, DEFAULT_MEASUREMENT, Layout
from ..destinations.live_feed import DEFAULT_LOOK, LOOKS
from ..destinations.mqtt import DEFAULT_QOS, DEFAULT_TOPIC, PLACEHOLDERS, QOS
from ..destinations.pulsoid import WRITE_SCOPE
from ..destinations.text import parse_url
from ..destinations.webhook import ONE, PER_REQUEST

TEXT = TextSelector()
ADDRESS = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
USERNAME = TextSelector(TextSelectorConfig(autocomplete="username"))
SECRET = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
CODE = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="one-time-code")
)
"""Of an invitation: what is kept are the tokens that it gave."""

LINES = TextSelector(TextSelectorConfig(multiple=True))
SECRET_LINES = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, multiple=True)
)

type Fields = Mapping[vol.Marker, object]


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form of a service."""

    schema: Fields
    credentials: frozenset[str]
    """The fields to ask for again when the service refuses them."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Addresses and the like that the form's texts name."""
    person: Fields = field(default_factory=dict)
    """The fields about a person that the service does not know yet."""
    same_accounts_as: str = ""
    """The service that this is another way to."""
    scope: str = ""
    """What to ask for where one signs in at the service itself, by OAuth."""

    @property
    def secrets(self) -> frozenset[str]:
        """The fields that are never shown again: those for passwords."""
        return frozenset(
            marker.schema
            for marker, selector in self.schema.items()
            if _is_of(TextSelectorType.PASSWORD, selector)
        )

    @property
    def shown(self) -> frozenset[str]:
        """All other fields."""
        return frozenset(marker.schema for marker in self.schema) - self.secrets

    def moves(self, known: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
        """Return whether another server is given than the one that is known.

        Raises DestinationError where an address is none.
        """
        return any(
            _server(given[marker.schema]) != _server(known.get(marker.schema, ""))
            for marker, selector in self.schema.items()
            if _is_of(TextSelectorType.URL, selector)
        )

    def lacks_secret(self, known: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
        """Return whether a secret is not given that there was, or has to be."""
        return any(
            marker.schema not in given
            and (marker.schema in known or isinstance(marker, vol.Required))
            for marker in self.schema
            if marker.schema in self.secrets
        )

    def fields(self) -> vol.Schema:
        """Return the fields to fill in."""
        return vol.Schema(dict(self.schema))

    def fields_again(self) -> vol.Schema:
        """Return the same, but that secrets may be left empty to stay as they are."""
        return vol.Schema(
            {
                vol.Optional(marker.schema)
                if marker.schema in self.secrets
                else marker: selector
                for marker, selector in self.schema.items()
            }
        )

    def credential_fields(self) -> vol.Schema:
        """Return the fields to fill in again when the service refuses credentials."""
        return vol.Schema(
            {
                marker: selector
                for marker, selector in self.schema.items()
                if marker.schema in self.credentials
            }
        )


def _is_of(kind: TextSelectorType, selector: object) -> bool:
    """Return whether a selector is for a kind of text."""
    return isinstance(selector, TextSelector) and selector.config.get("type") == kind


def _server(address: str) -> tuple[str, str | None, int | None]:
    """Return what secrets are kept for: scheme, host and port of an address."""
    url = parse_url(address)
    return url.scheme, url.host, url.port


def _one_of(key: str, options: Iterable[str]) -> SelectSelector:
    """Return a field for one of a few options, which are named at its key."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options), translation_key=key, mode=SelectSelectorMode.LIST
        )
    )


VERIFY_SSL: Fields = {vol.Required(CONF_VERIFY_SSL, default=True): BooleanSelector()}

NAMING: Fields = {
    vol.Required(CONF_NAMING): section(
        vol.Schema(
            {
                vol.Required(CONF_MEASUREMENT, default=DEFAULT_MEASUREMENT): TEXT,
                vol.Required(CONF_FIELD, default=DEFAULT_FIELD): TEXT,
                vol.Required(CONF_LAYOUT, default=Layout.ONE.value): SelectSelector(
                    SelectSelectorConfig(
                        options=[layout.value for layout in Layout],
                        translation_key=CONF_LAYOUT,
                    )
                ),
                vol.Optional(CONF_FIELDS, default=list): LINES,
                vol.Optional(CONF_TAGS, default=list): LINES,
            }
        ),
        {"collapsed": True},
    )
}


def _database(where: Fields, credentials: Fields, *, port: int = 8086) -> Form:
    """Return the form of a database, which differs in where it is and who writes."""
    return Form(
        schema={
            vol.Required(CONF_URL): ADDRESS,
            **where,
            **credentials,
            **VERIFY_SSL,
            **NAMING,
        },
        credentials=frozenset(marker.schema for marker in credentials),
        links={"example_url": f"http://homeassistant.local:{port}"},
    )


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "live_feed": Form(
            schema={
                vol.Required(CONF_LOOK, default=DEFAULT_LOOK): _one_of(CONF_LOOK, LOOKS)
            },
            credentials=frozenset(),
        ),
        "pulsoid": Form(
            schema={vol.Required(CONF_ACCESS_TOKEN): SECRET},
            credentials=frozenset({CONF_ACCESS_TOKEN}),
            links={"keys_url": "https://pulsoid.net/ui/keys"},
        ),
        "pulsoid_oauth": Form(
            schema={},
            credentials=frozenset(),
            same_accounts_as="pulsoid",
            scope=WRITE_SCOPE,
        ),
        "gerosense": Form(
            schema={
                vol.Required(CONF_USERNAME): USERNAME,
                vol.Required(CONF_PASSWORD): SECRET,
                vol.Required(CONF_USER_ID): TEXT,
            },
            credentials=frozenset({CONF_USERNAME, CONF_PASSWORD}),
            # Not required: the frontend would fill in what nobody chose
            person={
                vol.Optional(CONF_SEX): SelectSelector(
                    SelectSelectorConfig(
                        options=["female", "male"], translation_key=CONF_SEX
                    )
                ),
                vol.Optional(CONF_YEAR_OF_BIRTH): NumberSelector(
                    NumberSelectorConfig(
                        min=1900, max=2100, step=1, mode=NumberSelectorMode.BOX
                    )
                ),
            },
        ),
        "gerosense_proxy": Form(
            schema={
                vol.Required(CONF_URL): ADDRESS,
                vol.Required(CONF_TOKEN): SECRET,
                **VERIFY_SSL,
            },
            credentials=frozenset({CONF_TOKEN}),
            links={"example_url": "https://gerosense.example.org"},
        ),
        "livetracking": Form(
            schema={
                vol.Required(CONF_URL): ADDRESS,
                vol.Required(CONF_USERNAME): USERNAME,
                vol.Required(CONF_PASSWORD): SECRET,
                **VERIFY_SSL,
            },
            credentials=frozenset({CONF_PASSWORD}),
            links={"example_url": "https://livetracking.example.org"},
        ),
        "influxdb_v1": _database(
            {
                vol.Required(CONF_DATABASE): TEXT,
                vol.Optional(CONF_RETENTION_POLICY): TEXT,
            },
            {
                vol.Optional(CONF_USERNAME): USERNAME,
                vol.Optional(CONF_PASSWORD): SECRET,
            },
        ),
        "influxdb_v2": _database(
            {vol.Required(CONF_ORGANIZATION): TEXT, vol.Required(CONF_BUCKET): TEXT},
            {vol.Required(CONF_TOKEN): SECRET},
        ),
        "influxdb_v3": _database(
            {vol.Required(CONF_DATABASE): TEXT},
            {vol.Optional(CONF_TOKEN): SECRET},
            port=8181,
        ),
        "open_wearables": Form(
            schema={
                vol.Required(CONF_URL): ADDRESS,
                vol.Required(CONF_API_KEY): SECRET,
                **VERIFY_SSL,
            },
            credentials=frozenset({CONF_API_KEY}),
            links={"example_url": "http://homeassistant.local:8000"},
            person={
                vol.Optional(CONF_FIRST_NAME): TEXT,
                vol.Optional(CONF_LAST_NAME): TEXT,
                vol.Optional(CONF_EMAIL): TextSelector(
                    TextSelectorConfig(type=TextSelectorType.EMAIL)
                ),
            },
        ),
        "open_wearables_invitation": Form(
            schema={
                vol.Required(CONF_URL): ADDRESS,
                vol.Required(CONF_INVITATION_CODE): CODE,
                **VERIFY_SSL,
            },
            credentials=frozenset({CONF_INVITATION_CODE}),
            same_accounts_as="open_wearables",
            links={"example_url": "http://homeassistant.local:8000"},
        ),
        "webhook": Form(
            schema={
                vol.Required(CONF_URL): ADDRESS,
                vol.Optional(CONF_SIGNING_KEY): SECRET,
                vol.Optional(CONF_HEADERS, default=list): LINES,
                vol.Optional(CONF_SECRET_HEADERS): SECRET_LINES,
                vol.Required(CONF_PER_REQUEST, default=ONE): _one_of(
                    CONF_PER_REQUEST, PER_REQUEST
                ),
                **VERIFY_SSL,
            },
            credentials=frozenset({CONF_SIGNING_KEY, CONF_SECRET_HEADERS}),
            links={"example_url": "https://example.org/heart-rate"},
        ),
        "mqtt_topic": Form(
            schema={
                vol.Required(CONF_TOPIC, default=DEFAULT_TOPIC): TEXT,
                vol.Required(CONF_QOS, default=DEFAULT_QOS): _one_of(CONF_QOS, QOS),
            },
            credentials=frozenset(),
            links={"placeholders": ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)},
        ),
    }
)

MENUS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "user": (
            "live_feed",
            "choose_pulsoid",
            "choose_gerosense",
            "livetracking",
            "choose_influxdb",
            "choose_open_wearables",
            "webhook",
            "mqtt_topic",
            "monitor",
            "workout",
        ),
        "choose_pulsoid": ("pulsoid", "pulsoid_oauth"),
        "choose_gerosense": ("gerosense", "gerosense_proxy"),
        "choose_influxdb": ("influxdb_v1", "influxdb_v2", "influxdb_v3"),
        "choose_open_wearables": ("open_wearables", "open_wearables_invitation"),
        "person": ("choose_person", "new_person"),
        "registered": ("known_person", "new_person"),
        "same_person": ("known_person", "choose_person", "new_person"),
    }
)
"""What each step that is a menu offers: further menus, services, ways to go on."""


def people_fields(people: Iterable[Account]) -> Fields:
    """Return the fields to choose one of these people, or to search for others."""
    return {
        vol.Optional(CONF_USER_ID): SelectSelector(
            SelectSelectorConfig(
                options=[
                    SelectOptionDict(value=person.id, label=person.name)
                    for person in people
                    if person.id
                ],
                mode=SelectSelectorMode.DROPDOWN,
            )
        ),
        vol.Optional(CONF_SEARCH): TEXT,
    }
