"""Tests of the flows: adding a relay, signing in again, changing its options."""

import pytest

# What it asserts is to be told as in the tests themselves
pytest.register_assert_rewrite(f"{__name__}.common")
