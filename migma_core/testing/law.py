"""A law: a claim about any policy, with the rule it stands for and what it would have caught elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any, ClassVar

from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

__all__ = ["Law", "LawBook", "law"]


@dataclass(frozen=True, slots=True)
class Law:
    """
    One claim. ``rule`` is what it stands for, ``would_have_caught`` the kind of defect that others have shipped, where
    there is one.
    """

    name: str
    rule: str
    would_have_caught: str
    claim: Callable[..., None]
    drawn: Mapping[str, SearchStrategy[Any]]

    def as_test(self, examples: int | None = None) -> Callable[..., None]:
        """A fresh function of a book, the method's only argument left: Hypothesis keeps what it learns with it."""
        claim = self.claim
        assert isinstance(claim, FunctionType), "a law is a plain method"
        copy = FunctionType(claim.__code__, claim.__globals__, claim.__name__, claim.__defaults__, claim.__closure__)
        copy.__doc__, copy.__annotations__, copy.__qualname__ = claim.__doc__, claim.__annotations__, claim.__qualname__
        if not self.drawn:
            return copy
        drawn = given(**self.drawn)(copy)
        return drawn if examples is None else settings(max_examples=examples)(drawn)


def law(rule: str, would_have_caught: str = "", **drawn: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Law]:
    """Make a law of the method below; ``drawn`` are its arguments. A law without any is checked once, in every case."""

    def made(claim: Callable[..., None]) -> Law:
        return Law(claim.__name__, rule, would_have_caught, claim, drawn)

    return made


class LawBook:
    """
    A class of laws. Subclass it, and the subclass has each law as a test method of its own, for pytest to collect.
    """

    laws: ClassVar[tuple[Law, ...]] = ()
    examples: ClassVar[int | None] = None
    """How many examples each law is tried on; ``None`` for as many as Hypothesis' profile says."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        inherited = (one for base in reversed(cls.__mro__[1:]) for one in vars(base).get("laws", ()))
        named = {one.name: one for one in (*inherited, *(one for one in vars(cls).values() if isinstance(one, Law)))}
        cls.laws = tuple(named.values())
        for one in cls.laws:
            setattr(cls, one.name, one.as_test(cls.examples))
