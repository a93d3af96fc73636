"""ESPHome Bluetooth proxies that need no radio, and monitors of all kinds in their reach."""

from .cycling import Bike, IndoorBike
from .health import Scale, Thermometer
from .machine import Rower, Treadmill
from .oximeter import Oximeter
from .peripheral import Peripheral, Sent
from .proxy import Proxy
from .pulse import Pulse, walking
from .running import Pod
from .strap import Strap
from .world import World

__all__ = [
    "Bike",
    "IndoorBike",
    "Oximeter",
    "Peripheral",
    "Pod",
    "Proxy",
    "Pulse",
    "Rower",
    "Scale",
    "Sent",
    "Strap",
    "Thermometer",
    "Treadmill",
    "World",
    "walking",
]
