"""Outcomes, and where each leads a delivery."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from migma_core import (
    Accepted,
    Attempt,
    AttemptId,
    DeliveryId,
    DeliveryState,
    NotSent,
    Outcome,
    Parcel,
    Purpose,
    Rejected,
    Scope,
    SendId,
    Unknown,
)
from migma_core.delivery.delivery import DELIVERY_TRANSITIONS, SETTLED, read_state
from migma_core.delivery.next_state import (
    DOUBT_RESTS,
    HALVING_RESTS,
    MOST_ATTEMPTS,
    MOST_DOUBTS,
    WHEN_UNKNOWN,
    Next,
    Situation,
    WhenUnknown,
    after,
    backoff,
)

READY, CLAIMED = DeliveryState.READY, DeliveryState.CLAIMED


def _back(wait: float = 0.0, pauses: str | None = None) -> Next:
    return Next(READY, wait, pauses, keeps_attempt=False, spends=False)


RESEND = WhenUnknown.RESEND


@pytest.mark.parametrize(
    ("outcome", "situation", "expected"),
    [
        (Accepted("id-1"), Situation(1), Next(DeliveryState.ACCEPTED)),
        (Accepted(), Situation(9), Next(DeliveryState.ACCEPTED)),
        (Rejected(Scope.RECIPIENT, "no such user"), Situation(1), Next(DeliveryState.REJECTED)),
        (Rejected(Scope.REQUEST, "bad template"), Situation(1), Next(DeliveryState.REJECTED)),
        (Rejected(Scope.REQUEST, "bad template"), Situation(1, alone=False), _back(HALVING_RESTS)),
        (
            Rejected(Scope.ACCOUNT, "suspended"),
            Situation(99),
            _back(pauses="the provider refused the account: suspended"),
        ),
        (NotSent("busy"), Situation(1), Next(READY, wait=1.0, keeps_attempt=False)),
        (NotSent("busy"), Situation(3), Next(READY, wait=4.0, keeps_attempt=False)),
        (NotSent("busy"), Situation(3, jitter=0.25), Next(READY, wait=1.0, keeps_attempt=False)),
        (NotSent("busy", retry_after=30.0), Situation(3), Next(READY, wait=4.0, keeps_attempt=False)),
        (NotSent("busy"), Situation(3, probe=True), _back()),
        (NotSent("busy"), Situation(MOST_ATTEMPTS, probe=True), _back()),
        (NotSent("busy"), Situation(MOST_ATTEMPTS - 1), Next(READY, wait=64.0, keeps_attempt=False)),
        (NotSent("busy", retry_after=30.0), Situation(MOST_ATTEMPTS), Next(DeliveryState.DEAD)),
        (Unknown("reset"), Situation(1), Next(DeliveryState.HELD)),
        (Unknown("reset"), Situation(1, settles=True), Next(DeliveryState.UNKNOWN, DOUBT_RESTS, doubts=True)),
        (Unknown("reset"), Situation(3, doubts=MOST_DOUBTS, settles=True), Next(DeliveryState.HELD)),
        (Unknown("reset"), Situation(1, when_unknown=RESEND), Next(READY, keeps_attempt=False, doubts=True)),
        (Unknown("reset"), Situation(2, doubts=1, when_unknown=RESEND), Next(DeliveryState.HELD)),
    ],
)
def test_an_outcome_leads_here(outcome: Outcome, situation: Situation, expected: Next) -> None:
    """The table of D8: four outcomes, three scopes, a last attempt, a probe, and what nobody can know."""
    assert after(outcome, situation) == expected


def test_what_is_unknown_is_held_for_marketing_and_resent_for_transactional_mail() -> None:
    """The usual policies (reliability §1)."""
    assert dict(WHEN_UNKNOWN) == {Purpose.MARKETING: WhenUnknown.HOLD, Purpose.TRANSACTIONAL: RESEND}


def test_every_state_has_its_steps() -> None:
    """The table names each state, settled ones lead nowhere by themselves, and only held and refused rows reopen."""
    assert set(DELIVERY_TRANSITIONS) == set(DeliveryState)
    reopened = {one for one in SETTLED if DELIVERY_TRANSITIONS[one]}
    assert reopened == {DeliveryState.HELD, DeliveryState.REJECTED}


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 1), (1, 1), (2, 2), (8, 128), (9, 256), (10, 300), (10**6, 300)])
def test_waiting_doubles_up_to_five_minutes(attempts: int, seconds: float) -> None:
    """1, 2, 4 … 256, 300 and never more, however many attempts there were."""
    assert backoff(attempts) == seconds


def test_a_row_is_read_together_with_its_attempt() -> None:
    """A committed attempt whose lease expired is unknown, never ready; an uncommitted one is free again (D10)."""
    assert {
        (committed, expired): read_state(CLAIMED, committed=committed, lease_expired=expired)
        for committed, expired in product((False, True), repeat=2)
    } == {
        (False, False): CLAIMED,
        (False, True): READY,
        (True, False): DeliveryState.IN_FLIGHT,
        (True, True): DeliveryState.UNKNOWN,
    }


def test_only_a_claim_is_read_with_its_attempt() -> None:
    """Every other state is what the row says."""
    for stored, committed, expired in product(set(DeliveryState) - {CLAIMED}, (False, True), (False, True)):
        assert read_state(stored, committed=committed, lease_expired=expired) is stored


def test_settled_states_are_those_in_which_nothing_happens_by_itself() -> None:
    """Accepted, rejected, withheld, dead, cancelled and held end a row (D10)."""
    assert {str(state) for state in SETTLED} == {"accepted", "rejected", "withheld", "dead", "cancelled", "held"}


def test_outcomes_name_themselves() -> None:
    """Each has a stable tag (D2)."""
    outcomes = (Accepted(), Rejected(Scope.ACCOUNT, ""), NotSent(""), Unknown(""))
    assert [one.kind for one in outcomes] == ["accepted", "rejected", "not_sent", "unknown"]


def test_a_digest_knows_where_bodies_end() -> None:
    """The same octets in other bodies, or in another order, are another parcel."""
    parcels = [
        Parcel(()),
        Parcel((b"",)),
        Parcel((b"ab",)),
        Parcel((b"a", b"b")),
        Parcel((b"b", b"a")),
        Parcel((b"", b"ab")),
    ]
    assert len({one.digest for one in parcels}) == len(parcels)
    assert Parcel((b"a", b"b")).digest == Parcel((b"a", b"b")).digest


def test_an_idempotency_key_is_derived_from_the_attempt() -> None:
    """The key is versioned and belongs to one row (D10)."""
    attempt = Attempt(
        AttemptId("a" * 32),
        SendId("5" * 32),
        "ses",
        (DeliveryId("d" * 32),),
        "content",
        1,
        1,
        datetime(2026, 5, 1, tzinfo=UTC),
        "digest",
        ({},),
    )
    assert attempt.idempotency_key == f"migma/v1/{'a' * 32}"
