"""The tests of the way from entities to the service."""
