"""Benchmarks: this project beside its peers, measured in one run. ``make bench`` prints the table."""
