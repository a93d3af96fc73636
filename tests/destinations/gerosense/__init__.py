"""Tests of Gerosense as a destination."""
