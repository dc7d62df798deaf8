"""The truth table of the product's rules (reference/migma.md §2.8), cell by cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product, starmap

import pytest

from migma_core import (
    MIGMA,
    STRICT,
    Address,
    Contact,
    ContactId,
    DefaultSubscription,
    Denials,
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

# Row of the reference ("+": ours beside them), state of the address, and the outcome for transactional mail and for
# marketing without a topic, on an opt_out topic and on an opt_in topic: sent, or skipped for that reason. A row that
# names no switch holds in every position of all three; "relaxed" is the one switch of R17 that speaks of its row.
TABLE = """
| 1  | subscribed, valid/unknown                | send       | send           | send           | not joined     |
| 2  | subscribed, explicit topic yes           | send       | send           | send           | send           |
| 3  | subscribed, explicit topic no            | send       | send           | left           | left           |
| 4  | subscribed, risky, switch off            | send       | send           | send           | not joined     |
| 5  | subscribed, risky, switch on             | send       | risky          | risky          | not joined     |
| 6  | any status but bounced, invalid          | invalid    | invalid        | invalid        | invalid        |
| 7  | unsubscribed                             | send       | unsubscribed   | unsubscribed   | unsubscribed   |
| +  | unsubscribed, explicit topic yes         | send       | unsubscribed   | unsubscribed   | unsubscribed   |
| 8  | non-subscribed                           | send       | non-subscribed | non-subscribed | non-subscribed |
| +  | non-subscribed, explicit topic yes       | send       | non-subscribed | non-subscribed | non-subscribed |
| 9  | bounced                                  | bounced    | bounced        | bounced        | bounced        |
| +  | bounced, invalid                         | bounced    | bounced        | bounced        | bounced        |
| +  | subscribed, bounce listed                | bounced    | bounced        | bounced        | bounced        |
| 10 | any status but bounced, complaint listed | complained | complained     | complained     | complained     |
| +  | subscribed, complaint listed, relaxed    | send       | complained     | complained     | complained     |
| 11 | any status but bounced, manual listed    | manual     | manual         | manual         | manual         |
| +  | subscribed, manual listed, relaxed       | send       | manual         | manual         | manual         |
| +  | subscribed, unsubscribe listed           | send       | unsubscribed   | unsubscribed   | unsubscribed   |
| 12 | no contact stored                        | send       | non-subscribed | non-subscribed | non-subscribed |
| +  | no contact stored, bounce listed         | bounced    | bounced        | bounced        | bounced        |
| +  | no contact stored, complaint listed      | complained | complained     | complained     | complained     |
| +  | no contact stored, unsubscribe listed    | send       | unsubscribed   | unsubscribed   | unsubscribed   |
"""

SKIPPED_FOR: Mapping[str, ReasonKind] = {
    "not joined": ReasonKind.TOPIC_NOT_JOINED,
    "left": ReasonKind.TOPIC_LEFT,
    "risky": ReasonKind.RISKY_ADDRESS,
    "invalid": ReasonKind.INVALID_ADDRESS,
    "unsubscribed": ReasonKind.UNSUBSCRIBED,
    "non-subscribed": ReasonKind.NOT_SUBSCRIBED,
    "bounced": ReasonKind.HARD_BOUNCE,
    "complained": ReasonKind.COMPLAINT,
    "manual": ReasonKind.MANUAL,
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
ANY_STATUS = "any status but bounced"


@dataclass(frozen=True)
class Switches:
    """The three positions a policy of the product can be in: R14, and R17 twice."""

    risky: bool
    complaint: bool
    manual: bool

    @property
    def policy(self) -> Policy:
        """`migma` with these switches on."""
        policy = MIGMA.with_rules(rules.risky_address) if self.risky else MIGMA
        policy = policy.relaxed(Denials.COMPLAINT) if self.complaint else policy
        return policy.relaxed(Denials.MANUAL) if self.manual else policy


POSITIONS = {switches: switches.policy for switches in starmap(Switches, product((False, True), repeat=3))}


def states(state: str) -> Iterator[str]:
    """Each single state that a row speaks of."""
    if state.startswith(ANY_STATUS):
        yield from (f"{one}{state.removeprefix(ANY_STATUS)}" for one in Status if one is not Status.BOUNCED)
    else:
        first, _, rest = state.partition(", ")
        yield from (", ".join(filter(None, (first, one))) for one in rest.split("/"))


def person(state: str) -> tuple[Contact | Address, list[Suppression]]:
    """Who is in this state, and what the list holds against their address."""
    status, *rest = state.split(", ")
    listed = [
        Suppression(SuppressionReason(one.removesuffix(" listed")), NOW, "test") for one in rest if "listed" in one
    ]
    if status == "no contact stored":
        return ADA.address, listed
    who = replace(ADA, status=Status(status))
    for word in rest:
        if word in set(Validation):
            who = replace(who, validation=Validation(word))
        if word.startswith("explicit topic"):
            who = replace(who, topics={NEWS: word.endswith("yes")})
    return who, listed


def holds_in(state: str, switches: Switches) -> bool:
    """Whether the row is about this position of the switches."""
    return (
        ("risky" not in state or switches.risky is ("switch on" in state))
        and ("complaint" not in state or switches.complaint is ("relaxed" in state))
        and ("manual" not in state or switches.manual is ("relaxed" in state))
    )


ROWS = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in TABLE.strip().splitlines()]
CASES = [
    pytest.param(state, purpose, topic, outcome, id=f"{state} - {column}")
    for _, row, *outcomes in ROWS
    for state in states(row)
    for (column, purpose, topic), outcome in zip(COLUMNS, outcomes, strict=True)
]


@pytest.mark.parametrize(("state", "purpose", "topic", "outcome"), CASES)
def test_the_truth_table_holds(state: str, purpose: Purpose, topic: Topic | None, outcome: str) -> None:
    """The strongest reason, or none, is the reference's in every position of the switches left open (R9 to R23)."""
    who, listed = person(state)
    facts = facts_about(who, purpose, topic=topic, suppressions=listed)
    positions = [policy for switches, policy in POSITIONS.items() if holds_in(state, switches)]
    assert positions
    for policy in positions:
        match decide(facts, policy):
            case Withheld(reasons):
                assert reasons[0].kind is SKIPPED_FOR[outcome]
            case verdict:
                assert (verdict, outcome) == (Mailable(), "send")


def test_every_row_of_the_reference_is_here() -> None:
    """All twelve rows stand in the table, each with four outcomes, and row six speaks of every status but one."""
    assert {number for number, *_ in ROWS if number != "+"} == set(map(str, range(1, 13)))
    assert {len(outcomes) for _, _, *outcomes in ROWS} == {len(COLUMNS)}
    invalid = [state for number, row, *_ in ROWS if number == "6" for state in states(row)]
    assert invalid == ["subscribed, invalid", "unsubscribed, invalid", "non-subscribed, invalid"]


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
