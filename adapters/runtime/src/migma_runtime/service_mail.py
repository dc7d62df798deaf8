"""Service mail: what people ask for on the pages behind our links. Transactional, from whoever wrote to them last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from migma_core.audience import Address
from migma_core.request import Content, OneAddress, SendRequest

from .parts import Parts
from .sending import Sending

__all__ = ["LETTERS", "Letter", "ServiceMail"]

_MARK: Final = "asked for on a page behind a link"
_AT_MOST_EVERY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Letter:
    """A subject and a body, with places for the ``{{brand}}``, a ``{{link}}``, or our ``{{unsubscribe_url}}``."""

    subject: str
    html: str


LETTERS: Final[Mapping[tuple[str, str], Letter]] = {
    ("confirm", "en"): Letter(
        "Please confirm: mail from {{brand}}",
        "<p>Hello,</p><p>somebody, probably you, asked for mail from {{brand}} to this address: {{wanted}}.</p>"
        '<p><a href="{{link}}">Yes, send it to me</a></p>'
        "<p>The link works for seven days. If it was not you, do nothing: nothing will change.</p>",
    ),
    ("confirm", "de"): Letter(
        "Bitte bestätigen: Mail von {{brand}}",
        "<p>Guten Tag,</p><p>jemand, vermutlich Sie, möchte an diese Adresse Mail von {{brand}}: {{wanted}}.</p>"
        '<p><a href="{{link}}">Ja, bitte senden</a></p>'
        "<p>Der Link gilt sieben Tage. Waren Sie es nicht, tun Sie nichts: Es ändert sich nichts.</p>",
    ),
    ("leave", "en"): Letter(
        "Your link to unsubscribe from {{brand}}",
        "<p>Hello,</p><p>somebody, probably you, asked for a link to unsubscribe this address.</p>"
        '<p><a href="{{unsubscribe_url}}">Unsubscribe</a></p>'
        "<p>If it was not you, do nothing: nothing will change.</p>",
    ),
    ("leave", "de"): Letter(
        "Ihr Link zum Abmelden von {{brand}}",
        "<p>Guten Tag,</p><p>jemand, vermutlich Sie, möchte diese Adresse abmelden.</p>"
        '<p><a href="{{unsubscribe_url}}">Abmelden</a></p>'
        "<p>Waren Sie es nicht, tun Sie nichts: Es ändert sich nichts.</p>",
    ),
}
"""Every letter in every language."""


class ServiceMail:
    """
    Writes to one person who asked for it, as the last mail to them was written: same sender, provider and project.

    That needs no settings: whoever holds a link of ours has had mail from somebody.
    """

    def __init__(self, parts: Parts, sending: Sending) -> None:
        self._parts = parts
        self._sending = sending

    def write(self, to: Address, letter: str, language: str, values: Mapping[str, str]) -> bool:
        """
        Send a letter; ``False`` where it cannot be: nobody has ever written to the address, something stands against
        transactional mail, or the last such letter is younger than five minutes, since no page may flood a mailbox.

        Raises what `Sending.send` raises.
        """
        parts = self._parts
        last = parts.store.sends.last_to(to)
        if last is None:
            return False
        if last.request.justification == _MARK and parts.clock.now() - last.created_at < _AT_MOST_EVERY:
            return False
        brand = parts.store.projects.get(last.project).brand
        request = _written_like(last.request, to, LETTERS[letter, language], {**values, "brand": brand.name})
        return self._sending.deliver(self._sending.queue(request).id).sent_count > 0


def _written_like(last: SendRequest, to: Address, letter: Letter, values: Mapping[str, str]) -> SendRequest:
    return replace(
        last,
        recipients=OneAddress(to),
        content=Content(letter.subject, letter.html),
        topic=None,
        transactional=True,
        justification=_MARK,
        exclusions=(),
        variables=values,
        headers={},
    )
