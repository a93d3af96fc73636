"""Tests of what is not trivial in the benchmarks."""
