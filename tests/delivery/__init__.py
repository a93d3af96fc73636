"""Tests of the way from the outbox to a destination."""
