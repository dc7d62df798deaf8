"""Opting out by a link: all marketing, or the topic that the link is about (design D12)."""

from __future__ import annotations

from dataclasses import dataclass

from migma_wire import to_address

from migma_core.audience import NOTHING_SHOWN, ContactId, InvalidAddress, Shown
from migma_core.message import TokenPurpose

from .links import Holder, holder_of
from .parts import Parts
from .service_mail import ServiceMail

__all__ = ["OptOuts", "Unsubscribed"]


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """What a link did: whose opt-out, from one topic (its name) or all marketing, and whether it changed anything."""

    contact: ContactId
    address: str
    changed: bool
    topic: str | None = None


class OptOuts:
    """Leaving, by the links of our mail. Asks for nothing but the link."""

    def __init__(self, parts: Parts, mail: ServiceMail) -> None:
        self._parts = parts
        self._mail = mail

    def look(self, link: str) -> Holder:
        """Whose link this is; changes nothing (D-01). Raises `UnknownToken`."""
        return holder_of(self._parts, link, TokenPurpose.UNSUBSCRIBE)

    def leave(
        self, link: str, *, everything: bool = False, source: str = "link", shown: Shown = NOTHING_SHOWN
    ) -> Unsubscribed:
        """
        Opt out by a link, or the token at its end; durable when it returns, for every later claim (D-03, D-10).

        Of all marketing, unless the link is about one topic and ``everything`` is not asked for (D-11). Repeating it
        changes nothing, not even the time (D-06). Raises `UnknownToken`.
        """
        holder = self.look(link)
        if holder.topic is not None and holder.contact is not None and not everything:
            return self._leave_topic(holder, source, shown)
        token = holder.token
        now = self._parts.clock.now()
        changed = self._parts.store.contacts.unsubscribe(token.contact, now, source, token.delivery, shown)
        return Unsubscribed(token.contact, holder.address, changed)

    def _leave_topic(self, holder: Holder, source: str, shown: Shown) -> Unsubscribed:
        assert holder.topic is not None  # noqa: S101 - asked for by the caller; narrows the type
        contact, now = holder.token.contact, self._parts.clock.now()
        changed = self._parts.store.topics.choose(
            contact, holder.topic.id, False, now, source, shown=shown, reference=holder.reference
        )
        return Unsubscribed(contact, holder.address, changed, holder.topic.name)

    def mail_link(self, typed: str, language: str = "en") -> None:
        """
        Mail a working link to an address that somebody typed, where we have ever written to it (E-05).

        Says nothing about whether anybody has: the answer is the same for everyone.
        """
        try:
            address = to_address(typed.strip())
        except InvalidAddress:
            return
        self._mail.write(address, "leave", language, {})
