"""Laws of keeping in step: a denial on either side wins, in every order; nothing is revived; it comes to rest."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from migma_http import HttpRequest
from migma_platform.resources.contacts import ContactStatus
from migma_platform.sync import Ours, Theirs, settle
from migma_platform.sync.join import DENIED_THERE

from migma_core import Status
from migma_core.audience import SuppressionReason
from tests.adapters.migma.sides import Sides

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MOMENTS = st.none() | st.integers(-3, 3).map(lambda hours: NOON + timedelta(hours=hours))
REASONS = st.frozensets(st.sampled_from(SuppressionReason))
OURS = st.builds(Ours, REASONS, MOMENTS)
THEIRS = st.builds(Theirs, st.sampled_from(ContactStatus), MOMENTS)


@given(OURS, THEIRS)
def test_a_denial_on_either_side_wins(ours: Ours, theirs: Theirs) -> None:
    """After it both sides deny, unless neither did, or the person came back by a later proof of their own."""
    done = settle(ours, theirs)
    here = bool(ours.denied) or done.here is not None
    there = theirs.status in DENIED_THERE or done.there is not None
    if ours.denied or (theirs.status in DENIED_THERE and not done.returned):
        assert here
        assert there
    else:
        assert (done.here, done.there) == (None, None)


@given(OURS, THEIRS)
def test_nothing_is_lifted_or_raised(ours: Ours, theirs: Theirs) -> None:
    """No status set there is one that may be written to, and none set there replaces a denial."""
    done = settle(ours, theirs)
    assert done.there in {None, ContactStatus.UNSUBSCRIBED, ContactStatus.BOUNCED}
    assert done.there is None or theirs.status not in DENIED_THERE


def applied(ours: Ours, theirs: Theirs) -> tuple[Ours, Theirs]:
    """Both sides once it is done."""
    done = settle(ours, theirs)
    denied = ours.denied | ({done.here} if done.here else set())
    return Ours(frozenset(denied), ours.proven_at), Theirs(done.there or theirs.status, theirs.unsubscribed_at)


@given(OURS, THEIRS)
def test_repeating_it_comes_to_rest(ours: Ours, theirs: Theirs) -> None:
    """Settled once, nothing is left to do there, and here at most what was set there; then nothing at all."""
    once = applied(ours, theirs)
    assert settle(*once).there is None
    assert settle(*once).here in {None, DENIED_THERE.get(settle(ours, theirs).there or theirs.status)}
    twice = applied(*once)
    assert (settle(*twice).here, settle(*twice).there) == (None, None)


@given(OURS, THEIRS)
def test_only_a_later_proof_ends_an_opt_out_there(ours: Ours, theirs: Theirs) -> None:
    """Without one, with an equal one, and against a bounce or a complaint, the denial there stands (D13)."""
    later = ours.proven_at is not None and theirs.unsubscribed_at is not None
    later = later and ours.proven_at > theirs.unsubscribed_at  # type: ignore[operator]  # neither is None
    expected = later and not ours.denied and theirs.status is ContactStatus.UNSUBSCRIBED
    assert settle(ours, theirs).returned is expected


@given(THEIRS, st.lists(REASONS, min_size=2, max_size=3))
def test_more_that_stands_against_somebody_never_ends_in_less(theirs: Theirs, reasons: list[frozenset[Any]]) -> None:
    """The join is monotone: whoever has more reasons here is denied there wherever one with fewer is."""
    fewer = reasons[0]
    more = frozenset().union(*reasons)
    if settle(Ours(fewer), theirs).there is not None:
        assert settle(Ours(more), theirs).there is not None


# each thing that can happen to one person, on either side, between passes
ACTS = (
    *("add here", "add there", "leave here", "leave there", "bounce here", "bounce there", "complain here"),
    *("suppress here", "sync", "killed sync"),
)
EMAILS = count()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])  # a person of their own each
@given(acts=st.lists(st.sampled_from(ACTS), max_size=8), cut=st.integers(1, 12))
def test_in_every_order_a_denial_reaches_both_sides_and_stays(sides: Sides, acts: list[str], cut: int) -> None:
    """
    Whatever happened in whatever order, with passes whole or killed in between: after a whole pass, whoever was denied
    on either side is mailable on neither, and passes come to rest.
    """
    email = f"p{next(EMAILS)}@example.com"
    sides.world.contacts.clear()
    sides.world._by_address.clear()
    denied = False
    for act in acts:
        sides.clock.advance(60)
        denied = _act(sides, act, email, cut) or denied
    sides.intercept = lambda request: None
    sides.sync()
    mailable_here, mailable_there = _mailable(sides, email)
    if denied:
        assert not mailable_here
        assert not mailable_there
    elif "add here" in acts or "add there" in acts:
        assert mailable_here
        assert mailable_there
    sides.sync()
    assert set(sides.sync().counts) <= {"people_seen", "people_held_back"}
    assert _mailable(sides, email) == (mailable_here, mailable_there)


def _act(sides: Sides, act: str, email: str, cut: int) -> bool:
    """Do one thing; whether somebody is denied by it."""
    there = sides.world.find(sides.their_project, email)
    here = sides.here(email)
    denials = {"leave here": SuppressionReason.UNSUBSCRIBE, "bounce here": SuppressionReason.BOUNCE}
    denials |= {"complain here": SuppressionReason.COMPLAINT, "suppress here": SuppressionReason.MANUAL}
    match act:
        case "add here" if here is None and not sides.denials(email):
            sides.add_here(email)
        case "add there" if there is None:
            sides.person_there(email)
        case "leave there" | "bounce there" if there is not None:
            sides.world.set_status(there, "unsubscribed" if act == "leave there" else "bounced")
            return True
        case "sync":
            sides.sync()
        case "killed sync":
            _kill(sides, cut)
        case _ if act in denials:
            sides.deny_here(email, denials[act])
            return True
        case _:
            return False  # there is nobody yet, or somebody already
    return False


def _kill(sides: Sides, cut: int) -> None:
    left = iter(range(cut))

    def intercept(request: HttpRequest) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    sides.intercept = intercept
    with suppress(KeyboardInterrupt):
        sides.sync()
    sides.intercept = lambda request: None


def _mailable(sides: Sides, email: str) -> tuple[bool, bool]:
    """Whether marketing may go to somebody, here and there."""
    stands = sides.denials(email) - {SuppressionReason.SOFT_BOUNCE_LIMIT}
    here = sides.here(email) is Status.SUBSCRIBED and not stands
    there = sides.world.find(sides.their_project, email)
    listed = sides.world.suppressions.get(email, set())
    return here, there is not None and there["status"] == "subscribed" and not listed
