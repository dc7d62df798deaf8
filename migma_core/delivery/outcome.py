"""Outcomes: the four things that can be said of one attempt (design D8; reliability §2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

__all__ = ["Accepted", "NotSent", "Outcome", "Rejected", "Scope", "Unknown"]


class Scope(StrEnum):
    """Whose fault a refusal is."""

    RECIPIENT = "recipient"
    REQUEST = "request"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it: final, also where its id could not be read."""

    provider_id: str | None = None
    kind: Literal["accepted"] = field(default="accepted", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider refused: final for that scope."""

    scope: Scope
    why: str
    kind: Literal["rejected"] = field(default="rejected", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class NotSent:
    """Certain that nothing was accepted; ``retry_after`` in seconds where the provider said so."""

    why: str
    retry_after: float | None = None
    kind: Literal["not_sent"] = field(default="not_sent", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been accepted: never sent again before that is settled."""

    why: str
    kind: Literal["unknown"] = field(default="unknown", kw_only=True, repr=False)


Outcome: TypeAlias = Accepted | Rejected | NotSent | Unknown
