"""Open Wearables, a server of one's own for the health data of several people.

It answers a delivery before it looks at it: what it cannot import is lost without a word.
Source: https://openwearables.io/docs
"""

from .api_key import OpenWearables
from .invitation import OpenWearablesInvitation

__all__ = ["OpenWearables", "OpenWearablesInvitation"]
