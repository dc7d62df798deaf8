"""
The law book of rows of your own: whatever stands in your table is decided about as the core decides about it.

    from migma_core.testing import OwnRowsLaws

    class TestOurUsers(OwnRowsLaws):
        def table_of(self, people):
            return fill_the_users_table_with(people)

Say with ``people`` what your table can hold, if that is less than everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st

from ..audience.address import Address, InvalidAddress
from ..audience.consent import ConsentLevel
from ..audience.contact import Status, Validation
from ..decision.facts import facts_about
from ..decision.own_rows import OwnRow, OwnRows
from ..decision.planning import divide, plan
from ..decision.policy import MIGMA, STRICT, Policy
from ..decision.purpose import Purpose
from ..decision.reasons import ReasonKind
from ..decision.verdict import Mailable, Verdict, Withheld
from . import strategies as some
from .law import LawBook, law

__all__ = ["OwnRowsLaws", "crowds"]

# one mailbox in many spellings, of which a database makes several, and texts that are none
_SPELLINGS = (
    *("ada@migma.email", "ADA@migma.email", "Ada@MIGMA.email", "ada@Migma.Email"),
    *("kim@migma.email", "\u212aim@migma.email", "KIM@migma.email"),
    *("élan@migma.email", "ÉLAN@migma.email", "e\u0301lan@migma.email"),
    *("info@migma.email", "a%@migma.email", "a_@migma.email", "ab@migma.email", "ada@example.com"),
    *("no address", "", "ada@", "@migma.email", "ada@migma.email "),
)
_WORDS = st.sampled_from(Status).map(str) | st.sampled_from(("", "Subscribed", "yes"))
_VALIDATIONS = st.none() | st.sampled_from(Validation).map(str) | st.just("perhaps")
_CONSENTS = st.none() | st.sampled_from(ConsentLevel).map(str) | st.just("perhaps")
_ASKED = {"policy": st.sampled_from((MIGMA, STRICT)), "purpose": st.sampled_from(Purpose)}


def crowds(
    *,
    address: st.SearchStrategy[str | None] | None = None,
    subscribed: st.SearchStrategy[bool | str | None] | None = None,
    denials: st.SearchStrategy[int] | None = None,
    validation: st.SearchStrategy[str | None] | None = None,
    consent: st.SearchStrategy[str | None] | None = None,
) -> st.SearchStrategy[list[OwnRow]]:
    """Rows with numbers for names, many of them about one mailbox; narrow what your table cannot hold."""
    row = st.builds(
        OwnRow,
        st.integers(1, 999).map(str),
        st.none() | st.sampled_from(_SPELLINGS) | some.addresses().map(str) if address is None else address,
        st.none() | st.booleans() | _WORDS if subscribed is None else subscribed,
        some.denials().map(int) if denials is None else denials,
        _VALIDATIONS if validation is None else validation,
        _CONSENTS if consent is None else consent,
        st.none(),
    )
    return st.lists(row, max_size=8, unique_by=lambda one: one.ref)


class OwnRowsLaws(LawBook):
    """Every law of rows of your own; ``people`` are the crowds that a table is filled with."""

    people: ClassVar[st.SearchStrategy[list[OwnRow]]] = crowds()

    def table_of(self, people: Sequence[OwnRow]) -> OwnRows:
        """Hook: your rows, of a table that holds exactly these people, in this order of insertion."""
        raise NotImplementedError("say how the table is filled: def table_of(self, people) -> OwnRows")

    @law("design §2.2", "recipients lost between pages, or written to twice", data=st.data(), **_ASKED)
    def test_everyone_is_judged_exactly_once(self, data: Any, policy: Policy, purpose: Purpose) -> None:
        """Each row has one verdict, and counts add up to the table (D4)."""
        people = data.draw(self.people)
        rows = self.table_of(people)
        judged = list(rows.judge(policy, purpose))
        assert Counter(one.ref for one in judged) == Counter(one.ref for one in people)
        assert rows.count(policy, purpose).total == len(people)

    @law("A-08, J-01", "a second record by which somebody who had left was written to", data=st.data(), **_ASKED)
    def test_verdicts_are_those_of_the_whole_table_in_memory(self, data: Any, policy: Policy, purpose: Purpose) -> None:
        """However a database sorts and compares, rows of one mailbox are one person, and the strictest decides."""
        people = data.draw(self.people)
        rows = self.table_of(people)
        facts = [(one, address) for one in people if (address := _read(rows, one)) is not None]
        planned = plan([one.facts(address, purpose) for one, address in facts], policy)
        expected: dict[str, Verdict] = {str(one.facts.contact): one.verdict for one in planned}
        found = {one.ref: one.verdict for one in rows.judge(policy, purpose)}
        assert {ref: verdict for ref, verdict in found.items() if ref in expected} == expected
        assert all(ReasonKind.UNREADABLE in _kinds(found[ref]) for ref in found.keys() - expected.keys())

    @law("design §2.2", "5,040 shown, 5 sent", data=st.data(), limit=st.integers(0, 9), **_ASKED)
    def test_count_and_preview_are_what_is_judged(
        self, data: Any, limit: int, policy: Policy, purpose: Purpose
    ) -> None:
        """The count divides as the verdicts do, and the preview is their beginning."""
        rows = self.table_of(data.draw(self.people))
        judged = list(rows.judge(policy, purpose))
        assert rows.count(policy, purpose) == divide(one.verdict for one in judged)
        assert list(rows.preview(limit, policy, purpose)) == judged[:limit]

    @law("design D3", "a verdict on the page of one person that the send did not share", data=st.data(), **_ASKED)
    def test_one_alone_is_decided_about_as_among_all(self, data: Any, policy: Policy, purpose: Purpose) -> None:
        """Asking for an address in any spelling gives the verdict that its person has among all."""
        people = data.draw(self.people)
        rows = self.table_of(people)
        judged = list(rows.judge(policy, purpose))
        firsts = [one for one in judged if one.facts is not None and _kinds(one.verdict) != {ReasonKind.DUPLICATE}]
        for one in firsts:
            assert one.facts is not None
            assert rows.decide(one.facts.address, policy, purpose) == one.verdict
        stranger = Address("stranger", "customers.migma.email")
        assert rows.decide(stranger, policy, purpose) == _alone(stranger, policy, purpose)

    @law("A-01", "a null read as yes", data=st.data(), policy=_ASKED["policy"])
    def test_whoever_said_nothing_gets_no_marketing(self, data: Any, policy: Policy) -> None:
        """Mailable is only who has an address and says *subscribed*, in this very word or as true."""
        people = {one.ref: one for one in data.draw(self.people)}
        for one in self.table_of(list(people.values())).judge(policy):
            if one.verdict == Mailable():
                assert people[one.ref].subscribed in {True, Status.SUBSCRIBED}


def _read(rows: OwnRows, row: OwnRow) -> Address | None:
    try:
        return None if row.address is None else rows.read_address(row.address)
    except InvalidAddress:
        return None


def _alone(address: Address, policy: Policy, purpose: Purpose) -> Verdict:
    return plan([facts_about(address, purpose)], policy)[0].verdict


def _kinds(verdict: Verdict) -> set[ReasonKind]:
    return {one.kind for one in verdict.reasons} if isinstance(verdict, Withheld) else set()
