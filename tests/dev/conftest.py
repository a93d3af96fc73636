"""What the tests of scripts/develop share."""

from pathlib import Path

import pytest

from .scene import WATCH, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Return a scene in which both sensors have already measured."""
    scene = Scene(tmp_path / "ledger.jsonl")
    scene.measure(60, -1)
    scene.measure(90, -1, WATCH)
    return scene
