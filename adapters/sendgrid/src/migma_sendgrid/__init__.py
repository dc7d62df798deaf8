"""SendGrid: batches in the shape of its v3 mail/send call."""

from __future__ import annotations

from .codec import encode
from .limits import CAPABILITIES, CannotCarry

__all__ = ["CAPABILITIES", "CannotCarry", "encode"]
