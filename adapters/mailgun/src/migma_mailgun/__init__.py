"""Mailgun: a shared content with each recipient's own variables, or one finished mail."""

from __future__ import annotations

from .body import encode
from .codec import BASE_URL, EU_URL, MailgunCodec
from .connect import Mailgun, MailgunSettings
from .limits import CAPABILITIES, CannotCarry

__all__ = [
    "BASE_URL",
    "CAPABILITIES",
    "EU_URL",
    "CannotCarry",
    "Mailgun",
    "MailgunCodec",
    "MailgunSettings",
    "encode",
]
