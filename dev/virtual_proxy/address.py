"""Bluetooth addresses, as text and as the number that the API has for them."""


def to_int(address: str) -> int:
    """Return an address as a number."""
    return int.from_bytes(bytes.fromhex(address.replace(":", "")))


def to_address(number: int) -> str:
    """Return a number as an address."""
    return number.to_bytes(6).hex(":").upper()
