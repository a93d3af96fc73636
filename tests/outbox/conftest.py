"""What the tests of the outbox share, and those of the delivery with them."""

import asyncio
from pathlib import Path

import pytest

from .common import Clock


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let the time of the event loop pass in a moment."""
    return Clock(asyncio.get_running_loop(), monkeypatch)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the outbox keeps its file, in a folder not made yet."""
    return tmp_path / "relay" / "outbox.db"
