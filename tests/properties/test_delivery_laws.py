"""Laws of deliveries and campaigns: bounded waiting, final ends, one identity per attempt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migma_core import (
    Accepted,
    Action,
    CampaignConflict,
    CampaignStatus,
    DeliveryState,
    NotSent,
    Outcome,
    Parcel,
    Rejected,
    Scope,
    Unknown,
    advance,
)
from migma_core.delivery.campaign import TRANSITIONS
from migma_core.delivery.delivery import DELIVERY_TRANSITIONS, read_state
from migma_core.delivery.next_state import MOST_ATTEMPTS, MOST_DOUBTS, Situation, WhenUnknown, after, backoff

WAITS = st.none() | st.floats(0, 10**6)
OUTCOMES: st.SearchStrategy[Outcome] = (
    st.builds(Accepted, st.none() | st.text())
    | st.builds(Rejected, st.sampled_from(Scope), st.text())
    | st.builds(NotSent, st.text(), WAITS)
    | st.builds(Unknown, st.text())
)
SITUATIONS = st.builds(
    Situation,
    st.integers(1, 10**4),
    st.integers(0, 5),
    alone=st.booleans(),
    probe=st.booleans(),
    settles=st.booleans(),
    when_unknown=st.sampled_from(WhenUnknown),
    jitter=st.floats(0, 1),
)
FINAL = {CampaignStatus.SENT, CampaignStatus.FAILED, CampaignStatus.CANCELLED}


@given(st.integers(-5, 10**6))
def test_waiting_is_bounded_and_never_shrinks(attempts: int) -> None:
    """From one second to five minutes, longer with each attempt that came to nothing."""
    assert 1 <= backoff(attempts) <= backoff(attempts + 1) <= 300
    assert backoff(attempts + 1) <= 2 * backoff(attempts)


@given(OUTCOMES, SITUATIONS)
def test_every_outcome_leads_somewhere(outcome: Outcome, situation: Situation) -> None:
    """From in flight every outcome takes a legal step; ready rows give their attempt back, others keep it (D10)."""
    step = after(outcome, situation)
    assert step.state in DELIVERY_TRANSITIONS[DeliveryState.IN_FLIGHT]
    assert step.keeps_attempt is (step.state is not DeliveryState.READY)
    assert step.wait >= 0
    assert step.wait == 0 or step.state in {DeliveryState.READY, DeliveryState.UNKNOWN}


@given(OUTCOMES, SITUATIONS)
def test_only_a_fault_of_the_account_stops_the_stream_at_once(outcome: Outcome, situation: Situation) -> None:
    """A refusal of the account pauses with the provider's words, nothing else does (D8)."""
    pauses = after(outcome, situation).pauses
    assert (pauses is not None) is (isinstance(outcome, Rejected) and outcome.scope is Scope.ACCOUNT)
    assert not isinstance(outcome, Rejected) or pauses is None or outcome.why in pauses


@given(OUTCOMES, SITUATIONS)
def test_no_innocent_row_loses_an_attempt(outcome: Outcome, situation: Situation) -> None:
    """A shared refusal and a probe of an open breaker count against nobody (D8, reliability §7)."""
    shared = isinstance(outcome, Rejected) and (
        outcome.scope is Scope.ACCOUNT or (outcome.scope is Scope.REQUEST and not situation.alone)
    )
    innocent = shared or (isinstance(outcome, NotSent) and situation.probe)
    assert after(outcome, situation).spends is not innocent


@given(st.text(), WAITS, SITUATIONS)
def test_waits_are_spread_over_the_whole_of_the_backoff(why: str, wait: float | None, situation: Situation) -> None:
    """Full jitter: from nothing to the backoff of that attempt, whatever the provider asked of the stream."""
    step = after(NotSent(why, wait), situation)
    assert 0 <= step.wait <= backoff(situation.attempts)
    if not situation.probe and situation.attempts < MOST_ATTEMPTS:
        assert step.wait == situation.jitter * backoff(situation.attempts)


@given(st.text(), SITUATIONS)
def test_what_may_have_been_sent_is_sent_again_by_policy_alone(why: str, situation: Situation) -> None:
    """Unknown is ready again only under the policy that resends, and only once (reliability §1)."""
    step = after(Unknown(why), situation)
    if step.state is DeliveryState.READY:
        assert situation.when_unknown is WhenUnknown.RESEND
        assert situation.doubts + 1 < MOST_DOUBTS
    elif step.state is DeliveryState.UNKNOWN:
        assert situation.settles
    else:
        assert step.state is DeliveryState.HELD


@given(st.sampled_from(DeliveryState), st.booleans(), st.booleans())
def test_a_committed_attempt_is_never_read_as_ready(stored: DeliveryState, committed: bool, expired: bool) -> None:
    """Only a claim without an attempt becomes ready by the passing of time (D10)."""
    read = read_state(stored, committed=committed, lease_expired=expired)
    if stored is not DeliveryState.READY and read is DeliveryState.READY:
        assert (stored, committed, expired) == (DeliveryState.CLAIMED, False, True)


@given(st.lists(st.sampled_from(Action), max_size=12))
def test_a_campaign_walks_its_table_and_ends_for_good(actions: list[Action]) -> None:
    """Any sequence of actions stays within the table; a conflict changes nothing and an end has no way out (R55)."""
    status, ended = CampaignStatus.DRAFT, False
    for action in actions:
        if (status, action) not in TRANSITIONS:
            with pytest.raises(CampaignConflict):
                advance(status, action)
            continue
        assert not ended or action is Action.REOPEN, "held messages are sent again after all"
        status = advance(status, action)
        ended = status in FINAL


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_parcels_are_equal_exactly_where_their_digests_are(one: list[bytes], other: list[bytes]) -> None:
    """The digest on record tells any two parcels apart."""
    first, second = Parcel(tuple(one)), Parcel(tuple(other))
    assert (first.digest == second.digest) is (first == second)
