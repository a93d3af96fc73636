"""What all tests share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import ipaddress
from itertools import count, islice
import logging
from math import inf
import os
from pathlib import Path
import ssl
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, settings
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

# The test plugin brings a package of the same name: whichever is imported first stays.
import custom_components  # noqa: F401 - importing it is all that is wanted
from custom_components.heart_rate_relay import application_credentials
from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.destinations import (
    gerosense as gerosense_module,
    pulsoid as pulsoid_module,
)
from custom_components.heart_rate_relay.destinations.influxdb import reading_back
from dev.stand_ins import (
    Gerosense,
    InfluxDBv1,
    LiveTracking,
    OpenWearables,
    Pulsoid,
    StandIn,
)
from homeassistant.core import HomeAssistant
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component

from .browser import Browser

# The same cases each time, so that a change is judged by itself. To look for others:
# scripts/test --hypothesis-profile=default. In no time of their own: the machine may be busy
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("default", patient)
settings.register_profile("same", patient, derandomize=True)
settings.load_profile("same")

# The test plugin has all that is logged written to stderr as well, and all that SQLAlchemy asks a database:
# pytest keeps what is logged, and nobody reads the rest
logging.basicConfig(handlers=(logging.NullHandler(),), force=True)
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)

BEGAN = time.time()
"""When this process did, which may be a worker."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run have an end: what scripts/test --quick has."""
    parser.addoption(
        "--within",
        type=float,
        metavar="SECONDS",
        help="leave out what has not begun by then",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Have all workers know when the run began, which is before they did."""
    config.option.began = getattr(config.option, "began", BEGAN)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Begin with what is slow, so that nobody waits for it at the end, or end with it in haste."""
    if config.getoption("--within") is not None:
        items.sort(key=is_slow)
        return
    slow = [item for item in items if is_slow(item)]
    others = iter([item for item in items if not is_slow(item)])
    left, workers = len(items), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items.clear()
    for worker in range(workers):
        # At first each worker has so many that stand together: some of what is slow among them
        share = left // (workers - worker)
        mine = slow[worker::workers]
        items += [*mine, *islice(others, max(0, share - len(mine)))]
        left -= share


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave a test out where there is no time left for it."""
    within: float | None = item.config.getoption("--within")
    if within is None:
        return
    if time.time() - item.config.option.began > (
        within / 2 if is_slow(item) else within
    ):
        pytest.skip("no time left")


def is_slow(item: pytest.Item) -> bool:
    """Say whether a test is marked as one that takes many seconds."""
    return item.get_closest_marker("slow") is not None


@pytest.fixture
def hass(hass: HomeAssistant) -> HomeAssistant:
    """Return a Home Assistant that looks for custom integrations.

    The test plugin's own enable_custom_integrations does the same, but made automatic it
    would start Home Assistant before the fixtures that must come first (recorder_mock).
    """
    hass.data.pop(DATA_CUSTOM_COMPONENTS)
    return hass


@pytest.fixture(autouse=True)
async def enable_event_loop_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the event loop object to other threads, and not note where all its work comes from.

    The test plugin's own has it do both, and the notes take a third of all tests' time. Whoever
    needs them has them with PYTHONASYNCIODEBUG=1. What is slow on a busy machine is no news
    either, and a line number in the log may be a heart rate's.
    """
    loop = asyncio.get_running_loop()
    if not loop.get_debug():
        monkeypatch.setattr(loop, "slow_callback_duration", inf)
        monkeypatch.setattr(loop, "_set_coroutine_origin_tracking", lambda _: None)
        loop.set_debug(True)
        monkeypatch.setattr(loop, "get_debug", lambda: False)


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Return a folder for each test alone: relays leave files in it."""
    return hass_tmp_config_dir


@pytest.fixture(autouse=True)
def shows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let databases show what they hold at once, as only VictoriaMetrics does not."""
    monkeypatch.setattr(reading_back, "LOOKS", (0.0, 0.0))


@pytest.fixture
async def pulsoid(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pulsoid]:
    """Return a Pulsoid of our own."""
    async with running(Pulsoid()) as stand_in:
        monkeypatch.setattr(pulsoid_module, "API_URL", stand_in.url)
        yield stand_in


@pytest.fixture
async def gerosense(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Gerosense]:
    """Return a Gerosense of our own."""
    async with running(Gerosense()) as stand_in:
        monkeypatch.setattr(gerosense_module, "API_URL", stand_in.url)
        yield stand_in


@pytest.fixture
async def open_wearables(socket_enabled: None) -> AsyncIterator[OpenWearables]:
    """Return an Open Wearables server of our own."""
    async with running(OpenWearables()) as stand_in:
        yield stand_in


@pytest.fixture
async def browser(
    hass: HomeAssistant,
    pulsoid: Pulsoid,
    monkeypatch: pytest.MonkeyPatch,
    hass_client_no_auth: ClientSessionGenerator,
    current_request_with_host: None,
) -> Browser:
    """Return a person's browser, in which they sign in at a Pulsoid of our own."""
    url = pulsoid.url / "oauth2"
    monkeypatch.setattr(
        application_credentials, "AUTHORIZE_URL", str(url / "authorize")
    )
    monkeypatch.setattr(application_credentials, "TOKEN_URL", str(url / "token"))
    assert await async_setup_component(hass, "application_credentials", {})
    # Once somebody asks, a server of the test plugin's lets nobody serve anything more
    assert await async_setup_component(hass, DOMAIN, {})
    return await hass_client_no_auth()


@pytest.fixture
async def influxdb(socket_enabled: None) -> AsyncIterator[InfluxDBv1]:
    """Return an InfluxDB 1 of our own."""
    async with running(InfluxDBv1()) as stand_in:
        yield stand_in


@pytest.fixture
async def live_tracking(socket_enabled: None) -> AsyncIterator[LiveTracking]:
    """Return a livetracking.io server of our own."""
    async with running(LiveTracking()) as stand_in:
        yield stand_in


@pytest.fixture
def make_certificate(tmp_path: Path) -> Callable[[timedelta, timedelta], Path]:
    """Return what makes certificates that nobody trusts, with their keys.

    It takes from when on and until when they are valid, relative to now.
    """
    numbers = count()

    def make(begin: timedelta, end: timedelta) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
        now = datetime.now(UTC)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begin)
            .not_valid_after(now + end)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .sign(key, hashes.SHA256())
        )
        path = tmp_path / f"certificate-{next(numbers)}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return path

    return make


@pytest.fixture
def certificate(make_certificate: Callable[[timedelta, timedelta], Path]) -> Path:
    """Return a certificate that nobody trusts, with its key."""
    return make_certificate(timedelta(days=-1), timedelta(days=1))


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """Return what serves TLS with a certificate that nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@asynccontextmanager
async def running[S: StandIn](stand_in: S) -> AsyncIterator[S]:
    """Run a stand-in."""
    await stand_in.start()
    try:
        yield stand_in
    finally:
        await stand_in.stop()
