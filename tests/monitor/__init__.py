"""The tests of heart-rate monitors: what is in the air, and what becomes of it."""
