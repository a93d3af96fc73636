"""ESPHome Bluetooth proxies that need no radio, and heart-rate monitors in their reach."""

from .proxy import Proxy
from .pulse import Pulse, walking
from .strap import Sent, Strap
from .world import World

__all__ = ["Proxy", "Pulse", "Sent", "Strap", "World", "walking"]
