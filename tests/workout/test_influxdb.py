"""A workout at InfluxDB, from the strap to the point."""

from dev.stand_ins import InfluxDBv1
from homeassistant.util import dt as dt_util

from ..common import influxdb_data, relay_entry, set_up, until, us
from .gym import Gym, workout_entry

FINISHED = "event.anna_workout_finished"


async def test_one_point(gym: Gym, influxdb: InfluxDBv1) -> None:
    """It is one point at its end, with all that the event tells in numbers."""
    await gym.open(workout_entry())
    data = influxdb_data(influxdb)
    relay = relay_entry(
        "influxdb_v1", data, ["sensor.none"], workout_sources=[FINISHED]
    )
    await set_up(gym.hass, relay)
    await gym.train(600, 130)
    await gym.train(300, 170)
    await gym.wait(600)
    await until(lambda: influxdb.points)
    (((measurement, tags, at), fields),) = influxdb.points.items()
    told = gym.finished()
    assert (measurement, dict(tags)["sport"]) == ("workout", "other")
    numbers = {key: value for key, value in told.items() if isinstance(value, float)}
    assert {"energy", "time_in_zone_4", "training_load"} <= numbers.keys()
    assert fields == {**numbers, "duration": told["duration"]}
    assert at // 1000 == us(dt_util.as_timestamp(told["end"]))
