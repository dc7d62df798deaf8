"""The product's filter objects: read, written back, and refused with the place of the fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from migma_wire import InvalidJson, filter_from_json, filter_to_json, from_json, to_json

from migma_core import (
    AllOf,
    AnyOf,
    Condition,
    Contact,
    Engaged,
    Engagement,
    EngagementAction,
    EngagementMode,
    FieldIs,
    Mode,
    Not,
    Status,
    StatusIs,
    Tagged,
    TimeUnit,
    Validation,
    ValidationIs,
    matches,
)
from migma_core.testing.strategies import conditions, contacts, engaged_conditions, engagements, moments

EVERYTHING = {
    "match": "any",
    "tags": ["beta", "vip"],
    "excludeTags": ["press"],
    "status": "subscribed",
    "validationStatus": "valid",
    "customFields": {"plan": ["pro", "team"]},
    "fields": [{"key": "country", "values": ["DE"]}, {"key": "visits", "mode": "number_gte", "values": [3]}],
    "activity": [
        {"action": "opened", "channel": "email", "mode": "within", "unit": "days", "amount": 30},
        {"action": "clicked", "mode": "between", "from": "2026-05-01T00:00:00Z", "to": "2026-06-01T00:00:00Z"},
    ],
    "groups": [{"match": "all", "tags": ["beta"]}],
}


def test_every_key_of_the_product_is_read() -> None:
    """Each key means what the product's reference says, and ``mode`` is ``is`` where none is given (§1.5)."""
    read = filter_from_json(json.dumps(EVERYTHING))
    assert isinstance(read, AnyOf)
    assert read.parts[:7] == (
        Tagged(("beta", "vip")),
        Not(Tagged(("press",))),
        StatusIs(Status.SUBSCRIBED),
        ValidationIs(Validation.VALID),
        FieldIs("plan", Mode.IS, ("pro", "team")),
        FieldIs("country", Mode.IS, ("DE",)),
        FieldIs("visits", Mode.NUMBER_GTE, (3,)),
    )
    assert read.parts[7] == Engaged(
        action=EngagementAction.OPENED, mode=EngagementMode.WITHIN, amount=30, unit=TimeUnit.DAYS
    )
    assert read.parts[9] == AllOf((Tagged(("beta",)),))


@pytest.mark.parametrize("empty", [{}, {"match": "any"}, "{}"])
def test_an_empty_root_is_everybody(empty: Any) -> None:
    """A root without conditions matches every contact, whatever it says about matching (§1.5)."""
    assert filter_from_json(empty) == AllOf()


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"tag": ["a"]}, "tag: Extra inputs are not permitted"),
        ({"match": "some"}, "match: Input should be 'all' or 'any'"),
        ({"status": "active"}, "status: Input should be"),
        ({"groups": [{}]}, "a nested group holds at least one condition"),
        ({"fields": [{"key": "visits", "mode": "number_gt", "values": ["many"]}]}, "number_gt takes 1 number"),
        ({"activity": [{"action": "opened", "mode": "within"}]}, "within takes an amount"),
        ({"activity": [{"action": "opened", "mode": "never", "channel": "sms"}]}, "activity.0.channel"),
        ("{", "Invalid JSON"),
        ("[]", "the whole: Input should be"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(given: Any, error: str) -> None:
    """The error says where, and what is allowed."""
    with pytest.raises(InvalidJson, match=error):
        filter_from_json(given)


@pytest.mark.parametrize("condition", [Not(StatusIs(Status.BOUNCED)), AllOf((AllOf(),)), AllOf((Not(AllOf()),))])
def test_what_the_product_cannot_say_is_not_written(condition: Condition) -> None:
    """No condition is written as another one."""
    with pytest.raises(InvalidJson, match="have no words for this"):
        filter_to_json(condition)


@given(conditions(engaged=True), contacts(), st.lists(engagements(), max_size=3), moments())
def test_what_is_written_reads_as_the_same_audience(
    condition: Condition, who: Contact, events: list[Engagement], now: Any
) -> None:
    """A condition the product has words for describes the same people after a round trip, and then stays as it is."""
    try:
        written = filter_to_json(condition)
    except InvalidJson:
        assume(False)
    again = filter_from_json(json.dumps(written))
    assert matches(again, who, engagement=events, now=now) is matches(condition, who, engagement=events, now=now)
    assert filter_from_json(filter_to_json(again)) == again


@given(conditions(engaged=True) | engaged_conditions())
def test_our_own_json_round_trips_every_condition(condition: Condition) -> None:
    """What our own JSON says is read back as the very same value."""
    assert from_json(Condition, json.dumps(to_json(condition, Condition))) == condition
