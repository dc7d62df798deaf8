"""SendGrid's substitutions: shared text with keys in it, and for each recipient what stands in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from migma_core.message import Compiled, Message, Template
from migma_core.message.template import Slot

__all__ = ["Place", "Shared", "choose_mark", "literals", "places", "shared"]

_SUBJECT, _TEXT, _HTML = "s", "t", "h"
# Rare in prose and harmless in HTML; after them private-use characters, of which no batch can use up all.
_MARKS = ("~", "^", "|", "`", "*", "@")
_PRIVATE_USE = (range(0xE000, 0xF900), range(0xF0000, 0xFFFFE), range(0x100000, 0x10FFFE))


class Place(NamedTuple):
    """A slot in one target: the same slot has a key in each, since values are escaped for where they land."""

    target: str
    number: int
    slot: Slot

    def key(self, mark: str) -> str:
        """
        The text that SendGrid replaces. The mark begins it and occurs nowhere else, neither in literals nor in values,
        so a key cannot arise from either, nor where two of them meet; the semicolon keeps one from beginning another.
        """
        return f"{mark}{self.target}{self.number};"

    def value(self, message: Message) -> str:
        """What this recipient reads there."""
        return self.slot.fill(message.values)


class Shared(NamedTuple):
    """Subject and bodies as all recipients of a batch share them, with keys for slots."""

    subject: str
    text: str
    html: str


def places(compiled: Compiled) -> tuple[Place, ...]:
    """Every distinct slot of every target, in order."""
    return tuple(
        Place(target, number, slot)
        for target, template in _targets(compiled)
        for number, slot in enumerate(dict.fromkeys(part for part in template.parts if isinstance(part, Slot)))
    )


def choose_mark(texts: Iterable[str]) -> str:
    """
    The first character in a fixed order that none of these texts holds.

    >>> choose_mark(["from ~10 to ~20"])
    '^'
    """
    used: set[str] = set()
    for text in texts:
        used.update(text)
    return next(mark for mark in chain(_MARKS, map(chr, chain(*_PRIVATE_USE))) if mark not in used)


def literals(compiled: Compiled) -> Iterator[str]:
    """All that stands between the slots."""
    return (part for _, template in _targets(compiled) for part in template.parts if isinstance(part, str))


def shared(compiled: Compiled, all_places: Sequence[Place], mark: str) -> Shared:
    """Write the templates with keys in the place of slots."""
    keys = {(place.target, place.slot): place.key(mark) for place in all_places}
    written = {
        target: "".join(part if isinstance(part, str) else keys[target, part] for part in template.parts)
        for target, template in _targets(compiled)
    }
    return Shared(written[_SUBJECT], written[_TEXT], written.get(_HTML, ""))


def _targets(compiled: Compiled) -> Iterator[tuple[str, Template]]:
    yield _SUBJECT, compiled.subject
    yield _TEXT, compiled.text
    if compiled.html is not None:
        yield _HTML, compiled.html
