"""livetracking.io, software for a server of one's own that shows athletes live.

Source: https://livetracking.io, "Writing data"
"""

from .user import FIELDS, LiveTracking

__all__ = ["FIELDS", "LiveTracking"]
