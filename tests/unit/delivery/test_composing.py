"""Composing: what is worked out once for a whole claim is what each row's own facts come to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from migma_core import (
    MIGMA,
    Address,
    Batch,
    Circumstances,
    DeliveryState,
    OneAddress,
    Policy,
    SendId,
    Standing,
    Token,
    TokenKeys,
    TokenPurpose,
    Topic,
    TopicId,
    facts_about,
    mint_token,
)
from migma_core.decision.authorization import Sender
from migma_core.decision.outside import FrequencyCap
from migma_core.decision.purpose import Purpose
from migma_core.decision.record import record
from migma_core.decision.standing import Cell, ConsentFact, StatusFact
from migma_core.delivery.attempt import Parcel
from migma_core.delivery.composing import compose
from migma_core.delivery.effects import Claimed, ClaimedRow
from migma_core.delivery.job import Job
from tests.support.batches import BRAND, KEYS, NOW, PROJECT, compiled_for, delivery_id, opt_out_link, person

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


@pytest.mark.parametrize("to_topic", [False, True], ids=["all marketing", "the topic"])
def test_each_has_links_by_the_newest_key_and_to_what_the_policy_says(to_topic: bool) -> None:
    """Opt-out and preferences name their own person, a topic where the policy links to it, and the newest key."""
    topic, text = TopicId("7" * 32), "{{given}} {{name}} {{preferences_url}}"
    compiled = compiled_for(html="", text=text, topic=topic, variables={"given": "everybody"})
    policy, keys = replace(MIGMA, topic_links=to_topic), TokenKeys({1: bytes(range(32)), 7: bytes(range(1, 33))})
    rows = [_named(number, topic) for number in range(10)]
    wave = compose(replace(_job(policy), compiled=compiled, keys=keys), Claimed(NOW, Sender(None), tuple(rows)))
    messages = [message for lot in wave.lots for message in lot.batch.messages]
    assert [message.values["name"] for message in messages] == [row.values["name"] for row in rows]
    assert {message.values["given"] for message in messages} == {"everybody"}
    for row, message in zip(rows, messages, strict=True):
        assert row.facts.contact is not None
        own = Token(TokenPurpose.UNSUBSCRIBE, PROJECT, row.facts.contact, row.delivery, topic if to_topic else None)
        assert message.unsubscribe_url == BRAND.link("u", mint_token(own, keys))
        own = Token(TokenPurpose.PREFERENCES, PROJECT, row.facts.contact, row.delivery)
        assert message.values["preferences_url"] == BRAND.link("p", mint_token(own, keys))


@pytest.mark.parametrize("name", ["unsubscribe_url", "preferences_url"])
def test_a_stranger_is_not_sent_a_link(name: str) -> None:
    """Nobody knows who they are: a link could only be another person's, and content that needs one is refused them."""
    to = Address("somebody", "mail.net")
    compiled = compiled_for(html="", text=f"{{{{{name}}}}}", recipients=OneAddress(to))
    row = ClaimedRow(delivery_id(), 1, 0, facts_about(to, Purpose.TRANSACTIONAL), {})
    wave = compose(replace(_job(MIGMA), compiled=compiled), Claimed(NOW, Sender(None), (row,)))
    (settled,) = wave.settled
    assert not wave.lots
    assert settled.state is DeliveryState.REJECTED
    assert "this recipient has none" in settled.why


def _named(number: int, topic: TopicId) -> ClaimedRow:
    about = Topic(topic, "News")
    facts = facts_about(person(number), Purpose.MARKETING, topic=about)
    return ClaimedRow(delivery_id(number), 1, 0, facts, {"name": f"Person {number}", "given": "nobody"})


def test_each_link_is_the_recipients_own() -> None:
    """The link names its own contact and delivery, whoever was written to before."""
    rows = [row for row in map(_row, range(40)) if row.facts.standing in STANDINGS[:5]]
    wave = compose(_job(MIGMA), Claimed(NOW, Sender(None), tuple(rows)))
    messages = [message for lot in wave.lots for message in lot.batch.messages]
    numbers = [int(message.delivery, 16) - 1 for message in messages]
    assert [message.unsubscribe_url for message in messages] == [opt_out_link(number) for number in numbers]
    assert messages
