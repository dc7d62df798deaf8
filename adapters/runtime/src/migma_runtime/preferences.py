"""Preferences: what a person wants to hear about, chosen behind a link of a mail (F-01 to F-04; design D12)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Set
from dataclasses import dataclass

from migma_core.audience import (
    NOTHING_SHOWN,
    DefaultSubscription,
    OptIn,
    OptInId,
    Shown,
    Topic,
    TopicId,
    Visibility,
)
from migma_core.message import DeliveryId, Token, TokenKeys, TokenPurpose, mint_token

from .links import Holder, UnknownToken, holder_of
from .parts import Parts
from .service_mail import ServiceMail

__all__ = ["Choice", "Choices", "Confirmation", "Preferences", "Saved"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A public topic, and whether the person hears of it."""

    topic: Topic
    joined: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """What stands for the holder of a link: public, active topics in display order, none once unsubscribed (F-01)."""

    holder: Holder
    topics: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """
    What became of a form: topics left at once, what waits for a confirmation, and whether a mail asks for it.

    ``stale`` is set where the form no longer showed what stands, so that it could not add anything (F-02).
    """

    left: tuple[Topic, ...] = ()
    asked: tuple[Topic, ...] = ()
    mailed: bool = False
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Confirmation:
    """An opt-in behind the link of a confirmation, and the topics it names that still exist."""

    holder: Holder
    opt_in: OptIn
    topics: tuple[Topic, ...]

    @property
    def is_in_force(self) -> bool:
        """Whether all of it stands."""
        contact = self.holder.contact
        marketing = self.holder.is_subscribed or not self.opt_in.marketing
        return contact is not None and marketing and all(contact.topics.get(one) for one in self.opt_in.topics)


class Preferences:
    """Topics and all marketing, by the links of our mail. Leaving is at once; joining is confirmed by mail."""

    def __init__(self, parts: Parts, mail: ServiceMail) -> None:
        self._parts = parts
        self._mail = mail

    def look(self, link: str) -> Choices:
        """What the holder of a link may choose; changes nothing. Raises `UnknownToken`."""
        holder = holder_of(self._parts, link, TokenPurpose.PREFERENCES)
        contact = holder.contact
        if contact is None or not holder.is_subscribed:
            return Choices(holder, ())
        topics = self._parts.store.topics.list(holder.project.id)
        public = [topic for topic in topics if topic.is_active and topic.visibility is Visibility.PUBLIC]
        chosen = contact.topics
        return Choices(holder, tuple(Choice(one, chosen.get(one.id, _by_default(one))) for one in public))

    def save(
        self,
        link: str,
        seen: Mapping[TopicId, bool],
        wanted: Set[TopicId],
        *,
        shown: Shown = NOTHING_SHOWN,
        language: str = "en",
    ) -> Saved:
        """
        Save a form that showed ``seen`` and came back with ``wanted``: only what the person changed (F-01, F-02).

        Topics are left at once, durable when it returns. Topics to join wait for a confirmation by mail; where the form
        is stale, since another tab or link has changed things meanwhile, nothing is joined. Raises `UnknownToken`.
        """
        choices = self.look(link)
        stands = {choice.topic.id: choice.joined for choice in choices.topics}
        offered = [choice.topic for choice in choices.topics if choice.topic.id in seen]
        changed = [topic for topic in offered if (topic.id in wanted) is not seen[topic.id]]
        left = tuple(topic for topic in changed if topic.id not in wanted)
        joined = tuple(topic for topic in changed if topic.id in wanted)
        for topic in left:
            self._leave(choices.holder, topic, shown)
        if any(stands.get(topic) is not joined_then for topic, joined_then in seen.items()):
            return Saved(left, stale=True)
        mailed = bool(joined) and self._ask(choices.holder, joined, shown, language, marketing=False)
        return Saved(left, joined, mailed)

    def leave_all(self, link: str, *, shown: Shown = NOTHING_SHOWN) -> Holder:
        """Opt out of all marketing, as one opt-out, not as many topics (F-03). Raises `UnknownToken`."""
        holder = holder_of(self._parts, link, TokenPurpose.PREFERENCES)
        now, token = self._parts.clock.now(), holder.token
        self._parts.store.contacts.unsubscribe(token.contact, now, "preference page", token.delivery, shown)
        return holder

    def ask_again(self, link: str, *, shown: Shown = NOTHING_SHOWN, language: str = "en") -> tuple[Holder, bool]:
        """
        Ask for all marketing again, by the link of preferences or of an opt-out: a mail asks for a confirmation first,
        since whoever was forwarded a mail holds its links (D-12, F-04).

        With the holder comes whether a mail was sent: ``False`` where none can be, or one was just now. Raises
        `UnknownToken`.
        """
        try:
            holder = holder_of(self._parts, link, TokenPurpose.PREFERENCES)
        except UnknownToken:
            holder = holder_of(self._parts, link, TokenPurpose.UNSUBSCRIBE)
        return holder, self._ask(holder, (), shown, language, marketing=True)

    def look_at_confirmation(self, link: str) -> Confirmation:
        """What the link of a confirmation would put in force; changes nothing. Raises `UnknownToken`."""
        holder = holder_of(self._parts, link, TokenPurpose.CONFIRM)
        opt_in = self._parts.store.opt_ins.get(OptInId(holder.token.delivery))
        if opt_in is None or opt_in.contact != holder.token.contact:
            raise UnknownToken
        topics = self._parts.store.topics.list(holder.project.id)
        return Confirmation(holder, opt_in, tuple(topic for topic in topics if topic.id in opt_in.topics))

    def confirm(self, link: str) -> bool:
        """
        Put an opt-in in force, with the evidence on record (O-01); says whether it is. Repeating it changes nothing.

        ``False`` where the person has left since, or something else stands that it does not end (design D13). Raises
        `UnknownToken`.
        """
        found = self.look_at_confirmation(link)
        try:
            self._parts.store.opt_ins.confirm(found.opt_in.id, self._parts.clock.now())
        except ValueError:
            return False
        return self.look_at_confirmation(link).is_in_force

    def _leave(self, holder: Holder, topic: Topic, shown: Shown) -> None:
        now = self._parts.clock.now()
        self._parts.store.topics.choose(
            holder.token.contact, topic.id, False, now, "preference page", shown=shown, reference=holder.reference
        )

    def _ask(self, holder: Holder, topics: tuple[Topic, ...], shown: Shown, language: str, *, marketing: bool) -> bool:
        if holder.contact is None:
            return False  # erased: nobody is left to write to
        now = self._parts.clock.now()
        wish = OptIn(
            OptInId(secrets.token_hex(16)),
            holder.contact.id,
            now,
            "preference page",
            shown,
            marketing,
            tuple(topic.id for topic in topics),
        )
        self._parts.store.opt_ins.ask(wish)
        wanted = ", ".join(topic.name for topic in topics) or holder.project.brand.name
        values = {"link": self._confirm_link(holder, wish), "wanted": wanted}
        return self._mail.write(holder.contact.address, "confirm", language, values)

    def _confirm_link(self, holder: Holder, wish: OptIn) -> str:
        expires = wish.expires_at.replace(microsecond=0)
        token = Token(TokenPurpose.CONFIRM, holder.project.id, wish.contact, DeliveryId(wish.id), expires=expires)
        return holder.project.brand.link("c", mint_token(token, TokenKeys(self._parts.keys.token_bytes())))


def _by_default(topic: Topic) -> bool:
    return topic.default is DefaultSubscription.SUBSCRIBED
