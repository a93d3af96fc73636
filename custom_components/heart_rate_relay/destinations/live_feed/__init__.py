"""A live feed: the present on a page and to programs, from Home Assistant's own web server."""

from .feed import DEFAULT_LOOK, LOOKS, LiveFeed

__all__ = ["DEFAULT_LOOK", "LOOKS", "LiveFeed"]
