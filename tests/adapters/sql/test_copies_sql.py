"""Copies in the ledger, on both databases: taken with their mail or not at all, each by its own facts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from migma_sql.contacts import Contacts
from migma_sql.engine import writing
from migma_sql.ledger import SqlLedger
from migma_sql.sends import Sends
from sqlalchemy import Engine

from migma_core import (
    MIGMA,
    Address,
    Attempt,
    AttemptId,
    Contact,
    ContactId,
    Content,
    DeliveryState,
    OneAddress,
    Purpose,
    SendId,
    SendRequest,
)
from migma_core.decision.circumstances import Wanted
from migma_core.decision.record import record
from migma_core.delivery.effects import Claimed, Settled
from tests.support.sql_rows import NOW, PEPPER, PROJECT, add_contact, ref

TO, BOSS, ROLE = Address("ada", "example.org"), Address("boss", "example.org"), Address("info", "example.org")
NOTHING = Wanted()
HOUR = timedelta(hours=1)


@pytest.fixture
def ledger(engine: Engine) -> SqlLedger:
    """A ledger whose leases last."""
    return SqlLedger(engine, PEPPER, HOUR)


@pytest.fixture
def send(engine: Engine, ledger: SqlLedger) -> SendId:
    """A mail to a contact, copied to two strangers, one of them at a role address; a page of one at a time."""
    with writing(engine) as connection:
        add_contact(connection, Contact(id=ContactId(ref()), project=PROJECT, address=TO))
    made = SendId(ref())
    request = SendRequest(
        project=PROJECT,
        sender=Address("hi", "example.com"),
        sender_name="Us",
        recipients=OneAddress(TO),
        cc=(BOSS,),
        bcc=(ROLE,),
        content=Content("Hello", "<p>Hello</p>"),
    )
    Sends(engine, PEPPER).accept(made, request, Purpose.TRANSACTIONAL, MIGMA, None, NOW)
    ledger.fan_out(made, 1, MIGMA, NOW)
    return made


def claim(ledger: SqlLedger, send: SendId) -> Claimed:
    """As many as there are."""
    return ledger.claim(send, 10, NOTHING, NOW)


def settled(claimed: Claimed, who: Address, state: DeliveryState, wait: float = 0.0) -> Settled:
    """What becomes of one address's row."""
    (row,) = (one for one in claimed.rows if one.facts.address == who)
    return Settled(row.delivery, row.fence, state, "test", wait, keeps_attempt=False)


def begin(ledger: SqlLedger, send: SendId, claimed: Claimed) -> Attempt:
    """An attempt for all of them, on record."""
    fences = {row.delivery: row.fence for row in claimed.rows}
    values = tuple({"email": "ada@example.org"} for _ in fences)
    attempt = Attempt(AttemptId(ref()), send, "migma", tuple(fences), "content", 1, 1, NOW, "digest", values)
    decisions = [record(row.facts.standing, MIGMA, NOW) for row in claimed.rows]
    assert ledger.commit_attempts([attempt], fences, (), decisions, NOW)
    return attempt


def test_everybody_has_a_row_with_facts_of_their_own(ledger: SqlLedger, send: SendId) -> None:
    """A contact and strangers side by side: each address has its own standing, a role address among them."""
    claimed = claim(ledger, send)
    assert {row.facts.address: row.facts.contact is not None for row in claimed.rows} == {
        TO: True,
        BOSS: False,
        ROLE: False,
    }
    standings = {row.facts.address: row.facts.standing for row in claimed.rows}
    assert standings[BOSS] != standings[ROLE]


def test_preview_and_fan_out_see_the_same_people(engine: Engine, ledger: SqlLedger, send: SendId) -> None:
    """The standings counted are those of the rows written (design §2.2)."""
    sends = Sends(engine, PEPPER)
    counted = sends.count_standings(sends.get(send).request, Purpose.TRANSACTIONAL)
    assert sum(counted.values()) == len(claim(ledger, send).rows) == 3


def test_nobody_else_has_a_part_of_what_is_taken(ledger: SqlLedger, send: SendId) -> None:
    """While one worker holds the mail and its copies, there is nothing for another."""
    assert len(claim(ledger, send).rows) == 3
    second = claim(ledger, send)
    assert (second.rows, second.busy_seconds is not None) == ((), True)


def test_copies_wait_for_a_mail_that_rests(ledger: SqlLedger, send: SendId) -> None:
    """A copy that may go is not taken while its mail rests, and the wait told is the mail's."""
    claimed = claim(ledger, send)
    attempt = begin(ledger, send, claimed)
    later = [settled(claimed, TO, DeliveryState.READY, 600.0), settled(claimed, BOSS, DeliveryState.READY)]
    ledger.record([attempt.id], [*later, settled(claimed, ROLE, DeliveryState.READY)], NOW)

    again = claim(ledger, send)

    assert again.rows == ()
    assert again.busy_seconds is not None
    assert 590 < again.busy_seconds <= 600


def test_a_mail_does_not_wait_for_copies_that_rest(ledger: SqlLedger, send: SendId) -> None:
    """They are taken with it, so that the decision about them is made now."""
    claimed = claim(ledger, send)
    attempt = begin(ledger, send, claimed)
    resting = [settled(claimed, one, DeliveryState.READY, 600.0) for one in (BOSS, ROLE)]
    ledger.record([attempt.id], [*resting, settled(claimed, TO, DeliveryState.READY)], NOW)
    assert len(claim(ledger, send).rows) == 3


def test_copies_of_a_settled_mail_are_taken_alone(ledger: SqlLedger, send: SendId) -> None:
    """So that they can be settled as well."""
    claimed = claim(ledger, send)
    attempt = begin(ledger, send, claimed)
    back = [settled(claimed, one, DeliveryState.READY) for one in (BOSS, ROLE)]
    ledger.record([attempt.id], [*back, settled(claimed, TO, DeliveryState.ACCEPTED)], NOW)
    assert {row.facts.address for row in claim(ledger, send).rows} == {BOSS, ROLE}


def test_an_erased_copy_is_taken_out_and_the_mail_goes_on(engine: Engine, ledger: SqlLedger, send: SendId) -> None:
    """Nothing of the address stays in the request; the mail and the other copy are claimed without it (O-06)."""
    Contacts(engine, PEPPER).erase(PROJECT, BOSS, NOW, "test")

    request = Sends(engine, PEPPER).get(send).request
    assert (request.cc, request.bcc) == ((), (ROLE,))
    assert {row.facts.address for row in claim(ledger, send).rows} == {TO, ROLE}


def test_with_the_recipient_everything_goes(engine: Engine, ledger: SqlLedger, send: SendId) -> None:
    """A direct send is about its recipient: once erased, nobody named in it is written to, or stays named."""
    Contacts(engine, PEPPER).erase(PROJECT, TO, NOW, "test")

    request = Sends(engine, PEPPER).get(send).request
    assert (request.copies, request.content.subject) == ((), "(erased)")
    assert claim(ledger, send).rows == ()
    assert dict(Sends(engine, PEPPER).states(send)) == {DeliveryState.CANCELLED: 3}
