"""The sources: a band by MQTT, a device that is polled, a phone with its app, a strap."""

import asyncio
from asyncio import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
import time
from typing import Any, Self

import aiohttp
from paho.mqtt import publish
from yarl import URL

from dev.home_assistant.api import Answer, Api
from dev.relays import MONITOR
from dev.run import HOST, free_port
from dev.simulated_heart_rate.record import Record

from .book import Book

BAND = "sensor.band_heart_rate"
POLLED = "sensor.polled_heart_rate"
PHONE = "sensor.phone_heart_rate"
SOURCES = (BAND, POLLED, PHONE, MONITOR)

DAY = 24 * 60 * 60.0

TOPIC = "band/heart_rate"

CONFIGURATION = """\
mobile_app:
mqtt:
  - sensor:
      name: Band heart rate
      state_topic: {topic}
      unit_of_measurement: bpm
      force_update: true
sensor:
  - platform: tcp
    name: Polled heart rate
    host: {host}
    port: {port}
    payload: "?"
    unit_of_measurement: bpm
    scan_interval: 1
"""


def steady(lowest: int) -> Iterator[int]:
    """Yield heart rates of which each comes three times."""
    for number in count():
        yield lowest + number // 3 % 20


class Band:
    """A band that publishes what it measures, to a broker of its own."""

    def __init__(self, book: Book, folder: Path) -> None:
        """Initialize the band."""
        self.port = free_port()
        self._book = book
        self._folder = folder
        self._rates = steady(80)
        self._broker: subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        """Start the broker."""
        settings = self._folder / "mosquitto.conf"
        settings.write_text(f"listener {self.port} {HOST}\nallow_anonymous true\n")
        self._broker = await asyncio.create_subprocess_exec(
            *("mosquitto", "-c", settings), stderr=subprocess.DEVNULL
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the broker."""
        if self._broker and self._broker.returncode is None:
            self._broker.terminate()
            await self._broker.wait()

    async def add_to(self, api: Api) -> None:
        """Add the broker."""
        step = await api.start_flow("mqtt")
        await api.next_step(
            step,
            {
                "broker": HOST,
                "port": self.port,
                "other_settings": {"set_client_cert": False, "set_ca_cert": "off"},
            },
        )

    async def beat(self, *, is_first: bool = False) -> int:
        """Publish a heart rate. The first one of all may be one that a broker has kept."""
        rate = next(self._rates)
        if is_first:
            self._book.repeat(BAND)
        else:
            self._book.measure(BAND, rate)
        await asyncio.to_thread(
            publish.single, TOPIC, str(rate), qos=1, hostname=HOST, port=self.port
        )
        return rate


class Polled:
    """A device that answers with what it measured last, as often as it is asked."""

    def __init__(self, book: Book) -> None:
        """Initialize the device."""
        self.port = free_port()
        self.rate = 100
        self._told: int | None = None
        self._book = book
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Begin to answer."""
        self._server = await asyncio.start_server(self._answer, HOST, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Answer no more."""
        if self._server:
            self._server.close()

    def forget(self) -> None:
        """Take note that whoever asks next knows nothing yet."""
        self._told = None

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            await reader.read(1)
            if self._told in (None, self.rate):
                self._book.repeat(POLLED)
            else:
                self._book.measure(POLLED, self.rate)
            self._told = self.rate
            writer.write(str(self.rate).encode())
            await writer.drain()
            writer.close()


class Phone:
    """A phone whose app hands in what Health Connect has."""

    def __init__(self, book: Book, session: aiohttp.ClientSession, url: URL) -> None:
        """Initialize the phone."""
        self._book = book
        self._session = session
        self._url = url
        self._rates = steady(120)
        self._samples: list[dict[str, Any]] = []

    async def add_to(self, api: Api) -> None:
        """Register the app, with a sensor that shows what was measured before."""
        answer: Answer = await api.register_app(
            {
                "app_id": "honest",
                "app_name": "Honest",
                "app_version": "1",
                "device_name": "Phone",
                "device_id": "phone",
                "manufacturer": "Simulated",
                "model": "Phone",
                "os_name": "Android",
                "os_version": "15",
                "supports_encryption": False,
            }
        )
        self._url = self._url / "api/webhook" / answer["webhook_id"]
        sensor = {"name": "Heart rate", "unit_of_measurement": "bpm"}
        await self._post(
            "register_sensor", sensor | self._sample(60, time.time() - DAY)
        )

    def sample(self, age: float = 0) -> None:
        """Take a sample, or find one that is so many seconds old."""
        at = int((time.time() - age) * 1000) / 1000
        rate = next(self._rates)
        self._samples.append(self._sample(rate, at))
        self._book.measure(PHONE, rate, round(at * 1_000_000))

    async def hand_in(self) -> None:
        """Hand in all samples, and the last one once more."""
        for sample in (*self._samples, *self._samples[-1:]):
            await self._post("update_sensor_states", [sample])
        if self._samples:
            self._book.repeat(PHONE)
        self._samples = self._samples[:0]

    def _sample(self, rate: int, at: float) -> dict[str, Any]:
        date = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
        return {
            "type": "sensor",
            "unique_id": "health_connect_heart_rate",
            "state": rate,
            "attributes": {"date": date, "source": "com.example.watch"},
        }

    async def _post(self, kind: str, data: object) -> None:
        async with self._session.post(
            self._url, json={"type": kind, "data": data}
        ) as response:
            response.raise_for_status()


class StrapNotes:
    """Notes in the book what a monitor sends."""

    def __init__(self, book: Book) -> None:
        """Initialize the notes."""
        self._book = book

    def write(self, record: Record) -> None:
        """Note what was sent."""
        if record.value is not None:
            self._book.measure(MONITOR, record.value)
