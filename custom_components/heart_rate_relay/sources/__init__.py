"""Entities become readings."""
