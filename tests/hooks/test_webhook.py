"""A relay to a webhook, through its set-up and through faults."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from custom_components.heart_rate_relay.delivery import backoff
from custom_components.heart_rate_relay.relay.data import Status
from dev.stand_ins import Failure, Webhook
from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.core import HomeAssistant

from ..common import objecting, until
from ..conftest import running
from ..faults.common import PATIENCE
from ..flow.common import (
    add,
    ask_again,
    assert_abort,
    assert_form,
    choose,
    fields,
    save_options,
    show_options,
    submit,
    webhook_data,
)
from .common import Wearer, add_relay, until_tried


@pytest.fixture
async def receiver(socket_enabled: None) -> AsyncIterator[Webhook]:
    """Return a receiver of our own."""
    async with running(Webhook()) as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a relay try again soon."""
    monkeypatch.setattr(backoff, "MIN_BACKOFF", 0.01)
    monkeypatch.setattr(backoff, "MAX_BACKOFF", 0.05)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"url": "example.org"}, "invalid_url"),
        ({"signing_key": "too short"}, "invalid_signing_key"),
        ({"headers": ["Host: example.org"]}, "invalid_headers"),
        ({"secret_headers": ["Authorization"]}, "invalid_headers"),
    ],
)
async def test_bad_input(
    hass: HomeAssistant, receiver: Webhook, changes: dict[str, Any], error: str
) -> None:
    """What cannot be right is said at once, and can be mended."""
    form = await choose(hass, "webhook")
    good = webhook_data(receiver)
    form = await submit(hass, form, good | changes)
    assert_form(form, "webhook", error)
    assert not receiver.requests
    assert_form(await submit(hass, form, good), "sources")


async def test_batches(hass: HomeAssistant, receiver: Webhook) -> None:
    """Batches are gathered for as long as the options say, single readings are not."""
    given = webhook_data(receiver)
    entry = await add_relay(hass, "webhook", given | {"per_request": "many"})
    assert "gather" in fields(await show_options(hass, entry))
    await save_options(hass, entry, gather=600)
    wearer = Wearer(hass)
    receiver.on_arrival = wearer.ledger.arrive
    wearer.measure(1)
    await wearer.until_all_there(entry)
    wearer.measure(20)
    await wearer.until_waiting(entry, 20)
    await wearer.until_all_there(entry)
    assert receiver.sizes == [1, 20]

    form = await ask_again(hass, entry, SOURCE_RECONFIGURE)
    shown = await submit(hass, form, given)
    assert_abort(shown, "reconfigure_successful")
    assert "gather" not in fields(await show_options(hass, entry))
    wearer.measure(2)
    await until(lambda: receiver.sizes == [1, 20, 1, 1], PATIENCE)


@pytest.mark.parametrize("per_request", ["one", "many"])
async def test_faults(hass: HomeAssistant, receiver: Webhook, per_request: str) -> None:
    """Outages, lost answers and a restart leave the ledger clean, and nothing counts twice."""
    given = webhook_data(receiver) | {"per_request": per_request}
    entry = await add_relay(hass, "webhook", given)
    wearer = Wearer(hass)
    receiver.on_arrival = wearer.ledger.arrive
    wearer.measure(3)
    await wearer.until_all_there(entry)
    # Its answer is lost, and more is measured before it can be asked again
    receiver.failures.append(Failure(200, drop=True, accepts=True))
    receiver.failure = Failure(500, delay=0.01)
    wearer.measure(2)
    await until_tried(entry, lambda: not receiver.failures)
    wearer.measure(3)
    await until_tried(
        entry, lambda: entry.runtime_data.data.status is Status.UNREACHABLE
    )
    receiver.failure = None
    await wearer.until_all_there(entry)
    assert receiver.repeats == 1
    # It is gone, and meanwhile Home Assistant starts anew
    port = receiver.url.port or 0
    await receiver.stop()
    wearer.measure(5)
    await until_tried(
        entry, lambda: entry.runtime_data.data.status is Status.UNREACHABLE
    )
    assert await hass.config_entries.async_reload(entry.entry_id)
    wearer.measure(5)
    await receiver.start(port)
    await wearer.until_all_there(entry)
    assert not wearer.ledger.repeated


async def test_refused(hass: HomeAssistant, receiver: Webhook) -> None:
    """Of a batch only the reading that is objected to is left out."""
    given = webhook_data(receiver) | {"per_request": "many"}
    entry = await add_relay(hass, "webhook", given)
    wearer = Wearer(hass)
    receiver.on_arrival = wearer.ledger.arrive
    receiver.objection = objecting(65, "not that one")
    wearer.measure(9)
    tally = entry.runtime_data.outbox.tally
    await until_tried(entry, lambda: tally.refused)
    await until_tried(entry, lambda: not len(entry.runtime_data.outbox))
    assert (tally.refused, tally.delivered) == (1, 8)
    assert len(wearer.ledger.lost) == 1


async def test_asks_for_secrets_again(hass: HomeAssistant, receiver: Webhook) -> None:
    """What is kept for one server goes to no other."""
    entry = await add(hass, "webhook", receiver)
    async with running(Webhook()) as other:
        form = await ask_again(hass, entry, SOURCE_RECONFIGURE)
        good = webhook_data(other)
        del good["signing_key"]
        assert_form(await submit(hass, form, good), "reconfigure", "secret_again")
        assert not other.requests
