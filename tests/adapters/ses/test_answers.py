"""What SES answers, file by file, and what is made of it (design D8)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st
from migma_http import HttpResponse
from migma_ses import Encoder

from migma_core import Outcome, Rejected, Scope
from tests.adapters.ses.connecting import SECRETS, codec
from tests.support.answers import Recorded, in_words, recorded
from tests.support.batches import batch_for, compiled_for

ANSWERS = recorded(Path(__file__).parent / "answers")
COMPILED = compiled_for()
CODEC = codec(Encoder(bulk=True))


@pytest.mark.parametrize("one", ANSWERS, ids=lambda one: one.name)
def test_an_answer_means_what_its_file_says(one: Recorded) -> None:
    """Kind, scope, id and wait of every message's outcome are those beside the answer."""
    batch = batch_for(COMPILED, [{}] * one.messages)
    assert in_words(CODEC.decode(batch, one.answer)) == one.expected
    assert one.source


def test_every_documented_code_has_a_file() -> None:
    """Whatever AWS's own description of the service names, for requests and for destinations, is answered here."""
    model: Any = Session().get_service_model("sesv2")
    for operation in ("SendEmail", "SendBulkEmail"):
        told = {shape.name for shape in model.operation_model(operation).error_shapes}
        assert told <= {(one.answer.one("x-amzn-errortype") or "").partition(":")[0] for one in ANSWERS}
    bodies = "".join(one.answer.body.decode() for one in ANSWERS)
    assert not [one for one in model.shape_for("BulkEmailStatus").enum if f'"{one}"' not in bodies]


def refused(kind: str, message: str) -> Outcome:
    """What is made of a refusal in these words."""
    answer = HttpResponse(400, (("x-amzn-errortype", kind),), json.dumps({"message": message}).encode())
    (outcome,) = CODEC.decode(batch_for(COMPILED), answer)
    return outcome


NOT_VERIFIED = "Email address is not verified. The following identities failed the check in region EU-WEST-1: "


@pytest.mark.parametrize(
    ("named", "is_the_sender"),
    [
        ("news@acme.example.com", True),
        ("Acme <NEWS@acme.example.com>, acme.example.com", True),
        ("acme.example.com.", True),
        ("person0@example.com", False),
        ("bob@acme.example.com", False),
        ("not-acme.example.com", False),
        ("acme.example.com.evil.example", False),
    ],
)
def test_an_identity_that_is_not_verified_pauses_and_is_told(named: str, is_the_sender: bool) -> None:
    """Sender or sandbox: either is the account's, no recipient is written off, and what to do is said."""
    outcome = refused("MessageRejected", f"{NOT_VERIFIED}{named}")
    assert isinstance(outcome, Rejected)
    assert outcome.scope is Scope.ACCOUNT
    assert ("the sender is not verified in this region" in outcome.why) is is_the_sender
    assert ("in the sandbox" in outcome.why) is not is_the_sender


def test_a_signature_told_back_is_not_repeated() -> None:
    """AWS tells back all that it was to sign, a session's token included: none of it is in the outcome."""
    told = f"The Canonical String should have been 'POST\n/v2\n\nx-amz-security-token:{SECRETS[2]}\n'"
    outcome = refused("InvalidSignatureException", told)
    assert isinstance(outcome, Rejected)
    assert "look at the secret key, the region, and the clock of this machine" in outcome.why
    assert "Canonical" not in outcome.why


@given(st.sampled_from(SECRETS), st.text(max_size=300), st.text(max_size=30))
def test_no_credential_is_in_a_reason(secret: str, before: str, after: str) -> None:
    """Wherever it stands in what AWS says, and wherever that is cut."""
    for kind in ("AccessDeniedException", "SomethingNew", secret):
        assert secret[:12] not in repr(refused(kind, f"{before}{secret}{after}"))


@given(st.sampled_from(("BadRequestException", "MessageRejected", "ValidationError")), st.text(max_size=100))
def test_words_alone_lose_nobody_in_a_batch(kind: str, text: str) -> None:
    """Whatever a refusal of a whole batch says, it is no recipient's fault before they are tried apart (D8)."""
    answer = HttpResponse(400, (("x-amzn-errortype", kind),), json.dumps({"message": text}).encode())
    outcomes = CODEC.decode(batch_for(COMPILED, [{}, {}]), answer)
    assert not any(isinstance(one, Rejected) and one.scope is Scope.RECIPIENT for one in outcomes)
