"""Compiling: a request's content, parsed and completed once for everyone it goes to (design D14)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ..decision.purpose import Purpose, classify
from ..request.brand import Brand
from ..request.send_request import SendRequest
from .compliance import (
    OURS,
    POSTAL_ADDRESS,
    PREFERENCES_URL,
    TRACKING_PIXEL,
    UNSUBSCRIBE_URL,
    with_advertisement,
    with_html_footer,
    with_pixel,
    with_text_footer,
)
from .html_places import Places, html_places
from .plain_text import plain_text
from .sealed import SealedValues
from .template import InvalidTemplate, Template, as_text, lined, parse_template

__all__ = ["COMPILER", "Compiled", "compile_content", "delegated_page", "missing_names"]

COMPILER: Final = 3
"""Version of the compiler, recorded with each attempt: the same version makes the same bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """
    Subject and bodies as templates, with everything the purpose asks for already in place.

    Shared by all messages of a batch; encoders compile it further, once, into literals of their target.
    """

    request: SendRequest
    brand: Brand
    purpose: Purpose
    subject: Template
    text: Template
    html: Template | None
    in_order: tuple[str, ...] = field(init=False, repr=False)
    """Names of all placeholders a caller or a contact must fill, sorted."""
    of_contacts: tuple[str, ...] = field(init=False, repr=False)
    """Those of them that no variable of the request fills."""
    shared: Mapping[str, str] = field(init=False, repr=False)
    """What fills each placeholder where that is the same for everybody, and nothing where it is each one's own."""
    digest: str = field(init=False, repr=False)
    """16 hex digits of everything that shapes the bytes, for the record of an attempt."""
    _held: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        held = self.text.names | (self.html.names if self.html else frozenset())
        # found once: each recipient's message asks for them, and each attempt for the digest
        object.__setattr__(self, "_held", held)
        object.__setattr__(self, "in_order", tuple(sorted((self.subject.names | held) - OURS)))
        given = self.request.variables
        object.__setattr__(self, "of_contacts", tuple(name for name in self.in_order if name not in given))
        object.__setattr__(self, "shared", SealedValues(_shared(self)))
        object.__setattr__(self, "digest", _digest(self))

    @property
    def names(self) -> frozenset[str]:
        """Names of all placeholders a caller or a contact must fill."""
        return frozenset(self.in_order)

    @property
    def links_out(self) -> bool:
        """Whether a recipient's own opt-out link appears anywhere."""
        return self.holds(UNSUBSCRIBE_URL)

    def holds(self, name: str) -> bool:
        """Whether a placeholder stands in either body."""
        return name in self._held


def compile_content(request: SendRequest, brand: Brand) -> Compiled:
    """
    Parse the templates, derive the text where there is none, and add what marketing must carry (R29, R30).

    Raises `InvalidTemplate` where a placeholder is malformed or stands where no value is safe, where one of ours stands
    in the subject, where a message with copies holds a link that is one person's own, and for marketing whose HTML ends
    within a tag or a comment.
    """
    content, purpose = request.content, classify(request).purpose
    subject = parse_template(content.subject)
    if subject.names & OURS:
        raise InvalidTemplate("the subject cannot hold a link or a postal address; place them in the body")
    page = _page(request)
    text = parse_template(lined(content.text if content.text is not None else plain_text(content.html)))
    if purpose is Purpose.TRANSACTIONAL:
        plain = Compiled(request, brand, purpose, subject, text, page.template if page else None)
        return _without_own_links(plain) if request.copies else plain
    html = with_pixel(with_html_footer(page, brand)) if page else None
    return Compiled(request, brand, purpose, subject, with_text_footer(text, brand), html)


def delegated_page(compiled: Compiled) -> Template | None:
    """
    The page for a provider that adds the opt-out link and the address itself (`Capabilities.delegates_compliance`): as
    its author wrote it, and where it is marketing, with the brand's line that names an advertisement.

    Only such a provider asks for it; `Compiled.html` is complete for every other.
    """
    page = _page(compiled.request)
    if page is None or compiled.purpose is Purpose.TRANSACTIONAL:
        return page.template if page else None
    return with_advertisement(page, compiled.brand)


def missing_names(compiled: Compiled, known: Iterable[str]) -> tuple[str, ...]:
    """
    Placeholders that neither the request's variables nor any contact can fill, in order; those with a fallback are
    not missing. Asked before anything is sent.
    """
    have = {*known, *compiled.request.variables}
    templates = (compiled.subject, compiled.text, *((compiled.html,) if compiled.html else ()))
    needed = {
        part.name for one in templates for part in one.parts if not isinstance(part, str) and part.fallback is None
    }
    return tuple(sorted(needed - have - OURS))


def _without_own_links(compiled: Compiled) -> Compiled:
    """With it, whoever is copied could opt the recipient out, or read what they chose (E-01)."""
    for name in (UNSUBSCRIBE_URL, PREFERENCES_URL):
        if compiled.holds(name):
            raise InvalidTemplate(
                f"{{{{{name}}}}} is one person's own, and others are copied: take it out, or the copies"
            )
    return compiled


def _shared(compiled: Compiled) -> dict[str, str]:
    """Contacts' own names are in it as well, empty: so that a message, filled from it, holds its names in one order."""
    variables = compiled.request.variables
    return {
        **{name: as_text(variables.get(name)) for name in compiled.in_order},
        UNSUBSCRIBE_URL: "",
        PREFERENCES_URL: "",
        POSTAL_ADDRESS: compiled.brand.postal_address,
        TRACKING_PIXEL: "",  # nothing tracks yet (O-10)
    }


def _digest(compiled: Compiled) -> str:
    request = compiled.request
    # as text: the repr of an address is masked
    sender = (str(request.sender), request.sender_name, str(request.reply_to or ""))
    headers = tuple(request.headers.items())
    copied = ([str(one) for one in request.cc], [str(one) for one in request.bcc]) if request.copies else ()
    marks = (request.labels, tuple(request.metadata.items()), request.deliver_at)
    shape = (COMPILER, compiled.purpose, sender, request.project, request.topic, compiled.brand, headers, marks)
    templates = compiled.subject, compiled.text, compiled.html
    digest = hashlib.sha256(repr(((*shape, *copied), *templates)).encode())
    for one in request.content.attachments:
        digest.update(repr((one.filename, one.media_type, one.content_id, len(one.data))).encode())
        digest.update(one.data)
    return digest.hexdigest()[:16]


def _page(request: SendRequest) -> Places | None:
    html = request.content.html
    return html_places(parse_template(lined(html))) if html.strip() else None
