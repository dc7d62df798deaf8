"""SES's requests, held to AWS's own model: what botocore would write of the same, and every length and pattern."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.serialize import create_serializer
from botocore.session import Session
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from migma_ses import CannotCarry, Encoder

from migma_core import Batch
from migma_core.testing.mail import batches
from tests.adapters.ses.connecting import RawEncoder, codec
from tests.support.batches import attempt_for
from tests.support.examples import few

MODEL: Any = Session().get_service_model("sesv2")
THEIRS: Any = create_serializer(MODEL.protocol, include_validation=True)
ENCODERS = {"simple": Encoder("ours"), "raw": RawEncoder(), "bulk": Encoder("ours", bulk=True)}


@pytest.mark.parametrize("form", ENCODERS)
@settings(max_examples=few(20))  # of each form
@given(st.data())
def test_every_request_is_what_botocore_would_write(form: str, data: st.DataObject) -> None:
    """Whatever is in the batch: the method, the path and the JSON are theirs, and nothing of it breaks the model."""
    batch: Batch = data.draw(batches(most=3 if form == "bulk" else 1, whole=True))
    ours = codec(ENCODERS[form])
    try:
        parcel = ours.encode(batch)
    except CannotCarry:
        assume(False)
    request = ours.request(batch, parcel, attempt_for(batch, parcel))
    operation = MODEL.operation_model("SendEmail" if len(batch.messages) == 1 else "SendBulkEmail")
    given_to_them = decoded(json.loads(request.body), operation.input_shape)
    theirs = THEIRS.serialize_to_request(given_to_them, operation)
    assert (theirs["method"], theirs["url_path"]) == (request.method, request.url.partition(".com")[2])
    assert json.loads(theirs["body"]) == json.loads(request.body)
    assert not list(faults(given_to_them, operation.input_shape))


def decoded(value: Any, shape: Any) -> Any:
    """The JSON as botocore is given it: octets where the model has them."""
    match shape.type_name:
        case "structure":
            return {name: decoded(one, shape.members[name]) for name, one in value.items()}
        case "list":
            return [decoded(one, shape.member) for one in value]
        case "blob":
            return base64.b64decode(value, validate=True)
        case _:
            return value


def faults(value: Any, shape: Any, at: str = "") -> Iterator[str]:
    """What botocore leaves to the service: lengths, patterns and enumerations."""
    if shape.type_name == "structure":
        for name, one in value.items():
            yield from faults(one, shape.members[name], f"{at}.{name}")
        return
    limits = shape._shape_model  # botocore's metadata leaves patterns out
    if not limits.get("min", 0) <= len(value) <= limits.get("max", len(value)):
        yield f"{at} has the length {len(value)}"
    if shape.type_name == "list":
        for number, one in enumerate(value):
            yield from faults(one, shape.member, f"{at}.{number}")
    if "pattern" in limits and not re.fullmatch(limits["pattern"], value):
        yield f"{at} is {value!r}"
    if "enum" in limits and value not in limits["enum"]:
        yield f"{at} is {value!r}"


def test_the_model_is_no_yes_man() -> None:
    """Too many headers, a value outside ASCII and an unknown word are faults of a request."""
    headers = [{"Name": "X", "Value": "ü"}] * 16
    sent = {"Content": {"Simple": {"Headers": headers, "Subject": {"Data": "x"}, "Body": {}}}}
    found = " ".join(faults(sent, MODEL.operation_model("SendEmail").input_shape))
    assert ".Content.Simple.Headers has the length 16" in found
    assert ".Headers.0.Value is 'ü'" in found
    tracking = {"Tracking": {"OpenTrackingEnabled": "OFF"}}
    assert list(faults({"ConfigurationOverrides": tracking}, MODEL.operation_model("SendEmail").input_shape))
