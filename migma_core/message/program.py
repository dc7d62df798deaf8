"""
Programs: a template compiled for one target, literals encoded once, values per recipient (design D14).

A value passes two encoders: that of its landing in the document, and that of the target which holds the document. Both
go character by character, so pieces encoded apart are the whole encoded at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from json.encoder import encode_basestring
from typing import Final, NamedTuple
from urllib.parse import quote_plus

from .compile import Compiled
from .compliance import TRACKING_PIXEL
from .landing import ENCODE, Landing
from .template import Slot, Template

__all__ = ["FORM", "JSON", "PLAIN", "Bodies", "Hole", "Program", "Target", "pieces_of"]


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
    """A place for one value, with its encoder if any, and what stands there without a value, encoded already."""

    name: str
    encode: Callable[[str], str] | None
    otherwise: str


class _Filling:
    """Encoded literals, and where each value stands in which encoding: the same in many places is encoded once."""

    __slots__ = ("_again", "_as_it_is", "_encoded", "_pieces")

    def __init__(self, pieces: Sequence[str | Hole]) -> None:
        self._pieces = ["" if isinstance(one, Hole) else one for one in pieces]
        places: dict[Hole, list[int]] = {}
        for at, one in enumerate(pieces):
            if isinstance(one, Hole):
                places.setdefault(one, []).append(at)
        first = [(at, hole) for hole, (at, *_) in places.items()]
        self._as_it_is = tuple((at, one.name, one.otherwise) for at, one in first if one.encode is None)
        self._encoded = tuple((at, one.name, one.otherwise, one.encode) for at, one in first if one.encode is not None)
        self._again = tuple((other, at) for at, *others in places.values() for other in others)

    def fill(self, values: Mapping[str, str]) -> list[str]:
        """The pieces, holes filled; a value that is missing or empty leaves what stands there otherwise."""
        pieces, get = self._pieces.copy(), values.get
        for at, name, otherwise in self._as_it_is:
            pieces[at] = get(name) or otherwise
        for at, name, otherwise, encode in self._encoded:
            value = get(name)
            pieces[at] = encode(value) if value else otherwise
        for at, first in self._again:
            pieces[at] = pieces[first]
        return pieces


class Program(_Filling):
    """
    One document: run it on each recipient's values.

    >>> from .template import parse_template
    >>> Program(pieces_of(parse_template("Dear {{name|reader}},"), FORM)).run({"name": "A & B"})
    'Dear+A+%26+B%2C'
    """

    __slots__ = ()

    def __init__(self, pieces: Iterable[str | Hole]) -> None:
        super().__init__(_merged(pieces))

    def run(self, values: Mapping[str, str]) -> str:
        """The document with these values."""
        return "".join(self.fill(values))


class Bodies(_Filling):
    """Subject and both bodies of a content, compiled for one target together."""

    __slots__ = ("_has_html", "_html_at", "_text_at")

    def __init__(self, compiled: Compiled, target: Target) -> None:
        subject, text, html = (
            _merged(pieces_of(one, target)) for one in (compiled.subject, compiled.text, compiled.html or Template(()))
        )
        super().__init__([*subject, *text, *html])
        self._text_at, self._html_at = len(subject), len(subject) + len(text)
        self._has_html = compiled.html is not None

    def run(self, values: Mapping[str, str]) -> tuple[str, str, str | None]:
        """Subject, text, and HTML where there is any."""
        pieces, text_at, html_at = self.fill(values), self._text_at, self._html_at
        html = "".join(pieces[html_at:]) if self._has_html else None
        return "".join(pieces[:text_at]), "".join(pieces[text_at:html_at]), html


def pieces_of(template: Template, target: Target) -> Iterable[str | Hole]:
    """A template in a target. The place of a pixel is left out as long as nothing tracks."""
    for part in template.parts:
        if isinstance(part, str):
            yield target.encode(part)
        elif part.name != TRACKING_PIXEL:
            yield _hole(part, target)


def _hole(slot: Slot, target: Target) -> Hole:
    encode = _both(slot.landing, target.encode)
    fallback = slot.fallback or ""
    return Hole(slot.name, encode, fallback if encode is None else encode(fallback))


@cache  # so that equal slots make equal holes
def _both(landing: Landing, target: Callable[[str], str]) -> Callable[[str], str] | None:
    """One encoder for both steps, or ``None`` where neither does anything."""
    is_text, is_plain = landing is Landing.TEXT, target is str
    if is_plain:
        return None if is_text else ENCODE[landing]
    encode = ENCODE[landing]
    return target if is_text else lambda value: target(encode(value))


def _merged(pieces: Iterable[str | Hole]) -> list[str | Hole]:
    """Join neighbouring literals, so that a run copies few pieces."""
    merged: list[str | Hole] = [""]
    for piece in pieces:
        last = merged[-1]
        if isinstance(piece, str) and isinstance(last, str):
            merged[-1] = last + piece
        else:
            merged.append(piece)
    return merged
