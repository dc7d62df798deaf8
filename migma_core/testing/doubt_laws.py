"""The law book of doubt: nothing in doubt is sent again unasked, and nobody pays for the fault of another (D8, D10)."""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st

from ..delivery.campaign import CampaignStatus
from ..delivery.delivery import DeliveryState
from .law import law
from .sending import (
    EVIDENCE,
    NOTHING,
    all_settled,
    attempt_on,
    audience,
    decisions_on,
    fences,
    in_flight,
    ready,
    reconcile,
)
from .storage import OVER, StorageLaws

__all__ = ["DoubtLaws"]


class DoubtLaws(StorageLaws):
    """Every law of attempts in doubt, of those refused, and of a person's word on what is held."""

    @law(
        "reliability §3",
        "an attempt in doubt that was sent again",
        people=st.integers(1, 5),
        evidence=st.lists(st.sampled_from(EVIDENCE), min_size=5, max_size=5),
    )
    def test_doubt_is_settled_by_evidence_alone(self, people: int, evidence: list[str]) -> None:
        """An expired lease with an attempt is unknown, never ready; found is accepted, absent ready, the rest held."""
        store, project = audience(self, people)
        send, dying = ready(store, project), self.again(OVER).ledger
        attempt, held = in_flight(dying, send, people)
        assert store.ledger.claim(send, people, NOTHING, self.now).rows == ()
        assert store.ledger.in_flight(send).deliveries == dict.fromkeys(held, attempt.id)
        assert store.sends.states(send) == {DeliveryState.UNKNOWN: people}
        reconcile(store.ledger, send, evidence)
        said = Counter(evidence[:people])
        states = {
            DeliveryState.ACCEPTED: said["found"],
            DeliveryState.READY: said["absent"],
            DeliveryState.HELD: said["undecided"],
        }
        assert store.sends.states(send) == {state: n for state, n in states.items() if n}

    @law(
        "reliability §6",
        "a message that was held, or sent again, while the answer to it was on its way",
        people=st.integers(2, 5),
        answered=st.integers(0, 2),
    )
    def test_what_is_awaited_is_not_in_doubt(self, people: int, answered: int) -> None:
        """Renewed, an attempt is nobody else's for another lease, though its own was over; its answer counts."""
        store, project = audience(self, people)
        send = ready(store, project)
        attempt, held = in_flight(self.again(OVER).ledger, send, people)
        order = list(held.items())
        if answered:
            store.ledger.record([attempt.id], all_settled(dict(order[:answered]), "accepted"), self.now)
        store.ledger.renew([attempt.id])
        assert store.ledger.in_flight(send).deliveries == {}
        states = {DeliveryState.ACCEPTED: answered, DeliveryState.IN_FLIGHT: people - answered}
        assert store.sends.states(send) == {state: n for state, n in states.items() if n}

    @law(
        "reliability §1",
        "a password reset that was lost with the answer to it, or a campaign that came twice",
        people=st.integers(1, 4),
        sent_again=st.integers(0, 4),
    )
    def test_what_is_sent_again_by_policy_is_counted_as_doubt(self, people: int, sent_again: int) -> None:
        """A row that the policy sends again is ready, loses its attempt, and remembers that one stayed in doubt."""
        store, project = audience(self, people)
        send = ready(store, project)
        attempt, _ = in_flight(self.again(OVER).ledger, send, people)
        doubtful = tuple(store.ledger.in_flight(send).deliveries)
        resend = doubtful[:sent_again]
        store.ledger.reconcile((), (), doubtful[sent_again:], "nobody can say", self.now, resend)
        claimed = store.ledger.claim(send, people, NOTHING, self.now)
        assert {row.delivery: (row.attempts, row.doubts) for row in claimed.rows} == dict.fromkeys(resend, (1, 1))
        assert store.sends.states(send).get(DeliveryState.HELD, 0) == people - len(resend)
        assert attempt.id not in store.ledger.in_flight(send).deliveries.values()

    @law("reliability §4", "an answer from before the second try, written over it", people=st.integers(1, 4))
    def test_a_reopened_attempt_answers_to_its_new_fences(self, people: int) -> None:
        """What is in doubt of an attempt is taken by one worker, in its order; the first one's answer is too late."""
        store, project = audience(self, people)
        send = ready(store, project)
        attempt, held = in_flight(self.again(OVER).ledger, send, people)
        reopened = store.ledger.reopen(attempt.id, NOTHING, self.now)
        assert reopened is not None
        assert reopened.attempt == attempt
        assert tuple(row.delivery for row in reopened.claimed.rows) == attempt.deliveries
        assert store.ledger.reopen(attempt.id, NOTHING, self.now) is None
        store.ledger.record([attempt.id], all_settled(held, "rejected"), self.now)
        assert store.sends.states(send) == {DeliveryState.IN_FLIGHT: people}

    @law("reliability §1", "an attempt in doubt that went out of a paused send")
    def test_nothing_of_a_paused_send_is_reopened(self) -> None:
        """A send that stands still keeps its doubt until it goes on."""
        store, project = audience(self, 2)
        send = ready(store, project)
        attempt, _ = in_flight(self.again(OVER).ledger, send, 2)
        store.ledger.pause(send, "somebody said so")
        assert store.ledger.reopen(attempt.id, NOTHING, self.now) is None
        assert store.sends.states(send) == {DeliveryState.UNKNOWN: 2}

    @law(
        "design D8",
        "attempts that innocent rows lost to somebody else's fault",
        people=st.integers(1, 5),
        refused=st.integers(0, 5),
    )
    def test_the_requests_fault_costs_nobody_an_attempt(self, people: int, refused: int) -> None:
        """Rows refused, or resting while a batch is halved, are ready again, with as many attempts as before."""
        store, project = audience(self, people)
        send = ready(store, project)
        attempt, held = in_flight(store.ledger, send, people)
        order = list(held.items())
        store.ledger.record(
            [attempt.id],
            [*all_settled(dict(order[:refused]), "refused"), *all_settled(dict(order[refused:]), "rests")],
            self.now,
        )
        store.ledger.reinstate(list(held), self.now)
        claimed = store.ledger.claim(send, people, NOTHING, self.now)
        assert {row.delivery: row.attempts for row in claimed.rows} == dict.fromkeys(held, 0)

    @law("design D8", "half a refused batch that took somebody else's rows with it", people=st.integers(2, 6))
    def test_a_claim_of_some_takes_those_alone(self, people: int) -> None:
        """A claim that names rows takes them though they rest, and no other; rows of another worker stay theirs."""
        store, project = audience(self, people)
        send = ready(store, project)
        attempt, held = in_flight(store.ledger, send, people)
        store.ledger.record([attempt.id], all_settled(held, "rests"), self.now)
        half = tuple(held)[: people // 2]
        assert store.ledger.claim(send, people, NOTHING, self.now).rows == ()
        assert tuple(fences(store.ledger.claim(send, people, NOTHING, self.now, half))) == half
        assert store.ledger.claim(send, people, NOTHING, self.now, half).rows == ()

    @law("design D9", "one lot's outcomes on another's rows", people=st.integers(2, 5))
    def test_attempts_of_one_wave_are_settled_each_for_itself(self, people: int) -> None:
        """Several attempts are committed at once and answered apart; those without an answer stay in doubt."""
        store, project = audience(self, people)
        send, worker = ready(store, project), self.again(OVER).ledger
        held = fences(worker.claim(send, people, NOTHING, self.now))
        wave = [attempt_on(send, {one: fence}) for one, fence in held.items()]
        assert worker.commit_attempts(wave, held, (), decisions_on(held), self.now)
        first = wave[0].deliveries[0]
        worker.record([wave[0].id], all_settled({first: held[first]}, "accepted"), self.now)
        assert store.sends.states(send) == {DeliveryState.ACCEPTED: 1, DeliveryState.UNKNOWN: people - 1}
        doubtful = {one: made.id for made in wave[1:] for one in made.deliveries}
        assert store.ledger.in_flight(send).deliveries == doubtful

    @law(
        "reliability §1",
        "a held message that nobody could settle, or one that was settled without a word",
        people=st.integers(1, 4),
        verdict=st.sampled_from((DeliveryState.ACCEPTED, DeliveryState.REJECTED, DeliveryState.READY)),
    )
    def test_a_person_settles_what_is_held(self, people: int, verdict: DeliveryState) -> None:
        """Held rows go where a person says, once; to send some again opens a send that had ended."""
        store, project = audience(self, people)
        send = ready(store, project)
        attempt, held = in_flight(store.ledger, send, people)
        store.ledger.record([attempt.id], all_settled(held, "held"), self.now)
        store.ledger.finish(send, self.now)
        for settled in (people, 0):
            assert store.ledger.decide_held(send, list(held), verdict, "the provider's list", self.now) == settled
        assert store.sends.states(send) == {verdict: people}
        again = verdict is DeliveryState.READY
        assert store.sends.get(send).status is (CampaignStatus.SENDING if again else CampaignStatus.SENT)
        domain = store.domains.get(project.account, "mail.example.com")
        assert domain is not None
        assert domain.sent == (people if verdict is DeliveryState.ACCEPTED else 0)
