"""The kit for testing what you build on the core (extra ``testing``): the only wing that may import Hypothesis."""

from . import strategies
from .checker import check
from .review import assert_nobody_newly_mailable

__all__ = ["assert_nobody_newly_mailable", "check", "strategies"]
