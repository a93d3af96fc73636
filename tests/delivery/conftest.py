"""What the tests of the delivery share with those of the outbox."""

from ..outbox.conftest import clock, path

__all__ = ["clock", "path"]
