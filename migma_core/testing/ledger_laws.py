"""
The law book of the ledger: everybody once, one worker at a time, and nothing in doubt is ever sent again unasked (D10).

Subclass `LedgerLaws` with the hooks of `migma_core.testing.storage.StorageLaws`, and pytest runs its laws against the
ledger of your store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import strategies as st

from ..audience.address import Address
from ..audience.contact import Status
from ..audience.intake import ContactDraft
from ..decision.circumstances import Wanted
from ..decision.policy import MIGMA
from ..decision.purpose import Purpose
from ..decision.record import Decision, record
from ..decision.standing import Standing
from ..delivery.attempt import Attempt, AttemptId
from ..delivery.campaign import Action, CampaignStatus
from ..delivery.delivery import SETTLED, DeliveryState, SendId
from ..delivery.effects import AudiencePage, Claimed, Decided, Settled
from ..message.token import DeliveryId
from ..ports import Ledger, Store
from ..request.project import Project
from ..request.recipients import TagHolders
from .law import law
from .storage import LONG, OVER, StorageLaws, everybody, put, request_to, some_project, some_send

__all__ = ["LedgerLaws", "decided", "fan_out", "fences"]

_NOTHING = Wanted()
_WAYS: Mapping[str, Mapping[str, Any]] = {
    "accepted": {"state": DeliveryState.ACCEPTED, "provider_id": "p"},
    "rejected": {"state": DeliveryState.REJECTED, "why": "no such mailbox"},
    "again": {"state": DeliveryState.READY, "keeps_attempt": False, "spends": True},
    "held": {"state": DeliveryState.HELD},
    "refused": {"state": DeliveryState.REJECTED, "spends": True},
    "rests": {"state": DeliveryState.READY, "wait": 60.0, "keeps_attempt": False},
}
_ENDS = ("accepted", "again", "held", "rejected")
_EVIDENCE = ("found", "absent", "undecided")


class LedgerLaws(StorageLaws):
    """Every law of planning, claiming, attempting and settling."""

    @law(
        "design D10",
        "recipients lost or doubled when a fan-out was interrupted",
        people=st.integers(0, 6),
        limit=st.integers(1, 7),
        mishaps=st.lists(st.sampled_from(("crash", "write twice", "write late", "go on")), max_size=8),
    )
    def test_everybody_has_one_delivery(self, people: int, limit: int, mishaps: list[str]) -> None:
        """Crashes between reading and writing, and pages written twice or late, lose nobody and double nobody."""
        store, project = self._audience(people)
        send, pages = _accepted(store, project), list[AudiencePage]()
        for mishap in mishaps:
            page = store.ledger.read_audience(send, limit, _NOTHING, self.now)
            pages += [page] if page.rows else []
            page = pages[0] if mishap == "write late" and pages else page
            for _ in range({"crash": 0, "write twice": 2}.get(mishap, 1)):
                store.ledger.write_deliveries(send, decided(page), page.after, self.now)
        fan_out(store.ledger, send, limit)
        assert store.ledger.finish(send, self.now).states == ({DeliveryState.READY: people} if people else {})
        assert {one.address for one in store.sends.log(send)} == {
            str(one.address) for one in everybody(store, project.id)
        }

    @law("reliability §6", "two workers with the same row", people=st.integers(1, 12), limit=st.integers(1, 5))
    def test_workers_share_the_rows_out(self, people: int, limit: int) -> None:
        """Workers on connections of their own, all at once, claim each row once while leases last."""
        store, project = self._audience(people)
        send = _ready(store, project)
        ledgers = [self.again(LONG).ledger for _ in range(3)]

        def work(ledger: Ledger) -> list[DeliveryId]:
            return [one for some in _claims(ledger, send, limit) for one in some]

        with ThreadPoolExecutor(len(ledgers)) as pool:
            taken = [one for found in pool.map(work, ledgers) for one in found]
        assert len(taken) == len(set(taken)) == people

    @law(
        "reliability §6",
        "a worker that came back from a long pause and wrote over another's work",
        people=st.integers(1, 4),
        write=st.sampled_from(("commit", "give back", "record")),
    )
    def test_a_stale_fence_writes_nothing(self, people: int, write: str) -> None:
        """Whoever lost the lease can neither commit nor give back nor record: the rows are another's now."""
        store, project = self._audience(people)
        send, slow = _ready(store, project), self.again(OVER).ledger
        lost = fences(slow.claim(send, people, _NOTHING, self.now))
        attempt, held = _in_flight(store.ledger, send, people)
        assert held == {one: fence + 1 for one, fence in lost.items()}
        if write == "commit":
            assert not slow.commit_attempts([_attempt(send, lost)], lost, (), _decisions(lost), self.now)
        elif write == "give back":
            slow.give_back(lost)
        else:
            slow.record([attempt.id], [Settled(one, f, DeliveryState.REJECTED) for one, f in lost.items()], self.now)
        assert store.sends.states(send) == {DeliveryState.IN_FLIGHT: people}

    @law(
        "reliability §3",
        "an attempt in doubt that was sent again",
        people=st.integers(1, 5),
        evidence=st.lists(st.sampled_from(_EVIDENCE), min_size=5, max_size=5),
    )
    def test_doubt_is_settled_by_evidence_alone(self, people: int, evidence: list[str]) -> None:
        """An expired lease with an attempt is unknown, never ready; found is accepted, absent ready, the rest held."""
        store, project = self._audience(people)
        send, dying = _ready(store, project), self.again(OVER).ledger
        attempt, held = _in_flight(dying, send, people)
        assert store.ledger.claim(send, people, _NOTHING, self.now).rows == ()
        assert store.ledger.in_flight(send).deliveries == dict.fromkeys(held, attempt.id)
        assert store.sends.states(send) == {DeliveryState.UNKNOWN: people}
        _reconcile(store.ledger, send, evidence)
        said = Counter(evidence[:people])
        states = {
            DeliveryState.ACCEPTED: said["found"],
            DeliveryState.READY: said["absent"],
            DeliveryState.HELD: said["undecided"],
        }
        assert store.sends.states(send) == {state: n for state, n in states.items() if n}

    @law(
        "R56, design D10",
        "numbers that did not add up after a crash",
        outcomes=st.lists(st.sampled_from(_ENDS), min_size=1, max_size=8),
        crash=st.sampled_from(("never", "before the attempt", "after it")),
        limit=st.integers(1, 4),
        evidence=st.lists(st.sampled_from(_EVIDENCE), min_size=8, max_size=8),
    )
    def test_whatever_happens_the_counts_add_up(
        self, outcomes: list[str], crash: str, limit: int, evidence: list[str]
    ) -> None:
        """Through any outcomes and a crash anywhere nobody is lost, doubled or left over, and accepted are counted."""
        store, project = self._audience(len(outcomes))
        send, dying = _ready(store, project), self.again(OVER).ledger
        if crash == "before the attempt":
            dying.claim(send, limit, _NOTHING, self.now)
        elif crash == "after it":
            _in_flight(dying, send, limit)
            _reconcile(store.ledger, send, evidence)
        _send_all(store.ledger, send, outcomes, limit)
        states = store.ledger.finish(send, self.now).states
        assert sum(states.values()) == len(outcomes)
        assert states.keys() <= SETTLED
        domain = store.domains.get(project.account, "mail.example.com")
        assert domain is not None
        assert domain.sent == states.get(DeliveryState.ACCEPTED, 0)
        assert store.sends.get(send).status in {CampaignStatus.SENT, CampaignStatus.FAILED}

    @law("O-07, reliability §6", "mail to somebody who had left in the meantime", people=st.integers(1, 4))
    def test_an_opt_out_before_the_claim_shows_in_it(self, people: int) -> None:
        """The claim reads facts anew: what was committed before it stands against the row."""
        store, project = self._audience(people)
        send = _ready(store, project)
        leaver = next(everybody(store, project.id))
        store.contacts.unsubscribe(leaver.id, self.now, "link")
        claimed = store.ledger.claim(send, people, _NOTHING, self.now)
        against = {row.facts.contact: MIGMA.code(row.facts.standing) for row in claimed.rows}
        assert {who for who, code in against.items() if code} == {leaver.id}

    @law("R50 to R55", "a pause that was seen too late", stop=st.sampled_from(("pause", "cancel")))
    def test_a_send_that_stands_still_gives_nothing_out(self, stop: str) -> None:
        """The next claim and the next page see it; a pause can be taken up again, a cancellation cannot."""
        store, project = self._audience(3)
        send = _ready(store, project)
        if stop == "pause":
            store.ledger.pause(send, "the provider is down")
        else:
            store.sends.change_status(send, Action.CANCEL, self.now)
        assert store.ledger.claim(send, 3, _NOTHING, self.now).stopped
        assert store.ledger.read_audience(send, 3, _NOTHING, self.now) == AudiencePage(self.now, (), None)
        left = DeliveryState.READY if stop == "pause" else DeliveryState.CANCELLED
        assert store.ledger.finish(send, self.now).states == {left: 3}
        if stop == "pause":
            store.sends.change_status(send, Action.SEND, self.now)
            assert not store.ledger.claim(send, 3, _NOTHING, self.now).stopped
            assert store.sends.states(send) == {DeliveryState.CLAIMED: 3}

    @law("reliability §13", "an outcome that was counted twice since its answer was lost", people=st.integers(1, 4))
    def test_repeating_a_step_changes_nothing(self, people: int) -> None:
        """A record and a finish repeated after a lost answer leave every number as it was."""
        store, project = self._audience(people)
        send = _ready(store, project)
        attempt, held = _in_flight(store.ledger, send, people)
        for _ in range(2):
            store.ledger.record([attempt.id], _settled(held, "accepted"), self.now)
            assert store.ledger.finish(send, self.now).states == {DeliveryState.ACCEPTED: people}
        domain = store.domains.get(project.account, "mail.example.com")
        assert domain is not None
        assert domain.sent == people

    @law(
        "reliability §1",
        "a password reset that was lost with the answer to it, or a campaign that came twice",
        people=st.integers(1, 4),
        sent_again=st.integers(0, 4),
    )
    def test_what_is_sent_again_by_policy_is_counted_as_doubt(self, people: int, sent_again: int) -> None:
        """A row that the policy sends again is ready, loses its attempt, and remembers that one stayed in doubt."""
        store, project = self._audience(people)
        send = _ready(store, project)
        attempt, _ = _in_flight(self.again(OVER).ledger, send, people)
        doubtful = tuple(store.ledger.in_flight(send).deliveries)
        resend = doubtful[:sent_again]
        store.ledger.reconcile((), (), doubtful[sent_again:], "nobody can say", self.now, resend)
        claimed = store.ledger.claim(send, people, _NOTHING, self.now)
        assert {row.delivery: (row.attempts, row.doubts) for row in claimed.rows} == dict.fromkeys(resend, (1, 1))
        assert store.sends.states(send).get(DeliveryState.HELD, 0) == people - len(resend)
        assert attempt.id not in store.ledger.in_flight(send).deliveries.values()

    @law("reliability §4", "an answer from before the second try, written over it", people=st.integers(1, 4))
    def test_a_reopened_attempt_answers_to_its_new_fences(self, people: int) -> None:
        """What is in doubt of an attempt is taken by one worker, in its order; the first one's answer is too late."""
        store, project = self._audience(people)
        send = _ready(store, project)
        attempt, held = _in_flight(self.again(OVER).ledger, send, people)
        reopened = store.ledger.reopen(attempt.id, _NOTHING, self.now)
        assert reopened is not None
        assert reopened.attempt == attempt
        assert tuple(row.delivery for row in reopened.claimed.rows) == attempt.deliveries
        assert store.ledger.reopen(attempt.id, _NOTHING, self.now) is None
        store.ledger.record([attempt.id], _settled(held, "rejected"), self.now)
        assert store.sends.states(send) == {DeliveryState.IN_FLIGHT: people}

    @law("reliability §1", "an attempt in doubt that went out of a paused send")
    def test_nothing_of_a_paused_send_is_reopened(self) -> None:
        """A send that stands still keeps its doubt until it goes on."""
        store, project = self._audience(2)
        send = _ready(store, project)
        attempt, _ = _in_flight(self.again(OVER).ledger, send, 2)
        store.ledger.pause(send, "somebody said so")
        assert store.ledger.reopen(attempt.id, _NOTHING, self.now) is None
        assert store.sends.states(send) == {DeliveryState.UNKNOWN: 2}

    @law(
        "design D8",
        "attempts that innocent rows lost to somebody else's fault",
        people=st.integers(1, 5),
        refused=st.integers(0, 5),
    )
    def test_the_requests_fault_costs_nobody_an_attempt(self, people: int, refused: int) -> None:
        """Rows refused, or resting while a batch is halved, are ready again, with as many attempts as before."""
        store, project = self._audience(people)
        send = _ready(store, project)
        attempt, held = _in_flight(store.ledger, send, people)
        order = list(held.items())
        store.ledger.record(
            [attempt.id],
            [*_settled(dict(order[:refused]), "refused"), *_settled(dict(order[refused:]), "rests")],
            self.now,
        )
        store.ledger.reinstate(list(held), self.now)
        claimed = store.ledger.claim(send, people, _NOTHING, self.now)
        assert {row.delivery: row.attempts for row in claimed.rows} == dict.fromkeys(held, 0)

    @law("design D8", "half a refused batch that took somebody else's rows with it", people=st.integers(2, 6))
    def test_a_claim_of_some_takes_those_alone(self, people: int) -> None:
        """A claim that names rows takes them though they rest, and no other; rows of another worker stay theirs."""
        store, project = self._audience(people)
        send = _ready(store, project)
        attempt, held = _in_flight(store.ledger, send, people)
        store.ledger.record([attempt.id], _settled(held, "rests"), self.now)
        half = tuple(held)[: people // 2]
        assert store.ledger.claim(send, people, _NOTHING, self.now).rows == ()
        assert tuple(fences(store.ledger.claim(send, people, _NOTHING, self.now, half))) == half
        assert store.ledger.claim(send, people, _NOTHING, self.now, half).rows == ()

    @law("design D9", "one lot's outcomes on another's rows", people=st.integers(2, 5))
    def test_attempts_of_one_wave_are_settled_each_for_itself(self, people: int) -> None:
        """Several attempts are committed at once and answered apart; those without an answer stay in doubt."""
        store, project = self._audience(people)
        send, worker = _ready(store, project), self.again(OVER).ledger
        held = fences(worker.claim(send, people, _NOTHING, self.now))
        wave = [_attempt(send, {one: fence}) for one, fence in held.items()]
        assert worker.commit_attempts(wave, held, (), _decisions(held), self.now)
        first = wave[0].deliveries[0]
        worker.record([wave[0].id], _settled({first: held[first]}, "accepted"), self.now)
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
        store, project = self._audience(people)
        send = _ready(store, project)
        attempt, held = _in_flight(store.ledger, send, people)
        store.ledger.record([attempt.id], _settled(held, "held"), self.now)
        store.ledger.finish(send, self.now)
        for settled in (people, 0):
            assert store.ledger.decide_held(send, list(held), verdict, "the provider's list", self.now) == settled
        assert store.sends.states(send) == {verdict: people}
        again = verdict is DeliveryState.READY
        assert store.sends.get(send).status is (CampaignStatus.SENDING if again else CampaignStatus.SENT)
        domain = store.domains.get(project.account, "mail.example.com")
        assert domain is not None
        assert domain.sent == (people if verdict is DeliveryState.ACCEPTED else 0)

    @law("reliability §6", "a send that nobody accepted")
    def test_an_unknown_send_is_refused(self) -> None:
        """Every question about it is a `LookupError`."""
        store = self.open()
        with pytest.raises(LookupError):
            store.ledger.read_audience(some_send(), 1, _NOTHING, self.now)
        with pytest.raises(LookupError):
            store.ledger.claim(some_send(), 1, _NOTHING, self.now)

    def _audience(self, people: int) -> tuple[Store, Project]:
        """An empty store with so many subscribers who hold the tag ``all``."""
        store = self.open()
        project = some_project(store)
        addresses = [Address(f"p{number}", "customers.migma.email") for number in range(people)]
        held = frozenset({"all"})
        put(store, project.id, *(ContactDraft(address=a, status=Status.SUBSCRIBED, tags=held) for a in addresses))
        return store, project


def decided(page: AudiencePage) -> list[Decided]:
    """The page with MIGMA's verdicts."""
    return [Decided(row, record(row.standing, MIGMA, page.at)) for row in page.rows]


def fan_out(ledger: Ledger, send: SendId, limit: int = 100) -> None:
    """Write a row for everybody."""
    while (page := ledger.read_audience(send, limit, _NOTHING, StorageLaws.now)).rows:
        ledger.write_deliveries(send, decided(page), page.after, page.at)


def fences(claimed: Claimed) -> dict[DeliveryId, int]:
    """The fences of a claim."""
    return {row.delivery: row.fence for row in claimed.rows}


def _accepted(store: Store, project: Project) -> SendId:
    send = some_send()
    request = request_to(project.id, TagHolders("all"))
    store.sends.accept(send, request, Purpose.MARKETING, MIGMA, None, StorageLaws.now)
    return send


def _ready(store: Store, project: Project) -> SendId:
    """A send to everybody, fanned out."""
    send = _accepted(store, project)
    fan_out(store.ledger, send)
    return send


def _claims(ledger: Ledger, send: SendId, limit: int) -> Iterator[dict[DeliveryId, int]]:
    while held := fences(ledger.claim(send, limit, _NOTHING, StorageLaws.now)):
        yield held


def _attempt(send: SendId, held: Mapping[DeliveryId, int]) -> Attempt:
    values = tuple({"email": str(one)} for one in held)
    made = AttemptId(str(some_send()))
    return Attempt(made, send, "migma", tuple(held), "content", 1, 1, StorageLaws.now, "digest", values)


def _decisions(held: Mapping[DeliveryId, int]) -> list[Decision]:
    return [record(Standing(0), MIGMA, StorageLaws.now)] * len(held)


def _in_flight(ledger: Ledger, send: SendId, limit: int) -> tuple[Attempt, dict[DeliveryId, int]]:
    """Claim rows and put an attempt for all of them on record."""
    held = fences(ledger.claim(send, limit, _NOTHING, StorageLaws.now))
    attempt = _attempt(send, held)
    assert ledger.commit_attempts([attempt], held, (), _decisions(held), StorageLaws.now)
    return attempt, held


def _settled(held: Mapping[DeliveryId, int], way: str) -> list[Settled]:
    return [Settled(one, fence, **_WAYS[way]) for one, fence in held.items()]


def _reconcile(ledger: Ledger, send: SendId, evidence: Sequence[str]) -> None:
    doubtful = list(zip(ledger.in_flight(send).deliveries, evidence, strict=False))
    found, absent, undecided = (tuple(one for one, how in doubtful if how == kind) for kind in _EVIDENCE)
    ledger.reconcile(found, absent, undecided, "asked", StorageLaws.now)


def _send_all(ledger: Ledger, send: SendId, outcomes: Sequence[str], limit: int) -> None:
    rest = iter(outcomes)
    for held in _claims(ledger, send, limit):
        attempt = _attempt(send, held)
        assert ledger.commit_attempts([attempt], held, (), _decisions(held), StorageLaws.now)
        settled = [Settled(one, fence, **_WAYS[next(rest, "accepted")]) for one, fence in held.items()]
        ledger.record([attempt.id], settled, StorageLaws.now)
