"""The printed policy: whatever is on the page is what the table says, for any policy that can be made."""

from __future__ import annotations

from functools import partial
from hashlib import blake2b

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migma_core import (
    MIGMA,
    STRICT,
    Cell,
    Denials,
    OwnRule,
    Policy,
    Purpose,
    ReasonKind,
    Standing,
    printed,
    truth_table,
)
from migma_core.decision.policy import ALWAYS
from migma_core.decision.rules import BOTH, MARKETING_ONLY, CellRule, DenialRule
from migma_core.decision.standing import RADIX, StatusFact, TopicFact, ValidationFact, all_cells
from migma_core.decision.truth_table import WORDS
from migma_core.testing import strategies as some
from tests.support.examples import few
from tests.support.printed_page import MEANING, Page, read_page

BARE = Policy("bare", 1, ALWAYS)
FRESH = Cell(Purpose.MARKETING, StatusFact.SUBSCRIBED)
NASTY = "a | b\\\n\n### `c`\u2028d"


def by_chance(seed: int, reads: tuple[str, ...], cell: Cell) -> bool:
    """An arbitrary answer for each combination of these digits, a third of them yes."""
    told = f"{seed}{[int(getattr(cell, digit)) for digit in reads]}".encode()
    return blake2b(told, digest_size=1).digest()[0] < 85


def own_rules() -> st.SearchStrategy[CellRule]:
    """Rules of somebody's own: any digits, any purposes, any answers, any reason, also one that others give."""
    reads = st.lists(st.sampled_from(Cell._fields), max_size=3, unique=True).map(tuple)
    purposes = st.sampled_from((BOTH, MARKETING_ONLY, BOTH - MARKETING_ONLY))
    return st.builds(
        lambda seed, reads, purposes, reason: CellRule(
            f"own {seed}", reason, "mine", purposes, reads, partial(by_chance, seed, reads)
        ),
        st.integers(0, 10_000), reads, purposes, st.sampled_from(ReasonKind),
    )  # fmt: skip


def own_policies() -> st.SearchStrategy[Policy]:
    """Whatever can be derived, with rules of one's own beside it."""
    more = st.lists(own_rules(), max_size=2, unique_by=lambda rule: rule.name)
    return st.builds(lambda base, more: base.with_rules(*more, name="ours"), some.policies(), more)


def assert_the_page_is_the_table(page: Page, policy: Policy) -> None:
    """Every standing of one denial at most has on the page the reasons that the policy gives it."""
    for cell in all_cells():
        assert page.reasons(cell) == frozenset(policy.kinds(policy.code(Standing(cell.packed))))
    for purpose in Purpose:
        cell = FRESH._replace(purpose=purpose)
        for denial in Denials:
            assert page.reasons(cell, denial) == frozenset(policy.kinds(policy.code(Standing(cell.packed, denial))))


@settings(max_examples=few(8))
@given(own_policies())
def test_a_page_read_back_is_the_policys_table(policy: Policy) -> None:
    """All 5,400 cells and all denials have on the page exactly the reasons that the policy gives (D4)."""
    assert_the_page_is_the_table(read_page(printed(policy)), policy)


@settings(max_examples=few(8))
@given(own_policies())
def test_a_page_names_what_it_prints(policy: Policy) -> None:
    """Name, version, fingerprint and the numbers of mailable cells are the policy's own, and no rule is missing."""
    page = read_page(printed(policy))
    mailable = [cell.purpose for cell in all_cells() if not policy.code(Standing(cell.packed))]
    assert (page.name, page.version, page.fingerprint) == (policy.name, policy.version, policy.fingerprint)
    assert page.mailable_cells == (mailable.count(Purpose.MARKETING), mailable.count(Purpose.TRANSACTIONAL))
    assert list(page.rules) == [rule.name for rule in policy.rules if isinstance(rule, CellRule)]


@settings(max_examples=few(20))
@given(st.lists(some.outside_rules(), max_size=3, unique_by=lambda rule: rule.name))
def test_rules_outside_the_table_are_listed_with_their_terms(rules: list[OwnRule]) -> None:
    """Each rule that no table can hold has a row with its purposes, terms, source and what it reads (D4)."""
    page = read_page(printed(BARE.with_rules(*rules, name="ours")))
    assert [(row[0], row[2], row[4]) for row in page.outside] == [(one.name, one.terms, one.source) for one in rules]
    assert [row[1] for row in page.outside] == ["marketing"] * len(rules)
    assert [row[3] for row in page.outside] == [", ".join(sorted(one.reads)) or "nothing" for one in rules]


@pytest.mark.parametrize("digit", WORDS)
def test_every_value_of_a_digit_has_words_of_its_own(digit: str) -> None:
    """Each number a digit can be has its words, no two the same, and they mean that number."""
    words = WORDS[digit]
    assert len(set(words)) == len(words) == RADIX[Cell._fields.index(digit)]
    assert [MEANING[digit.replace("is_role", "role address")][one] for one in words] == list(range(len(words)))


def test_few_cases_stand_one_by_one_and_many_share_rows() -> None:
    """A digit is spelled out value by value; rows of a product that differ in one digit alone are one row."""

    def on_a_topic(cell: Cell) -> bool:
        """No risky address on any topic."""
        return cell.topic is not TopicFact.NO_TOPIC and cell.validation is ValidationFact.RISKY

    rule = CellRule("on_a_topic", ReasonKind.RISKY_ADDRESS, "mine", BOTH, ("topic", "validation"), on_a_topic)
    table = printed(BARE.with_rules(rule)).partition("### `on_a_topic`")[2].partition("\n### ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("|")]

    assert read_page(printed(BARE)).rules["status_bounced"].rows == len(StatusFact)
    assert rows[0] == ["validation", "topic", "marketing", "transactional"]
    assert ["risky", "no topic", "mailable", "mailable"] in rows
    assert ["unreadable", "any", "withheld: unreadable", "withheld: unreadable"] in rows
    assert len(rows) < 10


def test_a_rule_that_reads_more_than_it_says_is_printed_as_it_is() -> None:
    """A digit that turns a rule's answer stands on the page, declared or not."""
    sly = CellRule("sly", ReasonKind.EXCLUDED, "mine", BOTH, (), partial(by_chance, 7, ("status", "is_role")))
    page = read_page(printed(BARE.with_rules(sly)))

    assert page.rules["sly"].digits == ("status", "is_role")
    assert_the_page_is_the_table(page, BARE.with_rules(sly))


def test_a_rule_that_reads_nothing_has_one_row() -> None:
    """A rule that withholds everybody says so in a single row."""
    everybody = CellRule("everybody", ReasonKind.EXCLUDED, "mine", MARKETING_ONLY, (), lambda _: True)
    rule = read_page(printed(BARE.with_rules(everybody))).rules["everybody"]
    assert dict(rule.cases) == {(): (frozenset({ReasonKind.EXCLUDED}), frozenset())}


def test_nothing_in_a_rule_breaks_the_page() -> None:
    """Bars, line breaks and headings in the words of a rule stay where they are."""

    def picky(_: Cell) -> bool:
        return True

    picky.__doc__ = NASTY
    rules = (
        CellRule("picky", ReasonKind.EXCLUDED, NASTY, BOTH, ("status",), picky),
        DenialRule(NASTY, ReasonKind.MANUAL, NASTY, BOTH, Denials.OBJECTION),
        OwnRule(f"own {NASTY}", 1, NASTY, lambda *_: None),
    )
    policy = BARE.with_rules(*rules, name=NASTY)
    page = read_page(printed(policy))
    (own,) = page.outside

    assert_the_page_is_the_table(page, policy)
    assert (own[0], own[4]) == ("own a | b\\ ### `c` d", "a | b\\ ### `c` d")
    assert page.name == "a | b\\ ### `c` d"


def test_two_rules_about_one_denial_share_its_row() -> None:
    """A denial's row gives every reason, and names every rule and source behind it."""
    harsher = DenialRule("harsher", ReasonKind.MANUAL, "mine", BOTH, Denials.UNSUBSCRIBED)
    (row,) = (one for one in truth_table(BARE.with_rules(harsher)).denials if one.denial == "unsubscribed")
    assert row.marketing == row.transactional == (ReasonKind.MANUAL, ReasonKind.UNSUBSCRIBED)
    assert (row.rules, row.sources) == (("unsubscribed", "harsher"), ("R16, R17", "mine"))


def test_a_denial_that_no_rule_names_stops_nothing() -> None:
    """Where a policy says nothing of a denial, its row says that mail may go out, and by no rule."""
    text = printed(MIGMA)
    assert "| soft_bounce_limit   | mailable" in text
    assert [row.rules for row in truth_table(MIGMA).denials if row.denial == "soft_bounce_limit"] == [()]


def test_a_page_says_where_a_justification_is_asked_for() -> None:
    """`strict` tells that mailing an audience as transactional needs one; `migma` does not (B-03)."""
    assert ["needs a justification" in printed(one) for one in (MIGMA, STRICT)] == [False, True]


def test_a_rule_is_introduced_by_the_summary_of_its_function() -> None:
    """The first paragraph of the docstring, on one line; nothing for what has none of its own."""

    def told(_: Cell) -> bool:
        """
        Nobody, for
        now.

        More of it.
        """
        return False

    one, other = (
        CellRule(name, ReasonKind.EXCLUDED, "mine", BOTH, (), function)
        for name, function in (("told", told), ("untold", partial(by_chance, 1, ())))
    )
    summaries = {rule.name: rule.words for rule in truth_table(BARE.with_rules(one, other)).rules}
    assert (summaries["told"], summaries["untold"]) == ("Nobody, for now.", "")
