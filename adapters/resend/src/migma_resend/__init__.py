"""Resend: a hundred finished mails in one request, each answered."""

from __future__ import annotations

from .body import encode
from .codec import BASE_URL, ResendCodec
from .connect import Resend, ResendSettings
from .limits import CAPABILITIES, CannotCarry

__all__ = ["BASE_URL", "CAPABILITIES", "CannotCarry", "Resend", "ResendCodec", "ResendSettings", "encode"]
