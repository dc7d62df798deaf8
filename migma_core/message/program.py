"""
Programs: a template compiled for one target, literals encoded once, values per recipient (design D14).

A value passes two encoders: that of its landing in the document, and that of the target which holds the document. Both
go character by character, so pieces encoded apart are the whole encoded at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from json.encoder import encode_basestring
from typing import Final, NamedTuple
from urllib.parse import quote_plus

from .compile import Compiled
from .compliance import TRACKING_PIXEL
from .landing import ENCODE, Landing
from .template import Slot, Template

__all__ = ["FORM", "JSON", "PLAIN", "Bodies", "Hole", "Program", "Target", "bodies", "pieces_of"]


class Target(NamedTuple):
    """What a whole document is written into: ``encode`` is applied to literals and to values alike."""

    name: str
    encode: Callable[[str], str]


def _json(text: str) -> str:
    return encode_basestring(text)[1:-1]


PLAIN: Final = Target("plain", str)
"""The document itself."""

JSON: Final = Target("json", _json)
"""The inside of a JSON string: put quotes around it."""

FORM: Final = Target("form", quote_plus)
"""A value of application/x-www-form-urlencoded, in UTF-8."""


class Hole(NamedTuple):
    """A place for one value, with its encoder, and what stands there without a value, encoded already."""

    name: str
    encode: Callable[[str], str]
    otherwise: str


class Program:
    """
    Encoded literals and holes in order: run it on each recipient's values.

    >>> from .template import parse_template
    >>> Program(pieces_of(parse_template('Say "{{word|hi}}"'), JSON)).run({"word": "a\\nb"})
    'Say \\\\"a\\\\nb\\\\"'
    """

    __slots__ = ("_holes", "_pieces")

    def __init__(self, pieces: Iterable[str | Hole]) -> None:
        merged = list(_merged(pieces))
        self._pieces = ["" if isinstance(one, Hole) else one for one in merged]
        self._holes = tuple((at, *one) for at, one in enumerate(merged) if isinstance(one, Hole))

    def run(self, values: Mapping[str, str]) -> str:
        """Fill the holes; a value that is missing or empty leaves what stands there otherwise."""
        pieces = self._pieces.copy()
        for at, name, encode, otherwise in self._holes:
            value = values.get(name)
            pieces[at] = encode(value) if value else otherwise
        return "".join(pieces)


class Bodies(NamedTuple):
    """Subject and both bodies, compiled for one target."""

    subject: Program
    text: Program
    html: Program | None


def bodies(compiled: Compiled, target: Target) -> Bodies:
    """Compile a content for a target, once for everyone it goes to."""
    return Bodies(
        Program(pieces_of(compiled.subject, target)),
        Program(pieces_of(compiled.text, target)),
        Program(pieces_of(compiled.html, target)) if compiled.html is not None else None,
    )


def pieces_of(template: Template, target: Target) -> Iterable[str | Hole]:
    """A template in a target. The place of a pixel is left out as long as nothing tracks."""
    for part in template.parts:
        if isinstance(part, str):
            yield target.encode(part)
        elif part.name != TRACKING_PIXEL:
            yield _hole(part, target)


def _hole(slot: Slot, target: Target) -> Hole:
    encode = _after(ENCODE[slot.landing], target.encode, is_text=slot.landing is Landing.TEXT)
    return Hole(slot.name, encode, encode(slot.fallback) if slot.fallback else "")


def _after(landing: Callable[[str], str], target: Callable[[str], str], *, is_text: bool) -> Callable[[str], str]:
    """One encoder for both steps, and one call less where either does nothing."""
    if target is str:
        return landing
    return target if is_text else lambda value: target(landing(value))


def _merged(pieces: Iterable[str | Hole]) -> Iterable[str | Hole]:
    """Join neighbouring literals, so that a run copies few pieces."""
    literal: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            literal.append(piece)
        else:
            yield "".join(literal)
            yield piece
            literal.clear()
    yield "".join(literal)
