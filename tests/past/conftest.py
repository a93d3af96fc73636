"""Has some tests run with each database in which a recorder may keep what it knows."""

from collections.abc import Iterator

import pytest

from .databases import Server, running

SQLITE = "sqlite"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked so with all databases."""
    if metafunc.definition.get_closest_marker("every_database"):
        kinds = (SQLITE, "mariadb", "postgresql")
        metafunc.parametrize("recorder_db_url", kinds, indirect=True)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    """Run a MariaDB."""
    with running("mariadb") as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """Run a PostgreSQL."""
    with running("postgresql") as server:
        yield server


@pytest.fixture
def recorder_db_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the URL of a new database, which is in memory unless a test wants others."""
    kind = getattr(request, "param", SQLITE)
    if kind == SQLITE:
        yield "sqlite://"
        return
    request.getfixturevalue("socket_enabled")
    server: Server = request.getfixturevalue(kind)
    with server.database() as url:
        yield url
