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
    Purpose,
    Rejected,
    Scope,
    Unknown,
    advance,
)
from migma_core.delivery.campaign import TRANSITIONS
from migma_core.delivery.delivery import MOST_ATTEMPTS, SETTLED, after, backoff, read_state

WAITS = st.none() | st.floats(0, 10**6)
OUTCOMES: st.SearchStrategy[Outcome] = (
    st.builds(Accepted, st.none() | st.text())
    | st.builds(Rejected, st.sampled_from(Scope), st.text())
    | st.builds(NotSent, st.text(), WAITS)
    | st.builds(Unknown, st.text())
)
FINAL = {CampaignStatus.SENT, CampaignStatus.FAILED, CampaignStatus.CANCELLED}


@given(st.integers(-5, 10**6))
def test_waiting_is_bounded_and_never_shrinks(attempts: int) -> None:
    """From one second to five minutes, longer with each attempt that came to nothing."""
    assert 1 <= backoff(attempts) <= backoff(attempts + 1) <= 300
    assert backoff(attempts + 1) <= 2 * backoff(attempts)


@given(OUTCOMES, st.sampled_from(Purpose), st.integers(1, 10**4))
def test_every_outcome_leads_somewhere(outcome: Outcome, purpose: Purpose, attempts: int) -> None:
    """A row is settled or ready again; ready rows give their attempt back, settled ones keep it as evidence (D10)."""
    step = after(outcome, purpose, attempts)
    assert (step.state is DeliveryState.READY) is not (step.state in SETTLED)
    assert step.keeps_attempt is (step.state in SETTLED)
    assert step.wait >= 0
    assert step.wait == 0 or step.state is DeliveryState.READY


@given(OUTCOMES, st.sampled_from(Purpose), st.integers(1, 10**4))
def test_only_a_shared_fault_stops_the_stream(outcome: Outcome, purpose: Purpose, attempts: int) -> None:
    """A refusal of the account or the request pauses with the provider's words, nothing else does (D8)."""
    pauses = after(outcome, purpose, attempts).pauses
    shared = isinstance(outcome, Rejected) and outcome.scope is not Scope.RECIPIENT
    assert (pauses is not None) is shared
    assert not isinstance(outcome, Rejected) or pauses is None or outcome.why in pauses


@given(st.text(), WAITS, st.sampled_from(Purpose), st.integers(1, MOST_ATTEMPTS - 1))
def test_a_provider_that_says_when_is_obeyed(why: str, wait: float | None, purpose: Purpose, attempts: int) -> None:
    """A retry is never earlier than the provider asked, nor than our own pace."""
    step = after(NotSent(why, wait), purpose, attempts)
    assert step.wait >= max(wait or 0.0, backoff(attempts))


@given(st.text(), st.sampled_from(Purpose), st.integers(1, 10**4))
def test_what_may_have_been_sent_is_never_sent_again_unasked(why: str, purpose: Purpose, attempts: int) -> None:
    """Unknown is held for either purpose, however often it happens (D8)."""
    assert after(Unknown(why), purpose, attempts).state is DeliveryState.HELD


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
        assert not ended
        status = advance(status, action)
        ended = status in FINAL


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_parcels_are_equal_exactly_where_their_digests_are(one: list[bytes], other: list[bytes]) -> None:
    """The digest on record tells any two parcels apart."""
    first, second = Parcel(tuple(one)), Parcel(tuple(other))
    assert (first.digest == second.digest) is (first == second)
