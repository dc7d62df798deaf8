"""Halving: whose fault a refused batch is, found with the fewest attempts (design D8)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from ..message.token import DeliveryId

__all__ = ["ROWS_IN_A_ROW", "Halving", "Streak"]

ROWS_IN_A_ROW: Final = 20
"""So many single rows refused one after the other are no accident of theirs (D8)."""

_Part: TypeAlias = tuple[DeliveryId, ...]


@dataclass(frozen=True, slots=True)
class Halving:
    """
    A refused batch on its way to whose fault it is. It sends nothing: the loop attempts the first part of ``todo`` and
    tells how it went, with `passed` or `refused`, until nothing is left.

    Where ``fault`` is set, the request itself is to blame: two halves were refused alike before anything passed, or
    twenty rows in a row. Then nobody is ``guilty``: all of ``back`` go back, and the stream pauses. Else those in
    ``guilty`` were refused alone, and are settled as rejected.

    >>> ids = tuple(DeliveryId(f"d{n}") for n in range(4))
    >>> halving = Halving.of(ids)
    >>> halving.todo
    (('d0', 'd1'), ('d2', 'd3'))
    >>> halving.refused("no such domain").refused("no such domain").back == ids
    True
    >>> halving.refused("bad address").passed().refused("bad address").passed().guilty
    ('d0',)
    """

    todo: tuple[_Part, ...]
    guilty: _Part = ()
    back: _Part = ()
    fault: str | None = None
    in_a_row: int = 0
    anything_passed: bool = False
    elder: str | None = None
    """Why the first of two halves was refused, while the second is being attempted."""

    @classmethod
    def of(cls, members: _Part) -> Halving:
        """Divide a batch that was refused as a whole; one refused alone is the recipient's fault."""
        return cls(_halves(members)) if len(members) > 1 else cls((), guilty=members)

    @property
    def is_second(self) -> bool:
        """Whether the next part is the second of its two halves: parts stand in pairs."""
        return len(self.todo) % 2 == 1

    def passed(self) -> Halving:
        """The next part was accepted: with the same content, so it is no fault of the request."""
        return replace(self, todo=self.todo[1:], in_a_row=0, anything_passed=True, elder=None)

    def skipped(self) -> Halving:
        """Nothing was learnt of the next part: somebody else has it, or the provider took nothing at all."""
        return replace(self, todo=self.todo[1:], elder=None)

    def refused(self, why: str) -> Halving:
        """The next part was refused as a whole, in these words."""
        if self.is_second and self.elder == why and not self.anything_passed:
            return self._at_fault(why)
        part, rest = self.todo[0], self.todo[1:]
        elder = None if self.is_second else why
        if len(part) > 1:
            return replace(self, todo=(*rest, *_halves(part)), in_a_row=0, elder=elder)
        if self.in_a_row + 1 >= ROWS_IN_A_ROW:
            return self._at_fault(why)
        return replace(self, todo=rest, guilty=(*self.guilty, *part), in_a_row=self.in_a_row + 1, elder=elder)

    def _at_fault(self, why: str) -> Halving:
        back = tuple(sorted((*self.guilty, *(member for part in self.todo for member in part))))
        return replace(self, todo=(), guilty=(), back=back, fault=why)


@dataclass(frozen=True, slots=True)
class Streak:
    """
    Single rows refused one after the other, with nothing accepted between them: past a number of them the fault is the
    request's (design D8).
    """

    members: _Part = ()

    def refused(self, member: DeliveryId) -> Streak:
        """One more was refused alone."""
        return Streak((*self.members, member))

    @property
    def is_the_requests(self) -> bool:
        """Whether these are too many to be anybody's accident."""
        return len(self.members) >= ROWS_IN_A_ROW


def _halves(members: _Part) -> tuple[_Part, _Part]:
    middle = (len(members) + 1) // 2
    return members[:middle], members[middle:]
