"""The virtual proxy and its straps, as a client of ESPHome's API sees them."""

import asyncio
from collections.abc import AsyncIterator

from aioesphomeapi.core import BluetoothGATTAPIError, TimeoutAPIError
from aioesphomeapi.model import BluetoothProxyFeature
import pytest

from dev.virtual_proxy import Proxy, Strap, World, walking
from tests.common import until

from .proxy_client import ADDRESS, NUMBER, Client


@pytest.fixture
def strap() -> Strap:
    """Return a strap that is quick."""
    return Strap("Strap", ADDRESS, rate=100, connect_delay=0, advertising_interval=0.05)


@pytest.fixture
def proxy() -> Proxy:
    """Return a proxy that soon gives up."""
    return Proxy(dial_timeout=0.2)


@pytest.fixture
async def world(
    socket_enabled: None, strap: Strap, proxy: Proxy
) -> AsyncIterator[World]:
    """Return a world with a strap and a proxy."""
    async with World([strap], [proxy]) as world:
        yield world


@pytest.fixture
async def client(world: World, proxy: Proxy) -> AsyncIterator[Client]:
    """Return a client of the proxy."""
    client = Client(proxy)
    await client.start()
    yield client
    await client.api.disconnect(force=True)


async def test_proxy_is_active(client: Client, proxy: Proxy) -> None:
    """The proxy says that it can do all that Home Assistant needs."""
    info = await client.api.device_info()
    assert (info.name, info.mac_address) == ("proxy", "24:0A:C4:00:00:10")
    assert info.bluetooth_mac_address == proxy.bluetooth_mac == "24:0A:C4:00:00:12"
    flags = BluetoothProxyFeature(info.bluetooth_proxy_feature_flags)
    assert BluetoothProxyFeature.ACTIVE_CONNECTIONS in flags
    assert BluetoothProxyFeature.RAW_ADVERTISEMENTS in flags


async def test_advertisements(client: Client, strap: Strap, proxy: Proxy) -> None:
    """Advertisements arrive, until the strap is off, and at once when it is on again."""
    strap.random_address = True
    proxy.rssi_offset = -8
    await until(lambda: client.advertisements)
    strap.power_off()
    await asyncio.sleep(0.1)
    client.advertisements.clear()
    await asyncio.sleep(0.1)
    assert not client.advertisements
    strap.advertising_interval = 60
    await asyncio.sleep(0.05)
    strap.power_on()
    await until(lambda: client.advertisements, timeout=1)
    (found,) = client.advertisements
    assert (found.address, found.rssi, found.address_type) == (NUMBER, -68, 1)
    assert found.data == strap.advertisement()
    proxy.advertises = False
    strap.power_on()
    await asyncio.sleep(0.1)
    assert len(client.advertisements) == 1


async def test_only_one_client_gets_advertisements(
    client: Client, strap: Strap, proxy: Proxy
) -> None:
    """Another client may connect, and hears nothing until the first is gone."""
    await until(lambda: client.advertisements)
    other = Client(proxy)
    await other.start()
    await asyncio.sleep(0.1)
    assert not other.advertisements
    assert other.slots == [(3, 3, [])]
    await client.api.disconnect()
    other.listen()
    await until(lambda: other.advertisements)
    await other.api.disconnect()


async def test_measurements_arrive(client: Client, strap: Strap) -> None:
    """Notifications arrive as they were sent, and each is remembered."""
    told: list[bytes] = []
    strap.on_sent = lambda sent: told.append(sent.data)
    strap.heart_rate = walking()
    await client.subscribe()
    await until(lambda: len(client.notified) >= 5)
    strap.muted = True
    strap.send(b"", b"\x06")
    strap.burst(3)
    await until(lambda: client.notified[-2:-1] == [b"\x06"])
    assert client.notified == [sent.data for sent in strap.sent] == told
    assert client.notified[-3] == b""
    assert [sent.value for sent in strap.sent[-3:-1]] == [None, None]
    assert all(sent.data[1] == sent.value for sent in strap.sent if sent.value)
    await asyncio.sleep(0.05)
    assert len(strap.sent) == len(client.notified)


async def test_connected_strap_is_not_heard(
    client: Client, strap: Strap, proxy: Proxy
) -> None:
    """A strap stops to advertise while somebody has it, and says so at once after that."""
    await client.subscribe()
    assert [link.address for link in proxy.links] == proxy.allocated == [ADDRESS]
    await asyncio.sleep(0.1)
    client.advertisements.clear()
    await asyncio.sleep(0.2)
    assert not client.advertisements
    strap.advertises_while_connected = True
    await until(lambda: client.advertisements)
    strap.advertises_while_connected = False
    strap.advertising_interval = 60
    await asyncio.sleep(0.1)
    client.advertisements.clear()
    await client.api.bluetooth_device_disconnect(NUMBER)
    await until(lambda: client.advertisements, timeout=1)
    assert (proxy.connects, proxy.disconnects) == (1, 1)
    assert not strap.links
    assert client.slots == [
        (3, 3, []),
        (2, 3, [NUMBER]),
        (2, 3, [NUMBER]),
        (3, 3, []),
    ]


async def test_values_are_read(client: Client, strap: Strap) -> None:
    """Everything that a strap offers can be read, and only that."""
    strap.serial = None
    assert await client.connect()
    await client.discover()
    assert await client.read(0x2A00) == b"Strap"
    assert await client.read(0x2A38) == b"\x01"
    assert await client.read(0x2A19) == bytes((80,))
    assert await client.read(0x2A29) == b"Invented Straps"
    assert 0x2A25 not in client.handles
    with pytest.raises(BluetoothGATTAPIError) as caught:
        await client.read(0x2A37)
    assert caught.value.error.error == 0x02
    strap.drop()
    await until(lambda: not client.states[-1][0])
    with pytest.raises(BluetoothGATTAPIError) as caught:
        await client.read(0x2A19)
    assert caught.value.error.error == -1


async def test_subscription_is_the_business_of_both(
    client: Client, strap: Strap
) -> None:
    """Notifications arrive while the strap sends them, and the proxy forwards them."""

    async def sends() -> bool:
        count = len(strap.sent)
        await asyncio.sleep(0.05)
        return len(strap.sent) > count

    await client.subscribe()
    assert await sends()
    for enabled in (False, True):
        await client.enable(enabled=enabled)
        assert await sends() == enabled
    client.api.bluetooth_gatt_stop_notify(NUMBER, client.handles[0x2A37])
    await client.read(0x2A00)
    assert not await sends()


async def test_battery_notifies(client: Client, strap: Strap) -> None:
    """The battery's level is told when it changes."""
    await client.subscribe(0x2A19)
    strap.set_battery(79)
    await until(lambda: client.notified)
    assert client.notified == [bytes((79,))]


async def test_energy_is_reset(client: Client, strap: Strap) -> None:
    """The energy is reset where it is counted, and refused where it is not."""
    strap.energy = 500
    assert await client.connect()
    await client.discover()
    await client.write(0x2A39, b"\x01")
    assert (strap.energy, strap.energy_resets) == (0, 1)
    strap.energy = None
    for data in (b"\x01", b"\x02"):
        with pytest.raises(BluetoothGATTAPIError) as caught:
            await client.write(0x2A39, data)
        assert caught.value.error.error == 0x80
    assert strap.energy_resets == 1


async def test_pairing(client: Client, strap: Strap) -> None:
    """A strap that wants to be paired refuses a subscription before, if not for ever."""
    strap.needs_pairing = True
    strap.pairs = False
    with pytest.raises(BluetoothGATTAPIError) as caught:
        await client.subscribe()
    assert caught.value.error.error == 0x05
    assert not (await client.api.bluetooth_device_pair(NUMBER)).paired
    strap.pairs = True
    assert (await client.api.bluetooth_device_pair(NUMBER)).paired
    await client.enable()
    await until(lambda: client.notified)


async def test_link_is_lost(client: Client, strap: Strap, proxy: Proxy) -> None:
    """The client hears of a link that is lost, with the reason."""
    await client.subscribe()
    strap.drop()
    await until(lambda: client.states[-1] == (False, 0x08))
    assert not proxy.links
    assert await client.connect()


@pytest.mark.parametrize("slots_tell", [True, False])
async def test_disconnect_is_lost(
    client: Client, strap: Strap, proxy: Proxy, slots_tell: bool
) -> None:
    """At most the number of slots tells that a link is over."""
    await client.subscribe()
    await until(lambda: client.slots[-1][0] == 2)
    strap.lose_disconnect(slots_tell=slots_tell)
    # What was on its way by then may arrive
    await asyncio.sleep(0.1)
    count = len(client.notified)
    await asyncio.sleep(0.1)
    assert client.states == [(True, 0)]
    assert len(client.notified) == count
    assert client.slots[-1][0] == (3 if slots_tell else 2)
    assert not (strap.links or proxy.links)


async def test_slots(client: Client, strap: Strap, proxy: Proxy) -> None:
    """Who has no slot for a strap says so at once."""
    proxy.occupied = 3
    await until(lambda: client.slots[-1][0] == 0)
    assert not await client.connect()
    assert client.states == [(False, 0x100)]
    assert not proxy.allocated[3:]
    proxy.occupied = 2
    assert await client.connect()
    assert proxy.connects == 2


async def test_absent_strap_holds_a_slot(
    client: Client, strap: Strap, proxy: Proxy
) -> None:
    """A strap that is off is dialled for a while, and found if it comes back."""
    strap.power_off()
    dialling = asyncio.create_task(client.connect())
    await until(lambda: client.slots[-1] == (2, 3, [NUMBER]))
    assert not await dialling
    assert client.states == [(False, 0x100)]
    await until(lambda: client.slots[-1] == (3, 3, []))
    proxy.dial_timeout = 5
    dialling = asyncio.create_task(client.connect())
    await until(lambda: proxy.allocated)
    strap.power_on()
    assert await dialling


async def test_dialling_is_given_up(client: Client, strap: Strap, proxy: Proxy) -> None:
    """A client that waits no longer gets the slot back."""
    proxy.dial_timeout = 5
    strap.connect_delay = 5
    with pytest.raises(TimeoutAPIError):
        await client.connect(timeout=0.05)
    assert (proxy.allocated, proxy.disconnects) == ([], 1)
    assert not strap.links


async def test_refusals(client: Client, strap: Strap) -> None:
    """A strap may refuse by itself, or because somebody else has it."""
    strap.refuse = 0x85
    assert not await client.connect()
    strap.refuse = 0
    strap.foreign_links = 1
    strap.advertises_while_connected = True
    assert not await client.connect()
    strap.advertises_while_connected = False
    assert not await client.connect()
    strap.foreign_links = 0
    assert await client.connect()
    errors = [error for _, error in client.states]
    assert errors == [0x85, 0x3E, 0x100, 0]


async def test_slow_answers(client: Client, strap: Strap) -> None:
    """Answers take as long as they shall, and never come when the link is gone."""
    assert await client.connect()
    await client.discover()
    strap.gatt_delay = 0.1
    reading = asyncio.create_task(client.read(0x2A00))
    await asyncio.sleep(0.05)
    assert not reading.done()
    assert await reading == b"Strap"
    reading = asyncio.create_task(client.read(0x2A00))
    await asyncio.sleep(0.02)
    strap.drop()
    with pytest.raises(Exception, match="changed connection status"):
        await reading


async def test_rotation(client: Client, strap: Strap, proxy: Proxy) -> None:
    """A strap comes back under another random static address."""
    assert await client.connect()
    address = strap.rotate()
    number = int(address.replace(":", ""), 16)
    assert number >> 46 == 0b11
    assert strap.random_address
    await until(lambda: client.states[-1] == (False, 0x13))
    await until(lambda: client.advertisements)
    assert client.advertisements[-1].address == number
    assert not await client.connect()
    assert await client.connect(number)
    assert strap.rotate("C0:00:00:00:00:01") == strap.address == "C0:00:00:00:00:01"


async def test_frozen_proxy(client: Client, proxy: Proxy) -> None:
    """A frozen proxy says nothing, and goes on with what it was sent when it thaws."""
    await client.subscribe()
    proxy.frozen = True
    await asyncio.sleep(0.02)
    count = len(client.notified)
    reading = asyncio.create_task(client.read(0x2A00))
    other = Client(proxy)
    joining = asyncio.create_task(other.start())
    await asyncio.sleep(0.1)
    assert not (reading.done() or joining.done() or client.gone.is_set())
    assert len(client.notified) == count
    proxy.frozen = False
    assert await reading == b"Strap"
    await until(lambda: len(client.notified) > count)
    await joining
    await other.api.disconnect()


async def test_reboot(client: Client, strap: Strap, proxy: Proxy) -> None:
    """A reboot ends every link, and the proxy comes back where it was."""
    await client.subscribe()
    proxy.occupied = 1
    port = proxy.port
    rebooting = asyncio.create_task(proxy.reboot(0.1))
    await asyncio.wait_for(client.gone.wait(), 5)
    await until(lambda: not strap.links)
    assert not proxy.running
    await rebooting
    assert (proxy.port, proxy.allocated) == (port, [])
    other = Client(proxy)
    await other.start()
    assert await other.connect()
    await other.api.disconnect()


async def test_link_ends_with_the_client(
    client: Client, strap: Strap, proxy: Proxy
) -> None:
    """A proxy drops its links when its client goes away."""
    await client.subscribe()
    await client.api.disconnect(force=True)
    await until(lambda: not strap.links)
    assert not proxy.allocated


async def test_two_links(client: Client, strap: Strap, world: World) -> None:
    """A strap that may have two links sends the same to both."""
    strap.max_links = 2
    strap.advertises_while_connected = True
    other = Client(await world.add_proxy(Proxy(mac="24:0A:C4:00:00:20")))
    await other.start()
    await client.subscribe()
    await other.subscribe()
    await until(lambda: len(other.notified) >= 3)
    strap.muted = True
    strap.burst(1)
    await until(lambda: other.notified[-1] == strap.sent[-1].data)
    await until(lambda: client.notified == [sent.data for sent in strap.sent])
    assert client.notified[-len(other.notified) :] == other.notified
    await other.api.disconnect()


async def test_strap_is_added(client: Client, world: World) -> None:
    """A strap may come later, and then it is heard."""
    world.add_strap(Strap("Other", "A0:9E:1A:00:00:02"))
    await until(lambda: any(one.address == NUMBER + 1 for one in client.advertisements))
