"""What a destination is, too, that is served from here, to whoever has its address."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Any, ClassVar

from aiohttp import web

CONF_SECRET = "secret"
"""Where the secret is kept."""

SECRET_BYTES = 24
"""Of chance in an address: 192 bits, where 128 are beyond anybody's guessing."""


class Hosted(ABC):
    """A destination with an address of its own, which holds a secret.

    Whoever has the address may see what goes there, without a login. There is nothing to
    sign in to, so that only the address says who may.
    """

    aliases: ClassVar[Mapping[str, str]] = {}
    """Where clients of others look for parts of it, with the secret as their access token."""

    @property
    def digest(self) -> bytes:
        """What a secret is compared by, so that no comparison tells anything about it."""
        return self._digest

    @property
    @abstractmethod
    def path(self) -> str:
        """The address, from the secret on."""

    @property
    @abstractmethod
    def preview(self) -> str:
        """Where it can be seen how that may look, from the secret on."""

    def replace_secret(self) -> str:
        """Be at another address from now on, and return its secret.

        Whoever watches by the old one does so no more.
        """
        secret = new_secret()
        self._set_secret(secret)
        self.close(for_good=True)
        return secret

    def _set_secret(self, secret: str) -> None:
        """Be at the address with this secret."""
        self._secret = secret
        self._digest = _digest_of(secret)

    @abstractmethod
    def set_live(self, is_live: bool) -> None:
        """Take note of whether a heart rate is measured now, and wanted to be seen."""

    @abstractmethod
    async def answer(self, request: web.Request, part: str) -> web.StreamResponse:
        """Answer whoever has the address and asks for a part of what is there.

        Raises HTTPException, such as HTTPNotFound.
        """

    @abstractmethod
    def close(self, *, for_good: bool = False) -> None:
        """Let whoever watches go, to come again unless it is for good."""

    @abstractmethod
    def stop(self) -> None:
        """Do so, and forget what was to be seen."""


def new_secret() -> str:
    """Return a secret that nobody can guess, fit for an address."""
    return token_urlsafe(SECRET_BYTES)


def with_secret(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a form gave with a secret, that which is in it if there is one."""
    return {CONF_SECRET: new_secret(), **config}


def find(hosts: Iterable[Hosted], secret: str) -> Hosted | None:
    """Return which of some has a secret, None where none does.

    It takes as long for one that is nearly right as for any other.
    """
    digest, found = _digest_of(secret), None
    for host in hosts:
        if compare_digest(host.digest, digest):
            found = host
    return found


def _digest_of(secret: str) -> bytes:
    return sha256(secret.encode(errors="replace")).digest()
