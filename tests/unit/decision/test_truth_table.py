"""The truth table of the product's rules (reference/migma.md §2.8), cell by cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

import pytest

from migma_core import (
    MIGMA,
    STRICT,
    Address,
    Contact,
    ContactId,
    DefaultSubscription,
    Mailable,
    Policy,
    ProjectId,
    Purpose,
    ReasonKind,
    Status,
    Suppression,
    SuppressionReason,
    Topic,
    TopicId,
    Validation,
    Withheld,
    decide,
    facts_about,
)
from migma_core.decision import rules

# Columns: transactional | marketing without a topic | marketing on an opt_out topic | marketing on an opt_in topic.
TABLE = """
| subscribed, valid                | send            | send                | send                | SKIP topic          |
| subscribed, unknown              | send            | send                | send                | SKIP topic          |
| subscribed, explicit topic yes   | send            | send                | send                | send                |
| subscribed, explicit topic no    | send            | send                | SKIP topic          | SKIP topic          |
| subscribed, risky, switch off    | send            | send                | send                | SKIP topic          |
| subscribed, risky, switch on     | send            | SKIP risky          | SKIP risky          | SKIP topic          |
| subscribed, invalid              | SKIP invalid    | SKIP invalid        | SKIP invalid        | SKIP invalid        |
| unsubscribed, invalid            | SKIP invalid    | SKIP invalid        | SKIP invalid        | SKIP invalid        |
| non-subscribed, invalid          | SKIP invalid    | SKIP invalid        | SKIP invalid        | SKIP invalid        |
| unsubscribed                     | send            | SKIP unsubscribed   | SKIP unsubscribed   | SKIP unsubscribed   |
| unsubscribed, explicit topic yes | send            | SKIP unsubscribed   | SKIP unsubscribed   | SKIP unsubscribed   |
| non-subscribed                   | send            | SKIP non-subscribed | SKIP non-subscribed | SKIP non-subscribed |
| bounced                          | SKIP bounced    | SKIP bounced        | SKIP bounced        | SKIP bounced        |
| bounced, invalid                 | SKIP bounced    | SKIP bounced        | SKIP bounced        | SKIP bounced        |
| bounce suppression               | SKIP bounced    | SKIP bounced        | SKIP bounced        | SKIP bounced        |
| complaint suppression            | SKIP complained | SKIP complained     | SKIP complained     | SKIP complained     |
| complaint suppression, relaxed   | send            | SKIP complained     | SKIP complained     | SKIP complained     |
| manual suppression               | SKIP manual     | SKIP manual         | SKIP manual         | SKIP manual         |
| manual suppression, relaxed      | send            | SKIP manual         | SKIP manual         | SKIP manual         |
| unsubscribe suppression          | send            | SKIP unsubscribed   | SKIP unsubscribed   | SKIP unsubscribed   |
| no contact stored                | send            | SKIP non-subscribed | SKIP non-subscribed | SKIP non-subscribed |
"""

SKIPPED_AS: Mapping[str, frozenset[ReasonKind]] = {
    "SKIP topic": frozenset({ReasonKind.TOPIC_LEFT, ReasonKind.TOPIC_NOT_JOINED}),
    "SKIP risky": frozenset({ReasonKind.RISKY_ADDRESS}),
    "SKIP invalid": frozenset({ReasonKind.INVALID_ADDRESS}),
    "SKIP unsubscribed": frozenset({ReasonKind.UNSUBSCRIBED}),
    "SKIP non-subscribed": frozenset({ReasonKind.NOT_SUBSCRIBED}),
    "SKIP bounced": frozenset({ReasonKind.HARD_BOUNCE}),
    "SKIP complained": frozenset({ReasonKind.COMPLAINT}),
    "SKIP manual": frozenset({ReasonKind.MANUAL}),
}

NOW = datetime(2026, 5, 1, tzinfo=UTC)
NEWS = TopicId("d" * 32)
OPT_OUT = Topic(NEWS, "News", DefaultSubscription("opt_out"))
OPT_IN = Topic(NEWS, "News", DefaultSubscription("opt_in"))
COLUMNS: tuple[tuple[str, Purpose, Topic | None], ...] = (
    ("transactional", Purpose.TRANSACTIONAL, None),
    ("marketing, no topic", Purpose.MARKETING, None),
    ("marketing, opt_out topic", Purpose.MARKETING, OPT_OUT),
    ("marketing, opt_in topic", Purpose.MARKETING, OPT_IN),
)
ADA = Contact(id=ContactId("c" * 32), project=ProjectId("p" * 32), address=Address("ada", "example.com"))
RISKY_SWITCH = MIGMA.with_rules(rules.risky_address)
RELAXED = {
    SuppressionReason.COMPLAINT: MIGMA.relaxed(rules.complaint.denial),
    SuppressionReason.MANUAL: MIGMA.relaxed(rules.manual.denial),
}

State: TypeAlias = tuple[Contact | Address, tuple[Suppression, ...], Policy]


def read(state: str) -> State:
    """The person, the suppressions and the policy that a row's first cell describes."""
    first, *rest = state.split(", ")
    if first == "no contact stored":
        return ADA.address, (), MIGMA
    if first.endswith(" suppression"):
        reason = SuppressionReason(first.removesuffix(" suppression"))
        return ADA, (Suppression(reason, NOW, "test"),), RELAXED[reason] if rest else MIGMA
    who = replace(ADA, status=Status(first))
    policy = MIGMA
    for word in rest:
        match word:
            case "explicit topic yes" | "explicit topic no":
                who = replace(who, topics={NEWS: word.endswith("yes")})
            case "switch on" | "switch off":
                policy = RISKY_SWITCH if word == "switch on" else MIGMA
            case _:
                who = replace(who, validation=Validation(word))
    return who, (), policy


ROWS = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in TABLE.strip().splitlines()]
CASES = [
    pytest.param(state, purpose, topic, outcome, id=f"{state} - {column}")
    for state, *outcomes in ROWS
    for (column, purpose, topic), outcome in zip(COLUMNS, outcomes, strict=True)
]


@pytest.mark.parametrize(("state", "purpose", "topic", "outcome"), CASES)
def test_the_truth_table_holds(state: str, purpose: Purpose, topic: Topic | None, outcome: str) -> None:
    """The strongest reason, or none, is the one in the reference's table (R9 to R23, R56)."""
    who, suppressions, policy = read(state)
    verdict = decide(facts_about(who, purpose, topic=topic, suppressions=suppressions), policy)
    match verdict:
        case Withheld(reasons):
            assert reasons[0].kind in SKIPPED_AS[outcome]
        case _:
            assert (verdict, outcome) == (Mailable(), "send")


def test_transactional_mail_has_no_topic_to_respect() -> None:
    """A topic given with transactional mail is not even recorded: it cannot filter anybody (R19)."""
    left = replace(ADA, topics={NEWS: False})
    asked = facts_about(left, Purpose.TRANSACTIONAL, topic=OPT_IN)
    assert asked == facts_about(left, Purpose.TRANSACTIONAL)
    assert asked.topic is None


def test_strict_asks_for_more_than_the_table() -> None:
    """Under `strict` a subscriber without consent on record gets no marketing, and still gets what they need."""
    ada = replace(ADA, address=Address("ada", "customers.migma.email"))
    assert decide(facts_about(ada, Purpose.TRANSACTIONAL), STRICT) == Mailable()
    verdict = decide(facts_about(ada, Purpose.MARKETING), STRICT)
    assert isinstance(verdict, Withheld)
    assert [reason.kind for reason in verdict.reasons] == [ReasonKind.CONSENT_UNPROVEN]
