"""The air: every proxy hears every strap."""

from collections.abc import Iterable
from typing import Self

from .peripheral import Peripheral
from .proxy import Proxy


class World:
    """Straps, and proxies within their reach."""

    def __init__(
        self, straps: Iterable[Peripheral] = (), proxies: Iterable[Proxy] = ()
    ) -> None:
        """Initialize the world, in which nothing happens yet."""
        self.straps = list(straps)
        self.proxies = list(proxies)
        self._running = False
        for proxy in self.proxies:
            proxy.straps = self.straps

    async def __aenter__(self) -> Self:
        """Let it begin."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let it end."""
        await self.stop()

    async def start(self) -> None:
        """Let it begin."""
        self._running = True
        for proxy in self.proxies:
            await proxy.start()
        for strap in self.straps:
            strap.start(self._broadcast)

    async def stop(self) -> None:
        """Let it end."""
        self._running = False
        for strap in self.straps:
            strap.stop()
        for proxy in self.proxies:
            await proxy.stop()

    def add_strap[PeripheralT: Peripheral](self, strap: PeripheralT) -> PeripheralT:
        """Let there be another strap."""
        self.straps.append(strap)
        if self._running:
            strap.start(self._broadcast)
        return strap

    async def add_proxy(self, proxy: Proxy) -> Proxy:
        """Let there be another proxy."""
        self.proxies.append(proxy)
        proxy.straps = self.straps
        if self._running:
            await proxy.start()
        return proxy

    def _broadcast(self, strap: Peripheral) -> None:
        """Let all proxies hear a strap."""
        for proxy in self.proxies:
            proxy.hear(strap)
