"""Planning: examples of duplicates, and of what is counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from migma_core import (
    MIGMA,
    Address,
    Circumstances,
    Contact,
    ContactId,
    Deferred,
    Denials,
    FrequencyCap,
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
    record,
    tally,
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


def test_a_partition_adds_up_whatever_its_numbers() -> None:
    """Mailable, every reason and deferred are summed, none of them swallowed by another."""
    assert Partition(3, {ReasonKind.MANUAL: 1, ReasonKind.COMPLAINT: 2}, deferred=1).total == 7
    assert Partition(1, {ReasonKind.MANUAL: 1}, deferred=1).total == 3


def test_an_empty_audience_is_a_partition_of_nobody() -> None:
    """Nobody in, nobody out."""
    assert partition(plan([])) == count(MIGMA, {}) == Partition()
    assert Partition().total == 0


def test_of_two_records_the_circumstances_that_say_the_least_win() -> None:
    """Mail that either record has had counts against their one mailbox: it waits for the later of the two (A-08)."""
    capped = MIGMA.with_rules(FrequencyCap(1, timedelta(days=7)), name="capped")
    early, late = NOW - timedelta(days=6), NOW - timedelta(days=1)
    people = [
        facts_about(who, Purpose.MARKETING, circumstances=Circumstances(received=received))
        for who, received in ((ADA, (early,)), (TWIN, (late,)))
    ]
    planned = plan(people, capped, NOW)
    assert [one.verdict for one in planned] == [
        Deferred(late + timedelta(days=7), why.FrequencyCap()),
        Withheld((why.Duplicate(ADA.id),)),
    ]
    unread = facts_about(TWIN, Purpose.MARKETING)  # nobody looked: withheld beats deferred
    assert plan([people[0], unread], capped, NOW)[0].verdict == Withheld((why.Unreadable(("received",)),))
    fresh = [facts_about(who, Purpose.MARKETING, circumstances=Circumstances()) for who in (ADA, TWIN)]
    assert plan(fresh, capped, NOW)[0].verdict == Mailable()


def test_records_are_tallied_as_the_plan_they_came_of_is() -> None:
    """One mailed, one waiting, one withheld: recorded, they are the same three."""
    capped = MIGMA.with_rules(FrequencyCap(1, timedelta(days=7)), name="capped")
    fresh, recent = Circumstances(), Circumstances(received=(NOW,))
    told = [(Standing(0), fresh), (Standing(0), recent), (Standing(0, Denials.MANUAL), fresh)]
    records = [record(standing, capped, NOW, known) for standing, known in told]
    assert tally(records) == Partition(1, {ReasonKind.MANUAL: 1}, deferred=1)
