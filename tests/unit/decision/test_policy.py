"""Policies: what may be derived from them, and what may not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migma_core import MIGMA, STRICT, Cell, Denials, Policy, Purpose, ReasonKind, Standing
from migma_core.decision import rules
from migma_core.decision.policy import ALWAYS
from migma_core.decision.reasons import STRENGTH
from migma_core.decision.rules import BOTH, MARKETING_ONLY, CellRule, DenialRule
from migma_core.decision.standing import CELLS, StatusFact

GOOD = Cell(Purpose.MARKETING, StatusFact.SUBSCRIBED)


def never(cell: Cell) -> bool:
    """Withholds nobody."""
    del cell
    return False


def test_the_built_in_policies_hold_these_rules() -> None:
    """`strict` is `migma` and five rules more, and asks for a justification (D5, K-05, I-08)."""
    extra = [rule.name for rule in STRICT.rules if rule not in MIGMA.rules]
    assert extra == [
        "consent_unproven",
        "soft_bounce_limit",
        "risky_address",
        "role_address",
        "reserved_name",
    ]
    assert set(MIGMA.rules) < set(STRICT.rules)
    assert (MIGMA.needs_justification, STRICT.needs_justification) == (False, True)
    assert (MIGMA.refuses_reserved_names, STRICT.refuses_reserved_names) == (False, True)


def test_a_rule_is_named_once() -> None:
    """Two rules of one name are refused, and the names are listed."""
    with pytest.raises(ValueError, match="a policy names each rule once; given: complaint, complaint"):
        Policy("twice", 1, (*MIGMA.rules, rules.complaint))


@pytest.mark.parametrize("name", ["status_bounced", "hard_bounce", "status_unsubscribed", "unsubscribed"])
def test_no_policy_does_without_the_rules_that_always_hold(name: str) -> None:
    """Dropping a rule about bounces or opt-outs is an error that says why (R9, R12, A-03)."""
    with pytest.raises(ValueError, match="bounced addresses are never mailed"):
        MIGMA.without(name)


@pytest.mark.parametrize(
    "namesake",
    [
        CellRule("status_bounced", ReasonKind.HARD_BOUNCE, "mine", BOTH, ("status",), never),
        replace(rules.status_bounced, purposes=MARKETING_ONLY),
        replace(rules.hard_bounce, purposes=MARKETING_ONLY),
        DenialRule("hard_bounce", ReasonKind.HARD_BOUNCE, "mine", BOTH, Denials.MANUAL),
    ],
)
def test_a_namesake_does_not_replace_a_bounce_rule(namesake: CellRule | DenialRule) -> None:
    """A rule that only bears the name of one of the two is refused (R12, A-03)."""
    with pytest.raises(ValueError, match="bounced addresses are never mailed"):
        MIGMA.with_rules(namesake)


def test_a_rule_reads_digits_that_exist() -> None:
    """A misspelt digit would never be found unreadable, so it is refused with the names there are."""
    with pytest.raises(ValueError, match="rule typo reads staus; the digits are purpose, status, validation"):
        CellRule("typo", ReasonKind.EXCLUDED, "mine", BOTH, ("status", "staus"), never)


def test_a_rule_is_not_asked_about_what_cannot_be_read() -> None:
    """Where a digit it reads is unreadable, a rule gives no reason of its own: a guess is not evidence (D4)."""
    picky = CellRule("picky", ReasonKind.NOT_SUBSCRIBED, "mine", BOTH, ("status",), lambda cell: cell.status > 0)
    blind = GOOD._replace(status=StatusFact.UNREADABLE)
    policy = Policy("one", 1, (*ALWAYS, picky))
    assert policy.kinds(policy.code(Standing(blind.packed))) == (ReasonKind.UNREADABLE,)
    left = GOOD._replace(status=StatusFact.NON_SUBSCRIBED)
    assert policy.kinds(policy.code(Standing(left.packed))) == (ReasonKind.NOT_SUBSCRIBED,)


def test_a_rule_bears_its_functions_name_and_cites_its_source() -> None:
    """Each rule of the module is found under its own name, says where it comes from, and ranks among the reasons."""
    for rule in STRICT.rules:
        assert getattr(rules, rule.name) == rule
        assert rule.source
        assert rule.purposes in (BOTH, MARKETING_ONLY)
        assert rule.reason in STRENGTH


def test_a_rule_of_the_same_name_takes_the_others_place() -> None:
    """Replacing is not adding: the new rule stands alone under the name."""
    stricter = replace(rules.unsubscribed, purposes=BOTH)
    policy = MIGMA.with_rules(stricter, name="ours")
    assert (policy.name, len(policy.rules)) == ("ours", len(MIGMA.rules))
    assert policy.code(Standing(GOOD._replace(purpose=Purpose.TRANSACTIONAL).packed, Denials.UNSUBSCRIBED))


def test_a_derived_policy_says_what_it_is_made_of() -> None:
    """Without a name of its own, a policy is named for what was added or dropped."""
    assert MIGMA.with_rules(rules.risky_address).name == "migma+risky_address"
    assert MIGMA.without("manual", "excluded").name == "migma-manual-excluded"
    assert MIGMA.relaxed(Denials.MANUAL).name == "migma+manual"


def test_only_rules_a_policy_holds_can_be_dropped() -> None:
    """A name it does not hold is an error, since a switch that does nothing is believed."""
    with pytest.raises(ValueError, match="policy migma has no rule named nonsense"):
        MIGMA.without("nonsense", "erased")


@pytest.mark.parametrize("denial", [one for one in Denials if one not in {Denials.COMPLAINT, Denials.MANUAL}])
def test_only_complaint_and_manual_can_be_relaxed(denial: Denials) -> None:
    """R17 has two switches, and a bounce is not among them."""
    with pytest.raises(ValueError, match="only COMPLAINT and MANUAL can be relaxed"):
        MIGMA.relaxed(denial)


@pytest.mark.parametrize("denial", [Denials.COMPLAINT, Denials.MANUAL])
def test_relaxing_touches_one_denial_of_transactional_mail(denial: Denials) -> None:
    """The switch lets this denial through for transactional mail, and changes nothing else (R17)."""
    policy = MIGMA.relaxed(denial)
    assert policy.table == MIGMA.table
    assert policy.stops[Purpose.MARKETING] == MIGMA.stops[Purpose.MARKETING]
    assert policy.stops[Purpose.TRANSACTIONAL] == MIGMA.stops[Purpose.TRANSACTIONAL] & ~denial


@pytest.mark.parametrize("cell", [-1, CELLS])
def test_a_cell_that_does_not_exist_is_no_verdict(cell: int) -> None:
    """A number outside the table raises instead of wrapping round."""
    with pytest.raises(IndexError):
        MIGMA.code(Standing(cell))


def test_a_table_is_5400_numbers() -> None:
    """One number for each cell, wide enough for 54 rules beside the denials on any platform."""
    assert (len(MIGMA.table), MIGMA.table.itemsize) == (CELLS, 8)


def test_a_fingerprint_changes_with_the_verdicts() -> None:
    """What differs in name, version, any verdict or any reason differs in fingerprint; equals do not (A-10)."""
    renamed = replace(rules.risky_address, reason=ReasonKind.ROLE_ADDRESS)
    different = [
        MIGMA,
        STRICT,
        replace(MIGMA, name="other"),
        replace(MIGMA, version=2),
        MIGMA.relaxed(Denials.MANUAL, name="migma"),
        MIGMA.without("topic_left", name="migma"),
        MIGMA.with_rules(rules.risky_address, name="migma"),
        MIGMA.with_rules(renamed, name="migma"),
    ]
    assert len({policy.fingerprint for policy in different}) == len(different)
    assert Policy("migma", 1, MIGMA.rules).fingerprint == MIGMA.fingerprint


def test_a_policy_is_a_value() -> None:
    """Two policies of the same parts are equal and hash alike, however they were made."""
    assert MIGMA.with_rules(rules.risky_address, name="x") == MIGMA.with_rules(rules.risky_address, name="x")
    assert hash(Policy("migma", 1, MIGMA.rules)) == hash(MIGMA)


def test_kinds_are_told_once_and_strongest_first() -> None:
    """Two rules of one reason give it once, before all weaker ones (A-02, D18)."""
    bounced = GOOD._replace(status=StatusFact.BOUNCED)
    code = MIGMA.code(Standing(bounced.packed, Denials.HARD_BOUNCE | Denials.UNSUBSCRIBED | Denials.COMPLAINT))
    assert MIGMA.kinds(code) == (ReasonKind.HARD_BOUNCE, ReasonKind.COMPLAINT, ReasonKind.UNSUBSCRIBED)
    assert MIGMA.kinds(0) == ()


def test_reasons_are_named_and_ordered_as_designed() -> None:
    """The names are stable, and their order is strength (D18)."""
    assert list(map(str, sorted(ReasonKind, key=STRENGTH.__getitem__))) == [
        "hard_bounce", "complaint", "manual", "invalid_address", "erased", "provider_suppressed", "unsubscribed",
        "objection", "not_subscribed", "consent_lapsed", "consent_unproven", "topic_left", "topic_not_joined",
        "soft_bounce_limit", "risky_address", "role_address", "excluded", "duplicate", "already_sent", "unreadable",
        "quiet_hours", "local_time", "frequency_cap",
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(rule.name for rule in ALWAYS))
def test_no_policy_goes_without_what_the_law_asks(name: str) -> None:
    """Bounces, opt-outs, objections, complaints, erasures stop marketing under whatever can be made (L-01, O-05)."""
    with pytest.raises(ValueError, match=f"a policy keeps {name}, and widens it at most"):
        MIGMA.without(name)
