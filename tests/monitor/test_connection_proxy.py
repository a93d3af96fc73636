"""The connection to a monitor, and what may go wrong with a proxy, one thing at a time."""

import asyncio

import pytest

from custom_components.heart_rate_relay.monitor.connection import (
    ABSENT_AFTER,
    DOUBTFUL_ATTEMPTS,
    DOUBTFUL_TIMEOUT,
    HANG_UP_TIME,
    RELEASE_INTERVAL,
    SILENT_AFTER,
)
from custom_components.heart_rate_relay.monitor.link import (
    CONNECT_TIMEOUT,
    DISCONNECT_TIMEOUT,
)
from custom_components.heart_rate_relay.monitor.measuring import STALE_AFTER
from custom_components.heart_rate_relay.monitor.trouble import (
    MIN_BACKOFF,
    PATIENCE,
    Trouble,
)
from dev.virtual_proxy.central import Central

from .common import ADDRESS, add_proxy, in_use
from .faults import SETTLES, SOON, Scene, never, within

TAKES_OVER = (
    SILENT_AFTER
    + DISCONNECT_TIMEOUT
    + MIN_BACKOFF
    + DOUBTFUL_ATTEMPTS * (DOUBTFUL_TIMEOUT + HANG_UP_TIME)
    + SETTLES
)
"""Seconds until another proxy takes over from one that hangs."""


async def test_number_of_slots_tells_of_lost_disconnect(worn: Scene) -> None:
    """A proxy that says how many slots are free says enough."""
    worn.strap.lose_disconnect()
    await worn.measures_within(SOON)


@pytest.mark.parametrize("down", [1, 30])
async def test_proxy_reboots(worn: Scene, down: float) -> None:
    """A proxy without power takes all links with it, and is used again when it is back."""
    await worn.proxy.reboot(down)
    assert not worn.is_connected
    # Home Assistant connects to it again when it likes
    await within(70, lambda: in_use(worn.hass, worn.proxy))
    await worn.measures_within(SOON)


async def test_proxy_hangs_for_a_moment(worn: Scene) -> None:
    """What is over before a connection is given up changes nothing."""
    worn.proxy.frozen = True
    await within(STALE_AFTER + 1, lambda: worn.shown is None)
    await asyncio.sleep(10)
    worn.proxy.frozen = False
    await worn.measures_within(1.5)
    assert worn.proxy.connects == 1


@pytest.mark.parametrize("seconds", [36, 60, 110, 200, 400])
async def test_proxy_hangs(worn: Scene, seconds: float) -> None:
    """What was to be ended while a proxy hung is ended when it no longer does."""
    links = worn.strap.links.copy()
    worn.proxy.frozen = True
    await asyncio.sleep(seconds)
    assert (worn.shown, worn.is_connected) == (None, False)
    worn.proxy.frozen = False
    await within(1, lambda: worn.strap.links != links)
    await within(70, lambda: in_use(worn.hass, worn.proxy))
    await worn.measures_within(SOON)
    assert worn.proxy.allocated == [ADDRESS]


@pytest.mark.parametrize("dies", [True, False])
@pytest.mark.parametrize("rssi_offset", [-20, 10])
async def test_another_proxy_takes_over(
    worn: Scene, dies: bool, rssi_offset: int
) -> None:
    """Where a proxy is no longer of use, another one near is, be it worse or better."""
    other = await add_proxy(
        worn.hass,
        worn.air,
        name="other",
        mac="24:0A:C4:00:00:20",
        rssi_offset=rssi_offset,
    )
    if dies:
        await worn.proxy.stop()
        await worn.measures_within(SOON)
    else:
        worn.proxy.frozen = True
        # It is as if the monitor could not be heard any more: it has its link still
        worn.strap.drop()
        await worn.measures_within(TAKES_OVER)
    assert other.allocated == [ADDRESS]
    assert len(worn.strap.links) == 1
    worn.proxy.frozen = False


async def test_monitor_is_in_another_room(worn: Scene) -> None:
    """A monitor that was near a proxy once is soon reached by the one that it is near now."""
    other = await add_proxy(
        worn.hass, worn.air, name="other", mac="24:0A:C4:00:00:20", rssi_offset=-20
    )
    worn.proxy.straps = ()
    worn.proxy.dial_timeout = CONNECT_TIMEOUT
    worn.strap.drop()
    await worn.measures_within(
        MIN_BACKOFF + DOUBTFUL_ATTEMPTS * (DOUBTFUL_TIMEOUT + HANG_UP_TIME) + SETTLES
    )
    assert (other.allocated, worn.proxy.allocated) == ([ADDRESS], [])


async def test_monitor_is_gone_from_all_rooms(worn: Scene) -> None:
    """A monitor that is off when it is called holds a slot once, and not for long."""
    await add_proxy(
        worn.hass, worn.air, name="other", mac="24:0A:C4:00:00:20", rssi_offset=-20
    )
    worn.proxy.advertises = False
    for proxy in worn.air.proxies:
        proxy.dial_timeout = CONNECT_TIMEOUT
    worn.strap.connect_delay = CONNECT_TIMEOUT
    worn.strap.drop()
    await within(SOON, lambda: worn.proxy.allocated)
    worn.strap.power_off()
    await within(
        DOUBTFUL_TIMEOUT + 1,
        lambda: not any(proxy.allocated for proxy in worn.air.proxies),
    )
    await never(60, lambda: any(proxy.allocated for proxy in worn.air.proxies))


async def test_slots_are_full(worn: Scene) -> None:
    """Where no slot is free, none is asked for, and a person is told after a while."""
    worn.proxy.occupied = 2
    worn.strap.drop()
    worn.proxy.occupied = 3
    patience = PATIENCE[Trouble.SLOTS_FULL]
    await never(patience, lambda: worn.troubles or worn.proxy.connects > 1)
    await within(2 * SOON, lambda: worn.troubles == {Trouble.SLOTS_FULL})
    await never(120, lambda: worn.proxy.connects > 1)
    worn.proxy.occupied = 0
    await worn.measures_within(SOON)
    assert not worn.troubles


async def test_no_trouble_is_told_of_a_monitor_that_has_gone(worn: Scene) -> None:
    """A monitor that is away is not one that cannot be connected to."""
    worn.proxy.occupied = 3
    worn.strap.drop()
    await within(60, lambda: worn.troubles)
    worn.strap.power_off()
    await within(ABSENT_AFTER + 20, lambda: not worn.troubles)


async def test_slots_are_no_trouble_of_a_silent_monitor(worn: Scene) -> None:
    """Where there is a connection there was a slot, though nothing comes over it."""
    worn.strap.muted = True
    worn.strap.drop()
    worn.proxy.occupied = 3
    await within(60, lambda: worn.troubles)
    worn.proxy.occupied = 0
    await within(SOON, lambda: worn.is_connected)
    assert not worn.troubles


@pytest.mark.parametrize("reloads", [0, 1, 2])
async def test_proxy_does_not_hear_that_it_should_hang_up(
    worn: Scene, monkeypatch: pytest.MonkeyPatch, reloads: int
) -> None:
    """A link that nobody uses is ended, however often that has to be said."""
    worn.strap.muted = True
    with monkeypatch.context() as deaf:
        deaf.setattr(Central, "_disconnect", lambda *_: None)
        await within(SILENT_AFTER + 1, lambda: not worn.is_connected)
        await asyncio.sleep(60)
        for _ in range(reloads):
            assert await worn.hass.config_entries.async_reload(worn.entry.entry_id)
    # It cannot be heard now
    assert worn.proxy.allocated == [ADDRESS]
    worn.strap.muted = False
    await worn.measures_within(RELEASE_INTERVAL + DISCONNECT_TIMEOUT + SOON)
    assert worn.proxy.connects == 2
