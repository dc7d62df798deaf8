"""What comes next: everybody in one place, only what is not sent goes elsewhere, and the guilty are found."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from migma_http import Following, Halving, Refusal, following, lift, next_provider
from returns.result import Failure, Result, Success

from migma_core import Accepted, DeliveryId, NotSent, Outcome, Rejected, Scope, Unknown
from migma_core.delivery.halving import ROWS_IN_A_ROW

outcomes = st.one_of(
    st.builds(Accepted, st.none() | st.just("id")),
    st.builds(Rejected, st.sampled_from(Scope), st.just("no")),
    st.builds(NotSent, st.just("busy"), st.none() | st.floats(0, 3600)),
    st.builds(Unknown, st.just("no answer")),
)


def ids(count: int) -> tuple[DeliveryId, ...]:
    """So many deliveries, in order."""
    return tuple(DeliveryId(f"d{n:04}") for n in range(count))


@given(st.lists(outcomes, min_size=1, max_size=12), st.sampled_from(((), ("resend",), ("resend", "ses"))))
def test_everybody_is_in_exactly_one_place(them: list[Outcome], left: tuple[str, ...]) -> None:
    """Nobody is lost and nobody is there twice, whatever mixture comes back."""
    members = ids(len(them))
    after = following(members, them, left)
    places = (after.settled, after.held, after.instead, after.again, after.refused, after.back)
    assert sorted(one for place in places for one in place) == list(members)
    assert (after.paused is not None) is bool(after.back)


@given(st.lists(outcomes, min_size=1, max_size=12))
def test_only_what_is_certainly_not_sent_goes_elsewhere(them: list[Outcome]) -> None:
    """Failover is for `NotSent` alone: what is unknown might arrive twice (D8)."""
    members = ids(len(them))
    after = following(members, them, ("resend",))
    assert set(after.instead) == {m for m, o in zip(members, them, strict=True) if isinstance(o, NotSent)}
    assert (after.provider == "resend") is bool(after.instead)
    assert not after.again


def test_the_longest_wait_counts_for_all() -> None:
    """Who asked for patience gets it, for the whole stream."""
    after = following(ids(3), [NotSent("a", 3.0), NotSent("b"), NotSent("c", 9.0)])
    assert after == Following(again=ids(3), wait=9.0)


def test_outcomes_lift_to_results() -> None:
    """Acceptance is success; each refusal is the failure it is; the next provider is found on it."""
    assert lift(Accepted("x")) == Success(Accepted("x"))
    busy = NotSent("busy")
    assert lift(busy) == Failure(busy)
    name: Result[str, Refusal] = lift(busy).map(lambda _: "done").lash(lambda no: next_provider(no, ("resend",)))
    assert name == Success("resend")
    assert next_provider(busy, ()) == Failure(busy)


def run(halving: Halving, bad: dict[DeliveryId, str]) -> tuple[Halving, int, list[DeliveryId]]:
    """Attempt the parts in order: one with a bad member is refused as a whole, in the words of its first."""
    attempts, accepted = 0, list[DeliveryId]()
    while halving.todo:
        part, attempts = halving.todo[0], attempts + 1
        words = [bad[one] for one in part if one in bad]
        if not words:
            accepted += part
        halving = halving.refused(words[0]) if words else halving.passed()
    return halving, attempts, accepted


@given(st.integers(2, 300), st.data())
def test_one_bad_address_is_found_and_nobody_else_loses(count: int, data: st.DataObject) -> None:
    """A single guilty one is found in about twice the logarithm of attempts, and all others are accepted once."""
    members = ids(count)
    bad = data.draw(st.sampled_from(members))
    end, attempts, accepted = run(Halving.of(members), {bad: "bad address"})
    assert end.guilty == (bad,)
    assert end.fault is None
    assert sorted((*accepted, bad)) == list(members)
    assert attempts <= 2 * (count - 1).bit_length()


@given(st.integers(2, 300))
def test_a_fault_of_the_request_costs_two_attempts_and_nobody(count: int) -> None:
    """Both halves refused alike: all go back, nobody is rejected."""
    members = ids(count)
    end, attempts, accepted = run(Halving.of(members), dict.fromkeys(members, "no such template"))
    assert (end.fault, end.back, end.guilty, attempts, accepted) == ("no such template", members, (), 2, [])


@given(st.integers(2, 120), st.data())
def test_halving_loses_nobody(count: int, data: st.DataObject) -> None:
    """However many are bad and whatever is said of each: accepted, guilty and sent back are everybody, once."""
    members = ids(count)
    chosen = data.draw(st.lists(st.sampled_from(members), unique=True, max_size=40))
    bad = {one: data.draw(st.sampled_from(("bad a", "bad b"))) for one in chosen}
    end, _, accepted = run(Halving.of(members), bad)
    assert sorted((*accepted, *end.guilty, *end.back)) == list(members)
    assert set(end.guilty) <= set(bad)
    assert bool(end.back) is (end.fault is not None)


def test_twenty_rows_in_a_row_are_no_accident() -> None:
    """After twenty single rows refused one after the other the request is at fault, and the twenty go back too."""
    members = ids(64)
    bad = {one: f"reason {number}" for number, one in enumerate(members)}
    end, _, _ = run(Halving.of(members), bad)
    assert end.fault is not None
    assert len(end.back) == 64
    assert ROWS_IN_A_ROW == 20


def test_one_refused_alone_is_the_recipients() -> None:
    """There is nothing to halve."""
    assert Halving.of(ids(1)) == Halving((), guilty=ids(1))
