"""The connection to a monitor, and what may go wrong with it, one thing at a time.

Time leaps to what is due next, so that nothing has to be shorter here than it is.
"""

import asyncio
from collections.abc import Sequence

import pytest

from custom_components.heart_rate_relay.monitor.connection import (
    ABSENT_AFTER,
    MAX_BACKOFF,
    MAX_SILENT_BACKOFF,
    MIN_BACKOFF,
    RELEASE_INTERVAL,
    SILENT_AFTER,
    SILENT_AGAIN_AFTER,
)
from custom_components.heart_rate_relay.monitor.link import (
    ANOTHER_TIMEOUT,
    DETAILS_TIMEOUT,
    DISCONNECT_TIMEOUT,
    PAIRING_TIMEOUT,
    Link,
)
from custom_components.heart_rate_relay.monitor.measuring import STALE_AFTER
from custom_components.heart_rate_relay.monitor.profiles import PROFILES
from custom_components.heart_rate_relay.monitor.trouble import PATIENCE, Trouble
from dev.virtual_proxy import Strap
from dev.virtual_proxy.central import Central
from dev.virtual_proxy.gatt import Characteristic, Service
from dev.virtual_proxy.link import Reason

from .common import ADDRESS, heard
from .faults import KINDS, SETTLES, SOON, Scene, is_reading, never, within

MALFORMED = b"\x18\x48"
"""Has neither the energy nor the intervals that it announces."""


async def test_link_drops(worn: Scene) -> None:
    """A link that is gone is noticed at once, and made again."""
    worn.strap.drop()
    await within(0.5, lambda: not worn.is_connected)
    await worn.measures_within(SOON)
    assert worn.is_connected
    assert worn.proxy.allocated == [ADDRESS]


async def test_disconnect_gets_lost(worn: Scene) -> None:
    """A link of which nobody says that it is gone shows no value for long, and is made again."""
    worn.measure(99)
    await worn.measures_within(2)
    worn.strap.lose_disconnect(slots_tell=False)
    assert await within(STALE_AFTER + 1, lambda: worn.shown is None) > 8
    await worn.measures_within(SILENT_AFTER - STALE_AFTER + SOON)


async def test_silent_monitor(worn: Scene) -> None:
    """A monitor that says nothing shows nothing, and has to give its slot back."""
    worn.strap.muted = True
    assert await within(STALE_AFTER + 1, lambda: worn.shown is None) > 8
    took = await within(SILENT_AFTER, lambda: not worn.proxy.allocated)
    assert took == pytest.approx(SILENT_AFTER - STALE_AFTER, abs=1)
    worn.strap.muted = False
    await worn.measures_within(SOON)


async def test_monitor_that_stays_silent_holds_a_slot_for_less_and_less(
    worn: Scene,
) -> None:
    """The longer a monitor is silent, the longer it is left alone."""
    worn.strap.muted = True
    await within(60, lambda: worn.proxy.allocated == [])
    pauses, held = [], []
    for _ in range(9):
        pauses.append(await within(320, lambda: worn.proxy.allocated))
        held.append(await within(40, lambda: worn.proxy.allocated == []))
    assert pauses == pytest.approx([3, 6, 12, 24, 48, 96, 192, 300, 300], abs=2)
    assert held == pytest.approx([30, 30, *[10] * 7], abs=2)
    assert worn.troubles == {Trouble.SILENT}
    worn.strap.muted = False
    await worn.measures_within(MAX_SILENT_BACKOFF + SETTLES)
    assert not worn.troubles
    worn.strap.drop()
    await worn.measures_within(SOON)


async def test_monitor_that_never_measures(scene: Scene) -> None:
    """A monitor that takes every connection leaves the slot to others, and it is told."""
    scene.strap.muted = True
    scene.strap.power_on()
    told_after: float | None = None
    held = seconds = 0.0
    while seconds < 20 * 60:
        held += bool(scene.proxy.allocated)
        if scene.troubles and told_after is None:
            told_after = seconds
        await asyncio.sleep(1)
        seconds += 1
    assert scene.troubles == {Trouble.SILENT}
    assert told_after is not None
    assert PATIENCE[Trouble.SILENT] <= told_after <= 2 * PATIENCE[Trouble.SILENT]
    assert scene.proxy.connects <= 10
    assert held / seconds <= 0.15
    scene.strap.power_off()
    await within(
        MAX_SILENT_BACKOFF + SILENT_AGAIN_AFTER + ABSENT_AFTER + RELEASE_INTERVAL,
        lambda: not scene.troubles,
    )


async def test_silent_monitor_that_is_put_on(worn: Scene) -> None:
    """A monitor that was away meanwhile is not left alone for being silent before."""
    worn.strap.muted = True
    await within(1200, lambda: worn.troubles)
    await within(30, lambda: worn.proxy.allocated == [])
    worn.strap.power_off()
    await asyncio.sleep(ABSENT_AFTER + 5)
    worn.strap.muted = False
    worn.strap.power_on()
    await worn.measures_within(SETTLES)
    assert not worn.troubles


@pytest.mark.parametrize("kind", ["strap"])
async def test_contact_is_lost(worn: Scene) -> None:
    """What touches no skin measures nothing, though it says so all the time."""
    assert isinstance(worn.strap, Strap)
    worn.strap.contact = False
    await within(1.5, lambda: worn.shown is None)
    assert worn.state(f"sensor.{worn.quantity}") == "unknown"
    assert worn.state("binary_sensor.skin_contact") == "off"
    await never(SILENT_AFTER * 2, lambda: worn.shown or not worn.is_connected)
    worn.strap.contact = True
    await worn.measures_within(1.5)
    assert worn.state("binary_sensor.skin_contact") == "on"
    assert worn.proxy.connects == 1


async def test_monitor_is_off(worn: Scene) -> None:
    """A monitor that is off holds no slot, nobody calls it, and nobody complains."""
    worn.strap.power_off()
    await within(STALE_AFTER + 1, lambda: worn.shown is None)
    assert worn.state(f"sensor.{worn.quantity}") == "unavailable"
    await never(
        600, lambda: worn.proxy.allocated or worn.proxy.connects > 1 or worn.troubles
    )
    worn.strap.power_on()
    await worn.measures_within(SETTLES)


async def test_monitor_refuses(worn: Scene) -> None:
    """Who is refused asks less and less often, and says so after a while."""
    worn.strap.refuse = Reason.TIMEOUT
    worn.strap.connect_delay = 0.5
    worn.strap.drop()
    pauses = []
    for _ in range(7):
        await within(1, lambda: not worn.proxy.allocated)
        pauses.append(await within(80, lambda: worn.proxy.allocated))
    assert pauses == pytest.approx([3, 6, 12, 24, 48, 60, 60], abs=1.5)
    assert worn.troubles == {Trouble.REFUSED}
    worn.strap.refuse = 0
    await worn.measures_within(MAX_BACKOFF + SETTLES)
    assert not worn.troubles
    worn.strap.drop()
    await worn.measures_within(SOON)


async def test_patience_with_a_monitor_that_refuses(worn: Scene) -> None:
    """What is over soon is nobody's concern."""
    worn.strap.refuse = Reason.NOT_ESTABLISHED
    worn.strap.drop()
    await never(PATIENCE[Trouble.REFUSED] - 10, lambda: worn.troubles)
    worn.strap.refuse = 0
    await worn.measures_within(MAX_BACKOFF + SETTLES)
    assert not worn.troubles


async def test_no_patience_for_one_trouble_after_another(worn: Scene) -> None:
    """Who waits for a heart rate does not wait anew because the reason is another one."""
    worn.strap.refuse = Reason.NOT_ESTABLISHED
    worn.strap.drop()
    await never(PATIENCE[Trouble.SLOTS_FULL] + 5, lambda: worn.troubles)
    worn.proxy.occupied = worn.proxy.slots
    await within(25, lambda: worn.troubles == {Trouble.SLOTS_FULL})


async def test_connecting_does_not_make_up_for_hanging_up(worn: Scene) -> None:
    """A monitor that takes every call and hangs up is called less and less often."""
    worn.strap.muted = True
    pauses = []
    for _ in range(6):
        worn.strap.drop(Reason.REMOTE_USER)
        pauses.append(await within(80, lambda: worn.strap.links))
        await asyncio.sleep(1)
    assert pauses == pytest.approx([3, 6, 12, 24, 48, 60], abs=1.5)


async def test_connecting_takes_long(worn: Scene) -> None:
    """A connection may take as long as a proxy waits for it."""
    worn.proxy.dial_timeout = 20
    worn.strap.connect_delay = 15
    worn.strap.drop()
    await worn.measures_within(15 + SOON)
    assert worn.proxy.connects == 2


async def test_everything_takes_long(worn: Scene) -> None:
    """Values come also from a monitor that takes its time to tell what it is."""
    worn.strap.gatt_delay = 3
    worn.strap.drop()
    await worn.measures_within(SOON + 10)
    await never(60, lambda: not worn.is_connected)


async def test_monitor_that_does_not_answer(worn: Scene) -> None:
    """A monitor that takes a call, and then answers nothing, holds no slot for long."""
    worn.strap.gatt_delay = 1000
    worn.strap.drop()
    await within(SOON, lambda: worn.strap.links)
    await within(
        SILENT_AFTER + DISCONNECT_TIMEOUT + 1, lambda: worn.proxy.allocated == []
    )
    worn.strap.gatt_delay = 0
    await worn.measures_within(MIN_BACKOFF * 2 + SETTLES)


async def test_adapter_that_does_not_answer(
    worn: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adapter that never answers holds no slot for long: not all give up by themselves."""

    async def wait(*_: object, **__: object) -> None:
        await asyncio.sleep(1000)

    with monkeypatch.context() as stuck:
        stuck.setattr(Link, "subscribe", wait)
        worn.strap.drop()
        await within(SOON, lambda: worn.strap.links)
        await within(SILENT_AFTER + 1, lambda: worn.proxy.allocated == [])
    await worn.measures_within(MIN_BACKOFF * 2 + SETTLES)


async def test_monitor_that_tells_nothing_of_itself(worn: Scene) -> None:
    """A monitor that answers no more once it measures is one that measures."""
    await is_reading(worn)
    await never(DETAILS_TIMEOUT + SILENT_AFTER, lambda: worn.proxy.connects > 2)
    assert worn.shown == worn.measured


async def test_monitor_that_falls_silent_while_it_tells_of_itself(worn: Scene) -> None:
    """Whoever asks slow questions notices all the same that nothing is measured."""
    await is_reading(worn)
    worn.strap.gatt_delay = 20
    worn.strap.muted = True
    # A bike was asked for another kind of measurements before
    answers = ANOTHER_TIMEOUT + max(DETAILS_TIMEOUT, SILENT_AFTER)
    await within(answers + SETTLES, lambda: not worn.proxy.allocated)


async def test_another_device_has_it(worn: Scene) -> None:
    """A monitor that says nothing because another device has it is left alone."""
    worn.strap.foreign_links = 1
    worn.strap.drop()
    await never(300, lambda: worn.proxy.connects > 1 or worn.troubles)
    worn.strap.foreign_links = 0
    await worn.measures_within(SETTLES)


async def test_another_device_has_it_and_it_is_heard(worn: Scene) -> None:
    """A monitor that another device has is something to tell, where it can be heard."""
    worn.strap.foreign_links = 1
    worn.strap.advertises_while_connected = True
    worn.strap.drop()
    await within(PATIENCE[Trouble.REFUSED] * 2.5, lambda: worn.troubles)
    assert worn.troubles == {Trouble.REFUSED}
    worn.strap.foreign_links = 0
    await worn.measures_within(MAX_BACKOFF + SETTLES)
    assert not worn.troubles


async def test_monitor_of_several_devices(worn: Scene) -> None:
    """A monitor that takes several links has one with Home Assistant, and no more."""
    worn.strap.max_links = 2
    worn.strap.advertises_while_connected = True
    worn.strap.foreign_links = 1
    await never(120, lambda: worn.proxy.allocated != [ADDRESS])
    assert worn.proxy.connects == 1


async def test_pairing(worn: Scene) -> None:
    """A monitor that wants to be paired is."""
    worn.strap.needs_pairing = True
    worn.strap.drop()
    await worn.measures_within(SOON)
    assert worn.strap.paired
    assert not worn.troubles
    assert worn.proxy.connects == 2


async def test_pairing_fails(worn: Scene) -> None:
    """A monitor that cannot be paired with holds no slot, and a person is told at once."""
    worn.strap.needs_pairing = True
    worn.strap.pairs = False
    worn.strap.drop()
    await within(SOON, lambda: worn.troubles == {Trouble.PAIRING_NEEDED})
    await never(MAX_BACKOFF - 5, lambda: worn.proxy.allocated)
    assert worn.proxy.connects == 2
    worn.strap.pairs = True
    await worn.measures_within(MAX_BACKOFF + SETTLES)
    assert not worn.troubles


async def test_pairing_is_needed_no_more(worn: Scene) -> None:
    """A monitor that cannot be paired with, and no longer wants to be, measures again."""
    worn.strap.needs_pairing = True
    worn.strap.pairs = False
    worn.strap.drop()
    await within(SOON, lambda: worn.troubles == {Trouble.PAIRING_NEEDED})
    worn.strap.needs_pairing = False
    await worn.measures_within(MAX_BACKOFF + SETTLES)
    assert not worn.troubles


async def test_pairing_takes_for_ever(
    worn: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A monitor that waits for somebody to confirm that it is paired cannot be paired with."""
    monkeypatch.setattr(Central, "_pair", lambda *_: None)
    worn.strap.needs_pairing = True
    worn.strap.drop()
    await within(SOON + PAIRING_TIMEOUT, lambda: worn.troubles)
    assert worn.troubles == {Trouble.PAIRING_NEEDED}
    assert worn.proxy.allocated == []


async def test_nothing_well_formed(worn: Scene) -> None:
    """Who says nothing that can be understood says nothing."""
    worn.strap.send(*[MALFORMED] * 32)
    await within(STALE_AFTER + 1, lambda: worn.shown is None)
    await within(SILENT_AFTER, lambda: worn.proxy.allocated == [])
    await worn.measures_within(SOON + 5)


async def test_malformed_among_others(worn: Scene) -> None:
    """What cannot be understood does not change what was."""
    for _ in range(30):
        worn.strap.send(MALFORMED, b"", MALFORMED[:1])
        await never(4, lambda: worn.shown != worn.measured)
    assert worn.proxy.connects == 1


async def test_attributes_have_moved(worn: Scene) -> None:
    """A monitor with another firmware has its attributes elsewhere than it had them."""
    services = worn.strap.services

    def moved() -> Sequence[Service]:
        values = [Characteristic(uuid=0x2A05, read=lambda: b"\x00") for _ in range(9)]
        return [Service(0x1801, values), *services()]

    worn.strap.services = moved  # type: ignore[method-assign] # as another firmware would
    worn.strap.drop()
    await worn.measures_within(SILENT_AFTER + SOON + 2 * MIN_BACKOFF + SETTLES)


async def test_two_batteries(worn: Scene) -> None:
    """A monitor that has something twice, such as earbuds, is as good as another."""
    services = worn.strap.services

    def doubled() -> Sequence[Service]:
        level = Characteristic(uuid=0x2A19, read=lambda: b"\x07", notifies=True)
        return [*services(), Service(0x180F, [level])]

    worn.strap.services = doubled  # type: ignore[method-assign] # as earbuds would
    forget_attributes(worn)
    worn.strap.drop()
    await worn.measures_within(SOON)
    worn.strap.set_battery(33)
    await within(1, lambda: worn.state("sensor.battery") == "33")
    assert worn.proxy.connects == 2


def forget_attributes(scene: Scene) -> None:
    """Have a monitor asked what it has when it is connected the next time."""
    esphome = scene.hass.config_entries.async_loaded_entries("esphome")[0]
    esphome.runtime_data.bluetooth_device.cache.clear_gatt_services_cache(
        int(ADDRESS.replace(":", ""), 16)
    )


async def test_no_measurements(worn: Scene) -> None:
    """What has no heart-rate measurements is no reason to fail, and may have some later."""
    services = worn.strap.services
    worn.strap.services = lambda: [  # type: ignore[method-assign] # as another firmware would
        service for service in services() if service.uuid not in worn.strap.speaks
    ]
    await worn.hass.config_entries.async_unload(worn.entry.entry_id)
    forget_attributes(worn)
    await worn.hass.config_entries.async_setup(worn.entry.entry_id)
    await within(600, lambda: worn.troubles == {Trouble.SILENT})
    assert worn.proxy.allocated == []
    worn.strap.services = services  # type: ignore[method-assign]
    await worn.measures_within(MAX_SILENT_BACKOFF + SETTLES)


async def test_what_comes_late(worn: Scene) -> None:
    """What comes over a link that is over, or of its end, changes nothing."""
    connection = worn.connection
    late = connection.link
    assert late
    worn.strap.drop()
    await worn.measures_within(SOON)
    measurements = worn.coordinator.data.measurements
    profile = PROFILES[KINDS[worn.kind][1]]
    (_, data), *_ = worn.strap.measure()
    connection._have_packet(late, next(iter(profile.decoders)), bytearray(data))
    assert worn.coordinator.data.measurements == measurements
    late.ended.set()
    await late.close()
    await never(20, lambda: worn.shown != worn.measured)


async def test_call_that_succeeds_after_all(scene: Scene) -> None:
    """A link that was lost while it was made is another one than that made after it."""
    scene.strap.gatt_delay = 1
    scene.strap.power_on()
    await within(SETTLES, lambda: scene.strap.links)
    scene.strap.drop(Reason.REMOTE_USER)
    scene.strap.gatt_delay = 0
    await scene.measures_within(SOON)
    connects = scene.proxy.connects
    await never(60, lambda: scene.proxy.connects > connects)


async def test_only_heard_by_what_cannot_connect(worn: Scene) -> None:
    """Who hears a monitor, and cannot connect to it, is no reason to call."""
    worn.strap.power_off()
    await asyncio.sleep(SOON)
    worn.coordinator._have_advertisement(heard(connectable=False))
    await never(30, lambda: worn.proxy.connects > 1)
    worn.coordinator._have_advertisement(heard())
    await within(1, lambda: worn.proxy.connects > 1)


async def test_burst(worn: Scene) -> None:
    """A thousand measurements at once are a thousand measurements."""
    before = worn.coordinator.data.measurements
    worn.strap.burst(1000)
    await within(1, lambda: worn.coordinator.data.measurements >= before + 1000)
    assert worn.shown == worn.measured
    assert worn.proxy.connects == 1
