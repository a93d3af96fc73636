"""MQTT: a message for each reading, to the broker that Home Assistant is connected to."""

import asyncio
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any, override

import aiohttp

from ..metrics import METRICS
from ..reading import Reading
from .base import Account, Destination, Limits, Receipt
from .errors import DestinationError
from .plain import described, encoded
from .tokens import Tokens

DEFAULT_TOPIC = "heart_rate/{source}/{metric}"

PLACEHOLDERS = ("metric", "source", "name")
"""What is filled in in a topic: the metric, the sensor's entity ID, and its name."""

QOS = ("0", "1", "2")
DEFAULT_QOS = "1"

MAX_TOPIC = 65_535
"""The longest topic, in bytes of UTF-8: MQTT 5.0, section 1.5.4."""

TO_FILL_IN = 1000
"""Bytes of a topic that are left for each placeholder."""

IN_FLIGHT = 20
"""Messages that are on their way at a time, as many as MQTT clients send without an answer."""


class Mqtt(Destination):
    """Topics of a broker."""

    service = "MQTT"
    limits = Limits(metrics=frozenset(METRICS.values()), max_batch=IN_FLIGHT)

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination. Raises DestinationError when the topic cannot be right."""
        super().__init__(session, config, tokens)
        self._topic = parse_topic(config["topic"])
        self._qos = int(config["qos"])

    @override
    async def validate(self) -> Account:
        """Say which topic it is, and see that the broker can be reached."""
        self.publisher.check()
        return Account(id=self._topic, name=self.service)

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        """Publish readings, in their order, and wait for the broker to have all of them."""
        self.publisher.check()
        outcomes = await asyncio.gather(
            *map(self._publish, readings), return_exceptions=True
        )
        for outcome in outcomes:
            if outcome:
                raise outcome
        return Receipt()

    async def _publish(self, reading: Reading) -> None:
        """Publish a reading. Raises DestinationError where the broker may not have it."""
        topic = self._topic.format(
            metric=reading.metric.key,
            source=_level(reading.source.entity_id),
            name=_level(reading.source.name),
        )
        await self.publisher.publish(topic, encoded(described(reading)), self._qos)


def parse_topic(text: str) -> str:
    """Return a topic with placeholders. Raises DestinationError when it cannot be one.

    Source: MQTT 5.0, sections 1.5.4 and 4.7.
    """
    topic = text.strip()
    try:
        parts = list(Formatter().parse(topic))
    except ValueError as err:
        raise DestinationError("invalid_topic") from err
    fixed = "".join(literal for literal, *_ in parts)
    names = [part[1:] for part in parts if part[1] is not None]
    room = MAX_TOPIC - TO_FILL_IN * len(names)
    if (
        not topic
        or topic.startswith("$")
        or any(char in "+#" or not char.isprintable() for char in fixed)
        or any(name not in PLACEHOLDERS or more != ["", None] for name, *more in names)
        or len(fixed.encode(errors="replace")) > room
    ):
        raise DestinationError("invalid_topic")
    return topic


def _level(text: str) -> str:
    """Return a text that is one level of a topic, and no wildcard."""
    kept = "".join(
        char if char.isprintable() and char not in "/+#" else "_" for char in text
    )
    level = kept.encode(errors="replace")[:TO_FILL_IN].decode(errors="ignore")
    return level or "_"
