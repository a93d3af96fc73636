"""Tests of what becomes of entities."""
