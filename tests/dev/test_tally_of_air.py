"""What became of the notifications that a monitor sent."""

import pytest

from dev.report import summary
from dev.stand_ins import Arrival

from .scene import STRAP, Scene


@pytest.mark.parametrize(
    ("late", "is_good"),
    [(-2, False), (-1, True), (0, True), (200, True), (401, True), (402, False)],
)
def test_a_notification_is_on_its_way(scene: Scene, late: int, is_good: bool) -> None:
    """It is measured when it is there, and its latency is that of the whole way."""
    scene.send(61, 0)
    at = scene.at(0) + late
    scene.tally.add(Arrival("influxdb_v1", at * 1000, 61, STRAP, scene.at(0) + 500, {}))
    assert scene.tally.is_good is is_good
    assert scene.tally.deliveries[0].is_from_air is is_good
    shown = "from the air: p50 500.0 ms, p99 500.0 ms" in summary([scene.tally])
    assert shown is is_good


def test_a_notification_that_comes_in_the_next_second(scene: Scene) -> None:
    """A service that knows no shorter times may say so, and must not repeat it."""
    scene.send(61, 0, after=900)
    scene.deliver_one_line(61, 1)
    assert scene.one_line.is_good
    scene.deliver_one_line(61, 2)
    assert len(scene.one_line.wrong) == 1


@pytest.mark.parametrize(("later", "wrong"), [(0, 0), (1, 1), (100, 1)])
def test_a_notification_is_measured_once(scene: Scene, later: int, wrong: int) -> None:
    """A repeat has the same time. With another one it is a measurement too many."""
    scene.send(61, 0)
    for at in (scene.at(0) + 5, scene.at(0) + 5 + later):
        scene.tally.add(Arrival("influxdb_v1", at * 1000, 61, STRAP, at + 1, {}))
    assert len(scene.tally.wrong) == wrong
    assert scene.tally.duplicated == 1 - wrong


def test_a_notification_is_due(scene: Scene) -> None:
    """One that never comes is lost."""
    scene.send(61, 0)
    scene.deliver(61, 0, late=9)
    scene.send(62, 1)
    assert [lost.value for lost in scene.tally.lost] == [62]


def test_the_way_through_the_air_is_told_apart(scene: Scene) -> None:
    """What simulated sensors measure never went that way."""
    scene.measure(61, 0)
    scene.deliver(61, 0, late=5)
    assert "from the air" not in summary([scene.tally])
    scene.send(62, 1)
    scene.deliver(62, 1, late=9)
    assert scene.tally.latency(50) == 5
    assert "from the air: p50 9.0 ms, p99 9.0 ms" in summary([scene.tally])
