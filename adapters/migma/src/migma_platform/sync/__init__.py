"""Keeping in step with Migma: contacts, topics, opt-outs and domains, both ways (design D16)."""

from __future__ import annotations

from .join import Ours, Settlement, Theirs, settle
from .keeper import PlatformSync

__all__ = ["Ours", "PlatformSync", "Settlement", "Theirs", "settle"]
