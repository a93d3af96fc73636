"""A relay to topics of a real broker, through its set-up and through faults."""

from collections.abc import AsyncIterator, Callable
import json
from pathlib import Path
import signal
import subprocess
import time

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.delivery import backoff
from custom_components.heart_rate_relay.destinations.errors import DestinationError
from custom_components.heart_rate_relay.destinations.mqtt import parse_topic
from custom_components.heart_rate_relay.relay import broker as broker_module
from custom_components.heart_rate_relay.relay.data import Status
from dev.stand_ins.base import Arrival
from dev.stand_ins.webhook import read_reading
from homeassistant.components.mqtt import client as ha_client, is_connected
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from ..common import until
from ..faults.common import PATIENCE
from ..flow.common import assert_form, choose, submit
from ..servers import free_port, program
from .common import Wearer, add_relay, until_tried

TOPIC = "home/anna/{source}/{name}/{metric}"
GIVEN = {"topic": TOPIC, "qos": "1"}


class Mosquitto:
    """A real broker, and somebody who has subscribed to all that is published there."""

    def __init__(self, folder: Path) -> None:
        """Initialize the broker, which keeps what it took when it stops."""
        self.port = free_port()
        self.messages: list[tuple[str, bytes, int, bool]] = []
        self.on_message: Callable[[bytes], None] = lambda _: None
        self._program = program("mosquitto", "mosquitto")
        self._settings = folder / "mosquitto.conf"
        self._settings.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
            f"persistence true\npersistence_location {folder}/\n"
            # Who runs as root would else be somebody who may not write there
            "max_queued_messages 0\nuser root\n"
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, "reader", clean_session=False
        )
        self._client.on_message = self._read
        self._client.on_connect = self._subscribe
        self._subscribed = False
        self._client.on_subscribe = self._have_subscribed

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        client.subscribe("home/#", qos=2)

    def _have_subscribed(self, *_: object) -> None:
        self._subscribed = True

    def _read(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        self.messages.append(
            (message.topic, message.payload, message.qos, message.retain)
        )
        self.on_message(message.payload)

    def _run(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "-c", self._settings], stderr=subprocess.DEVNULL
        )

    async def start(self) -> None:
        """Start, and wait for who reads all."""
        self._run()
        self._subscribed = False

        def is_read() -> bool:
            if not self._client.is_connected():
                try:
                    if self._client.connect("127.0.0.1", self.port):
                        return False
                except OSError:
                    return False
            self._client.loop(timeout=0.01)
            return self._subscribed

        await until(is_read, PATIENCE)

    def hears(self, is_done: object) -> bool:
        """Take what has come, unless all that was wanted had come before."""
        if not is_done:
            self._client.loop(timeout=0.001)
        return bool(is_done)

    def freeze(self, *, frozen: bool) -> None:
        """Let the broker do nothing at all, or go on."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def stop(self) -> None:
        """Stop. The reader is gone, too."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait()
            self._process = None
        self._client.disconnect()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a relay and Home Assistant try again soon."""
    monkeypatch.setattr(backoff, "MIN_BACKOFF", 0.01)
    monkeypatch.setattr(backoff, "MAX_BACKOFF", 0.05)
    monkeypatch.setattr(ha_client, "RECONNECT_INTERVAL_SECONDS", 0.1)


@pytest.fixture
async def mosquitto(socket_enabled: None, tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """Return a broker that runs."""
    mosquitto = Mosquitto(tmp_path)
    await mosquitto.start()
    yield mosquitto
    mosquitto.stop()


@pytest.fixture
async def mqtt(
    hass: HomeAssistant, mosquitto: Mosquitto
) -> AsyncIterator[MockConfigEntry]:
    """Return Home Assistant's own integration, connected to the broker."""
    entry = MockConfigEntry(
        domain="mqtt",
        data={
            "broker": "127.0.0.1",
            "port": mosquitto.port,
            "protocol": "5",
            "discovery": False,
        },
        version=2,
        minor_version=1,
    )
    entry.add_to_hass(hass)
    # It looks for sensors there
    Path(hass.config.path("configuration.yaml")).touch()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await until(lambda: is_connected(hass), PATIENCE)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


def noting(wearer: Wearer) -> Callable[[bytes], None]:
    """Return what enters messages in a ledger, as strictly as a receiver of webhooks."""

    def note(payload: bytes) -> None:
        measured_at, value, tags = read_reading(json.loads(payload))
        wearer.ledger.arrive(
            Arrival("mqtt", measured_at, value, tags["source"], time.time(), tags)
        )

    return note


async def test_message(
    hass: HomeAssistant, mosquitto: Mosquitto, mqtt: MockConfigEntry
) -> None:
    """A reading goes to the topic of its metric and source, and is not retained."""
    entry = await add_relay(hass, "mqtt_topic", GIVEN)
    assert entry.title == "MQTT"
    wearer = Wearer(hass)
    mosquitto.on_message = noting(wearer)
    wearer.measure(1)
    await until(lambda: mosquitto.hears(mosquitto.messages), PATIENCE)
    await wearer.until_all_there(entry)
    ((topic, payload, qos, retained),) = mosquitto.messages
    assert topic == "home/anna/sensor.strap_heart_rate/strap heart rate/heart_rate"
    assert (qos, retained) == (1, False)
    assert json.loads(payload)["unit"] == "bpm"


@pytest.mark.parametrize("qos", ["0", "1", "2"])
async def test_many(
    hass: HomeAssistant, mosquitto: Mosquitto, mqtt: MockConfigEntry, qos: str
) -> None:
    """All of many arrive in their order, each once."""
    entry = await add_relay(hass, "mqtt_topic", GIVEN | {"qos": qos})
    wearer = Wearer(hass)
    mosquitto.on_message = noting(wearer)
    wearer.measure(100)
    await until_tried(entry, lambda: mosquitto.hears(len(mosquitto.messages) == 100))
    await wearer.until_all_there(entry)
    assert {message[2] for message in mosquitto.messages} == {int(qos)}
    assert (wearer.ledger.overtaken, wearer.ledger.repeated) == (0, 0)


@pytest.mark.parametrize("qos", ["1", "2"])
async def test_faults(
    hass: HomeAssistant, mosquitto: Mosquitto, mqtt: MockConfigEntry, qos: str
) -> None:
    """An outage of the broker, and a restart meanwhile, leave the ledger clean."""
    entry = await add_relay(hass, "mqtt_topic", GIVEN | {"qos": qos})
    wearer = Wearer(hass)
    mosquitto.on_message = noting(wearer)
    wearer.measure(3)
    await until_tried(entry, lambda: mosquitto.hears(not wearer.ledger.lost))
    mosquitto.stop()
    await until(lambda: not is_connected(hass), PATIENCE)
    wearer.measure(30)
    await until_tried(
        entry, lambda: entry.runtime_data.data.status is Status.UNREACHABLE
    )
    assert entry.runtime_data.last_error == "mqtt_not_connected"
    assert await hass.config_entries.async_reload(entry.entry_id)
    wearer.measure(5)
    await wearer.until_waiting(entry, 35)
    await mosquitto.start()
    await until_tried(entry, lambda: mosquitto.hears(not wearer.ledger.lost))
    await wearer.until_all_there(entry)
    assert entry.runtime_data.data.status is Status.DELIVERING


async def test_not_acknowledged(
    hass: HomeAssistant,
    mosquitto: Mosquitto,
    mqtt: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a broker does not acknowledge is kept, though Home Assistant would go on."""
    entry = await add_relay(hass, "mqtt_topic", GIVEN)
    wearer = Wearer(hass)
    mosquitto.on_message = noting(wearer)
    monkeypatch.setattr(broker_module, "ACKNOWLEDGED_WITHIN", 0.2)
    mosquitto.freeze(frozen=True)
    wearer.measure(2)
    await until(lambda: entry.runtime_data.data.status is Status.UNREACHABLE, PATIENCE)
    assert entry.runtime_data.last_error == "timeout"
    assert len(entry.runtime_data.outbox) == 2
    mosquitto.freeze(frozen=False)
    monkeypatch.setattr(broker_module, "ACKNOWLEDGED_WITHIN", 8)
    await until_tried(entry, lambda: mosquitto.hears(not wearer.ledger.lost))
    await wearer.until_all_there(entry)


async def test_no_broker(hass: HomeAssistant, socket_enabled: None) -> None:
    """Without the integration nothing can be added, and a person is told what to do."""
    form = await submit(hass, await choose(hass, "mqtt_topic"), GIVEN)
    assert_form(form, "mqtt_topic", "mqtt_missing")
    MockConfigEntry(domain="mqtt").add_to_hass(hass)
    form = await submit(hass, form, GIVEN)
    assert_form(form, "mqtt_topic", "mqtt_not_connected")


async def test_removed(
    hass: HomeAssistant, mosquitto: Mosquitto, mqtt: MockConfigEntry
) -> None:
    """When the integration goes a repair says so, until it is back."""
    entry = await add_relay(hass, "mqtt_topic", GIVEN)
    wearer = Wearer(hass)
    mosquitto.on_message = noting(wearer)
    await hass.config_entries.async_set_disabled_by(
        mqtt.entry_id, ConfigEntryDisabler.USER
    )
    wearer.measure(2)
    issues = ir.async_get(hass)
    issue = ("heart_rate_relay", f"not_entitled_{entry.entry_id}")
    await until(lambda: issues.async_get_issue(*issue), PATIENCE)
    found = issues.async_get_issue(*issue)
    assert found
    assert found.translation_key == "mqtt_missing"
    await hass.config_entries.async_set_disabled_by(mqtt.entry_id, None)
    await until(lambda: is_connected(hass), PATIENCE)
    await until_tried(entry, lambda: mosquitto.hears(not wearer.ledger.lost))
    await wearer.until_all_there(entry)
    assert not issues.async_get_issue(*issue)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "  ",
        "$SYS/{metric}",
        "home/+/{metric}",
        "home/#",
        "home/\0",
        "home/{metric",
        "home/{wearer}",
        "home/{}",
        "home/{metric!r}",
        "home/{metric:>9}",
        "home/{source.name}",
        "x" * 65_000 + "{metric}",
    ],
)
async def test_bad_topic(hass: HomeAssistant, topic: str) -> None:
    """What nobody can publish to is said at once, and is not filled in otherwise."""
    with pytest.raises(DestinationError, match="invalid_topic"):
        parse_topic(topic)
    form = await submit(
        hass, await choose(hass, "mqtt_topic"), {"topic": topic, "qos": "1"}
    )
    assert_form(form, "mqtt_topic", "invalid_topic")
