"""The job: all that one send needs to be carried out, and the shape of the generators that do."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

from ..decision.policy import Policy
from ..message.compile import Compiled
from ..message.message import Batch
from ..message.token import TokenKeys
from .attempt import Parcel
from .delivery import SendId
from .effects import ClaimedRow, Effect
from .next_state import WHEN_UNKNOWN, WhenUnknown

__all__ = ["Evidence", "Job", "Steps", "ask"]

T = TypeVar("T")
Steps: TypeAlias = Generator[Effect[Any], Any, T]
"""Yields effects of any answer type, returns a ``T``; `ask` restores the type of each answer."""


class Evidence(StrEnum):
    """How a provider settles doubt about what it has accepted (reliability §4)."""

    NONE = "none"
    LISTS = "lists"
    """It says which deliveries it has; absence is proof."""
    REPEATS = "repeats"
    """The same attempt handed over again within a day is sent once."""


@dataclass(frozen=True, slots=True)
class Job:
    """
    All that one send needs: what to say, under which policy, and the provider's pure encoder.

    ``batch_size`` messages go in one hand-over, and ``at_once`` hand-overs in one claim: where one answers for one
    message, several under way at a time.
    """

    send: SendId
    compiled: Compiled
    policy: Policy
    keys: TokenKeys
    provider: str
    encode: Callable[[Batch], Parcel]
    can_carry: Callable[[ClaimedRow], str | None]
    batch_size: int = 500
    page_size: int = 10_000
    at_once: int = 1
    evidence: Evidence = Evidence.NONE
    unknown: WhenUnknown | None = None
    """What to do about what nobody can know; ``None`` for the usual policy of the purpose."""
    patience: float = 900.0
    """For how many seconds at most the loop waits for rows that rest; with longer to wait it ends, rows left."""

    @property
    def addressed_each(self) -> int:
        """How many rows a message has: its recipient's, and one for each copy."""
        return 1 + len(self.compiled.request.copies)

    @property
    def when_unknown(self) -> WhenUnknown:
        """The policy for what is unknown."""
        return self.unknown or WHEN_UNKNOWN[self.compiled.purpose]


def ask(effect: Effect[T]) -> Steps[T]:
    """Have an effect carried out, and return its answer."""
    answer: T = yield effect
    return answer
