"""Addresses and names, as services take them."""

from hashlib import blake2s

from yarl import URL

from ..reading import Source
from .errors import DestinationError


def parse_url(value: str) -> URL:
    """Return the address of a server. Raises DestinationError when it is none."""
    url = parse_address(value)
    return url.origin().with_path(url.path.rstrip("/"))


def parse_address(value: str) -> URL:
    """Return an address that requests go to. Raises DestinationError when it is none."""
    try:
        url = URL(value.strip())
        host = url.host
    except ValueError as err:
        raise DestinationError("invalid_url") from err
    if (
        url.scheme not in ("http", "https")
        or not host
        or " " in host
        or url.user
        or url.password
    ):
        raise DestinationError("invalid_url")
    return url.with_fragment(None)


def tidy(text: str, max_length: int) -> str:
    """Return text that any service can take: cut, on one line, of characters only."""
    text = text.encode(errors="replace").decode()
    text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split())[:max_length].strip()


def device_name(source: Source, max_length: int = 100) -> str:
    """Return a name for a source's device that is stable, and that no other has.

    A service tells devices apart by their names. Two like devices have the same name at
    first, and the user may change both that of a device and that of an entity.
    """
    device = source.device
    mark = blake2s((device.id or source.id).encode(), digest_size=4).hexdigest()
    name = tidy(device.name, max_length - len(mark) - 1)
    return f"{name} {mark}" if name else mark
