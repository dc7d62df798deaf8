"""SendGrid: batches in the shape of its v3 mail/send call."""

from __future__ import annotations

from .body import encode
from .codec import BASE_URL, EU_URL, SendGridCodec
from .connect import SendGrid, SendGridSettings
from .limits import CAPABILITIES, CannotCarry

__all__ = [
    "BASE_URL",
    "CAPABILITIES",
    "EU_URL",
    "CannotCarry",
    "SendGrid",
    "SendGridCodec",
    "SendGridSettings",
    "encode",
]
