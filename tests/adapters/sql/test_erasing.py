"""Erasing while a worker is about to write: what is not handed over never is, what is under way is settled as it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep

import pytest
from migma_sql import schema
from migma_sql.contacts import Contacts
from migma_sql.engine import reading, writing
from migma_sql.erasing import erase
from migma_sql.fan_out import Page, write_page
from migma_sql.feedback import Feedback
from migma_sql.ledger import SqlLedger
from migma_sql.sends import Sends
from sqlalchemy import Engine, select

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
    TagHolders,
    address_key,
)
from migma_core.decision.circumstances import Wanted
from migma_core.decision.record import record
from migma_core.delivery.effects import Claimed, Settled
from migma_core.ports import MailboxEvent, MailboxFact
from migma_core.request import Recipients
from tests.support.sql_rows import ACCOUNT, NOW, PEPPER, PROJECT, add_contact, ref

ADA = Address("ada", "example.org")
NOTHING = Wanted()


@pytest.fixture
def engine(engine: Engine) -> Engine:
    """An account where Ada is tagged ``all``."""
    with writing(engine) as connection:
        ada = Contact(id=ContactId(ref()), project=PROJECT, address=ADA, tags=frozenset({"all"}))
        add_contact(connection, ada)
    return engine


def begun(engine: Engine, ledger: SqlLedger, to: Recipients) -> SendId:
    """A send to them, fanned out."""
    send = accepted(engine, to)
    ledger.fan_out(send, 10, MIGMA, NOW)
    return send


def accepted(engine: Engine, to: Recipients) -> SendId:
    """A send to them that nobody has a row of."""
    send = SendId(ref())
    purpose = Purpose.TRANSACTIONAL if isinstance(to, OneAddress) else Purpose.MARKETING
    request = SendRequest(
        project=PROJECT,
        sender=Address("hi", "example.com"),
        sender_name="Us",
        recipients=to,
        content=Content("Hello", "<p>Hello</p>"),
    )
    Sends(engine, PEPPER).accept(send, request, purpose, MIGMA, None, NOW)
    return send


def commit(ledger: SqlLedger, send: SendId, claimed: Claimed) -> Attempt | None:
    """Put an attempt for all of them on record, if the ledger lets us."""
    fences = {row.delivery: row.fence for row in claimed.rows}
    values = tuple({"email": "ada@example.org"} for _ in fences)
    attempt = Attempt(AttemptId(ref()), send, "migma", tuple(fences), "content", 1, 1, NOW, "digest", values)
    decisions = [record(row.facts.standing, MIGMA, NOW) for row in claimed.rows]
    return attempt if ledger.commit_attempts([attempt], fences, (), decisions, NOW) else None


@pytest.mark.parametrize("to", [TagHolders("all"), OneAddress(ADA)], ids=["audience", "direct"])
def test_a_worker_who_holds_the_row_cannot_send_it(engine: Engine, to: Recipients) -> None:
    """A row claimed before the erasure is cancelled under the worker's hands: its attempt is not taken."""
    ledger = SqlLedger(engine, PEPPER, timedelta(hours=1))
    send = begun(engine, ledger, to)
    claimed = ledger.claim(send, 10, NOTHING, NOW)
    assert len(claimed.rows) == 1

    done = Contacts(engine, PEPPER).erase(PROJECT, ADA, NOW, "test")

    assert done.cancelled == 1
    assert commit(ledger, send, claimed) is None
    assert dict(Sends(engine, PEPPER).states(send)) == {DeliveryState.CANCELLED: 1}


def test_an_erasure_meets_a_direct_send_whose_row_is_being_written(engine: Engine) -> None:
    """It waits for the row, and then cancels it and takes out the words, as if the row had been there all the time."""
    send = accepted(engine, OneAddress(ADA))
    with ThreadPoolExecutor(1) as pool:
        with writing(engine) as connection:
            write_page(connection, send, Page(10, MIGMA, PEPPER, NOW))
            erasing = pool.submit(Contacts(engine, PEPPER).erase, PROJECT, ADA, NOW, "test")
            sleep(0.3)  # it has begun, and comes upon what is locked here
        done = erasing.result()

    assert (done.deliveries, done.cancelled) == (1, 1)
    assert dict(Sends(engine, PEPPER).states(send)) == {DeliveryState.CANCELLED: 1}
    assert Sends(engine, PEPPER).get(send).request.content == Content("(erased)", "(erased)")


def test_two_of_one_attempt_are_erased_at_once(engine: Engine) -> None:
    """Whoever comes second waits for the first, and what the attempt froze of either is gone."""
    bob = Address("bob", "example.org")
    with writing(engine) as connection:
        add_contact(connection, Contact(id=ContactId(ref()), project=PROJECT, address=bob, tags=frozenset({"all"})))
    ledger = SqlLedger(engine, PEPPER, timedelta(hours=1))
    send = begun(engine, ledger, TagHolders("all"))
    assert commit(ledger, send, ledger.claim(send, 10, NOTHING, NOW)) is not None

    with ThreadPoolExecutor(1) as pool:
        with writing(engine) as connection:
            erase(connection, ACCOUNT, ADA, address_key(ADA, PEPPER), NOW, "test")
            erasing = pool.submit(Contacts(engine, PEPPER).erase, PROJECT, bob, NOW, "test")
            sleep(0.3)  # it has begun, and comes upon what is locked here
        erasing.result()

    with reading(engine) as connection:
        assert connection.scalars(select(schema.attempt_members.c["values"])).all() == [[{}, {}]]


@pytest.mark.parametrize("to", [TagHolders("all"), OneAddress(ADA)], ids=["audience", "direct"])
def test_what_is_under_way_takes_its_answer(engine: Engine, to: Recipients) -> None:
    """An attempt on record before the erasure is settled by its late answer; the values it froze are gone."""
    ledger = SqlLedger(engine, PEPPER, timedelta(hours=1))
    send = begun(engine, ledger, to)
    attempt = commit(ledger, send, ledger.claim(send, 10, NOTHING, NOW))
    assert attempt is not None

    Contacts(engine, PEPPER).erase(PROJECT, ADA, NOW, "test")
    ledger.record([attempt.id], [Settled(attempt.deliveries[0], 1, DeliveryState.ACCEPTED)], NOW)

    assert dict(Sends(engine, PEPPER).states(send)) == {DeliveryState.ACCEPTED: 1}
    with reading(engine) as connection:
        assert connection.scalars(select(schema.attempt_members.c["values"])).all() == [[{}]]


@pytest.mark.parametrize("to", [TagHolders("all"), OneAddress(ADA)], ids=["audience", "direct"])
def test_what_proves_unsent_is_not_sent_again(engine: Engine, to: Recipients) -> None:
    """An attempt that the provider never got leaves nobody to write to: the row is withheld, not sent (D10)."""
    ledger = SqlLedger(engine, PEPPER, timedelta(0))
    send = begun(engine, ledger, to)
    attempt = commit(ledger, send, ledger.claim(send, 10, NOTHING, NOW))
    assert attempt is not None

    Contacts(engine, PEPPER).erase(PROJECT, ADA, NOW, "test")
    ledger.reconcile((), attempt.deliveries, (), "the provider has none of it", NOW)
    again = ledger.claim(send, 10, NOTHING, NOW)

    assert again.rows == ()
    assert dict(Sends(engine, PEPPER).states(send)) == {DeliveryState.WITHHELD: 1}


def test_a_late_answer_brings_no_address_back(engine: Engine) -> None:
    """What a provider or a mailbox says after the erasure settles the row, and is not kept in its words (O-06)."""
    ledger = SqlLedger(engine, PEPPER, timedelta(hours=1))
    send = begun(engine, ledger, TagHolders("all"))
    attempt = commit(ledger, send, ledger.claim(send, 10, NOTHING, NOW))
    assert attempt is not None
    words = f"550 5.1.1 <{ADA}>: no such user"

    Contacts(engine, PEPPER).erase(PROJECT, ADA, NOW, "test")
    ledger.record([attempt.id], [Settled(attempt.deliveries[0], 1, DeliveryState.REJECTED, words)], NOW)
    bounce = MailboxEvent(
        id="1", what=MailboxFact.HARD_BOUNCE, address=ADA, domain="example.com", source="ses", at=NOW, detail=words
    )
    assert Feedback(engine, PEPPER).mailbox(ACCOUNT, [bounce]).fresh == 1

    assert dict(Sends(engine, PEPPER).states(send)) == {DeliveryState.REJECTED: 1}
    with reading(engine) as connection:
        for table in schema.metadata.sorted_tables:
            assert "no such user" not in str(connection.execute(select(table)).all()), table.name
        assert connection.scalars(select(schema.mailbox_events.c.what)).all() == ["hard_bounce"]
