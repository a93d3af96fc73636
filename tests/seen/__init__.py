"""What issue 3 wants to be seen working: whole relays, on the strict stand-ins."""
