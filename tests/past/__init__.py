"""Tests of what comes out of the recorder."""
