"""Laws of planning: a partition adds up, and company changes nobody's verdict."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from migma_core import (
    Address,
    Contact,
    Facts,
    Mailable,
    Planned,
    Policy,
    Purpose,
    ReasonKind,
    Standing,
    Status,
    Suppression,
    Withheld,
    count,
    decide,
    facts_about,
    partition,
    plan,
)
from migma_core.testing.strategies import addresses, contacts, facts, policies, standings, suppressions
from tests.support.examples import few

# every example is an audience of several people, each drawn in full
AUDIENCES = settings(max_examples=few(50))
FEW = st.sampled_from([Address(local, "example.com") for local in ("ada", "ADA", "bob", "Bob", "eve", "zoe")])


STRANGERS = [Address(f"stranger{number}", "crowd.example.net") for number in range(1000)]
CROWD = {purpose: [facts_about(stranger, purpose) for stranger in STRANGERS] for purpose in Purpose}


def audiences(*, crowded: bool = False) -> st.SearchStrategy[list[Facts]]:
    """Up to six people for one purpose; crowded, they share a few mailboxes in several spellings."""
    address = FEW if crowded else FEW | addresses()
    # a stored audience holds each stranger's address once; contacts may share theirs
    by_purpose = {
        purpose: st.lists(
            facts(purpose=purpose, address=address),
            max_size=6,
            unique_by=lambda one: one.contact or one.address.canonical,
        )
        for purpose in Purpose
    }
    return st.sampled_from(Purpose).flatmap(by_purpose.__getitem__)


def mailboxes(audience: list[Facts], policy: Policy) -> set[str]:
    """Whom a plan reaches."""
    return {one.facts.address.canonical for one in plan(audience, policy) if one.verdict == Mailable()}


def is_duplicate(one: Planned) -> bool:
    """Whether the plan left this record out as a duplicate."""
    return isinstance(one.verdict, Withheld) and one.verdict.reasons[0].kind is ReasonKind.DUPLICATE


@AUDIENCES
@given(audiences(), policies())
def test_a_plan_holds_everyone_exactly_once(audience: list[Facts], policy: Policy) -> None:
    """Mailable, withheld and deferred add up to the audience, and everybody is in one of them."""
    planned = plan(audience, policy)
    identities = Counter((one.contact, one.address.canonical) for one in audience)
    assert Counter((one.facts.contact, one.facts.address.canonical) for one in planned) == identities
    assert partition(planned).total == len(audience)


@AUDIENCES
@given(audiences(crowded=True), policies())
def test_the_count_is_the_plan(audience: list[Facts], policy: Policy) -> None:
    """Counting standings, as a database groups them, gives the partition of deciding one by one."""
    planned = plan(audience, policy)
    first = [one for one in planned if not is_duplicate(one)]
    grouped = Counter(one.facts.standing for one in first)
    assert count(policy, grouped, duplicates=len(planned) - len(first)) == partition(planned)


@AUDIENCES
@given(audiences(), policies())
def test_planned_verdicts_are_decided_verdicts(audience: list[Facts], policy: Policy) -> None:
    """Everybody but a duplicate has the verdict that `decide` gives them alone, in company as without."""
    alone = {one.address.canonical: decide(one, policy) for one in audience}
    shared = Counter(one.address.canonical for one in audience)
    for one in plan(audience, policy):
        if not is_duplicate(one):
            assert one.verdict == decide(one.facts, policy)
            if shared[one.facts.address.canonical] == 1:
                assert one.verdict == alone[one.facts.address.canonical]


@given(facts(), policies())
def test_alone_or_among_a_thousand_the_verdict_is_the_same(who: Facts, policy: Policy) -> None:
    """Strangers in the same audience change nothing about anybody."""
    planned = {one.facts.address.canonical: one.verdict for one in plan([*CROWD[who.purpose], who], policy)}
    assert planned[who.address.canonical] == decide(who, policy)
    assert len(planned) == len(STRANGERS) + 1


@AUDIENCES
@given(audiences(crowded=True), policies(), st.randoms(use_true_random=False))
def test_order_changes_no_plan(audience: list[Facts], policy: Policy, chance: random.Random) -> None:
    """Whichever way the rows come in, the same people are reached and the same reasons told."""
    turned = list(audience)
    chance.shuffle(turned)
    assert plan(turned, policy) == plan(audience, policy)


@AUDIENCES
@given(audiences(crowded=True), policies())
def test_repeating_the_input_reaches_nobody_twice(audience: list[Facts], policy: Policy) -> None:
    """A row that comes twice is a duplicate once, and changes no verdict (R57)."""
    once, twice = plan(audience, policy), plan([*audience, *audience], policy)
    assert mailboxes([*audience, *audience], policy) == mailboxes(audience, policy)
    assert partition(twice).mailable == partition(once).mailable
    assert partition(twice).total == 2 * len(audience)
    firsts = [one.verdict for one in twice if not is_duplicate(one)]
    assert firsts == [one.verdict for one in once if not is_duplicate(one)]


@AUDIENCES
@given(audiences(), policies(), st.integers(1, 5))
def test_the_size_of_a_batch_changes_no_verdict(audience: list[Facts], policy: Policy, size: int) -> None:
    """Planned in pages, as long as no mailbox is torn apart, an audience is planned as a whole."""
    distinct = sorted({one.address.canonical: one for one in audience}.values(), key=lambda one: one.address.canonical)
    pages = [distinct[start : start + size] for start in range(0, len(distinct), size)]
    assert tuple(one for page in pages for one in plan(page, policy)) == plan(distinct, policy)


@AUDIENCES
@given(audiences(crowded=True), policies())
def test_of_those_who_share_a_mailbox_the_strictest_facts_win(audience: list[Facts], policy: Policy) -> None:
    """A mailbox is reached exactly where every record of it may be mailed, and then once (A-08)."""
    refused = {one.address.canonical for one in audience if isinstance(decide(one, policy), Withheld)}
    reached = Counter(one.facts.address.canonical for one in plan(audience, policy) if one.verdict == Mailable())
    assert set(reached) == {one.address.canonical for one in audience} - refused
    assert set(reached.values()) <= {1}


@AUDIENCES
@given(audiences(crowded=True), policies())
def test_no_strong_reason_is_lost_among_duplicates(audience: list[Facts], policy: Policy) -> None:
    """The strongest reason of any record is the strongest reason told of the mailbox (A-02, A-08)."""
    places = {kind: place for place, kind in enumerate(ReasonKind)}
    strongest: dict[str, int] = {}
    for one in audience:
        for kind in policy.kinds(policy.code(one.standing)):
            known = strongest.get(one.address.canonical, len(places))
            strongest[one.address.canonical] = min(known, places[kind])
    for planned in plan(audience, policy):
        if isinstance(planned.verdict, Withheld) and not is_duplicate(planned):
            assert places[planned.verdict.reasons[0].kind] == strongest[planned.facts.address.canonical]


@AUDIENCES
@given(audiences(crowded=True), policies())
def test_all_others_are_duplicates_of_the_first(audience: list[Facts], policy: Policy) -> None:
    """Each mailbox has one verdict of its own, and every other record points at it."""
    planned = plan(audience, policy)
    firsts = {one.facts.address.canonical: one.facts.contact for one in planned if not is_duplicate(one)}
    assert len(firsts) == len([one for one in planned if not is_duplicate(one)])
    for one in planned:
        if isinstance(one.verdict, Withheld) and one.verdict.reasons[0].kind is ReasonKind.DUPLICATE:
            assert getattr(one.verdict.reasons[0], "of", None) == firsts[one.facts.address.canonical]


@given(
    st.lists(st.tuples(contacts(address=FEW), st.lists(suppressions(), max_size=2)), min_size=1, max_size=6),
    suppressions(),
    st.sampled_from(Purpose),
    policies(),
)
def test_a_suppression_never_adds_a_recipient(
    people: list[tuple[Contact, list[Suppression]]], more: Suppression, purpose: Purpose, policy: Policy
) -> None:
    """One entry more, whoever it is about, and the same mailboxes or fewer are reached, under any policy."""
    for unlucky in range(len(people)):
        before = [facts_about(who, purpose, suppressions=listed, provider="ses") for who, listed in people]
        after = list(before)
        who, listed = people[unlucky]
        after[unlucky] = facts_about(who, purpose, suppressions=[*listed, more], provider="ses")
        assert mailboxes(after, policy) <= mailboxes(before, policy)


@given(st.lists(contacts(address=FEW), min_size=1, max_size=6), st.sampled_from(Purpose), policies())
def test_an_opt_out_never_adds_a_recipient(people: list[Contact], purpose: Purpose, policy: Policy) -> None:
    """A status that gets worse, to unsubscribed or to bounced, takes mailboxes away or none."""
    before = [facts_about(who, purpose) for who in people]
    if people[0].status is not Status.BOUNCED:
        left = [facts_about(replace(people[0], status=Status.UNSUBSCRIBED), purpose), *before[1:]]
        assert mailboxes(left, policy) <= mailboxes(before, policy)
        bounced = [facts_about(replace(people[0], status=Status.BOUNCED), purpose), *before[1:]]
        assert mailboxes(bounced, policy) <= mailboxes(left, policy)


@given(st.dictionaries(standings(), st.integers(0, 10**9)), st.integers(0, 100), policies())
def test_a_count_adds_up(standing: dict[Standing, int], duplicates: int, policy: Policy) -> None:
    """However many people stand where, a count loses nobody."""
    assert count(policy, standing, duplicates).total == sum(standing.values()) + duplicates
