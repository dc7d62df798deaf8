"""Stats are what the product's definitions say of the rows and the events, on both databases (migma.md §1.12)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migma_sql import schema
from migma_sql.engine import writing
from migma_sql.feedback import Feedback
from migma_sql.sends import Sends, UnknownSend
from sqlalchemy import Connection, Engine, insert, select

from migma_core import (
    MIGMA,
    Address,
    Content,
    DeliveryId,
    Purpose,
    SendId,
    SendRequest,
    SendStats,
    TagHolders,
    address_key,
)
from migma_core.audience import ConsentAct, EngagementAction
from migma_core.delivery import DeliveryState
from migma_core.ports import EngagementEvent, MailboxEvent, MailboxFact
from tests.support.examples import few
from tests.support.sql_rows import ACCOUNT, NOW, PEPPER, PROJECT, add_people, ref


class Fate(NamedTuple):
    """What becomes of one person's message: the row, what is reported in this order, and what they do."""

    state: DeliveryState
    has_attempt: bool
    reported: tuple[MailboxFact, ...]
    did: tuple[EngagementAction, ...]
    leaves: bool


fates = st.lists(
    st.builds(
        Fate,
        st.sampled_from([one for one in DeliveryState if one not in {DeliveryState.IN_FLIGHT, DeliveryState.UNKNOWN}]),
        st.booleans(),
        st.lists(st.sampled_from(MailboxFact), max_size=3).map(tuple),
        st.lists(st.sampled_from((EngagementAction.OPENED, EngagementAction.CLICKED)), max_size=3).map(tuple),
        st.booleans(),
    ),
    max_size=6,
)
LATER = NOW + timedelta(days=1)


def send_to(engine: Engine, them: Sequence[Fate]) -> tuple[SendId, list[tuple[DeliveryId, Address]]]:
    """A send with a row for each, in the state they are said to be in."""
    send, tag, attempt = SendId(ref()), ref(), ref()
    request = SendRequest(
        project=PROJECT,
        sender=Address("hi", "example.com"),
        sender_name="Us",
        recipients=TagHolders(tag),
        content=Content("Hello", "<p>Hello</p>"),
    )
    Sends(engine, PEPPER).accept(send, request, Purpose.MARKETING, MIGMA, None, NOW)
    with writing(engine) as connection:
        add_people(connection, len(them), tag=tag)
        c = schema.contacts.c
        newest = select(c.id, c.local, c.domain).order_by(c.id.desc()).limit(len(them))
        people = connection.execute(newest).all()[::-1]
        rows = [
            _row(send, attempt, number, Address(local, domain), fate)
            for (number, local, domain), fate in zip(people, them, strict=True)
        ]
        connection.execute(insert(schema.attempts), _attempt(send, attempt))
        if rows:
            connection.execute(insert(schema.deliveries), rows)
        for (number, *_), fate, row in zip(people, them, rows, strict=True):
            if fate.leaves:
                _leave(connection, number, row["ref"])
    return send, [(DeliveryId(str(row["ref"])), Address(one[1], one[2])) for row, one in zip(rows, people, strict=True)]


def _attempt(send: SendId, attempt: str) -> dict[str, object]:
    return {
        "id": attempt,
        "send_id": send,
        "provider": "test",
        "content": "c",
        "compiler": 1,
        "token_key": 1,
        "composed_at": NOW,
        "idempotency_key": attempt,
        "body_digest": "d",
        "started_at": NOW,
    }


def _row(send: SendId, attempt: str, contact: int, address: Address, fate: Fate) -> dict[str, object]:
    return {
        "ref": ref(),
        "send_id": send,
        "contact_id": contact,
        "address_key": address_key(address, PEPPER),
        "cell": 0,
        "denials": 0,
        "reasons": "",
        "decided_at": NOW,
        "policy": "p",
        "state": fate.state.value,
        "attempt_id": attempt if fate.has_attempt else None,
        "updated_at": NOW,
    }


def _leave(connection: Connection, contact: int, delivery: object) -> None:
    said = {
        "contact_id": contact,
        "what": ConsentAct.OPT_OUT.value,
        "source": "link",
        "at": NOW,
        "reference": f"delivery {delivery}",
    }
    connection.execute(insert(schema.consent_events), said)


def report(engine: Engine, send: SendId, them: Sequence[Fate], rows: Sequence[tuple[DeliveryId, Address]]) -> None:
    """Tell everything, each event twice."""
    feedback = Feedback(engine, PEPPER)
    told = [
        MailboxEvent(id=ref(), what=what, address=to, domain="example.com", source="test", at=LATER, delivery=delivery)
        for fate, (delivery, to) in zip(them, rows, strict=True)
        for what in fate.reported
    ]
    done = [
        EngagementEvent(id=ref(), action=action, at=LATER, delivery=delivery)
        for fate, (delivery, _) in zip(them, rows, strict=True)
        for action in fate.did
    ]
    for _ in range(2):
        feedback.mailbox(ACCOUNT, told)
        feedback.engaged(done)


def expected(them: Sequence[Fate]) -> SendStats:
    """The definitions, read once more in plain Python."""
    reached = {DeliveryState.REJECTED, DeliveryState.HELD, DeliveryState.CLAIMED}
    accepted = sum(one.state is DeliveryState.ACCEPTED for one in them)
    tried = sum(one.state in reached and one.has_attempt for one in them)
    bounced = sum(
        MailboxFact.HARD_BOUNCE in one.reported
        or (MailboxFact.SOFT_BOUNCE in one.reported and MailboxFact.DELIVERED not in one.reported)
        for one in them
    )
    heard = any(one.reported for one in them)
    return SendStats(
        sent=accepted + tried,
        accepted=accepted,
        as_of=LATER,
        delivered=sum(MailboxFact.DELIVERED in one.reported for one in them) if heard else None,
        bounced=bounced if heard else None,
        complained=sum(MailboxFact.COMPLAINT in one.reported for one in them) if heard else None,
        opened=sum(EngagementAction.OPENED in one.did for one in them),
        opens=sum(one.did.count(EngagementAction.OPENED) for one in them),
        clicked=sum(EngagementAction.CLICKED in one.did for one in them),
        clicks=sum(one.did.count(EngagementAction.CLICKED) for one in them),
        unsubscribed=sum(one.leaves for one in them),
    )


@settings(max_examples=few(12))
@given(them=fates, others=fates)
def test_stats_are_what_the_definitions_say(shared: Engine, them: list[Fate], others: list[Fate]) -> None:
    """Whatever became of each, told twice and beside another send: every number is the definition's."""
    send, rows = send_to(shared, them)
    another, other_rows = send_to(shared, others)
    report(shared, send, them, rows)
    report(shared, another, others, other_rows)
    assert Sends(shared, PEPPER).stats(send, LATER) == expected(them)


@settings(max_examples=few(12))
@given(them=fates)
def test_rates_are_percentages(shared: Engine, them: list[Fate]) -> None:
    """0 to 100, or nothing where there is nothing to divide by."""
    send, rows = send_to(shared, them)
    report(shared, send, them, rows)
    told = Sends(shared, PEPPER).stats(send, LATER)
    rates = (told.delivery_rate, told.open_rate, told.click_rate, told.bounce_rate, told.complaint_rate)
    assert all(one is None or 0 <= one <= 100 for one in rates)
    assert (told.open_rate is None) is (not told.delivered)


def test_there_are_no_stats_of_nothing(shared: Engine) -> None:
    """A send that nobody accepted is named, and not counted as zero."""
    with pytest.raises(UnknownSend, match="there is no send 'nobody'"):
        Sends(shared, PEPPER).stats(SendId("nobody"), LATER)
