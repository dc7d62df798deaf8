"""JSON of the core's values: there and back, and clear about what is wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from migma_wire import InvalidJson, from_json, json_schema, to_json

from migma_core import Condition, Segment, SendingDomain, SendRequest, Suppression, Topic
from migma_core.testing.strategies import conditions, segments, sending_domains, suppressions, topics


@given(conditions())
def test_conditions_come_back(condition: Condition) -> None:
    """Every condition is the same after JSON text and back."""
    assert from_json(Condition, json.dumps(to_json(condition, Condition))) == condition


@given(segments())
def test_segments_come_back(segment: Segment) -> None:
    """Every segment is the same after JSON text and back."""
    assert from_json(Segment, json.dumps(to_json(segment, Segment))) == segment


@given(topics(), suppressions(), sending_domains())
def test_flat_values_come_back(topic: Topic, suppression: Suppression, domain: SendingDomain) -> None:
    """Topics, suppressions and domains are the same after JSON text and back."""
    for value in (topic, suppression, domain):
        assert from_json(type(value), json.dumps(to_json(value, type(value)))) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"kind": "nonsense"}', "use one of: all, any, engaged, field, not, status, tagged, validation"),
        ('{"kind": "tagged"}', "Tagged.tags: Field required"),
        ('{"kind": "tagged", "tags": ["a"], "colour": "red"}', "Tagged.colour"),
        ('{"kind": "tagged", "tags": []}', "name at least one tag"),
        ("{", "Invalid JSON"),
        ("null", "null is no value here"),
    ],
)
def test_what_is_wrong_is_said(text: str, says: str) -> None:
    """An error names the place, what is there, and what is allowed; unknown keys are refused."""
    with pytest.raises(InvalidJson, match=says):
        from_json(Condition, text)


def test_front_ends_get_a_schema() -> None:
    """The JSON Schema names every field of a request."""
    assert {"project", "sender", "recipients", "content"} <= set(json_schema(SendRequest)["properties"])
