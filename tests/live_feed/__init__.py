"""A live feed, from a sensor to whoever watches."""
