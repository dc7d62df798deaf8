"""
The law book of the decision: what must hold of your policy, and of your code where it stands in for ours.

    from migma_core.testing import DecisionLaws

    class TestOurPolicy(DecisionLaws):
        policy = OURS

pytest then runs every law against it. Override a hook (`decide`, `plan`, `count`, `facts_about`, `explain`) to hold
your own implementation to the same laws.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from hypothesis import strategies as st

from ..audience.address import Address
from ..audience.contact import Contact
from ..audience.suppression import Denials, Suppression
from ..audience.topic import Topic, Visibility
from ..decision.checker import check
from ..decision.circumstances import Circumstances
from ..decision.eligibility import decide
from ..decision.explain import explain, explain_reason
from ..decision.facts import Facts, facts_about
from ..decision.planning import Partition, Planned, count, partition, plan
from ..decision.policy import MIGMA, Policy
from ..decision.purpose import Purpose
from ..decision.reasons import Reason, ReasonKind
from ..decision.rules import DenialRule
from ..decision.standing import Cell, ConsentFact, Standing, StatusFact, TopicFact, ValidationFact, all_cells
from ..decision.verdict import Mailable, Verdict, Withheld
from . import strategies as some
from .law import LawBook, law

__all__ = ["DecisionLaws"]

_ALL_MAIL = (
    Denials.HARD_BOUNCE
    | Denials.COMPLAINT
    | Denials.MANUAL
    | Denials.PROVIDER_SUPPRESSED
    | Denials.EXCLUDED
    | Denials.UNREADABLE
)
_KNOWN = some.circumstances(unreadable=frozenset())
_ADA = Address("ada", "customers.migma.email")
_NOTHING_KNOWN = Circumstances()


def _crowds() -> st.SearchStrategy[list[Facts]]:
    """Audiences for one purpose, some of whose people share an address."""
    few = st.sampled_from([Address(local, "example.com") for local in ("ada", "ADA", "bob")])
    crowds = {
        purpose: st.lists(
            some.facts(purpose=purpose, address=few | some.addresses(), circumstances=_KNOWN),
            max_size=6,
            unique_by=lambda one: one.contact or one.address.canonical,
        )
        for purpose in Purpose
    }
    return st.sampled_from(Purpose).flatmap(crowds.__getitem__)


class DecisionLaws(LawBook):
    """
    Every law of the decision, against ``policy`` as of ``now``.

    ``also_stops`` says of whom your own rules stop transactional mail, since no law can know that.
    """

    policy: ClassVar[Policy] = MIGMA
    now: ClassVar[datetime] = datetime(2026, 5, 1, 12, tzinfo=UTC)

    def decide(self, facts: Facts) -> Verdict:
        """Hook: decide about one recipient."""
        return decide(facts, self.policy, self.now)

    def plan(self, audience: Iterable[Facts]) -> Sequence[Planned]:
        """Hook: decide about everyone in an audience, which is what gets sent."""
        return plan(audience, self.policy, self.now)

    def count(self, standings: Mapping[Standing, int], duplicates: int) -> Partition:
        """Hook: count an audience from its standings, which is what a preview shows."""
        return count(self.policy, standings, duplicates)

    def facts_about(self, who: Contact, purpose: Purpose, topic: Topic, listed: Sequence[Suppression]) -> Facts:
        """Hook: gather the facts of a contact."""
        return facts_about(who, purpose, topic=topic, suppressions=listed, circumstances=Circumstances())

    def explain(self, verdict: Verdict) -> str:
        """Hook: say a verdict in words."""
        return explain(verdict)

    def also_stops(self, facts: Facts) -> bool:
        """Hook: whether a rule of your own stops transactional mail to this recipient."""
        del facts
        return False

    @law("design §2.2", "recipients lost between pages, or sent to twice", audience=_crowds())
    def test_everyone_is_planned_exactly_once(self, audience: list[Facts]) -> None:
        """Mailable, withheld and deferred add up to the audience, and every contact is in it once (D4)."""
        planned = self.plan(audience)
        assert partition(planned).total == len(audience)
        assert Counter(one.facts.contact for one in planned) == Counter(one.contact for one in audience)

    @law("design §2.2", "5,040 shown, 5 sent", audience=_crowds())
    def test_the_count_shown_is_the_count_sent(self, audience: list[Facts]) -> None:
        """A preview from the numbers per standing and the plan divide an audience alike (R56, S8)."""
        if self.policy.outside:
            return  # such a policy is previewed person by person: the plan is the preview
        alone = list({one.address.canonical: one for one in audience}.values())
        counted = self.count(Counter(one.standing for one in alone), 0)
        assert counted == partition(self.plan(alone))

    @law(
        "design D4",
        "an unsubscribe that made somebody a recipient",
        facts=some.facts(circumstances=_KNOWN),
        more=some.denials(),
    )
    def test_a_denial_never_adds_a_recipient(self, facts: Facts, more: Denials) -> None:
        """Whatever comes on top of what is known, nobody becomes mailable and no reason disappears."""
        worse = facts._replace(standing=Standing(facts.standing.cell, facts.standing.denials | more))
        before, after = self.decide(facts), self.decide(worse)
        assert not isinstance(after, Mailable) or before == Mailable()
        assert _kinds(before) <= _kinds(after)

    @law("A-08", "the order of an import deciding who gets mail", audience=_crowds(), seed=st.randoms())
    def test_order_changes_no_verdict(self, audience: list[Facts], seed: Any) -> None:
        """However the audience is turned, the same addresses are mailed and the same numbers come out."""
        turned = list(audience)
        seed.shuffle(turned)
        assert _mailed(self.plan(turned)) == _mailed(self.plan(audience))
        assert partition(self.plan(turned)) == partition(self.plan(audience))

    @law("design D3", "a rate or a seed that leaked from one recipient to the next", audience=_crowds())
    def test_company_changes_nobody(self, audience: list[Facts]) -> None:
        """Alone, among others, and asked a second time, a recipient gets the same verdict."""
        alone = {one.address.canonical: one for one in audience}
        among = {one.facts.address.canonical: one.verdict for one in self.plan(alone.values())}
        assert among == {key: self.decide(one) for key, one in alone.items()}
        assert among == {key: self.decide(one) for key, one in reversed(alone.items())}

    @law("R11 to R17", "password resets withheld from people who left a newsletter")
    def test_transactional_mail_is_stopped_by_these_facts_alone(self) -> None:
        """A bounced, invalid or unreadable digit, a denial that stops all mail: in every case, exactly then."""
        stopping = self._stopping()
        for cell in all_cells():
            if cell.purpose is Purpose.TRANSACTIONAL:
                for denial in (Denials(0), *Denials):
                    facts = _facts(cell, denial)
                    stops = denial in stopping or _is_out_of_reach(cell) or self.also_stops(facts)
                    assert (self.decide(facts) == Mailable()) is not stops

    @law("R12, A-03", "an override flag that reached bounced addresses", facts=some.facts(circumstances=_KNOWN))
    def test_a_bounced_address_is_never_reached(self, facts: Facts) -> None:
        """By status or by the list, for either purpose, hard bounce comes first and nobody is mailed."""
        cell = Cell.unpacked(facts.standing.cell)._replace(status=StatusFact.BOUNCED).packed
        for bounced in (Standing(cell), Standing(facts.standing.cell, facts.standing.denials | Denials.HARD_BOUNCE)):
            verdict = self.decide(facts._replace(standing=bounced))
            assert isinstance(verdict, Withheld)
            assert verdict.reasons[0].kind is ReasonKind.HARD_BOUNCE

    @law(
        "R9, R18, O-07",
        "a come-back campaign to people who had opted out",
        facts=some.facts(purpose=Purpose.MARKETING, circumstances=_KNOWN),
    )
    def test_who_opted_out_gets_no_marketing(self, facts: Facts) -> None:
        """By status or by the list, whatever topic they once joined."""
        cell = Cell.unpacked(facts.standing.cell)._replace(status=StatusFact.UNSUBSCRIBED).packed
        for out in (Standing(cell), Standing(facts.standing.cell, facts.standing.denials | Denials.UNSUBSCRIBED)):
            assert ReasonKind.UNSUBSCRIBED in _kinds(self.decide(facts._replace(standing=out)))

    @law("A-01, design D4", "a null status read as subscribed")
    def test_what_cannot_be_read_withholds(self) -> None:
        """An unreadable status, validation or topic, or record, is never mailed where a rule reads it."""
        good = Cell(Purpose.MARKETING, StatusFact.SUBSCRIBED, ValidationFact.VALID, False, ConsentFact.PROVEN)
        blind = (
            good._replace(status=StatusFact.UNREADABLE),
            good._replace(validation=ValidationFact.UNREADABLE),
            good._replace(topic=TopicFact.SUBSCRIBED_UNREADABLE),
            good._replace(topic=TopicFact.NOT_SUBSCRIBED_UNREADABLE),
        )
        for cell in blind:
            assert ReasonKind.UNREADABLE in _kinds(self.decide(_facts(cell)))
        assert ReasonKind.UNREADABLE in _kinds(self.decide(_facts(good, Denials.UNREADABLE)))

    @law("R15, R49", "mail withheld from everyone whose address nobody had checked yet")
    def test_known_gaps_do_not_withhold(self) -> None:
        """An unchecked address and a missing contact are facts: neither stops what somebody needs."""
        for cell in (
            Cell(Purpose.TRANSACTIONAL, StatusFact.NO_CONTACT, ValidationFact.UNKNOWN),
            Cell(Purpose.TRANSACTIONAL, StatusFact.SUBSCRIBED, ValidationFact.UNKNOWN),
        ):
            assert self.decide(_facts(cell)) == Mailable()

    @law(
        "R24",
        "a private list left through a public form",
        who=some.contacts(),
        topic=some.topics(),
        purpose=st.sampled_from(Purpose),
        joined=st.none() | st.booleans(),
    )
    def test_a_topics_visibility_changes_nothing(
        self, who: Contact, topic: Topic, purpose: Purpose, joined: bool | None
    ) -> None:
        """Public or private, the verdict is the same, whatever the person chose."""
        person = who if joined is None else replace(who, topics={topic.id: joined})
        shown = [replace(topic, visibility=one) for one in Visibility]
        verdicts = [self.decide(self.facts_about(person, purpose, one, ())) for one in shown]
        assert verdicts[0] == verdicts[1]

    @law(
        "A-09, D13",
        "denials[0] acted on, the others forgotten",
        who=some.contacts(),
        topic=some.topics(),
        listed=st.lists(some.suppressions(provider="ses"), min_size=1, max_size=4),
    )
    def test_every_entry_of_the_list_counts(self, who: Contact, topic: Topic, listed: list[Suppression]) -> None:
        """No entry is passed over for another: each that stops marketing is a reason of its own."""
        ours = [one for one in listed if one.provider is None]
        kinds = _kinds(self.decide(self.facts_about(who, Purpose.MARKETING, topic, listed)))
        stopping = {rule.denial: rule.reason for rule in self.policy.rules if isinstance(rule, DenialRule)}
        assert {stopping[one.denial] for one in ours if one.denial in stopping} <= kinds

    @law("D17", "a refusal that said nothing", facts=some.facts(circumstances=_KNOWN))
    def test_every_verdict_has_words(self, facts: Facts) -> None:
        """Whatever is decided can be said in a sentence, each reason in it."""
        verdict = self.decide(facts)
        told = self.explain(verdict)
        assert told.strip().endswith(".")
        reasons: tuple[Reason, ...] = verdict.reasons if isinstance(verdict, Withheld) else ()
        assert all(explain_reason(one) in told for one in reasons)

    @law(
        "A-02, A-10", "a decision record that named one reason and hid the rest", facts=some.facts(circumstances=_KNOWN)
    )
    def test_the_checker_agrees(self, facts: Facts) -> None:
        """Each evidence is true, none is omitted, and they stand in their order, by a second reading of the rules."""
        assert check(facts, self.decide(facts), self.policy, self.now) == ()

    def _stopping(self) -> frozenset[Denials]:
        """The denials that stop transactional mail under the policy."""
        relaxed = {
            rule.denial
            for rule in self.policy.rules
            if isinstance(rule, DenialRule) and Purpose.TRANSACTIONAL not in rule.purposes
        }
        reserved = Denials.RESERVED_NAME if self.policy.refuses_reserved_names else Denials(0)
        return frozenset(one for one in Denials if one & (_ALL_MAIL | reserved) and one not in relaxed)


def _is_out_of_reach(cell: Cell) -> bool:
    unread = cell.status is StatusFact.UNREADABLE or cell.validation is ValidationFact.UNREADABLE
    return unread or cell.status is StatusFact.BOUNCED or cell.validation is ValidationFact.INVALID


def _facts(cell: Cell, denial: int = 0) -> Facts:
    return Facts(_ADA, Standing(cell.packed, int(denial)), circumstances=_NOTHING_KNOWN)


def _kinds(verdict: Verdict) -> set[ReasonKind]:
    return {one.kind for one in verdict.reasons} if isinstance(verdict, Withheld) else set()


def _mailed(planned: Iterable[Planned]) -> set[str]:
    return {one.facts.address.canonical for one in planned if one.verdict == Mailable()}
