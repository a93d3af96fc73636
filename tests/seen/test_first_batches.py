"""Open Wearables loses the first batches of a person that overlap: what becomes of them?"""

import asyncio

import pytest

from custom_components.heart_rate_relay.destinations.open_wearables import (
    api_key,
    invitation,
)
from dev.stand_ins import OpenWearables
from homeassistant.core import HomeAssistant

from ..common import relay_entry, set_up, until
from .common import (
    OPEN_WEARABLES,
    SERVICES,
    beats,
    entry_of,
    invitation_data,
    leave,
    see_in_order,
    sizes,
    until_empty,
    until_there,
)


@pytest.fixture
def service() -> str:
    """Return the service, with whatever credentials."""
    return "open_wearables"


@pytest.fixture(autouse=True)
def slow_server(
    impatient: None, stand_in: OpenWearables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let the server take a while, as long as the relay can know of."""
    stand_in.import_delay = 0.1
    monkeypatch.setattr(api_key, "LOOKS", (0.01, 0.05, 0.1, 0.2, 0.5))
    monkeypatch.setattr(invitation, "FIRST_PAUSE", 0.3)


async def test_stand_in_loses_overlapping_batches(
    hass: HomeAssistant, stand_in: OpenWearables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the pause after the first one, readings are lost: so these tests can fail."""
    monkeypatch.setattr(invitation, "FIRST_PAUSE", 0.0)
    entry = entry_of("open_wearables_invitation", stand_in)
    await leave(hass, entry, beats(1200, age=60))
    coordinator = await set_up(hass, entry)
    await until_empty(coordinator)
    await until(lambda: not stand_in.queued)
    await hass.config_entries.async_unload(entry.entry_id)
    assert len(stand_in.store) < 1200


async def until_more_or_all(stand_in: OpenWearables, count: int, total: int) -> None:
    """Wait for more deliveries than so many, unless all readings were delivered."""
    await until(lambda: len(sizes(stand_in)) > count or sum(sizes(stand_in)) >= total)


@OPEN_WEARABLES
async def test_fresh_person(
    hass: HomeAssistant, service: str, stand_in: OpenWearables
) -> None:
    """The first batch of a person is small and alone, and all the rest follows."""
    entry = entry_of(service, stand_in)
    await leave(hass, entry, beats(1200, age=60))
    coordinator = await set_up(hass, entry)
    await until_empty(coordinator)
    await until_there(stand_in, 1200)
    await hass.config_entries.async_unload(entry.entry_id)
    assert len(stand_in.store) == 1200
    assert sizes(stand_in)[0] <= 10
    see_in_order(stand_in)


@OPEN_WEARABLES
async def test_two_people_at_once(
    hass: HomeAssistant, service: str, stand_in: OpenWearables
) -> None:
    """The relays of two people do not disturb each other."""
    entries = []
    for number, user_id in enumerate((stand_in.user_id, stand_in.add_user())):
        data = {**SERVICES[service].data(stand_in), "user_id": user_id}
        if "token" in data:
            data = invitation_data(stand_in, user_id)
        entries.append(relay_entry(service, data))
        await leave(hass, entries[-1], beats(700 + number, age=60))
    coordinators = await asyncio.gather(*(set_up(hass, entry) for entry in entries))
    for coordinator in coordinators:
        await until_empty(coordinator)
    await until_there(stand_in, 1401)
    for entry in entries:
        await hass.config_entries.async_unload(entry.entry_id)
    people = [key.user_id for key in stand_in.store]
    assert [people.count(each) for each in stand_in.users] == [700, 701]


@OPEN_WEARABLES
async def test_restarted_after_the_first_batch(
    hass: HomeAssistant, service: str, stand_in: OpenWearables
) -> None:
    """A restart in the middle of the first batches loses none of them."""
    entry = entry_of(service, stand_in)
    await leave(hass, entry, beats(1200, age=60))
    await set_up(hass, entry)
    for _ in range(2):
        await until_more_or_all(stand_in, len(sizes(stand_in)), 1200)
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        entry.runtime_data.async_send_now()
    coordinator = entry.runtime_data
    await until_empty(coordinator)
    await until(lambda: not stand_in.queued)
    assert len(stand_in.store) == 1200
    await hass.config_entries.async_unload(entry.entry_id)
    assert coordinator.outbox.tally.delivered == 1200
    assert coordinator.outbox.tally.refused == 0


async def test_both_credentials_at_once(
    hass: HomeAssistant, stand_in: OpenWearables
) -> None:
    """A key for one person and an invitation for another: each has a first batch."""
    other = stand_in.add_user()
    entries = [
        entry_of("open_wearables", stand_in),
        relay_entry("open_wearables_invitation", invitation_data(stand_in, other)),
    ]
    for entry in entries:
        await leave(hass, entry, beats(600, age=60))
    coordinators = await asyncio.gather(*(set_up(hass, entry) for entry in entries))
    for coordinator in coordinators:
        await until_empty(coordinator)
    await until_there(stand_in, 1200)
    for entry in entries:
        await hass.config_entries.async_unload(entry.entry_id)
    people = [key.user_id for key in stand_in.store]
    assert [people.count(each) for each in stand_in.users] == [600, 600]
