"""Facts: all that is known of one recipient for one request, gathered before anything is decided."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..audience.address import Address, is_reserved_name
from ..audience.contact import Contact, ContactId
from ..audience.suppression import Denials, Suppression
from ..audience.topic import Topic, TopicId
from .circumstances import Circumstances
from .purpose import Purpose
from .standing import Cell, ConsentFact, Standing, StatusFact, TopicFact, ValidationFact, topic_fact

__all__ = ["Facts", "facts_about"]


class Facts(NamedTuple):
    """
    What is known of one recipient for one request. ``evidence`` holds the suppressions behind the denials.

    A light tuple, since one is made for everybody who is written to; `facts_about` makes one from a contact. Without
    ``circumstances``, a rule that reads some finds them unreadable, and withholds.
    """

    address: Address
    standing: Standing
    contact: ContactId | None = None
    topic: TopicId | None = None
    evidence: tuple[Suppression, ...] = ()
    circumstances: Circumstances | None = None

    @property
    def purpose(self) -> Purpose:
        """What the message is for."""
        return Cell.unpacked(self.standing.cell).purpose


def facts_about(
    who: Contact | Address,
    purpose: Purpose,
    *,
    topic: Topic | None = None,
    suppressions: Iterable[Suppression] = (),
    provider: str | None = None,
    excluded: bool = False,
    circumstances: Circumstances | None = None,
) -> Facts:
    """
    Gather the facts of one recipient from the values you hold; a bare `Address` is one nobody has stored (R49).

    A provider's own suppression counts only for that ``provider``. Marketing reads the topic; for transactional mail
    it is left out, since none applies (R19). ``circumstances`` are needed only under a policy with rules outside its
    table; `circumstances_of` gathers them.

    >>> from migma_core import Mailable, decide
    >>> decide(facts_about(Address("ada", "example.com"), Purpose.TRANSACTIONAL))
    Mailable()
    """
    evidence = tuple(one for one in suppressions if one.provider in {None, provider})
    address = who if isinstance(who, Address) else who.address
    contact = None if isinstance(who, Address) else who.id
    asked = topic if purpose is Purpose.MARKETING else None
    standing = Standing(_cell(who, purpose, asked).packed, int(_denials(address, evidence, excluded)))
    return Facts(address, standing, contact, asked.id if asked else None, evidence, circumstances)


def _denials(address: Address, evidence: Iterable[Suppression], excluded: bool) -> Denials:
    denials = Denials.EXCLUDED if excluded else Denials(0)
    if is_reserved_name(address.domain):
        denials |= Denials.RESERVED_NAME
    for one in evidence:
        denials |= one.denial
    return denials


def _cell(who: Contact | Address, purpose: Purpose, topic: Topic | None) -> Cell:
    if isinstance(who, Address):
        asked = TopicFact.NO_TOPIC if topic is None else topic_fact(topic.default, None)
        return Cell(purpose, StatusFact.NO_CONTACT, is_role=who.is_role, topic=asked)
    return Cell(
        purpose,
        StatusFact.of(who.status),
        ValidationFact.of(who.validation),
        who.address.is_role,
        ConsentFact.NONE if who.consent is None else ConsentFact.of(who.consent.level),
        TopicFact.NO_TOPIC if topic is None else topic_fact(topic.default, who.topics.get(topic.id)),
    )
