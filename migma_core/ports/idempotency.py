"""Callers' idempotency keys: a request repeated after a lost answer is carried out once, as a protocol (R63)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, TypeAlias

from ..audience.address import hidden_characters
from ..delivery.delivery import SendId

__all__ = [
    "Begun",
    "CallerKey",
    "Conflicting",
    "Fresh",
    "IdempotencyKeys",
    "InProgress",
    "KeyHold",
    "KeyLost",
    "Replayed",
]

_LONGEST = 255


@dataclass(frozen=True, slots=True)
class CallerKey:
    """
    A caller's key, which is one of a scope (such as a project) and an operation (such as ``send``).

    Raises `ValueError` for a key that is empty, longer than 255 characters, or holds blanks at its ends or characters
    that nobody sees (reliability §5).
    """

    scope: str
    operation: str
    key: str

    def __post_init__(self) -> None:
        if not 0 < len(self.key) <= _LONGEST or self.key != self.key.strip() or hidden_characters(self.key):
            raise ValueError(
                f"an idempotency key has 1 to {_LONGEST} visible characters and no blanks at its ends; "
                f"{len(self.key)} characters were given: make one with uuid.uuid4()"
            )


class Fresh(NamedTuple):
    """
    Nobody has begun this, or whoever did is gone: it is yours to carry out, under this fence. Where an earlier run had
    ``made`` a send, carry on that one.
    """

    fence: int
    made: SendId | None = None


class KeyHold(NamedTuple):
    """A key that is yours, under this fence: what is made under it is on record together with it, or not at all."""

    key: CallerKey
    fence: int


class KeyLost(RuntimeError):
    """Another run has taken the key over: nothing was written under it."""

    def __init__(self) -> None:
        super().__init__("another run has taken this idempotency key over; nothing was written, repeat the request")


class InProgress(NamedTuple):
    """Somebody is carrying it out; ask again in so many seconds at the latest."""

    seconds: float


class Replayed(NamedTuple):
    """It was carried out; this was the result, word for word."""

    result: str


class Conflicting(NamedTuple):
    """The key was used for another request: nothing is done."""


Begun: TypeAlias = Fresh | InProgress | Replayed | Conflicting


class IdempotencyKeys(Protocol):
    """
    What became of requests by their callers' keys.

    A run that ended without a word (its process was killed) is taken over once its lease is over, by the store's own
    clock. A send is made under the key in one transaction (`Sends.accept`), so whoever takes over knows of it.
    """

    def begin(self, key: CallerKey, digest: str, at: datetime) -> Begun:
        """Ask to carry out the request whose parameters have this digest."""
        ...

    def keep(self, key: CallerKey, fence: int) -> bool:
        """Hold it for another lease; ``False`` where another took over."""
        ...

    def finish(self, key: CallerKey, fence: int, result: str, at: datetime) -> bool:
        """Keep the result, also of a failure, for every repetition; ``False`` where another took over meanwhile."""
        ...

    def release(self, key: CallerKey, fence: int) -> bool:
        """
        Let the key go: a request that was refused before anything was done does not occupy it. Where a send was made
        under it, the key stays that request's, and the next to begin carries on. ``False`` where another took over.
        """
        ...

    def forget(self, before: datetime) -> int:
        """Drop what was finished before then; how many. Keep a day and more (reliability §5)."""
        ...
