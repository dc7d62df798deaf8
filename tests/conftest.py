"""Hypothesis profiles for all tests (choose one with HYPOTHESIS_PROFILE), and the PostgreSQL server of the run."""

from __future__ import annotations

import gc
import os

from hypothesis import HealthCheck, settings

from tests.support.postgresql import postgres_server, pytest_configure, pytest_unconfigure

__all__ = ["postgres_server", "pytest_collection_finish", "pytest_configure", "pytest_unconfigure"]

# Two busy cores make single examples slow now and then; a claim does not become false by that.
_CALM = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("default", max_examples=30, database=None, **_CALM)  # type: ignore[arg-type]  # one mapping for all
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=10_000)
settings.register_profile("faults", settings.get_profile("default"), max_examples=1_000)  # as many kills, full sizes
settings.register_profile("alone", settings.get_profile("ci"), max_examples=10)  # that the core works by itself
settings.register_profile("mutants", settings.get_profile("ci"), max_examples=25)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default"))


def pytest_collection_finish() -> None:
    """Look for garbage seldom, and not among what was imported: that was a tenth of the run."""
    gc.set_threshold(50_000, 20, 20)
    gc.collect()
    gc.freeze()
