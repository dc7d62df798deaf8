"""Feedback: told in any order and however often, it leaves the same behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migma_sql import SqlStore
from migma_sql.engine import connect, reading
from migma_sql.schema import engagement, engagement_events, mailbox_events, suppressions
from sqlalchemy import select

from migma_core import (
    Address,
    Brand,
    ContactDraft,
    ContactId,
    DeliveryId,
    EngagementAction,
    Project,
    SoftBounceCounter,
    Status,
    Suppression,
    SuppressionReason,
)
from migma_core.ports import EngagementEvent, MailboxEvent, MailboxFact, Recorded
from tests.support.examples import few

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PEOPLE = tuple(Address(name, "example.org") for name in ("ada", "bo"))
MOMENTS = st.integers(0, 5).map(lambda days: NOW + timedelta(days=days))
TOLD = st.tuples(st.integers(0, 9), st.sampled_from(EngagementAction), MOMENTS, st.sampled_from((None, "c1", "c2")))


def begin(store: SqlStore) -> tuple[Project, list[ContactId]]:
    """A project with two people and a domain."""
    project = store.projects.create("Acme", Brand("Acme", "1 Main Street", "https://mail.example.com"), NOW)
    store.domains.add(project.account, "mail.example.com", NOW)
    return project, [store.contacts.add(project.id, ContactDraft(address=one), NOW, "test").id for one in PEOPLE]


def kept(store: SqlStore, project: Project) -> tuple[Any, ...]:
    """What segments and people find afterwards."""
    return tuple(store.contacts.story(project.id, one).engagement for one in PEOPLE)


@settings(max_examples=few(10))
@given(told=st.lists(st.tuples(st.integers(0, 1), TOLD), max_size=8, unique_by=lambda one: one[1][0]), data=st.data())
def test_events_count_once_in_any_order(
    empty_store: Callable[[], SqlStore], told: list[tuple[int, Any]], data: st.DataObject
) -> None:
    """Events told again, turned and in pieces leave the sums of telling each once; sums are what the events say."""
    store = empty_store()
    project, people = begin(store)
    events = [
        EngagementEvent(id=str(name), action=action, at=at, contact=people[who], campaign=campaign)
        for who, (name, action, at, campaign) in told
    ]
    again = data.draw(st.permutations(events * 2))
    cut = data.draw(st.integers(0, len(again)))

    first, second = store.feedback.engaged(again[:cut]), store.feedback.engaged(again[cut:])

    assert first.fresh + second.fresh == len(events)
    assert first.known + second.known == len(events)
    for who, found in zip(people, kept(store, project), strict=True):
        ours = [one for one in events if one.contact == who]
        for one in found:
            these = [e.at for e in ours if e.action is one.action and one.campaign in {None, e.campaign}]
            assert (one.times, one.first_at, one.last_at) == (len(these), min(these), max(these))
        assert sum(one.times for one in found if one.campaign is None) == len(ours)


@settings(max_examples=few(10))
@given(
    told=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(MailboxFact), st.integers(0, 1), MOMENTS), max_size=8),
    data=st.data(),
)
def test_what_mailboxes_said_counts_once_in_any_order(
    empty_store: Callable[[], SqlStore], told: list[tuple[int, MailboxFact, int, datetime]], data: st.DataObject
) -> None:
    """Hard bounces and complaints deny and are counted for the domain, once each; nothing else does either."""
    store = empty_store()
    project, _ = begin(store)
    by_id = {one[0]: one for one in told}
    events = [event(str(name), what, PEOPLE[who], at) for name, what, who, at in by_id.values()]

    for one in data.draw(st.permutations(events * 2)):
        store.feedback.mailbox(project.account, [one])

    domain = store.domains.get(project.account, "mail.example.com")
    assert domain is not None
    bounced = [one for one in events if one.what is MailboxFact.HARD_BOUNCE]
    complained = [one for one in events if one.what is MailboxFact.COMPLAINT]
    assert (domain.bounced, domain.complained) == (len(bounced), len(complained))
    for person in PEOPLE:
        story = store.contacts.story(project.id, person)
        reasons = {one.reason for one in story.suppressions}
        assert (SuppressionReason.BOUNCE in reasons) is any(one.address == person for one in bounced)
        assert (SuppressionReason.COMPLAINT in reasons) is any(one.address == person for one in complained)
        assert story.contact is not None
        status = Status.UNSUBSCRIBED if SuppressionReason.COMPLAINT in reasons else Status.SUBSCRIBED
        assert story.contact.status is (Status.BOUNCED if SuppressionReason.BOUNCE in reasons else status)


@settings(max_examples=few(15))
@given(
    told=st.lists(
        st.tuples(
            st.sampled_from((MailboxFact.SOFT_BOUNCE,) * 4 + (MailboxFact.DELIVERED,)),
            st.integers(0, 40),
            st.integers(0, 9),
        ),
        max_size=14,
    ),
    data=st.data(),
)
def test_soft_bounces_stop_marketing_alike_in_any_order(
    empty_store: Callable[[], SqlStore], told: list[tuple[MailboxFact, int, int]], data: st.DataObject
) -> None:
    """Who has reached the limit since the last delivery is denied, whichever event was told first, or twice (K-05)."""
    store = empty_store()
    project, _ = begin(store)
    ada = PEOPLE[0]
    events = [
        event(str(name), what, ada, NOW + timedelta(days=day), delivery=DeliveryId(str(message)))
        for name, (what, day, message) in enumerate(told)
    ]
    arrived = [one.at for one in events if one.what is MailboxFact.DELIVERED]
    soft = [one for one in events if one.what is MailboxFact.SOFT_BOUNCE and all(one.at > at for at in arrived)]

    for one in data.draw(st.permutations(events + events[:3])):
        store.feedback.mailbox(project.account, [one])

    found = [one.at for one in store.contacts.story(project.id, ada).suppressions]
    reached = SoftBounceCounter().reached((str(one.delivery), one.at) for one in soft)
    assert bool(found) is (reached is not None)
    store.suppressions.add(project.account, PEOPLE[1], Suppression(SuppressionReason.SOFT_BOUNCE_LIMIT, NOW, "told"))
    for name, what in (("s", MailboxFact.SOFT_BOUNCE), ("d", MailboxFact.DELIVERED)):
        assert store.contacts.story(project.id, PEOPLE[1]).suppressions
        store.feedback.mailbox(project.account, [event(name, what, PEOPLE[1], NOW + timedelta(days=1))])
    assert not store.contacts.story(project.id, PEOPLE[1]).suppressions


def event(
    name: str,
    what: MailboxFact,
    address: Address,
    at: datetime = NOW,
    detail: str = "",
    delivery: DeliveryId | None = None,
) -> MailboxEvent:
    """One event from a provider."""
    return MailboxEvent(
        id=name,
        what=what,
        address=address,
        at=at,
        domain="mail.example.com",
        source="ses",
        detail=detail,
        delivery=delivery,
    )


def test_events_about_nobody_are_told_as_such(empty_store: Callable[[], SqlStore]) -> None:
    """Whoever is unknown, or was erased, leaves no event behind."""
    store = empty_store()
    project, (ada, _) = begin(store)
    opened = EngagementEvent(id="1", action=EngagementAction.OPENED, at=NOW, contact=ada)
    assert store.feedback.engaged([opened]) == Recorded(fresh=1)
    store.contacts.erase(project.id, PEOPLE[0], NOW, "test")
    lost = EngagementEvent(id="2", action=EngagementAction.OPENED, at=NOW, delivery=DeliveryId("0" * 32))

    assert store.feedback.engaged([opened, lost]) == Recorded(unknown=2)


def test_the_erased_leave_no_words_of_a_provider(empty_store: Callable[[], SqlStore], shared_database: str) -> None:
    """A bounce stays against the hash of the erased; what the provider said, which quotes them, does not (O-06)."""
    store = empty_store()
    project, (ada, _) = begin(store)
    store.feedback.engaged([EngagementEvent(id="1", action=EngagementAction.CLICKED, at=NOW, contact=ada)])
    said = event("b", MailboxFact.HARD_BOUNCE, PEOPLE[0], detail="550 no ada@example.org here")
    store.feedback.mailbox(project.account, [said])
    store.contacts.erase(project.id, PEOPLE[0], NOW, "test")

    engine = connect(shared_database)
    with reading(engine) as connection:
        tables = (engagement, engagement_events, mailbox_events, suppressions)
        left = repr([row for table in tables for row in connection.execute(select(table))])
    engine.dispose()
    assert "hard_bounce" in left
    assert "ada" not in left and "clicked" not in left


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"at": datetime(2026, 5, 1)},  # noqa: DTZ001 - what is refused
        {"contact": None},
        {"delivery": DeliveryId("d")},
        {"contact": None, "delivery": DeliveryId("d"), "campaign": "c"},
        {"campaign": ""},
    ],
)
def test_an_event_names_itself_its_moment_and_one_person(wrong: dict[str, Any]) -> None:
    """Without an id it would count twice, without a zone it has no moment, and it is about one person."""
    with pytest.raises(ValueError, match=r"event|who it was|campaign"):
        EngagementEvent(**{"id": "1", "action": EngagementAction.OPENED, "at": NOW, "contact": ContactId("c"), **wrong})


@pytest.mark.parametrize("wrong", [{"id": ""}, {"at": datetime(2026, 5, 1)}])  # noqa: DTZ001 - what is refused
def test_a_mailbox_event_names_itself_and_its_moment(wrong: dict[str, Any]) -> None:
    """The same holds for what became of a message."""
    whole = {"id": "1", "what": MailboxFact.DELIVERED, "address": PEOPLE[0], "domain": "d", "source": "s", "at": NOW}
    with pytest.raises(ValueError, match=r"event|who it was|campaign"):
        MailboxEvent(**{**whole, **wrong})
