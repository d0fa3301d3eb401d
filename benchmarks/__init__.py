"""Figures, as ratios taken in one run. `python -m benchmarks` prints them and writes `benchmarks/results/`."""
