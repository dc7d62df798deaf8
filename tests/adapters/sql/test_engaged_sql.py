"""Engagement asked about in the database is engagement as Python reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migma_sql import schema
from migma_sql.condition import matching
from migma_sql.feedback import _keep_engagement
from migma_sql.search import Search
from sqlalchemy import Connection, Engine, insert, select

from migma_core import (
    Address,
    Contact,
    ContactId,
    Engaged,
    Engagement,
    EngagementAction,
    EngagementMode,
    TimeUnit,
    address_key,
)
from migma_core.audience import Condition, matches
from migma_core.ports import EngagementEvent
from migma_core.testing import strategies as some
from tests.support.examples import few
from tests.support.sql_rows import NOW, PEPPER, PROJECT, add, add_contact, ref, undone

# moments that lie close enough for every span to matter, and any at all
SPANS = st.integers(1, 8_760).flatmap(lambda hours: st.sampled_from((-1, 0, 1)).map(lambda more: (hours, more)))
NEAR = SPANS.map(lambda span: NOW - timedelta(hours=span[0], microseconds=span[1]))
EVENTS = some.engagements(at=NEAR | some.moments())
LIVES = st.lists(st.lists(EVENTS, max_size=4), min_size=1, max_size=2)
QUESTIONS = some.conditions(engaged=True) | some.engaged_conditions()


def happened(connection: Connection, person: Contact, number: int, events: Sequence[Engagement]) -> None:
    """Keep events: what was sent in a campaign, the first time, as its delivery; all else as it was told."""
    delivered = set[str]()
    told = []
    for one in events:
        if one.action is EngagementAction.SENT and one.campaign is not None and one.campaign not in delivered:
            delivered.add(one.campaign)
            deliver(connection, person, number, one.campaign, one.at)
        else:
            told.append(
                EngagementEvent(id=ref(), action=one.action, at=one.at, contact=person.id, campaign=one.campaign)
            )
    _keep_engagement(connection, told)


def deliver(connection: Connection, person: Contact, number: int, send: str, at: datetime) -> None:
    """A message of that send that the provider accepted then."""
    known = connection.scalar(select(schema.sends.c.id).where(schema.sends.c.id == send))
    if known is None:
        words = {"request": {}, "purpose": "marketing", "policy": "", "status": "sent", "fan_out_done": True}
        add(connection, schema.sends, id=send, project_id=PROJECT, created_at=NOW, **words)
    row = {"cell": 0, "denials": 0, "decided_at": NOW, "policy": "", "state": "accepted", "updated_at": at}
    key = address_key(person.address, PEPPER)
    connection.execute(insert(schema.deliveries).values(ref=ref(), send_id=send, address_key=key, **row))


def selected(
    connection: Connection, condition: Condition, now: datetime | None = NOW, search: Search = Search.PAGED
) -> set[str]:
    """The refs of the contacts that the database finds."""
    return set(connection.scalars(select(schema.contacts.c.ref).where(matching(condition, PROJECT, search, now=now))))


def someone(place: int) -> Contact:
    """A person without properties."""
    return Contact(id=ContactId(ref()), project=PROJECT, address=Address(f"p{place}", "example.org"))


@settings(max_examples=few(75))
@given(
    lives=st.lists(st.lists(EVENTS, max_size=4), min_size=1, max_size=2),
    asked=st.lists(QUESTIONS, min_size=1, max_size=4),
)
def test_the_database_knows_who_engaged(shared: Engine, lives: list[list[Engagement]], asked: list[Condition]) -> None:
    """For any events and any question, in every mode and unit, the database and `matches` agree about everybody."""
    people = [(someone(place), events) for place, events in enumerate(lives)]
    with undone(shared) as connection:
        for one, events in people:
            happened(connection, one, add_contact(connection, one), events)
        for condition in asked:
            expected = {one.id for one, events in people if matches(condition, one, engagement=events, now=NOW)}
            assert all(selected(connection, condition, NOW, search) == expected for search in Search)


@pytest.mark.parametrize("mode", [EngagementMode.WITHIN, EngagementMode.BEFORE])
@pytest.mark.parametrize(("amount", "unit"), [(24, TimeUnit.HOURS), (1, TimeUnit.DAYS)])
@pytest.mark.parametrize("late", [-1, 0, 1])
@pytest.mark.parametrize("action", EngagementAction)
def test_the_last_microsecond_counts(
    shared: Engine, mode: EngagementMode, amount: int, unit: TimeUnit, late: int, action: EngagementAction
) -> None:
    """An event exactly so long ago is still within, one microsecond earlier it is before."""
    asked = Engaged(action=action, mode=mode, amount=amount, unit=unit)
    event = Engagement(action, NOW - timedelta(days=1, microseconds=late), "c" * 32)
    person = someone(0)
    with undone(shared) as connection:
        happened(connection, person, add_contact(connection, person), [event])
        found = selected(connection, asked)
    assert (found == {person.id}) is matches(asked, person, engagement=[event], now=NOW)
    assert (found == {person.id}) is ((late > 0) is (mode is EngagementMode.BEFORE))


def test_looking_back_takes_a_present(shared: Engine) -> None:
    """A condition that reads the clock is refused without the present, and works at either end of the calendar."""
    asked = Engaged(action=EngagementAction.OPENED, mode=EngagementMode.WITHIN, amount=8_760, unit=TimeUnit.DAYS)
    with undone(shared) as connection:
        with pytest.raises(ValueError, match="pass now"):
            selected(connection, asked, None)
        assert selected(connection, asked, datetime(1, 1, 1, tzinfo=UTC)) == set()
