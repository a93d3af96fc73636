"""Tests of what a developer tries the integration with."""
