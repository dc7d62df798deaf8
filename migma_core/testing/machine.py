"""
A machine that lives people's lives: they are imported, join, leave, complain, bounce and come back, in any order.

    from migma_core.testing import PolicyMachine

    class OurPeople(PolicyMachine):
        policy = OURS

    TestOurPeople = OurPeople.TestCase

After every step each denial that stands still holds, counts are plans, and the checker confirms every verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ..audience.address import Address
from ..audience.consent import Consent, ConsentLevel
from ..audience.contact import Contact, ContactId, ProjectId, Status
from ..audience.intake import Admission, Intake, admit
from ..audience.suppression import Denials, Suppression, SuppressionReason
from ..audience.topic import DefaultSubscription, Topic, TopicId
from ..decision.checker import check
from ..decision.circumstances import Circumstances
from ..decision.eligibility import decide
from ..decision.facts import Facts, facts_about
from ..decision.planning import count, partition, plan
from ..decision.policy import MIGMA, Policy
from ..decision.purpose import Purpose
from ..decision.verdict import Mailable, Verdict

__all__ = ["PolicyMachine"]

_PEOPLE: Final = ("ada", "bo", "cy")
_TOPIC: Final = Topic(TopicId("t" * 32), "News", DefaultSubscription.NOT_SUBSCRIBED)
_FROM_FORM: Final = Intake(Status.SUBSCRIBED, "a form")
_ALWAYS_STOPS: Final = {  # by whom no marketing goes, whatever the policy (D13); a bounce stops all mail
    SuppressionReason.BOUNCE: frozenset(Purpose),
    SuppressionReason.COMPLAINT: frozenset({Purpose.MARKETING}),
    SuppressionReason.UNSUBSCRIBE: frozenset({Purpose.MARKETING}),
    SuppressionReason.OBJECTION: frozenset({Purpose.MARKETING}),
    SuppressionReason.ERASED: frozenset({Purpose.MARKETING}),
}
_SAID_NO: Final = Denials.UNSUBSCRIBED | Denials.COMPLAINT | Denials.OBJECTION
_SOMEBODY = st.sampled_from(_PEOPLE)


@dataclass
class _Person:
    """Somebody as their project knows them, and the account's list about their address."""

    status: Status | None = None
    listed: list[Suppression] = field(default_factory=list)
    joined: bool | None = None
    consent: Consent | None = None

    @property
    def denials(self) -> Denials:
        bits = Denials(0)
        for one in self.listed:
            bits |= one.denial
        return bits


class PolicyMachine(RuleBasedStateMachine):
    """Subclass with your ``policy``; override `decide` or `admit` to hold your own code to the same lives."""

    policy: ClassVar[Policy] = MIGMA

    def __init__(self) -> None:
        super().__init__()
        self.people = {name: _Person() for name in _PEOPLE}
        self.now = datetime(2026, 5, 1, 12, tzinfo=UTC)

    def decide(self, facts: Facts) -> Verdict:
        """Hook: decide about one recipient."""
        return decide(facts, self.policy, self.now)

    def admit(self, asked: Status | None, known: Status | None, denials: int) -> Admission:
        """Hook: what becomes of somebody's status when a list names them."""
        return admit(asked, known, denials, _FROM_FORM)

    @rule(name=_SOMEBODY, asked=st.none() | st.sampled_from(Status))
    def is_imported(self, name: str, asked: Status | None) -> None:
        """A list names them again; whatever it says, no denial ends (A-09)."""
        person = self.people[name]
        admitted = self.admit(asked, person.status, int(person.denials))
        if admitted.suppress is not None:
            self._listed(name, admitted.suppress)
        person.status = admitted.status or person.status

    @rule(
        name=_SOMEBODY,
        reason=st.sampled_from([one for one in SuppressionReason if one is not SuppressionReason.PROVIDER]),
    )
    def is_listed(self, name: str, reason: SuppressionReason) -> None:
        """They opt out, complain, object, bounce, or an operator stops them."""
        self._listed(name, reason)

    @rule(name=_SOMEBODY)
    def is_released_by_an_operator(self, name: str) -> None:
        """An audited removal ends a manual entry or a bounce, and nothing that a person said (D13)."""
        person = self.people[name]
        by_hand = {SuppressionReason.MANUAL, SuppressionReason.SOFT_BOUNCE_LIMIT, SuppressionReason.BOUNCE}
        person.listed = [one for one in person.listed if one.reason not in by_hand]
        if person.status is Status.BOUNCED:  # K-06: by this nobody is subscribed
            person.status = Status.UNSUBSCRIBED if person.denials & _SAID_NO else Status.NON_SUBSCRIBED

    @rule(name=_SOMEBODY)
    def consents_anew(self, name: str) -> None:
        """A proven consent, later than the opt-out, ends that alone (D13)."""
        person = self.people[name]
        person.consent = Consent(ConsentLevel.PROVEN, "double opt-in", self._tick())
        person.listed = [one for one in person.listed if one.reason is not SuppressionReason.UNSUBSCRIBE]
        if not person.denials and person.status in {None, Status.UNSUBSCRIBED, Status.NON_SUBSCRIBED}:
            person.status = Status.SUBSCRIBED

    @rule(name=_SOMEBODY, joined=st.booleans())
    def chooses_the_topic(self, name: str, joined: bool) -> None:
        """They join or leave the topic."""
        self.people[name].joined = joined

    @invariant()
    def nobody_denied_is_mailed(self) -> None:
        """Whoever stands on the list, or bounced or opted out by status, is not written to."""
        for name, person in self.people.items():
            for purpose in Purpose:
                stopped = any(purpose in _ALWAYS_STOPS.get(one.reason, frozenset()) for one in person.listed)
                stopped = stopped or person.status is Status.BOUNCED
                stopped = stopped or (purpose is Purpose.MARKETING and person.status is not Status.SUBSCRIBED)
                verdict = self.decide(self._facts(name, purpose))
                assert not (stopped and verdict == Mailable()), f"{name} would get {purpose.word} mail"

    @invariant()
    def what_is_counted_is_planned(self) -> None:
        """The numbers per standing and the plan divide the audience alike."""
        for purpose in Purpose:
            people = [self._facts(name, purpose) for name in _PEOPLE]
            planned = partition(plan(people, self.policy, self.now))
            assert planned.total == len(people)
            if not self.policy.outside:
                assert count(self.policy, Counter(one.standing for one in people)) == planned

    @invariant()
    def every_verdict_is_true(self) -> None:
        """The checker has nothing to say against any verdict."""
        for name in _PEOPLE:
            for purpose in Purpose:
                facts = self._facts(name, purpose)
                assert check(facts, self.decide(facts), self.policy, self.now) == ()

    def _tick(self) -> datetime:
        self.now += timedelta(hours=1)
        return self.now

    def _listed(self, name: str, reason: SuppressionReason) -> None:
        person = self.people[name]
        person.listed.append(Suppression(reason, self._tick(), "life"))
        after: Mapping[SuppressionReason, Status] = {
            SuppressionReason.BOUNCE: Status.BOUNCED,
            SuppressionReason.UNSUBSCRIBE: Status.UNSUBSCRIBED,
            SuppressionReason.COMPLAINT: Status.UNSUBSCRIBED,
        }
        if person.status is not None and person.status is not Status.BOUNCED:  # R59, R61
            person.status = after.get(reason, person.status)

    def _facts(self, name: str, purpose: Purpose) -> Facts:
        person, address = self.people[name], Address(name, "customers.migma.email")
        who: Contact | Address = address
        if person.status is not None:
            choices = {} if person.joined is None else {_TOPIC.id: person.joined}
            who = Contact(
                id=ContactId(name * 8),
                project=ProjectId("p" * 32),
                address=address,
                status=person.status,
                topics=choices,
                consent=person.consent,
            )
        listed: Sequence[Suppression] = tuple(person.listed)
        return facts_about(who, purpose, topic=_TOPIC, suppressions=listed, circumstances=Circumstances())
