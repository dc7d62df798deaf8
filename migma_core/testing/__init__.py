"""The kit for testing what you build on the core (extra ``testing``): the only wing that may import Hypothesis."""

from . import strategies

__all__ = ["strategies"]
