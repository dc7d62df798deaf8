"""Intake: examples of how people come in, and why not as asked."""

from __future__ import annotations

import pytest

from migma_core import Admission, Denials, Intake, Status, SuppressionReason, admit

FORM = Intake(consent_source="newsletter form")
SILENT = Intake()


@pytest.mark.parametrize("source", [None, "", "  "])
def test_subscribing_a_list_needs_a_source(source: str | None) -> None:
    """Nobody declares a whole list subscribed without saying where consent was given (D13, O-01)."""
    with pytest.raises(ValueError, match="needs the source of their consent, such as 'webshop checkout'"):
        Intake(Status.SUBSCRIBED, source)


@pytest.mark.parametrize("intake", [SILENT, Intake(consent_source=" ")])
def test_without_a_source_a_row_cannot_subscribe_anybody(intake: Intake) -> None:
    """A row's own claim is not a consent; a blank source is none (D13)."""
    admission = admit(Status.SUBSCRIBED, None, 0, intake)
    assert (admission.status, admission.suppress) == (Status.NON_SUBSCRIBED, None)
    assert admission.note == "not subscribed: the import does not say where consent was given"


def test_with_a_source_a_row_is_believed() -> None:
    """New people become what the list says."""
    assert admit(Status.SUBSCRIBED, None, 0, FORM) == Admission(Status.SUBSCRIBED)


def test_silence_takes_the_default() -> None:
    """A row that says nothing gets the list's status, and changes nobody who is known."""
    assert admit(None, None, 0, Intake(Status.SUBSCRIBED, "form")) == Admission(Status.SUBSCRIBED)
    assert admit(None, Status.NON_SUBSCRIBED, 0, Intake(Status.SUBSCRIBED, "form")) == Admission(Status.NON_SUBSCRIBED)


def test_a_subscriber_stays_one_without_a_word() -> None:
    """Somebody who is subscribed already needs no new source, and the report has nothing to say."""
    for asked in (None, Status.SUBSCRIBED):
        assert admit(asked, Status.SUBSCRIBED, 0, SILENT) == Admission(Status.SUBSCRIBED)


def test_a_list_of_unsubscribed_people_is_a_list_of_opt_outs() -> None:
    """An opt-out is recorded as a suppression, whether the row says so or the default does (A4, §1.8)."""
    expected = Admission(Status.UNSUBSCRIBED, SuppressionReason.UNSUBSCRIBE)
    assert admit(Status.UNSUBSCRIBED, None, 0, SILENT) == expected
    assert admit(None, None, 0, Intake(Status.UNSUBSCRIBED)) == expected
    assert admit(None, None, 0, Intake(Status.BOUNCED)) == Admission(Status.BOUNCED, SuppressionReason.BOUNCE)


def test_an_import_never_brings_anybody_back() -> None:
    """A suppressed address stays as it is, and the report says why (A-09)."""
    admission = admit(Status.SUBSCRIBED, Status.SUBSCRIBED, Denials.COMPLAINT, FORM)
    assert admission == Admission(Status.UNSUBSCRIBED, None, "stays unsubscribed: an import never lifts a denial")


def test_a_bounce_outlasts_an_opt_out() -> None:
    """Somebody who bounced and opts out is still bounced, and the opt-out is on record as well."""
    admission = admit(Status.UNSUBSCRIBED, Status.BOUNCED, 0, FORM)
    assert admission == Admission(Status.BOUNCED, SuppressionReason.UNSUBSCRIBE)


def test_the_forgotten_are_not_stored() -> None:
    """Nothing but the person's own opt-in brings an erased address back (O-06)."""
    admission = admit(Status.SUBSCRIBED, None, Denials.ERASED, FORM)
    assert (admission.status, admission.suppress) == (None, None)
    assert admission.note == "the person asked to be forgotten; only they can come back"
