"""A pass under way: both sides, what was counted, and patience with limits."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Final, TypeVar

from returns.pipeline import is_successful

from migma_core.audience import Address, AddressKey, TopicId
from migma_core.ports import Clock, Store
from migma_core.request import Project

from ..call import Call, Page, following
from ..client import Client
from ..problem import Problem, ProblemKind, raised

__all__ = ["Pass"]

T = TypeVar("T")
_MOST_WAITS: Final = 60
_MOST_REPEATS: Final = 3
_REPEATED: Final = frozenset({ProblemKind.INTERNAL, ProblemKind.UNANSWERED})


@dataclass
class Pass:
    """
    One pass. ``there`` is Migma's id of the project, ``key_of`` makes the keyed hash of an address, ``notes`` say in
    sentences what could not be done.
    """

    client: Client
    there: str
    provider: str
    project: Project
    store: Store
    clock: Clock
    key_of: Callable[[Address], AddressKey]
    page_size: int = 100
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @cached_property
    def topics(self) -> Mapping[TopicId, str]:
        """Our topics by Migma's ids, once they are kept in step."""
        return self.store.syncs.topics(self.project.id, self.provider)

    def ask(self, call: Call[T]) -> T:
        """
        Ask, and wait where Migma says that there were too many calls; what only reads is repeated where no answer came.

        Raises `MigmaError` for anything else, and where patience ends.
        """
        for attempt in range(_MOST_WAITS):
            asked = self.client.ask(call)
            if is_successful(asked):
                return asked.unwrap()
            if not _may_repeat(call, asked.failure(), attempt):
                break
            self.clock.sleep(asked.failure().wait or min(2.0**attempt, 60.0))
        raise raised(asked.failure())

    def every(self, call: Call[Page[T]]) -> Iterator[Page[T]]:
        """Every page of a list, from this one on."""
        asked: Call[Page[T]] | None = call
        while asked is not None:
            page = self.ask(asked)
            yield page
            asked = following(asked, page)

    def reach(self, phase: str, **place: int) -> None:
        """Put on record how far the pass came."""
        position = json.dumps({"phase": phase, **place})
        self.store.syncs.reach(self.project.id, self.provider, position)

    def wait(self, span: timedelta) -> None:
        """Let time pass."""
        self.clock.sleep(span.total_seconds())


def _may_repeat(call: Call[T], problem: Problem, attempt: int) -> bool:
    if problem.kind is ProblemKind.RATE_LIMITED:
        return True
    return call.method == "GET" and problem.kind in _REPEATED and attempt < _MOST_REPEATS
