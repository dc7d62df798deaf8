"""
What the type checker refuses: mail without an approval.

Each line marked below must be an error: were it none, mypy would call the mark unused, which is an error as well.
"""

from __future__ import annotations

import pytest

from migma_core import Approval, Batch, Compiled, DeliveryId, Mailable, Message, SealedError, mime_messages
from tests.support.batches import NOW, compiled_for, message_for

ID = DeliveryId("a" * 32)


def test_a_message_without_an_approval_does_not_check() -> None:
    """Leaving the approval out, or giving a verdict in its place, is a type error, and an error at run time."""
    compiled: Compiled = compiled_for()
    with pytest.raises(TypeError):
        Message.of(compiled, ID, {})  # type: ignore[call-arg, arg-type]  # the claim: no approval
    with pytest.raises(SealedError):
        Message.of(Mailable(), compiled, ID, {})  # type: ignore[arg-type]  # the claim: a verdict is none
    with pytest.raises(SealedError):
        Message.of(None, compiled, ID, {})  # type: ignore[arg-type]  # the claim: nor is nothing


def test_nothing_but_a_batch_is_encoded() -> None:
    """Contents and messages by themselves are no batch, for the checker and at run time."""
    compiled = compiled_for()
    with pytest.raises(AttributeError):
        mime_messages(compiled)  # type: ignore[arg-type]  # the claim: content alone goes to nobody
    with pytest.raises(SealedError):
        Batch.of(compiled, [compiled], NOW)  # type: ignore[list-item]  # the claim: a batch is made of messages
    assert len(mime_messages(Batch.of(compiled, [message_for(compiled)], NOW))) == 1


def test_an_approval_is_not_constructed() -> None:
    """There is no call that makes one but `approve`."""
    with pytest.raises(SealedError):
        Approval(None, NOW)
