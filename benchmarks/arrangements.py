"""Who takes the readings: nobody, what people would pick instead, or this relay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import json
from typing import Any

from yarl import URL

RELAY = "this relay"

SPARE = "sensor.bench_spare"

SAMPLE = 4
"""How many sensors a wearer has where there are others than those of hearts."""

CONFIGURATION = """\
homeassistant:
  name: Benchmark
  unit_system: metric
  time_zone: UTC
  country: DE
application_credentials:
bluetooth:
recorder:
  exclude:
    entities: sensor.other
    entity_globs: sensor.bench_*
logger:
  default: warning
rest_command:
  send:
    url: {url}
    method: post
    content_type: application/json
    payload: >-
      {{"sensor": {{{{ sensor }}}}, "measured_at": {{{{ measured_at }}}},
      "data": {{"heart_rate": {{{{ heart_rate }}}}}}}}
automation:
  - alias: Send
    id: send
    mode: parallel
    max: 100000
    initial_state: false
    triggers:
      - trigger: state
        entity_id: {sensors}
    actions:
      - action: rest_command.send
        data:
          sensor: "{{{{ trigger.entity_id.split('_')[-1] }}}}"
          measured_at: "{{{{ (trigger.to_state.last_updated | as_timestamp * 1000) | int }}}}"
          heart_rate: "{{{{ trigger.to_state.state }}}}"
influxdb:
  api_version: 1
  host: {host}
  port: {port}
  ssl: false
  database: db
  include:
    entities: {sensors}
"""
"""With url, host, port and sensors to fill in.

The recorder leaves out the sensors of the benchmark itself, since it has the same work with
them whoever takes the readings. What an arrangement has of its own is recorded. The automation
is as fast as it can be: nothing is dropped, and nothing waits for anything.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Arrangement:
    """Something that takes the readings of sensors, or nothing."""

    name: str
    relay: Mapping[str, Any] | None = None
    """The data of a relay, where it is one; its URL is filled in."""
    domain: str | None = None
    """The integration that has to be loaded."""
    automation: str | None = None
    """The automation that has to be on."""
    posts: bool = False
    """Whether the driver itself posts what it writes."""
    spare: bool = False
    """Whether there is another source, which is silent.

    A relay that has several shows a heart rate of its own.
    """
    one_line: bool = False
    """Whether only the first sensor counts."""
    quiet: float = 0.5
    """Seconds without a request after which no more is expected."""

    def takes(self, sensor: int) -> bool:
        """Return whether the readings of a sensor have to arrive."""
        if self.one_line:
            return sensor == 0
        return self.posts or bool(self.relay or self.domain or self.automation)

    def entry(
        self, sensors: int, url: URL, *, whole: bool = False
    ) -> Mapping[str, Any]:
        """Return the data and the options of a relay for so many sensors.

        With whole, only the first of each wearer's is one of a heart.
        """
        data = {**(self.relay or {}), "url": str(url)}
        sources = names(sensors)
        if whole:
            hearts = sources[::SAMPLE]
            others = [source for source in sources if source not in hearts]
            return {"data": data, "sources": hearts, "other_sources": others}
        return {"data": data, "sources": [*sources, SPARE] if self.spare else sources}


NOTHING = Arrangement(name="nothing")
FLOOR = Arrangement(name="a bare aiohttp POST", posts=True)
AUTOMATED = Arrangement(
    name="automation + `rest_command`", automation="automation.send"
)
# It gathers for up to a second
CORE = Arrangement(name="core's `influxdb`", domain="influxdb", quiet=1.5)
PULSOID = Arrangement(
    name=f"{RELAY}, Pulsoid",
    relay={"service": "pulsoid", "access_token": "benchmark"},
    one_line=True,
)
DATABASE = Arrangement(
    name=f"{RELAY}, InfluxDB",
    relay={
        "service": "influxdb_v1",
        "database": "db",
        "username": "",
        "password": "",
        "verify_ssl": True,
        "naming": {"measurement": "heart_rate", "field": "bpm", "tags": []},
    },
)

SHOWN_PULSOID = replace(
    PULSOID, name=f"{PULSOID.name}, with a heart-rate sensor of its own", spare=True
)


def arrangements_for(sensors: int) -> Sequence[Arrangement]:
    """Return what to compare with so many sensors.

    A relay shows a heart rate of its own where it has several, and only with one is the
    difference to be seen.
    """
    others = (NOTHING, FLOOR, AUTOMATED, CORE, PULSOID, DATABASE)
    return (*others, SHOWN_PULSOID) if sensors == 1 else others


def configuration_for(sensors: int, url: URL) -> str:
    """Return configuration.yaml for so many sensors and a sink at a URL."""
    return CONFIGURATION.format(
        url=url / "readings",
        host=url.host,
        port=url.port,
        sensors=json.dumps(names(sensors)),
    )


def names(sensors: int) -> list[str]:
    """Return the entity ids of so many sensors."""
    return [f"sensor.bench_{number}" for number in range(sensors)]
