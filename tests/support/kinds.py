"""Batches of the kinds that every provider over HTTP is held to its official description with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from migma_core import Address, Batch, Scalar
from tests.support.batches import NOW, batch_for, compiled_for, copied_batch

__all__ = ["PEOPLE", "kinds_of_batches"]

PEOPLE: Final[Sequence[Mapping[str, Scalar]]] = ({"name": "Ada"}, {"name": 'Bo "</p>'}, {"name": ""})


def kinds_of_batches(kept: Sequence[Mapping[str, Scalar]] = PEOPLE) -> dict[str, Batch]:
    """Marketing and transactional, labelled and kept until its time for those in ``kept``, copied, and text alone."""
    help_desk = Address("help", "acme.example.com")
    marks: dict[str, Any] = {
        "labels": ("receipt",),
        "metadata": {"order": "o-1"},
        "deliver_at": NOW + timedelta(hours=1),
    }
    return {
        "marketing": batch_for(compiled_for(headers={"X-Campaign": "spring"}), PEOPLE),
        "transactional": batch_for(compiled_for(transactional=True, reply_to=help_desk), PEOPLE),
        "marked": batch_for(compiled_for(transactional=True, **marks), kept),
        "copied": copied_batch(cc=2, bcc=2),
        "plain": batch_for(compiled_for("Hi", "", "Hi", transactional=True)),
    }
