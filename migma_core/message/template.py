"""Templates: literal text and named slots. Nothing in a template can run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ..audience.values import Scalar
from .landing import ENCODE, Landing

__all__ = ["InvalidTemplate", "Slot", "Template", "as_text", "lined", "lone_surrogate", "parse_template"]

_BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_INSIDE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_.-]{0,99})\s*(?:\|(.*))?", re.DOTALL)


class InvalidTemplate(ValueError):
    """The template cannot be compiled: the message says where and how to mend it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a value; ``fallback`` stands in for a missing or empty one, ``landing`` says how it is encoded."""

    name: str
    fallback: str | None = None
    landing: Landing = Landing.TEXT

    def fill(self, values: Mapping[str, str]) -> str:
        """What stands here with these values: this one's or the fallback, encoded for where it lands."""
        return ENCODE[self.landing](values.get(self.name) or self.fallback or "")


@dataclass(frozen=True, slots=True)
class Template:
    """Literals and slots in order."""

    parts: tuple[str | Slot, ...]

    @property
    def names(self) -> frozenset[str]:
        """Names of all slots."""
        return frozenset(part.name for part in self.parts if isinstance(part, Slot))

    def render(self, values: Mapping[str, str]) -> str:
        """
        Fill the slots, each encoded for where it lands; literals stay. A value not given is empty.

        >>> parse_template("Hello {{name|you}}!").render({})
        'Hello you!'
        """
        return "".join([part if isinstance(part, str) else part.fill(values) for part in self.parts])

    def __add__(self, other: Template) -> Template:
        return Template((*self.parts, *other.parts))


def parse_template(text: str) -> Template:
    """
    Compile ``{{name}}`` and ``{{name|fallback}}``. Raises `InvalidTemplate`.

    >>> parse_template("Hi {{ first_name | friend }}").parts[1].fallback
    'friend'
    """
    if (half := lone_surrogate(text)) is not None:
        raise InvalidTemplate(
            f"{_place(text, half)}: half a character (a lone surrogate), which no mail can hold; remove it"
        )
    parts: list[str | Slot] = []
    end = 0
    for found in _BRACES.finditer(text):
        parts.append(_literal(text[end : found.start()], text, end))
        parts.append(_slot(found[1], text, found.start()))
        end = found.end()
    parts.append(_literal(text[end:], text, end))
    return Template(tuple(part for part in parts if part != ""))


def lined(text: str) -> str:
    r"""
    A text with line feeds alone for line ends, so that none arises or vanishes where a value meets a literal.

    >>> lined("a\r\nb\rc")
    'a\nb\nc'
    """
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def as_text(value: Scalar) -> str:
    """A value as it appears in a message; null is empty."""
    if type(value) is str:  # as nearly every value is
        return value
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


def lone_surrogate(text: str) -> int | None:
    r"""
    Where half a character stands that no encoding can write, or ``None``.

    >>> lone_surrogate("Ada"), lone_surrogate("Ada\ud83d")
    (None, 3)
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def _literal(literal: str, text: str, at: int) -> str:
    if "{{" in literal:
        raise InvalidTemplate(f"{_place(text, at + literal.index('{{'))}: {{{{ is never closed; write {{{{name}}}}")
    return literal


def _slot(inside: str, text: str, at: int) -> Slot:
    found = _INSIDE.fullmatch(inside)
    if found is None:
        given = f"{inside.strip()[:40]!a} is no placeholder"
        raise InvalidTemplate(f"{_place(text, at)}: {given}; write {{{{name}}}} or {{{{name|fallback}}}}")
    return Slot(found[1], found[2].strip() if found[2] is not None else None)


def _place(text: str, at: int) -> str:
    before = text[:at]
    return f"line {before.count(chr(10)) + 1}, column {at - before.rfind(chr(10))}"
