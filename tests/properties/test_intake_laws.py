"""Laws of intake, in every case there is: statuses only move one way (D13)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from migma_core import Admission, Denials, Intake, Status, admit
from migma_core.audience.suppression import DENIAL_OF
from migma_core.testing.strategies import EVERY_DENIAL, denials

SILENT = tuple(Intake(status) for status in Status if status is not Status.SUBSCRIBED)
FORMS = tuple(Intake(status, "newsletter form") for status in Status)
MAYBE_STATUS: tuple[Status | None, ...] = (None, *Status)
OPT_OUTS = Denials.UNSUBSCRIBED | Denials.COMPLAINT | Denials.OBJECTION


class Case(NamedTuple):
    """What a row asks, what is known, what stands against it, and how the list comes in."""

    asked: Status | None
    known: Status | None
    denials: int
    intake: Intake

    @property
    def admission(self) -> Admission:
        """What becomes of the person."""
        return admit(*self)

    @property
    def stands(self) -> Status | None:
        """The status that what is known imposes, written down anew."""
        if self.known is Status.BOUNCED or self.denials & Denials.HARD_BOUNCE:
            return Status.BOUNCED
        return Status.UNSUBSCRIBED if self.known is Status.UNSUBSCRIBED or self.denials & OPT_OUTS else None


def every_case() -> Iterator[Case]:
    """All 179,200 cases: 5 × 5 statuses, 1,024 denials, 7 ways of coming in."""
    combinations = product(MAYBE_STATUS, MAYBE_STATUS, range(int(EVERY_DENIAL) + 1), SILENT + FORMS)
    return (Case(*one) for one in combinations)


def test_an_import_never_lifts_a_denial() -> None:
    """Who bounced stays bounced, and who opted out is never made mailable, whatever a row says (A-09)."""
    for case in every_case():
        if case.denials & Denials.ERASED:
            continue
        if case.stands is Status.BOUNCED:
            assert case.admission.status is Status.BOUNCED
        elif case.stands is Status.UNSUBSCRIBED:
            assert case.admission.status in {Status.UNSUBSCRIBED, Status.BOUNCED}


def test_the_erased_are_never_admitted() -> None:
    """No row, status or source stores a person who asked to be forgotten, and the report says so (O-06)."""
    for case in every_case():
        erased = bool(case.denials & Denials.ERASED)
        assert (case.admission.status is None) is erased
        assert not erased or (case.admission.note is not None and case.admission.suppress is None)


def test_admission_is_idempotent() -> None:
    """Importing the same row again, on top of its own result, changes nothing."""
    for case in every_case():
        first = case.admission
        if first.status is None:
            continue
        recorded = DENIAL_OF[first.suppress] if first.suppress else 0
        again = admit(case.asked, first.status, case.denials | recorded, case.intake)
        assert again.status is first.status


def test_without_a_source_nobody_becomes_subscribed() -> None:
    """Only who was subscribed already is so afterwards, where the list says nothing of consent (D13)."""
    for case in every_case():
        if case.intake.consent_source is None and case.admission.status is Status.SUBSCRIBED:
            assert case.known is Status.SUBSCRIBED


def test_a_new_opt_out_or_bounce_is_always_recorded() -> None:
    """A status that stops marketing and was not known before comes with a suppression of the same kind (§1.8, R59)."""
    for case in every_case():
        status, suppress, _ = case.admission
        if status in {Status.UNSUBSCRIBED, Status.BOUNCED} and case.stands is not status:
            assert suppress is not None
            expected = Denials.HARD_BOUNCE if status is Status.BOUNCED else Denials.UNSUBSCRIBED
            assert DENIAL_OF[suppress] is expected


def test_who_is_refused_a_subscription_is_told_why() -> None:
    """A row that asks for a subscription and does not get it leaves a note."""
    for case in every_case():
        if case.asked is Status.SUBSCRIBED and case.admission.status is not Status.SUBSCRIBED:
            assert case.admission.note


def test_silence_changes_nobody_who_is_known() -> None:
    """A row that says nothing of a status leaves it as it is, unless a denial says otherwise."""
    for case in every_case():
        if case.asked is None and case.known is not None and case.admission.status is not None:
            assert case.admission.status is (case.stands or case.known)


@given(st.lists(st.sampled_from(MAYBE_STATUS), max_size=5), denials(), st.sampled_from(SILENT + FORMS))
def test_any_number_of_rows_cannot_bring_anybody_back(
    rows: list[Status | None], against: Denials, intake: Intake
) -> None:
    """After the first opt-out or bounce in a list, no later row makes the person subscribed again (A-09)."""
    known, stopped, bits = None, False, int(against)
    for asked in rows:
        status, suppress, _ = admit(asked, known, bits, intake)
        bits |= DENIAL_OF[suppress] if suppress else 0
        stopped = stopped or status in {Status.UNSUBSCRIBED, Status.BOUNCED}
        known = status
        assert not (stopped and status is Status.SUBSCRIBED)
