"""
Substitution: one shared content with keys in it, and for each recipient what a provider puts there (design D9).

The same slot has a key of its own in each target and landing, since values are written for where they land. A syntax
keeps its provider from reading anything but our keys as a key: not in literals, not in values, not where they meet.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from .compile import Compiled
from .compliance import TRACKING_PIXEL
from .headers import HeaderRefused
from .landing import ENCODE, Landing
from .message import Batch
from .template import Slot, Template

__all__ = ["MAILGUN", "SENDGRID", "SES", "Place", "Substituted", "Syntax", "substituted"]


class Place(NamedTuple):
    """A slot in the subject ``s``, the text ``t`` or the HTML ``h``, and its number there."""

    target: str
    number: int
    slot: Slot

    @property
    def is_html(self) -> bool:
        """Whether an entity can stand for a character here."""
        return self.target == "h"


_Guard: TypeAlias = Callable[[str, bool], str]


@dataclass(frozen=True, slots=True)
class Syntax:
    """
    How a provider writes keys into content, and how texts are kept from being read as keys.

    ``keys`` finds a key for each place, none of which can arise from these texts: all there is in a batch. ``written``
    is a key as it stands in content. ``literal`` and ``value`` rewrite a text, with whether it is HTML, that holds what
    the provider would read as its own, or raise `HeaderRefused`; ``None`` where there is no such thing. ``constants``
    are keys that hold the same for everyone.
    """

    keys: Callable[[Sequence[Place], Iterable[str]], list[str]]
    written: Callable[[str], str]
    literal: _Guard | None = None
    value: _Guard | None = None
    constants: Mapping[str, str] = field(default_factory=dict)

    def guard(self, text: str, *, is_html: bool = False) -> str:
        """A text as a literal may stand. Raises `HeaderRefused` where nothing can stand for what it holds."""
        return text if self.literal is None else self.literal(text, is_html)


class Substituted(NamedTuple):
    """Subject and bodies as all recipients share them, the keys, and each recipient's values in the keys' order."""

    subject: str
    text: str
    html: str | None
    keys: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    constants: Mapping[str, str]


def substituted(batch: Batch, syntax: Syntax, around: Iterable[str] = ()) -> Substituted:
    """
    Write a batch in a provider's syntax. ``around`` is whatever else of the request the provider may substitute in.

    The same batch gives the same content, keys and values. Raises `HeaderRefused` for a text that holds a mark of the
    provider's own which nothing can stand in for.
    """
    compiled = batch.compiled
    places = tuple(_places(compiled))
    people = [message.values for message in batch.messages]
    # place by place, since what is so of a place is the same for everybody
    filled = [_filled(place, syntax, people) for place in places]
    values = tuple(zip(*filled, strict=True)) if places else ((),) * len(people)
    keys = syntax.keys(places, chain(around, _literals(compiled), *values))
    written = {(place.target, place.slot): syntax.written(key) for place, key in zip(places, keys, strict=True)}
    shared = {target: _shared(target, template, written, syntax) for target, template in _targets(compiled)}
    return Substituted(shared["s"], shared["t"], shared.get("h"), tuple(keys), values, syntax.constants)


def _filled(place: Place, syntax: Syntax, people: Sequence[Mapping[str, str]]) -> list[str]:
    """What stands in one place for each recipient, encoded for where it lands."""
    name, otherwise = place.slot.name, place.slot.fallback or ""
    texts = [values.get(name) or otherwise for values in people]
    if place.slot.landing is not Landing.TEXT:
        texts = list(map(ENCODE[place.slot.landing], texts))
    guard = syntax.value
    return texts if guard is None else [guard(text, place.is_html) for text in texts]


def _shared(target: str, template: Template, written: Mapping[tuple[str, Slot], str], syntax: Syntax) -> str:
    return "".join(
        syntax.guard(part, is_html=target == "h") if isinstance(part, str) else written.get((target, part), "")
        for part in template.parts
    )


def _targets(compiled: Compiled) -> Iterator[tuple[str, Template]]:
    yield "s", compiled.subject
    yield "t", compiled.text
    if compiled.html is not None:
        yield "h", compiled.html


def _places(compiled: Compiled) -> Iterator[Place]:
    """Every distinct slot of every target, in order, but for the pixel that nothing fills."""
    for target, template in _targets(compiled):
        slots = dict.fromkeys(part for part in template.parts if isinstance(part, Slot) and part.name != TRACKING_PIXEL)
        yield from (Place(target, number, slot) for number, slot in enumerate(slots))


def _literals(compiled: Compiled) -> Iterator[str]:
    return (part for _, template in _targets(compiled) for part in template.parts if isinstance(part, str))


# Rare in prose and harmless in HTML; after them private-use characters, of which no batch can use up all
_MARKS = ("~", "^", "|", "`", "*", "@")
_PRIVATE_USE = (range(0xE000, 0xF900), range(0xF0000, 0xFFFFE), range(0x100000, 0x10FFFE))


def _unheard_of(places: Sequence[Place], texts: Iterable[str]) -> list[str]:
    """
    Keys that begin with a character which no text of the batch holds, so that none arises from literals or values or
    where they meet; the semicolon keeps one from beginning another.
    """
    everything = "\n".join(texts)
    mark = next(one for one in chain(_MARKS, map(chr, chain(*_PRIVATE_USE))) if one not in everything)
    return [f"{mark}{place.target}{place.number};" for place in places]


SENDGRID: Final = Syntax(_unheard_of, written=str)
"""The keys of ``personalizations[].substitutions``: plain text that is replaced wherever it stands."""


# at the end of a text as well, where a key of ours may follow and lend its percent sign
_MAILGUNS_OWN = re.compile(
    r"%((?:recipient(?:_[a-z_]+)?|(?:mailing_list_|tag_)?unsubscribe_(?:url|email))(?:%|\Z))", re.IGNORECASE
)


def _named_after(places: Sequence[Place], texts: Iterable[str]) -> list[str]:
    """Keys that bear a digest of all there is in the batch, so that no text can know them."""
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
    return [f"m{digest}{place.target}{place.number}" for place in places]


def _without_mailguns_own(text: str, is_html: bool) -> str:
    """An entity breaks Mailgun's own variables; in plain text nothing does, so they are refused."""
    found = _MAILGUNS_OWN.search(text) if "%" in text else None
    if found is None:
        return text
    if is_html:
        return _MAILGUNS_OWN.sub(r"&#37;\1", text)
    raise HeaderRefused(f"the text holds {found[0]}, which Mailgun would replace; write it in another way")


MAILGUN: Final = Syntax(
    _named_after, "%recipient.{}%".format, literal=_without_mailguns_own, value=_without_mailguns_own
)
"""The variables of ``recipient-variables``: a key that Mailgun does not know stays as it is written."""


_SES_NAMES = {"{": "brace", "\\": "backslash"}


def _numbered(places: Sequence[Place], _texts: Iterable[str]) -> list[str]:
    return [f"{place.target}{place.number}" for place in places]


def _without_openings(text: str, _is_html: bool) -> str:
    """Braces that would open a key, and backslashes that would escape one, are constants of their own."""
    if "{{" not in text and not text.endswith(("{", "\\")):
        return text
    return "".join(f"{{{{{{{_SES_NAMES[c]}}}}}}}" if c in _SES_NAMES else c for c in text)


SES: Final = Syntax(
    _numbered,
    "{{{{{{{}}}}}}}".format,
    literal=_without_openings,
    constants={name: character for character, name in _SES_NAMES.items()},
)
"""
The variables of an inline template's ``TemplateData``: in three braces, so that values, encoded already, are not
escaped again; values are never read for keys.
"""
