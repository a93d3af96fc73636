"""What the documentation shows is there."""

from collections.abc import Iterator
from pathlib import Path
import re
from typing import Any

from homeassistant.util.yaml import parse_yaml

from .gym import Gym, workout_entry

GUIDE = Path(__file__).parents[2] / "docs" / "workouts.md"


def entities_in(card: Any) -> Iterator[str]:
    """Yield the entities that a card shows."""
    if isinstance(card, list):
        for one in card:
            yield from entities_in(one)
    elif isinstance(card, dict):
        yield from entities_in(list(card.values()))
    elif isinstance(card, str) and re.fullmatch(r"[a-z_]+\.anna_\w+", card):
        yield card


async def test_dashboard(gym: Gym) -> None:
    """The dashboard shows entities that there are."""
    await gym.open(workout_entry())
    text = await gym.hass.async_add_executor_job(GUIDE.read_text)
    example = re.search(r"## On a dashboard\n.*?```yaml\n(.*?)```", text, re.DOTALL)
    assert example
    shown = set(entities_in(parse_yaml(example[1])))
    assert len(shown) == 7
    assert {one for one in shown if not gym.hass.states.get(one)} == set()
