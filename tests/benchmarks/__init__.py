"""Benchmarks: ratios measured side by side in one run, run by ``nox -s bench``."""
