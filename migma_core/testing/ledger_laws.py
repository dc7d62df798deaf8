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
    "again": {"state": DeliveryState.READY, "keeps_attempt": False},
    "held": {"state": DeliveryState.HELD},
}
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
            assert not slow.commit_attempt(_attempt(send, lost), lost, (), _decisions(lost), self.now)
        elif write == "give back":
            slow.give_back(lost)
        else:
            slow.record(attempt.id, [Settled(one, f, DeliveryState.REJECTED) for one, f in lost.items()], self.now)
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
        outcomes=st.lists(st.sampled_from(sorted(_WAYS)), min_size=1, max_size=8),
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
            settled = [Settled(one, fence, **_WAYS["accepted"]) for one, fence in held.items()]
            store.ledger.record(attempt.id, settled, self.now)
            assert store.ledger.finish(send, self.now).states == {DeliveryState.ACCEPTED: people}
        domain = store.domains.get(project.account, "mail.example.com")
        assert domain is not None
        assert domain.sent == people

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
    assert ledger.commit_attempt(attempt, held, (), _decisions(held), StorageLaws.now)
    return attempt, held


def _reconcile(ledger: Ledger, send: SendId, evidence: Sequence[str]) -> None:
    doubtful = list(zip(ledger.in_flight(send).deliveries, evidence, strict=False))
    found, absent, undecided = (tuple(one for one, how in doubtful if how == kind) for kind in _EVIDENCE)
    ledger.reconcile(found, absent, undecided, "asked", StorageLaws.now)


def _send_all(ledger: Ledger, send: SendId, outcomes: Sequence[str], limit: int) -> None:
    rest = iter(outcomes)
    for held in _claims(ledger, send, limit):
        attempt = _attempt(send, held)
        assert ledger.commit_attempt(attempt, held, (), _decisions(held), StorageLaws.now)
        settled = [Settled(one, fence, **_WAYS[next(rest, "accepted")]) for one, fence in held.items()]
        ledger.record(attempt.id, settled, StorageLaws.now)
