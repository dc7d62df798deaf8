"""Laws of the decision, proven in every cell of both built-in policies and drawn for those derived from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migma_core import (
    MIGMA,
    STRICT,
    Authorized,
    Cell,
    Contact,
    Deferred,
    Denials,
    Facts,
    Fault,
    Mailable,
    Policy,
    Purpose,
    Reason,
    ReasonKind,
    Refused,
    Sender,
    SendRequest,
    Standing,
    Suppression,
    Topic,
    TopicId,
    Visibility,
    Withheld,
    authorize,
    classify,
    decide,
    explain,
    facts_about,
    remedy,
)
from migma_core.audience.address import is_reserved_name
from migma_core.decision.eligibility import reasons_for
from migma_core.decision.explain import explain_fault, explain_reason
from migma_core.decision.faults import DomainUnverified
from migma_core.decision.reasons import STRENGTH
from migma_core.decision.rules import CellRule
from migma_core.decision.standing import ConsentFact, StatusFact, TopicFact, ValidationFact, all_cells
from migma_core.testing import strategies as some

BUILT_IN = pytest.mark.parametrize("policy", [MIGMA, STRICT], ids=lambda policy: policy.name)
NO_MAIL_AT_ALL = (
    Denials.HARD_BOUNCE
    | Denials.COMPLAINT
    | Denials.MANUAL
    | Denials.PROVIDER_SUPPRESSED
    | Denials.EXCLUDED
    | Denials.UNREADABLE
)


def what_the_rules_say(cell: Cell, policy: Policy) -> set[ReasonKind]:
    """R9 to R23 and what `strict` adds, written down a second time as a bare chain of questions."""
    strict, marketing = policy is STRICT, cell.purpose is Purpose.MARKETING
    kinds = set[ReasonKind]()
    if cell.status is StatusFact.BOUNCED:
        kinds.add(ReasonKind.HARD_BOUNCE)
    if cell.validation is ValidationFact.INVALID:
        kinds.add(ReasonKind.INVALID_ADDRESS)
    if cell.status is StatusFact.UNREADABLE or cell.validation is ValidationFact.UNREADABLE:
        kinds.add(ReasonKind.UNREADABLE)
    if not marketing:
        return kinds
    if cell.status is StatusFact.UNSUBSCRIBED:
        kinds.add(ReasonKind.UNSUBSCRIBED)
    if cell.status in {StatusFact.NON_SUBSCRIBED, StatusFact.NO_CONTACT}:
        kinds.add(ReasonKind.NOT_SUBSCRIBED)
    if cell.topic.name.endswith("_LEFT"):
        kinds.add(ReasonKind.TOPIC_LEFT)
    if cell.topic is TopicFact.NOT_SUBSCRIBED_NO_RECORD:
        kinds.add(ReasonKind.TOPIC_NOT_JOINED)
    if cell.topic.name.endswith("_UNREADABLE") or (strict and cell.consent is ConsentFact.UNREADABLE):
        kinds.add(ReasonKind.UNREADABLE)
    if strict and cell.validation is ValidationFact.RISKY:
        kinds.add(ReasonKind.RISKY_ADDRESS)
    if strict and cell.consent in {ConsentFact.UNPROVEN, ConsentFact.NONE}:
        kinds.add(ReasonKind.CONSENT_UNPROVEN)
    if strict and cell.is_role:
        kinds.add(ReasonKind.ROLE_ADDRESS)
    return kinds


# What each denial means, for marketing and for transactional mail, under `migma` (D13); K-05 is off in it.
DENIED_AS: dict[Denials, tuple[ReasonKind | None, ReasonKind | None]] = {
    Denials.HARD_BOUNCE: (ReasonKind.HARD_BOUNCE, ReasonKind.HARD_BOUNCE),
    Denials.COMPLAINT: (ReasonKind.COMPLAINT, ReasonKind.COMPLAINT),
    Denials.MANUAL: (ReasonKind.MANUAL, ReasonKind.MANUAL),
    Denials.ERASED: (ReasonKind.ERASED, None),
    Denials.PROVIDER_SUPPRESSED: (ReasonKind.PROVIDER_SUPPRESSED, ReasonKind.PROVIDER_SUPPRESSED),
    Denials.UNSUBSCRIBED: (ReasonKind.UNSUBSCRIBED, None),
    Denials.OBJECTION: (ReasonKind.OBJECTION, None),
    Denials.SOFT_BOUNCE_LIMIT: (None, None),
    Denials.EXCLUDED: (ReasonKind.EXCLUDED, ReasonKind.EXCLUDED),
    Denials.UNREADABLE: (ReasonKind.UNREADABLE, ReasonKind.UNREADABLE),
    Denials.RESERVED_NAME: (None, None),
}


def every_standing_of_one_bit() -> Iterator[tuple[Cell, Denials]]:
    """All cells, each with no denial and with each single one: 64,800 standings."""
    for cell in all_cells():
        for denial in (Denials(0), *Denials):
            yield cell, denial


@BUILT_IN
def test_the_table_is_the_rules(policy: Policy) -> None:
    """In every cell, with each denial, the reasons are those of the rules, read a second time (R9 to R23)."""
    denied = dict(DENIED_AS)
    if policy is STRICT:
        denied[Denials.SOFT_BOUNCE_LIMIT] = (ReasonKind.SOFT_BOUNCE_LIMIT, None)
        denied[Denials.RESERVED_NAME] = (ReasonKind.INVALID_ADDRESS, ReasonKind.INVALID_ADDRESS)
    for cell, denial in every_standing_of_one_bit():
        expected = what_the_rules_say(cell, policy)
        if denial and (kind := denied[denial][cell.purpose]):
            expected.add(kind)
        kinds = policy.kinds(policy.code(Standing(cell.packed, denial)))
        assert kinds == tuple(sorted(expected, key=STRENGTH.__getitem__))


@BUILT_IN
def test_transactional_mail_is_stopped_by_these_facts_alone(policy: Policy) -> None:
    """A bounced, invalid or unreadable digit, or a denial that stops all mail: exactly then (R11 to R17)."""
    no_mail = NO_MAIL_AT_ALL | (Denials.RESERVED_NAME if policy is STRICT else Denials(0))
    for cell, denial in every_standing_of_one_bit():
        if cell.purpose is Purpose.TRANSACTIONAL:
            stopped = (
                cell.status in {StatusFact.BOUNCED, StatusFact.UNREADABLE}
                or cell.validation in {ValidationFact.INVALID, ValidationFact.UNREADABLE}
                or bool(denial & no_mail)
            )
            assert bool(policy.code(Standing(cell.packed, denial))) is stopped


def test_a_rule_depends_on_the_digits_it_declares_alone() -> None:
    """Cells that agree in what a rule reads get the same answer from it, in all 5,400 (D4)."""
    for rule in STRICT.rules:
        if not isinstance(rule, CellRule):
            continue
        answers = defaultdict[tuple[object, ...], set[bool]](set)
        for cell in all_cells():
            answers[tuple(getattr(cell, digit) for digit in rule.reads)].add(rule.withholds(cell))
        assert all(len(seen) == 1 for seen in answers.values()), rule.name
        assert {True} in answers.values(), f"{rule.name} never withholds anybody"
        for digit in rule.reads:
            others = [name for name in rule.reads if name != digit]
            coarser = defaultdict[tuple[object, ...], set[bool]](set)
            for cell in all_cells():
                coarser[tuple(getattr(cell, name) for name in others)].add(rule.withholds(cell))
            assert {True, False} in coarser.values(), f"{rule.name} does not need {digit}"


@BUILT_IN
def test_unreadable_withholds_where_a_rule_reads_it_and_nowhere_else(policy: Policy) -> None:
    """An unreadable digit is a reason exactly where a rule for this purpose looks at it (D4, A-01)."""
    read_for = {
        purpose: {
            digit
            for rule in policy.rules
            if isinstance(rule, CellRule) and purpose in rule.purposes
            for digit in rule.reads
        }
        for purpose in Purpose
    }
    for cell in all_cells():
        blind = any(cell.is_unreadable(digit) for digit in read_for[cell.purpose])
        assert (ReasonKind.UNREADABLE in policy.kinds(policy.table[cell.packed])) is blind


@BUILT_IN
def test_known_facts_do_not_withhold_as_unreadable(policy: Policy) -> None:
    """An unchecked address and a missing contact are facts: neither stops mail somebody needs (D4, R15, R49)."""
    for cell in (
        Cell(Purpose.TRANSACTIONAL, StatusFact.NO_CONTACT, ValidationFact.UNKNOWN),
        Cell(Purpose.MARKETING, StatusFact.SUBSCRIBED, ValidationFact.UNKNOWN, consent=ConsentFact.PROVEN),
    ):
        assert policy.code(Standing(cell.packed)) == 0


@BUILT_IN
def test_every_combination_of_denials_is_the_sum_of_its_bits(policy: Policy) -> None:
    """All 2,048 combinations give the reasons of their bits together, so that single bits prove all (D4)."""
    for purpose in Purpose:
        cell = Cell(purpose, StatusFact.SUBSCRIBED, ValidationFact.VALID, False, ConsentFact.PROVEN).packed
        alone = {denial: set(policy.kinds(policy.code(Standing(cell, denial)))) for denial in Denials}
        for bits in range(1 << len(Denials)):
            together = set[ReasonKind]().union(*(alone[denial] for denial in Denials if denial & bits))
            assert set(policy.kinds(policy.code(Standing(cell, bits)))) == together


@given(some.policies(), some.standings(), some.denials())
def test_a_denial_only_ever_adds_reasons(policy: Policy, standing: Standing, more: Denials) -> None:
    """Whatever comes on top, no reason disappears and nobody becomes mailable (D4)."""
    before = policy.kinds(policy.code(standing))
    after = policy.kinds(policy.code(Standing(standing.cell, standing.denials | more)))
    assert set(before) <= set(after)


@given(some.policies(), some.cells(status=StatusFact.BOUNCED), some.denials())
def test_a_bounced_contact_is_never_mailable(policy: Policy, cell: Cell, against: Denials) -> None:
    """Under no policy that can be made, for neither purpose, with whatever else is known (R12, A-03)."""
    assert policy.kinds(policy.code(Standing(cell.packed, against)))[0] is ReasonKind.HARD_BOUNCE


@given(some.policies(), some.cells(), some.denials())
def test_a_bounced_address_is_never_mailable(policy: Policy, cell: Cell, against: Denials) -> None:
    """A hard bounce on the address withholds under every policy, and is the strongest reason (R12, A-03)."""
    code = policy.code(Standing(cell.packed, against | Denials.HARD_BOUNCE))
    assert policy.kinds(code)[0] is ReasonKind.HARD_BOUNCE


@given(some.policies(), some.cells(purpose=Purpose.MARKETING), some.denials())
def test_who_unsubscribed_never_gets_marketing(policy: Policy, cell: Cell, against: Denials) -> None:
    """By status or by the list, under no policy that can be made, on whatever topic they once joined (R9, R18, S8)."""
    by_status = policy.code(Standing(cell._replace(status=StatusFact.UNSUBSCRIBED).packed, against))
    by_list = policy.code(Standing(cell.packed, against | Denials.UNSUBSCRIBED))
    assert all(ReasonKind.UNSUBSCRIBED in policy.kinds(code) for code in (by_status, by_list))


@given(some.policies(), some.facts())
def test_a_verdict_is_the_table_looked_up(policy: Policy, facts: Facts) -> None:
    """`decide` withholds exactly where the code is not 0, with one reason per kind, strongest first (A-02)."""
    code, verdict = policy.code(facts.standing), decide(facts, policy)
    reasons = reasons_for(code, facts, policy)
    assert verdict == (Withheld(reasons) if code else Mailable())
    assert tuple(reason.kind for reason in reasons) == policy.kinds(code)
    assert list(reasons) == sorted(reasons, key=lambda reason: STRENGTH[reason.kind])
    assert bool(reasons) is bool(code)


@given(some.policies(), some.facts())
def test_evidence_is_never_made_up(policy: Policy, facts: Facts) -> None:
    """A reason names a time and a source only where a suppression of this address has them."""
    verdict = decide(facts, policy)
    known = {(one.at, one.source) for one in facts.evidence} | {(None, None)}
    for reason in verdict.reasons if isinstance(verdict, Withheld) else ():
        if hasattr(reason, "source"):
            assert (getattr(reason, "at", None), reason.source) in known


@given(some.contacts(), some.topics(), st.lists(some.suppressions()), st.sampled_from(Purpose), st.booleans())
def test_facts_are_gathered_without_loss(
    who: Contact, topic: Topic, listed: list[Suppression], purpose: Purpose, excluded: bool
) -> None:
    """Every entry that counts for this provider sets its bit, and no other bit is set."""
    facts = facts_about(who, purpose, topic=topic, suppressions=listed, provider="ses", excluded=excluded)
    counted = [one for one in listed if one.provider in {None, "ses"}]
    expected = Denials.EXCLUDED if excluded else Denials(0)
    if is_reserved_name(who.address.domain):
        expected |= Denials.RESERVED_NAME
    for one in counted:
        expected |= one.denial
    assert (facts.standing.denials, list(facts.evidence)) == (expected, counted)
    assert facts.purpose is purpose


@given(some.contacts(), some.topics(), st.sampled_from(Purpose), some.policies())
def test_a_topics_visibility_changes_nothing(who: Contact, topic: Topic, purpose: Purpose, policy: Policy) -> None:
    """Public or private, active or not, whatever its name and place: the verdict is the same (R24)."""
    chosen = replace(who, topics={topic.id: True})
    for person in (who, chosen):
        verdicts = {
            repr(decide(facts_about(person, purpose, topic=replace(topic, visibility=shown)), policy))
            for shown in Visibility
        }
        assert len(verdicts) == 1


@given(some.contacts(), some.topics(), some.policies())
def test_a_personal_choice_beats_the_topics_default(who: Contact, topic: Topic, policy: Policy) -> None:
    """Who joined is decided as if there were no topic, and who left is always told so (R20 to R23)."""
    joined, left = replace(who, topics={topic.id: True}), replace(who, topics={topic.id: False})
    alone = decide(facts_about(who, Purpose.MARKETING), policy)
    assert decide(facts_about(joined, Purpose.MARKETING, topic=topic), policy) == alone
    verdict = decide(facts_about(left, Purpose.MARKETING, topic=topic), MIGMA)
    assert isinstance(verdict, Withheld)
    assert ReasonKind.TOPIC_LEFT in {reason.kind for reason in verdict.reasons}


@given(some.facts(), some.facts(), some.policies())
def test_names_and_addresses_do_not_decide(one: Facts, other: Facts, policy: Policy) -> None:
    """Two people in the same standing get the same kinds of reasons, whoever they are."""
    moved = other._replace(standing=one.standing)
    assert policy.kinds(policy.code(moved.standing)) == policy.kinds(policy.code(one.standing))
    assert type(decide(moved, policy)) is type(decide(one, policy))


@given(some.reasons())
def test_every_reason_has_words_and_a_remedy_or_none(reason: Reason) -> None:
    """Explaining is total over every variant with and without evidence (D17)."""
    assert explain_reason(reason)
    assert remedy(reason) is None or remedy(reason)
    assert explain(Withheld((reason,))) == f"Not sent: {explain_reason(reason)}."


@given(some.reasons(), some.moments())
def test_a_wait_has_words(reason: Reason, until: object) -> None:
    """Explaining a deferral is total."""
    assert explain_reason(reason) in explain(Deferred(until, reason))  # type: ignore[arg-type]  # moments() draws datetimes


@given(some.faults())
def test_every_fault_has_words(fault: Fault) -> None:
    """Explaining is total over every fault of a request."""
    assert explain_fault(fault) in explain(Refused((fault,)))


@given(some.facts(), some.policies())
def test_every_verdict_has_words(facts: Facts, policy: Policy) -> None:
    """Whatever is decided is explained, and no explanation shows the address (F-05)."""
    words = explain(decide(facts, policy))
    assert words.endswith(".")
    assert str(facts.address) not in words


@given(some.send_requests(), some.senders(), some.policies())
def test_a_request_is_answered_about_always(request: SendRequest, sender: Sender, policy: Policy) -> None:
    """Authorising is total: the purpose of `classify`, or faults, each of them once, all of them in words (D3)."""
    answer = authorize(request, sender, policy)
    assert explain(answer)
    if isinstance(answer, Authorized):
        assert (answer.purpose, answer.warning) == (classify(request).purpose, classify(request).warning)
    else:
        assert answer.faults
        assert len(set(answer.faults)) == len(answer.faults)


@given(some.send_requests(), some.senders())
def test_nothing_leaves_a_domain_that_is_not_the_accounts_own(request: SendRequest, sender: Sender) -> None:
    """Whatever else is true, a from domain other than the verified one is refused (R38, R40)."""
    domain = sender.domain
    own = domain is not None and domain.name == request.sender.domain and (domain.is_verified or domain.is_managed)
    answer = authorize(request, sender)
    refused = isinstance(answer, Refused) and DomainUnverified(request.sender.domain) in answer.faults
    assert refused is not own


@given(some.send_requests(), some.senders())
def test_marketing_waits_for_every_sync_and_nothing_else_does(request: SendRequest, sender: Sender) -> None:
    """Where one is overdue marketing is refused through whatever provider, and other mail is not for that (D16)."""
    answer = authorize(request, sender)
    told = [fault for fault in getattr(answer, "faults", ()) if fault.kind == "sync_overdue"]
    waits = classify(request).purpose is Purpose.MARKETING
    assert {(one.provider, one.as_of, one.bound) for one in told} == (
        {(one.provider, one.as_of, one.bound) for one in sender.overdue} if waits else set()
    )
    calm = authorize(request, replace(sender, overdue=()))
    assert getattr(calm, "faults", ()) == tuple(one for one in getattr(answer, "faults", ()) if one not in told)


@given(some.send_requests(), some.senders(), st.none() | some.topics(), some.references())
def test_mending_one_thing_never_adds_a_fault_elsewhere(
    request: SendRequest, sender: Sender, topic: Topic | None, other: str
) -> None:
    """Faults are independent: another topic changes what is said of the topic, and nothing else (D3)."""

    def without_topic(answer: Authorized | Refused) -> list[str]:
        faults = answer.faults if isinstance(answer, Refused) else ()
        return [fault.kind for fault in faults if fault.kind != "topic_unusable"]

    asked = replace(request, topic=TopicId(other))
    before = without_topic(authorize(asked, sender))
    assert without_topic(authorize(asked, replace(sender, topic=topic))) == before
