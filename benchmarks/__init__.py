"""Measurements, never tests: `python -m benchmarks` prints ratios taken in one run."""
