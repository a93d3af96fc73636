"""What may go wrong with a monitor on BlueZ, and how to bring it about."""

from . import adapters, company, pairing, strap

__all__ = ["adapters", "company", "pairing", "strap"]
