"""A law: a claim about any policy, with the rule it stands for and what it would have caught elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any, ClassVar

from hypothesis import given
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

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        inherited = (one for base in cls.__bases__ for one in getattr(base, "laws", ()))
        named = {one.name: one for one in (*inherited, *(one for one in vars(cls).values() if isinstance(one, Law)))}
        cls.laws = tuple(named.values())
        for one in cls.laws:
            setattr(cls, one.name, _as_test(one))


def _as_test(one: Law) -> Callable[..., None]:
    """A fresh function for each class: Hypothesis keeps what it learns with the function."""
    claim = one.claim
    assert isinstance(claim, FunctionType), "a law is a plain method"
    copy = FunctionType(claim.__code__, claim.__globals__, claim.__name__, claim.__defaults__, claim.__closure__)
    copy.__doc__, copy.__annotations__, copy.__qualname__ = claim.__doc__, claim.__annotations__, claim.__qualname__
    return given(**one.drawn)(copy) if one.drawn else copy
