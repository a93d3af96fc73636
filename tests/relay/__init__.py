"""Tests of what a relay tells, and keeps beside its readings."""
