"""Whatever goes wrong, neither a heart rate nor a token is in the log."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
import logging
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.delivery.book import Book
from custom_components.heart_rate_relay.delivery.delivery import Delivery
from custom_components.heart_rate_relay.destinations.pulsoid import (
    Pulsoid as Destination,
)
from custom_components.heart_rate_relay.issues import FixData
from custom_components.heart_rate_relay.monitor import coordinator as monitor_module
from custom_components.heart_rate_relay.outbox.outbox import Outbox
from custom_components.heart_rate_relay.past.history import Past
from custom_components.heart_rate_relay.relay import follow
from custom_components.heart_rate_relay.relay.alerts import Alerts
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from custom_components.heart_rate_relay.relay.relay_issues import Fix
from custom_components.heart_rate_relay.repairs import async_create_fix_flow
from custom_components.heart_rate_relay.sensor import HeartRateSensor, MeasuredSensor
from custom_components.heart_rate_relay.sources.observation import Observer
from custom_components.heart_rate_relay.sources.wearer import Wearer
from dev.stand_ins import Pulsoid
from homeassistant.components.recorder.core import Recorder
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .common import STRAP, WATCH, measure, pulsoid_data, relay_entry, set_up, until
from .flow.common import assert_form, choose, submit
from .monitor.common import heard, monitor_entry, set_up_monitor

RATE = 163
"""A heart rate as no other number in the log."""

TOKEN = "a-token-that-nobody-may-see"

SAID = f"{RATE} bpm could not be told with {TOKEN}"


class TalkativeError(Exception):
    """An error that says all that it knows."""


def fail(*_: object, **__: object) -> Any:
    """Fail, because something failed, and tell of both what was at hand."""
    try:
        float(f"{RATE}.0 {TOKEN}")
    except ValueError as err:
        raise TalkativeError(SAID) from err


async def fail_later(*_: object, **__: object) -> Any:
    """Do so when awaited."""
    fail()


@pytest.fixture
def failures(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """Return what tells the errors in the log; in the end nothing private is in it."""
    form = logging.Formatter()

    def logged() -> list[str]:
        return [
            form.format(record)
            for phase in ("setup", "call")
            for record in caplog.get_records(phase)
            if record.levelno > logging.DEBUG
            # The test plugin has the database tell all that it does
            and not record.name.startswith("sqlalchemy")
        ]

    yield lambda: [text for text in logged() if TalkativeError.__name__ in text]
    # Longer numbers are ports
    private = re.compile(rf"\b{RATE}\b|{TOKEN}")
    assert not [text for text in logged() if private.search(text)]


@pytest.fixture
async def relay(hass: HomeAssistant, pulsoid: Pulsoid) -> MockConfigEntry:
    """Return a relay that follows new sensors, of a sensor that measures."""
    pulsoid.token = TOKEN
    measure(hass, 60)
    entry = relay_entry(
        "pulsoid", pulsoid_data(pulsoid), [STRAP, WATCH], follow_new=True
    )
    await set_up(hass, entry)
    return entry


AT_A_READING: dict[str, tuple[object, str, Any]] = {
    "the observer": (Observer, "observe", fail),
    "the wearer": (Wearer, "async_update", fail),
    "the entity": (HeartRateSensor, "native_value", property(fail)),
    "the coordinator": (Delivery, "notice", fail),
    "the outbox": (Outbox, "add", fail),
    "the destination": (Destination, "deliver", fail_later),
    "the outcome": (Alerts, "note", fail),
    "the count": (Book, "count", fail),
}


@pytest.mark.parametrize("what", AT_A_READING)
async def test_reading(
    hass: HomeAssistant,
    relay: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    failures: Callable[[], list[str]],
    what: str,
) -> None:
    """A mistake on the way of a reading, whether its value has changed or not."""
    with monkeypatch.context() as context:
        context.setattr(*AT_A_READING[what])
        measure(hass, RATE)
        measure(hass, RATE)
        await until(failures)
        await hass.async_block_till_done()
    assert any("tests/test_log.py" in text for text in failures())
    assert relay.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("step", ["may_be_source", "async_is_match"])
async def test_new_sensor(
    hass: HomeAssistant,
    relay: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    failures: Callable[[], list[str]],
    step: str,
) -> None:
    """A mistake about a sensor that appears."""
    monkeypatch.setattr(follow, step, fail)
    measure(hass, RATE, "sensor.armband_heart_rate")
    await hass.async_block_till_done()
    assert failures()


async def test_timer(
    hass: HomeAssistant,
    relay: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    failures: Callable[[], list[str]],
) -> None:
    """A mistake when the time has come for something."""
    measure(hass, RATE)
    await until(lambda: relay.runtime_data.outbox.tally.delivered)
    await hass.async_block_till_done()
    with monkeypatch.context() as context:
        context.setattr(RelayCoordinator, "_now", fail)
        context.setattr(Wearer, "async_update", fail)
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=5))
        await hass.async_block_till_done()
    assert len(failures()) >= 2


@pytest.mark.parametrize(
    "step", [(Observer, "begin", fail), (Outbox, "open", fail_later)]
)
async def test_set_up(
    hass: HomeAssistant,
    relay: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    failures: Callable[[], list[str]],
    step: tuple[object, str, Any],
) -> None:
    """A mistake while a relay is being started."""
    measure(hass, RATE)
    with monkeypatch.context() as context:
        context.setattr(*step)
        await hass.config_entries.async_reload(relay.entry_id)
    assert relay.state is ConfigEntryState.SETUP_ERROR
    assert relay.error_reason_translation_key == "not_started"
    assert failures()


@pytest.mark.parametrize("blocking", [True, False])
async def test_action(
    hass: HomeAssistant,
    relay: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    failures: Callable[[], list[str]],
    blocking: bool,
) -> None:
    """A mistake in an action, and a value that it does not take."""
    data: dict[str, Any] = {"config_entry_id": relay.entry_id, "value": RATE}
    monkeypatch.setattr(RelayCoordinator, "async_take", fail)
    for more in ({}, {"measured_at": "2001-01-01 00:00:00"}):
        with suppress(HomeAssistantError):
            await hass.services.async_call(
                DOMAIN, "send_reading", {**data, **more}, blocking=blocking
            )
        await hass.async_block_till_done()
    assert failures()


async def test_flow(
    hass: HomeAssistant,
    pulsoid: Pulsoid,
    monkeypatch: pytest.MonkeyPatch,
    failures: Callable[[], list[str]],
) -> None:
    """A mistake while credentials are tried."""
    monkeypatch.setattr(Destination, "validate", fail_later)
    shown = await submit(hass, await choose(hass, "pulsoid"), {"access_token": TOKEN})
    assert_form(shown, "pulsoid", "unknown")
    assert failures()


async def test_repair(
    hass: HomeAssistant,
    relay: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    failures: Callable[[], list[str]],
) -> None:
    """A mistake while a repair is tried."""
    monkeypatch.setattr(Destination, "validate", fail_later)
    data: FixData = {"fix": Fix.TRY, "entry_id": relay.entry_id}
    flow = await async_create_fix_flow(hass, "issue", data)
    flow.hass, flow.issue_id = hass, "issue"
    shown = await flow.async_step_confirm({})  # type: ignore[attr-defined] # it has that step
    assert shown["errors"] == {"base": "not_yet"}
    assert failures()


async def test_history(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    relay: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    failures: Callable[[], list[str]],
) -> None:
    """A mistake while the past is read."""
    monkeypatch.setattr(Past, "read", fail)
    answer = await hass.services.async_call(
        DOMAIN,
        "backfill",
        {"config_entry_id": relay.entry_id},
        blocking=True,
        return_response=True,
    )
    assert answer
    assert answer["complete"] is False
    assert failures()


@pytest.mark.parametrize(
    "step",
    [
        (monitor_module, "parse_broadcast", fail),
        (MeasuredSensor, "async_write_ha_state", fail),
    ],
)
async def test_monitor(
    hass: HomeAssistant,
    mock_bluetooth: None,
    monkeypatch: pytest.MonkeyPatch,
    failures: Callable[[], list[str]],
    step: tuple[object, str, Any],
) -> None:
    """A mistake about what a monitor tells."""
    entry = monitor_entry(listen_only=True)
    monitor = await set_up_monitor(hass, entry)
    with monkeypatch.context() as context:
        context.setattr(*step)
        data = {0x006B: bytes((0x1F, 0x01, RATE, RATE))}
        monitor._have_advertisement(heard(manufacturer_data=data))
    assert failures()
    await hass.config_entries.async_unload(entry.entry_id)
