"""
The law book of the ledger: everybody once, one worker at a time, and nothing in doubt is ever sent again unasked (D10).

Subclass `LedgerLaws` with the hooks of `migma_core.testing.storage.StorageLaws`, and pytest runs its laws against the
ledger of your store.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import strategies as st

from ..decision.policy import MIGMA
from ..delivery.campaign import Action, CampaignStatus
from ..delivery.delivery import SETTLED, DeliveryState
from ..delivery.effects import FannedOut, Settled
from ..message.token import DeliveryId
from ..ports import Ledger
from .doubt_laws import DoubtLaws
from .law import law
from .sending import (
    ENDS,
    EVIDENCE,
    NOTHING,
    accepted,
    all_settled,
    attempt_on,
    audience,
    claims,
    decisions_on,
    fan_out,
    fences,
    in_flight,
    ready,
    reconcile,
    send_all,
)
from .storage import LONG, OVER, everybody, some_send

__all__ = ["LedgerLaws"]


class LedgerLaws(DoubtLaws):
    """Every law of planning, claiming, attempting and settling."""

    @law(
        "design D10",
        "recipients lost or doubled when a fan-out was interrupted",
        people=st.integers(0, 6),
        limit=st.integers(1, 7),
        workers=st.integers(1, 3),
    )
    def test_everybody_has_one_delivery(self, people: int, limit: int, workers: int) -> None:
        """Workers who write pages at once, and one who comes when all is written, lose nobody and double nobody."""
        store, project = audience(self, people)
        send = accepted(store, project)
        ledgers = [store.ledger, *(self.again(LONG).ledger for _ in range(workers - 1))]
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda ledger: fan_out(ledger, send, limit), ledgers))
        assert store.ledger.fan_out(send, limit, MIGMA, self.now) == FannedOut(0, 0, goes_on=False)
        assert store.ledger.finish(send, self.now).states == ({DeliveryState.READY: people} if people else {})
        assert {one.address for one in store.sends.log(send)} == {
            str(one.address) for one in everybody(store, project.id)
        }

    @law("reliability §6", "two workers with the same row", people=st.integers(1, 12), limit=st.integers(1, 5))
    def test_workers_share_the_rows_out(self, people: int, limit: int) -> None:
        """Workers on connections of their own, all at once, claim each row once while leases last."""
        store, project = audience(self, people)
        send = ready(store, project)
        ledgers = [self.again(LONG).ledger for _ in range(3)]

        def work(ledger: Ledger) -> list[DeliveryId]:
            return [one for some in claims(ledger, send, limit) for one in some]

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
        store, project = audience(self, people)
        send, slow = ready(store, project), self.again(OVER).ledger
        lost = fences(slow.claim(send, people, NOTHING, self.now))
        attempt, held = in_flight(store.ledger, send, people)
        assert held == {one: fence + 1 for one, fence in lost.items()}
        if write == "commit":
            assert not slow.commit_attempts([attempt_on(send, lost)], lost, (), decisions_on(lost), self.now)
        elif write == "give back":
            slow.give_back(lost)
        else:
            slow.record([attempt.id], [Settled(one, f, DeliveryState.REJECTED) for one, f in lost.items()], self.now)
        assert store.sends.states(send) == {DeliveryState.IN_FLIGHT: people}

    @law(
        "R56, design D10",
        "numbers that did not add up after a crash",
        outcomes=st.lists(st.sampled_from(ENDS), min_size=1, max_size=8),
        crash=st.sampled_from(("never", "before the attempt", "after it")),
        limit=st.integers(1, 4),
        evidence=st.lists(st.sampled_from(EVIDENCE), min_size=8, max_size=8),
    )
    def test_whatever_happens_the_counts_add_up(
        self, outcomes: list[str], crash: str, limit: int, evidence: list[str]
    ) -> None:
        """Through any outcomes and a crash anywhere nobody is lost, doubled or left over, and accepted are counted."""
        store, project = audience(self, len(outcomes))
        send, dying = ready(store, project), self.again(OVER).ledger
        if crash == "before the attempt":
            dying.claim(send, limit, NOTHING, self.now)
        elif crash == "after it":
            in_flight(dying, send, limit)
            reconcile(store.ledger, send, evidence)
        send_all(store.ledger, send, outcomes, limit)
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
        store, project = audience(self, people)
        send = ready(store, project)
        leaver = next(everybody(store, project.id))
        store.contacts.unsubscribe(leaver.id, self.now, "link")
        claimed = store.ledger.claim(send, people, NOTHING, self.now)
        against = {row.facts.contact: MIGMA.code(row.facts.standing) for row in claimed.rows}
        assert {who for who, code in against.items() if code} == {leaver.id}

    @law("R50 to R55", "a pause that was seen too late", stop=st.sampled_from(("pause", "cancel")))
    def test_a_send_that_stands_still_gives_nothing_out(self, stop: str) -> None:
        """The next claim and the next page see it; a pause can be taken up again, a cancellation cannot."""
        store, project = audience(self, 3)
        send = ready(store, project)
        if stop == "pause":
            store.ledger.pause(send, "the provider is down")
        else:
            store.sends.change_status(send, Action.CANCEL, self.now)
        assert store.ledger.claim(send, 3, NOTHING, self.now).stopped
        assert store.ledger.fan_out(send, 3, MIGMA, self.now) == FannedOut(0, 0, goes_on=False)
        left = DeliveryState.READY if stop == "pause" else DeliveryState.CANCELLED
        assert store.ledger.finish(send, self.now).states == {left: 3}
        if stop == "pause":
            store.sends.change_status(send, Action.SEND, self.now)
            assert not store.ledger.claim(send, 3, NOTHING, self.now).stopped
            assert store.sends.states(send) == {DeliveryState.CLAIMED: 3}

    @law("reliability §13", "an outcome that was counted twice since its answer was lost", people=st.integers(1, 4))
    def test_repeating_a_step_changes_nothing(self, people: int) -> None:
        """A record and a finish repeated after a lost answer leave every number as it was."""
        store, project = audience(self, people)
        send = ready(store, project)
        attempt, held = in_flight(store.ledger, send, people)
        for _ in range(2):
            store.ledger.record([attempt.id], all_settled(held, "accepted"), self.now)
            assert store.ledger.finish(send, self.now).states == {DeliveryState.ACCEPTED: people}
        domain = store.domains.get(project.account, "mail.example.com")
        assert domain is not None
        assert domain.sent == people

    @law(
        "reliability §13",
        "a doubt counted twice, and a message held that could have been settled",
        people=st.integers(1, 4),
    )
    def test_doubt_told_twice_is_one_doubt(self, people: int) -> None:
        """An outcome that stays unknown, recorded again after a lost answer, counts once."""
        store, project = audience(self, people)
        send = ready(store, project)
        attempt, held = in_flight(store.ledger, send, people)
        for _ in range(2):
            store.ledger.record([attempt.id], all_settled(held, "unknown"), self.now)
        assert store.ledger.in_flight(send).deliveries == dict.fromkeys(held, attempt.id)
        assert set(store.ledger.in_flight(send).doubts.values()) == {1}

    @law("reliability §6", "a send that nobody accepted")
    def test_an_unknown_send_is_refused(self) -> None:
        """Every question about it is a `LookupError`."""
        store = self.open()
        with pytest.raises(LookupError):
            store.ledger.fan_out(some_send(), 1, MIGMA, self.now)
        with pytest.raises(LookupError):
            store.ledger.claim(some_send(), 1, NOTHING, self.now)
