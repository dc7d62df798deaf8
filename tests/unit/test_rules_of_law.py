"""Rules of the law books that the core decides by itself: consent and its end, and what goes along with a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from migma_core import (
    MIGMA,
    STRICT,
    Address,
    Circumstances,
    Consent,
    ConsentBasis,
    ConsentEvidence,
    ConsentLapse,
    ConsentLevel,
    Contact,
    ContactId,
    Denials,
    Facts,
    Mailable,
    Policy,
    ProjectId,
    Purpose,
    ReasonKind,
    SoftOptInTerm,
    Standing,
    Withheld,
    circumstances_of,
    decide,
    facts_about,
)
from migma_core.audience.suppression import that_follow_the_person
from migma_core.testing import strategies as some

ADA = Contact(id=ContactId("c" * 32), project=ProjectId("p" * 32), address=Address("ada", "migma.email"))
GIVEN = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHOLE = ConsentEvidence(
    how="newsletter form",
    at=GIVEN,
    wording="Send me news",
    version="3",
    confirmed_at=GIVEN + timedelta(hours=1),
    reference="form/17",
)
LAPSING = MIGMA.with_rules(ConsentLapse(), name="lapsing")


@pytest.mark.parametrize(
    "missing",
    [
        {"how": " "},
        {"wording": ""},
        {"version": ""},
        {"reference": ""},
        {"confirmed_at": None},
        {"basis": ConsentBasis.PURCHASE},
    ],
)
def test_consent_with_anything_missing_is_only_claimed(missing: dict[str, object]) -> None:
    """Proven needs how, wording, version, proof and the person's own confirmation; all else is a claim (O-01)."""
    assert WHOLE.level is ConsentLevel.PROVEN
    assert replace(WHOLE, **missing).level is ConsentLevel.UNPROVEN  # type: ignore[arg-type]  # one mapping for all fields


@pytest.mark.parametrize("left_out", list(SoftOptInTerm))
def test_a_soft_opt_in_meets_all_its_terms_or_is_none(left_out: SoftOptInTerm) -> None:
    """With one term missing it is a mere claim, which `strict` does not mail on (O-03)."""
    sold = ConsentEvidence(how="checkout", at=GIVEN, basis=ConsentBasis.PURCHASE, terms=frozenset(SoftOptInTerm))
    short = replace(sold, terms=sold.terms - {left_out})
    people = [replace(ADA, consent=one.consent) for one in (sold, short)]
    complete, incomplete = (decide(facts_about(one, Purpose.MARKETING), STRICT) for one in people)

    assert (sold.level, short.level) == (ConsentLevel.SOFT_OPT_IN, ConsentLevel.UNPROVEN)
    assert complete == Mailable()
    assert isinstance(incomplete, Withheld)
    assert [reason.kind for reason in incomplete.reasons] == [ReasonKind.CONSENT_UNPROVEN]


@pytest.mark.parametrize(
    ("basis", "given_at", "lapses_at"),
    [
        (ConsentBasis.PURCHASE, "2024-05-01T23:59+00:00", "2026-05-01T00:00+00:00"),
        (ConsentBasis.PURCHASE, "2024-02-29T09:00+00:00", "2026-02-28T00:00+00:00"),
        (ConsentBasis.PURCHASE, "2026-02-28T09:00+00:00", "2028-02-28T00:00+00:00"),
        (ConsentBasis.INQUIRY, "2025-08-31T00:00+00:00", "2026-02-28T00:00+00:00"),
        (ConsentBasis.INQUIRY, "2025-07-01T01:00+02:00", "2025-12-30T00:00+00:00"),
    ],
)
def test_an_implied_consent_ends_on_its_day(basis: ConsentBasis, given_at: str, lapses_at: str) -> None:
    """Two years after a purchase, six months after an inquiry: until then it is consent, from then on none (P-01)."""
    bought = replace(ADA, consent=Consent(ConsentLevel.UNPROVEN, "shop", datetime.fromisoformat(given_at), basis))
    lapses = datetime.fromisoformat(lapses_at)
    facts = facts_about(bought, Purpose.MARKETING, circumstances=circumstances_of(bought))
    before, after = (decide(facts, LAPSING, now) for now in (lapses - timedelta(microseconds=1), lapses))

    assert before == Mailable()
    assert isinstance(after, Withheld)
    assert [reason.kind for reason in after.reasons] == [ReasonKind.CONSENT_LAPSED]


@given(some.consents(basis=ConsentBasis.EXPRESS), some.moments())
def test_an_express_consent_never_ends_by_itself(consent: Consent, now: datetime) -> None:
    """What a person said holds until they withdraw it, however long ago it was (P-01)."""
    assert ConsentLapse().judge(Circumstances(consent=consent), now) is None


@given(some.denials())
def test_what_a_person_said_goes_along_and_what_a_mailbox_did_stays(denials: Denials) -> None:
    """A change of address keeps opt-out, complaint, objection, erasure and manual entry, and no bounce (J-06)."""
    follow = Denials.UNSUBSCRIBED | Denials.COMPLAINT | Denials.OBJECTION | Denials.ERASED | Denials.MANUAL
    gone = Denials.HARD_BOUNCE | Denials.SOFT_BOUNCE_LIMIT | Denials.PROVIDER_SUPPRESSED | Denials.RESERVED_NAME
    kept = that_follow_the_person(denials)
    assert (kept & follow, kept & gone) == (denials & follow, Denials(0))


@pytest.mark.parametrize(
    ("domain", "refused"),
    [
        ("example.com", True),
        ("mail.example.org", True),
        ("shop.test", True),
        ("x.invalid", True),
        ("printer.local", True),
        ("site.onion", True),
        ("example.de", False),
        ("myexample.com", False),
        ("test.migma.email", False),
    ],
)
@pytest.mark.parametrize("purpose", Purpose)
def test_names_that_no_mail_reaches_are_refused_outside_tests(domain: str, refused: bool, purpose: Purpose) -> None:
    """Under `strict` nobody at a reserved name gets any mail; under `migma`, whose samples use one, they do (I-02)."""
    who = replace(ADA, address=Address("ada", domain), consent=WHOLE.consent)
    verdict = decide(facts_about(who, purpose), STRICT)

    assert decide(facts_about(who, purpose), MIGMA) == Mailable()
    assert isinstance(verdict, Withheld) is refused
    if isinstance(verdict, Withheld):
        assert [reason.kind for reason in verdict.reasons] == [ReasonKind.INVALID_ADDRESS]


@given(some.policies(), some.facts(purpose=Purpose.MARKETING))
def test_an_objection_ends_all_marketing(policy: Policy, facts: Facts) -> None:
    """Whatever the topic, the status or the consent, an objection withholds marketing and says so (O-05)."""
    cell, denials = facts.standing
    verdict = decide(facts._replace(standing=Standing(cell, denials | Denials.OBJECTION)), policy)
    kinds = {reason.kind for reason in verdict.reasons} if isinstance(verdict, Withheld) else set()
    assert (ReasonKind.OBJECTION in kinds) is ("objection" in {rule.name for rule in policy.rules})
