"""Planning: examples of duplicates, and of what is counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from migma_core import (
    MIGMA,
    Address,
    Contact,
    ContactId,
    Deferred,
    Denials,
    Mailable,
    Partition,
    Planned,
    ProjectId,
    Purpose,
    ReasonKind,
    Standing,
    Status,
    Suppression,
    SuppressionReason,
    Validation,
    Withheld,
    count,
    facts_about,
    partition,
    plan,
)
from migma_core.decision import reasons as why

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ADA = Contact(id=ContactId("a" * 32), project=ProjectId("p" * 32), address=Address("ada", "example.com"))
TWIN = replace(ADA, id=ContactId("b" * 32), address=Address("ADA", "example.com"))


def test_of_two_records_the_strictest_facts_win() -> None:
    """An opt-out of either record withholds the first, and the other is a duplicate of it (A-08)."""
    listed = Suppression(SuppressionReason.UNSUBSCRIBE, NOW, "link")
    for first, second in (((listed,), ()), ((), (listed,))):
        planned = plan(
            [
                facts_about(ADA, Purpose.MARKETING, suppressions=first),
                facts_about(TWIN, Purpose.MARKETING, suppressions=second),
            ]
        )
        assert [one.verdict for one in planned] == [
            Withheld((why.Unsubscribed(NOW, "link"),)),
            Withheld((why.Duplicate(ADA.id),)),
        ]


def test_of_two_cells_the_one_with_the_strongest_reason_wins() -> None:
    """A twin found undeliverable outweighs one who merely unsubscribed, whichever comes first (A-08)."""
    weak = replace(ADA, status=Status.UNSUBSCRIBED)
    strong = replace(TWIN, validation=Validation.INVALID)
    for pair in ((weak, strong), (strong, weak)):
        first, _ = plan(facts_about(who, Purpose.MARKETING) for who in pair)
        assert (first.facts.contact, first.verdict) == (ADA.id, Withheld((why.InvalidAddressFound(),)))


def test_duplicates_who_may_be_mailed_are_mailed_once() -> None:
    """One message for one mailbox; the other record is counted, never lost (R57)."""
    planned = plan([facts_about(TWIN, Purpose.MARKETING), facts_about(ADA, Purpose.MARKETING)])
    assert [one.verdict for one in planned] == [Mailable(), Withheld((why.Duplicate(ADA.id),))]
    assert partition(planned) == Partition(1, {ReasonKind.DUPLICATE: 1})


def test_a_person_is_counted_once_under_the_strongest_reason() -> None:
    """However many reasons there are, a partition adds up to the audience (R56)."""
    standing = Standing(0, Denials.HARD_BOUNCE | Denials.UNSUBSCRIBED)
    assert count(MIGMA, {standing: 3, Standing(0): 2}, duplicates=4) == Partition(
        2, {ReasonKind.HARD_BOUNCE: 3, ReasonKind.DUPLICATE: 4}
    )


def test_the_deferred_are_neither_mailable_nor_withheld() -> None:
    """Who waits is counted apart and still belongs to the audience."""
    waiting = Planned(facts_about(ADA, Purpose.MARKETING), Deferred(NOW, why.QuietHours()))
    divided = partition([waiting, waiting])
    assert divided == Partition(deferred=2)
    assert divided.total == 2


def test_an_empty_audience_is_a_partition_of_nobody() -> None:
    """Nobody in, nobody out."""
    assert partition(plan([])) == count(MIGMA, {}) == Partition()
    assert Partition().total == 0
