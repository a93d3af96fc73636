"""Monitors on a real BlueZ: adapters and straps made of software, in a kernel of their own.

The guest is Linux in user mode. In it run Debian's bluetoothd and a Home Assistant, whose
adapters are virtual controllers; the straps on the other side of the air are bumble's.
"""
