"""Every value of the core has a JSON form that round-trips and fits its schema."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from migma_wire import from_json, to_json
from migma_wire.values import VALUES, schemas

from migma_core import (
    MIGMA,
    Authorized,
    Brand,
    Classified,
    Project,
    ProjectId,
    Purpose,
    Refused,
    decide,
    partition,
    plan,
    record,
)
from migma_core.decision.wording import Marker, PromotionalWording
from migma_core.request import AccountId
from migma_core.request.provider import Capabilities
from migma_core.testing import strategies as some

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SCHEMAS = schemas()
BRAND = Brand("Acme", "1 Main Street", "https://mail.example.com")
# a field may hold a moment or a number that JSON has no words for: those come back as text of the same canonical form
PLAIN = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.floats(allow_nan=False, allow_infinity=False)
)
FIELDS = st.dictionaries(st.text(min_size=1, max_size=9), PLAIN, max_size=3)
PLAIN_CIRCUMSTANCES = st.builds(lambda known, values: replace(known, values=values), some.circumstances(), FIELDS)
PLAIN_FACTS = some.facts(circumstances=st.none() | PLAIN_CIRCUMSTANCES)
DRAWN: dict[str, st.SearchStrategy[Any]] = {
    "address": some.addresses(),
    "answer": st.builds(Authorized, st.sampled_from(Purpose), st.none() | some.names())
    | st.lists(some.faults(), min_size=1, max_size=3).map(lambda found: Refused(tuple(found))),
    "attachment": some.attachments(),
    "brand": st.just(BRAND),
    "capabilities": st.builds(Capabilities, some.names(), st.integers(1), st.booleans(), st.booleans(), st.booleans()),
    "circumstances": PLAIN_CIRCUMSTANCES,
    "classified": st.builds(Classified, st.sampled_from(Purpose), some.names(), st.none() | some.names()),
    "condition": some.conditions(engaged=True) | some.engaged_conditions(),
    "consent": some.consents(),
    "consent_event": some.consent_events(),
    "consent_evidence": some.consent_evidence(),
    "contact": some.contacts(fields=FIELDS),
    "content": some.contents(),
    "decision": st.builds(lambda one, known: record(one, MIGMA, NOW, known), some.standings(), PLAIN_CIRCUMSTANCES),
    "engagement": some.engagements(),
    "exclusion": some.exclusions(),
    "facts": PLAIN_FACTS,
    "fault": some.faults(),
    "opt_in": some.opt_ins(),
    "partition": st.lists(some.facts(), max_size=4).map(lambda people: partition(plan(people))),
    "planned": PLAIN_FACTS.map(lambda one: plan([one])[0]),
    "project": st.builds(
        Project, some.references().map(ProjectId), some.references().map(AccountId), some.names(), st.just(BRAND)
    ),
    "promotional_wording": st.builds(PromotionalWording, st.sampled_from(Marker), some.names(), some.names()),
    "reason": some.reasons(),
    "recipients": some.recipients(),
    "segment": some.segments(),
    "send_request": some.send_requests(variables=FIELDS),
    "sending_domain": some.sending_domains(),
    "standing": some.standings(),
    "suppression": some.suppressions(),
    "topic": some.topics(),
    "verdict": some.facts().map(decide),
}


def test_every_value_is_drawn() -> None:
    """The registry and this test name the same values."""
    assert set(DRAWN) == set(VALUES)


@pytest.mark.parametrize("name", sorted(VALUES))
@given(data=st.data())
def test_every_value_round_trips_and_fits_its_schema(name: str, data: st.DataObject) -> None:
    """What is written is read back as the very same value, and a validator that knows the schema takes it."""
    value = data.draw(DRAWN[name])
    written = json.loads(json.dumps(to_json(value, VALUES[name]), allow_nan=False))
    assert from_json(VALUES[name], written) == value
    Draft202012Validator(SCHEMAS[name]).validate(written)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_every_schema_is_a_schema(name: str) -> None:
    """Each is valid JSON Schema itself."""
    Draft202012Validator.check_schema(SCHEMAS[name])
