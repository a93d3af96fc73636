"""Fixtures of tests of destinations."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
import ipaddress
import logging
from pathlib import Path
from typing import Any

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
import pytest
from yarl import URL

from custom_components.heart_rate_relay.destinations import DESTINATIONS, pulsoid
from custom_components.heart_rate_relay.destinations.base import Destination
from dev.stand_ins import InfluxDBv1, InfluxDBv2, InfluxDBv3, LiveTracking
from dev.stand_ins.database import Database
from tests.conftest import running

from .common import CONFIGS, SECRETS, Connect


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a real client session."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def connect(session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Return what makes a destination of a service at an address."""

    def connect(service: str, url: URL | str, **config: Any) -> Destination:
        if service == "pulsoid":
            monkeypatch.setattr(pulsoid, "API_URL", URL(url))
        return DESTINATIONS[service](
            session, {**CONFIGS[service], "url": str(url), **config}
        )

    return connect


@pytest.fixture
async def databases(
    socket_enabled: None,
) -> AsyncIterator[Mapping[str, Database]]:
    """Return a database of each version, and a livetracking.io server."""
    async with AsyncExitStack() as stack:
        yield {
            stand_in.service: await stack.enter_async_context(running(stand_in))
            for stand_in in (InfluxDBv1(), InfluxDBv2(), InfluxDBv3(), LiveTracking())
        }


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a certificate that nobody trusts, with its key."""
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
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """See that no secret is ever logged, not even to debug."""
    with caplog.at_level(logging.DEBUG):
        yield
        logged = caplog.text
    assert not any(secret in logged for secret in SECRETS)
