"""The configuration folder of a Home Assistant that needs no set-up by hand."""

from collections.abc import Iterable, Mapping
import json
from pathlib import Path

from yarl import URL

ROOT = Path(__file__).parents[2]

INTEGRATIONS = (
    ROOT / "custom_components" / "heart_rate_relay",
    ROOT / "dev" / "simulated_heart_rate",
)

# Not default_config: it looks for devices in the network and asks the internet for things.
CONFIGURATION = """\
homeassistant:
  name: Heart Rate Relay
  unit_system: metric
  time_zone: UTC
  country: DE
api:
bluetooth:
config:
frontend:
history:
logbook:
recorder:
template:
logger:
  default: warning
  logs:
    custom_components.heart_rate_relay: debug
"""

REDIRECTION = """\
# Home Assistant imports this before any of the integrations in here
from yarl import URL

from .heart_rate_relay.destinations import {}

"""

PULSOID = "pulsoid"
"""The service at which one can sign in, by OAuth."""

SIGN_IN = """\
from .heart_rate_relay import application_credentials
application_credentials.AUTHORIZE_URL = "{0}/oauth2/authorize"
application_credentials.TOKEN_URL = "{0}/oauth2/token"
"""

ONBOARDING_VERSION = 4

HTTP_VERSION = 1
"""The oldest: Home Assistant adds to it what newer ones have."""

NETWORK_VERSION = 1

LOOPBACK_ADAPTERS = ("lo", "lo0")
"""What the loopback interface is called on Linux and on macOS."""


def write_configuration(
    folder: Path,
    url: URL,
    services: Mapping[str, URL],
    configuration: str = CONFIGURATION,
    integrations: Iterable[Path] = INTEGRATIONS,
) -> None:
    """Fill an empty folder, for a Home Assistant at a URL, to which services are elsewhere.

    Their addresses are no one's to choose, so they are changed in the code. All of the
    onboarding counts as done but its first step, the user: that one is taken through the
    API (see api.py). The port is stored where the UI would store it, since from 2026.11
    on a port in YAML is only a trial. The esphome integration listens to what devices
    announce in each network that may be used: none but the machine's own may.
    """
    (folder / "configuration.yaml").write_text(configuration)
    package = folder / "custom_components"
    package.mkdir()
    (package / "__init__.py").write_text(
        (REDIRECTION.format(", ".join(services)) if services else "")
        + "".join(
            f"{name}.API_URL = URL({str(to)!r})\n" for name, to in services.items()
        )
        + (SIGN_IN.format(services[PULSOID]) if PULSOID in services else "")
    )
    for integration in integrations:
        (package / integration.name).symlink_to(integration)
    done = ["core_config", "analytics", "integration"]
    _store(folder, "onboarding", ONBOARDING_VERSION, {"done": done})
    http = {"server_host": [url.host], "server_port": url.port}
    _store(folder, "http", HTTP_VERSION, http)
    network = {"configured_adapters": LOOPBACK_ADAPTERS}
    _store(folder, "core.network", NETWORK_VERSION, network)


def _store(folder: Path, key: str, version: int, data: object) -> None:
    """Write what Home Assistant keeps under a key."""
    storage = folder / ".storage"
    storage.mkdir(exist_ok=True)
    (storage / key).write_text(
        json.dumps({"version": version, "minor_version": 1, "key": key, "data": data})
    )
