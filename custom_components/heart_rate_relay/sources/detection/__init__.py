"""Which entity is what, as far as its names and units tell."""
