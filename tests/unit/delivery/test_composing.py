"""Composing: what is worked out once for a whole claim is what each row's own facts come to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from migma_core import MIGMA, Batch, Circumstances, DeliveryState, Policy, SendId, Standing, facts_about
from migma_core.decision.authorization import Sender
from migma_core.decision.outside import FrequencyCap
from migma_core.decision.purpose import Purpose
from migma_core.decision.record import record
from migma_core.decision.standing import Cell, ConsentFact, StatusFact
from migma_core.delivery.attempt import Parcel
from migma_core.delivery.composing import compose
from migma_core.delivery.effects import Claimed, ClaimedRow
from migma_core.delivery.job import Job
from tests.support.batches import KEYS, NOW, compiled_for, delivery_id, opt_out_link, person

CAPPED = MIGMA.with_rules(FrequencyCap(1, timedelta(days=7)))
STANDINGS = [
    Standing(Cell(Purpose.MARKETING, status, consent=consent).packed)
    for status in (StatusFact.SUBSCRIBED, StatusFact.UNSUBSCRIBED)
    for consent in ConsentFact
]


def _job(policy: Policy) -> Job:
    return Job(SendId("5" * 32), compiled_for(), policy, KEYS, "outbox", _as_octets, lambda row: None, batch_size=3)


def _as_octets(batch: Batch) -> Parcel:
    return Parcel(tuple(delivery.encode() for delivery in batch.deliveries))


def _row(number: int) -> ClaimedRow:
    """Every third has had mail already; all stand in one of a few ways."""
    received = (NOW - timedelta(days=1),) if number % 3 == 0 else ()
    facts = facts_about(person(number), Purpose.MARKETING, circumstances=Circumstances(received=received))
    standing = STANDINGS[number % len(STANDINGS)]
    return ClaimedRow(delivery_id(number), 1, 0, facts._replace(standing=standing), {})


@pytest.mark.parametrize("policy", [MIGMA, CAPPED], ids=["table alone", "rules outside it"])
def test_each_has_the_decision_that_their_own_facts_come_to(policy: Policy) -> None:
    """Decisions are in the order of the lots, each equal to one made from that row alone, and mailable."""
    rows = {row.delivery: row for row in map(_row, range(40))}
    wave = compose(_job(policy), Claimed(NOW, Sender(None), tuple(rows.values())))
    going = [rows[delivery] for lot in wave.lots for delivery in lot.members]
    alone = [record(row.facts.standing, policy, NOW, row.facts.circumstances) for row in going]
    assert list(wave.decisions) == alone
    assert going
    assert all(one.is_mailable for one in wave.decisions)


@pytest.mark.parametrize("policy", [MIGMA, CAPPED], ids=["table alone", "rules outside it"])
def test_nobody_is_lost_between_lots_and_what_is_settled_without(policy: Policy) -> None:
    """Everyone claimed is in a lot, or settled with the decision that stopped them."""
    rows = {row.delivery: row for row in map(_row, range(40))}
    wave = compose(_job(policy), Claimed(NOW, Sender(None), tuple(rows.values())))
    stopped = {one.delivery: one for one in wave.settled}
    assert {one for lot in wave.lots for one in lot.members} | stopped.keys() == rows.keys()
    for one in stopped.values():
        row = rows[one.delivery]
        assert one.decision == record(row.facts.standing, policy, NOW, row.facts.circumstances)
        assert one.state in {DeliveryState.WITHHELD, DeliveryState.READY}


def test_each_link_is_the_recipients_own() -> None:
    """The link names its own contact and delivery, whoever was written to before."""
    rows = [row for row in map(_row, range(40)) if row.facts.standing in STANDINGS[:5]]
    wave = compose(_job(MIGMA), Claimed(NOW, Sender(None), tuple(rows)))
    messages = [message for lot in wave.lots for message in lot.batch.messages]
    numbers = [int(message.delivery, 16) - 1 for message in messages]
    assert [message.unsubscribe_url for message in messages] == [opt_out_link(number) for number in numbers]
    assert messages
