"""Opt-ins: in force once confirmed, all of it or nothing, and only what a double opt-in may end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from migma_runtime import Migma
from migma_sql import DeniedContact

from migma_core import Address, Contact, ContactDraft, ContactId, OptIn, OptInId, Project, Shown, Status
from migma_core.audience import ConsentAct, Suppression, SuppressionReason, TopicId
from tests.adapters.conftest import migma, project

__all__ = ["migma", "project"]

ADDRESS = Address("ada", "example.com")


@pytest.fixture
def person(migma: Migma, project: Project) -> Contact:
    """Somebody subscribed on somebody's word."""
    return migma.contacts.add(project.id, ContactDraft(address=ADDRESS))


def wish(migma: Migma, person: Contact, *, topics: tuple[TopicId, ...] = (), marketing: bool = True) -> OptIn:
    """A wish on record, seen and asked for a minute ahead of whatever happened before."""
    at = migma.parts.clock.now() + timedelta(minutes=1)
    one = OptIn(OptInId("1" * 32), person.id, at, "form", Shown("Mail?", "en-1"), marketing, topics)
    migma.store.opt_ins.ask(one)
    return one


def deny(migma: Migma, project: Project, reason: SuppressionReason) -> None:
    """Put Ada on the list."""
    migma.store.suppressions.add(project.account, ADDRESS, Suppression(reason, migma.parts.clock.now(), "test"))


def test_a_wish_is_kept_as_it_was_asked(migma: Migma, person: Contact) -> None:
    """What is read is what was written; asking changes nothing else."""
    one = wish(migma, person, topics=(TopicId("d4" * 16),))
    assert migma.store.opt_ins.get(one.id) == one
    assert migma.store.contacts.by_ref(person.id) == person
    assert migma.store.opt_ins.get(OptInId("2" * 32)) is None


def test_nobodys_wish_is_refused(migma: Migma, person: Contact) -> None:
    """A wish of somebody who is not known is an error, and so is confirming one that is gone."""
    with pytest.raises(LookupError, match="no such contact"):
        migma.store.opt_ins.ask(
            OptIn(OptInId("1" * 32), ContactId("0f" * 16), migma.parts.clock.now(), "f", Shown(), True)
        )
    with pytest.raises(LookupError, match="no such opt-in"):
        migma.store.opt_ins.confirm(OptInId("1" * 32), migma.parts.clock.now())


@pytest.mark.parametrize("reason", [SuppressionReason.UNSUBSCRIBE, SuppressionReason.COMPLAINT])
def test_a_double_opt_in_ends_opt_outs_and_complaints(
    migma: Migma, project: Project, person: Contact, reason: SuppressionReason
) -> None:
    """Asked for later, and confirmed from the mailbox, it subscribes again (D13)."""
    deny(migma, project, reason)
    one = wish(migma, person)
    assert migma.store.opt_ins.confirm(one.id, one.asked_at + timedelta(minutes=1))
    found = migma.store.contacts.by_ref(person.id)
    assert found is not None and found.status is Status.SUBSCRIBED
    assert [event.act for event in migma.contacts.events(person.id)][-2:] == [ConsentAct.OPT_OUT, ConsentAct.OPT_IN]
    assert not migma.store.opt_ins.confirm(one.id, one.asked_at + timedelta(minutes=2)), "once, and no more"


@pytest.mark.parametrize(
    "reason",
    [SuppressionReason.BOUNCE, SuppressionReason.MANUAL, SuppressionReason.OBJECTION],
)
def test_it_ends_nothing_else_and_then_does_nothing(
    migma: Migma, project: Project, person: Contact, reason: SuppressionReason
) -> None:
    """A bounce, an operator's entry, an objection stand: not even the topics are joined then (D13)."""
    topic = migma.store.topics.create(project.id, "News", migma.parts.clock.now())
    deny(migma, project, reason)
    one = wish(migma, person, topics=(topic.id,))
    with pytest.raises(DeniedContact):
        migma.store.opt_ins.confirm(one.id, one.asked_at + timedelta(minutes=1))
    found = migma.store.contacts.by_ref(person.id)
    assert found is not None and not found.topics
    assert migma.store.opt_ins.get(one.id) == one, "still waiting"


def test_an_opt_out_after_the_wish_stands(migma: Migma, project: Project, person: Contact) -> None:
    """Consent ends only what is older than itself (D13)."""
    one = wish(migma, person)
    later = Suppression(SuppressionReason.UNSUBSCRIBE, one.asked_at + timedelta(seconds=1), "link")
    migma.store.suppressions.add(project.account, ADDRESS, later)
    with pytest.raises(DeniedContact, match="not before this consent"):
        migma.store.opt_ins.confirm(one.id, one.asked_at + timedelta(minutes=1))
