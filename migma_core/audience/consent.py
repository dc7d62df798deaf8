"""Consent: how well it can be shown that a person asked for marketing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Consent", "ConsentLevel"]


class ConsentLevel(StrEnum):
    """How far a consent can be proven (compliance O-01, O-03)."""

    PROVEN = "proven"
    """Confirmed by the person, with time, wording and means on record."""
    SOFT_OPT_IN = "soft_opt_in"
    """Obtained in a sale, under all conditions of ePrivacy Art. 13(2)."""
    UNPROVEN = "unproven"
    """Claimed by whoever added the contact."""
    NONE = "none"
    """Nobody claims it."""


@dataclass(frozen=True, slots=True)
class Consent:
    """
    Where a consent comes from. Events are only ever appended; nothing but erasure removes one.

    ``source`` says how it was obtained in the sender's words ("newsletter form, May 2026"); ``at`` is aware.
    """

    level: ConsentLevel
    source: str
    at: datetime

    def __post_init__(self) -> None:
        if not self.source.strip():
            raise ValueError("a consent needs a source: say where it was given, for example 'checkout form'")
        if self.at.tzinfo is None:
            raise ValueError("a consent's time needs a zone: pass an aware datetime")
