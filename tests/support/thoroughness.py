"""How much is tried: a selection by default, everything where HYPOTHESIS_PROFILE says thorough."""

from __future__ import annotations

import os
from typing import Final

__all__ = ["THOROUGH"]

THOROUGH: Final = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
"""Whether this run has hours rather than seconds."""
