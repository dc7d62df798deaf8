"""The local outbox: a provider that writes mail into a Maildir instead of sending it."""

from __future__ import annotations

from .outbox import CAPABILITIES, Outbox

__all__ = ["CAPABILITIES", "Outbox"]
