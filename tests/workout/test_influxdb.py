"""A workout at InfluxDB, from the strap to the point."""

from datetime import timedelta
from pathlib import Path

from custom_components.heart_rate_relay.relay.handover import HANDOVERS
from dev.stand_ins import InfluxDBv1
from homeassistant.core import HomeAssistant
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


async def test_once_over_a_kill(
    hass: HomeAssistant, influxdb: InfluxDBv1, tmp_path: Path
) -> None:
    """What was sent is not sent again because Home Assistant was killed after that."""
    data = influxdb_data(influxdb)
    relay = relay_entry(
        "influxdb_v1", data, ["sensor.none"], workout_sources=[FINISHED]
    )
    sent: list[int] = []

    def note(body: bytes) -> None:
        sent.extend(
            minutes for minutes in (10, 20, 30) if b"=%d.0" % (60 * minutes) in body
        )

    def finish(minutes: int) -> None:
        end = dt_util.utcnow()
        begin = end - timedelta(minutes=minutes)
        told = {"begin": begin.isoformat(), "end": end.isoformat()}
        hass.states.async_set(FINISHED, end.isoformat(), told)

    def files() -> dict[Path, bytes]:
        found = tmp_path.rglob(f"{relay.entry_id}.db*")
        return {file: file.read_bytes() for file in found}

    influxdb.objection = note
    hass.states.async_set(FINISHED, "unknown")
    await set_up(hass, relay)
    finish(30)
    await until(lambda: sent == [30])
    # Something is written then, and no more for as long as the service is well
    await hass.config_entries.async_reload(relay.entry_id)
    finish(20)
    await until(lambda: sent == [30, 20])
    await until(lambda: not len(relay.runtime_data.outbox))
    # It is still being deleted: a kill before that may well have it sent again
    await relay.runtime_data.outbox.oldest()
    left = files()
    await hass.config_entries.async_unload(relay.entry_id)
    for file in files():
        file.unlink()
    for file, content in left.items():
        file.write_bytes(content)
    hass.data.pop(HANDOVERS)
    await hass.config_entries.async_setup(relay.entry_id)
    finish(10)
    await until(lambda: 10 in sent)
    assert sent == [30, 20, 10]
