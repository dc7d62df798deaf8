"""Sealed values: made by the decider alone, and by nothing else (design D9)."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from migma_core import Approval, Batch, Message, SealedError
from migma_core.message.sealed import Sealed
from tests.support.batches import approval_for, batch_for, compiled_for, message_for, person, request_for

VALUES: list[Sealed] = [
    approval_for(request_for(), person()),
    message_for(compiled_for(), {"name": "Ada"}),
    batch_for(compiled_for()),
]
sealed = pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)


@sealed
def test_there_is_no_constructor(value: Sealed) -> None:
    """Calling the class, with or without arguments, is refused."""
    for arguments in ((), (value,), (1, 2, 3)):
        with pytest.raises(SealedError, match="cannot be constructed"):
            type(value)(*arguments)
    with pytest.raises(SealedError, match="cannot be constructed"):
        type(value).__new__(type(value))


@sealed
@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy, lambda value: copy.deepcopy([value])])
def test_there_is_no_copy(value: Sealed, copier: Callable[[Any], Any]) -> None:
    """Neither copy nor deepcopy, direct or within something, makes a second one."""
    with pytest.raises(SealedError, match="cannot be copied"):
        copier(value)


@sealed
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_there_is_no_pickle(value: Sealed, protocol: int) -> None:
    """No protocol of pickle writes one down."""
    with pytest.raises(SealedError, match="lives in memory only"):
        pickle.dumps(value, protocol)


@sealed
def test_there_is_no_json_and_no_replacing(value: Sealed) -> None:
    """Serialisers and dataclasses.replace find nothing they could work with."""
    with pytest.raises(TypeError):
        json.dumps(value)
    with pytest.raises(TypeError):
        dataclasses.replace(value)  # type: ignore[type-var]  # wrong on purpose
    with pytest.raises(TypeError):
        dataclasses.asdict(value)  # type: ignore[call-overload]  # wrong on purpose
    with pytest.raises(TypeError):
        vars(value)
    assert not hasattr(value, "__replace__")


@sealed
def test_there_is_no_change(value: Sealed) -> None:
    """No field can be set, added or deleted, and the class of a value cannot be exchanged."""
    for name in (*type(value).__slots__, "more", "__class__"):
        with pytest.raises(SealedError, match="cannot be changed"):
            setattr(value, name, object())
        with pytest.raises(SealedError, match="cannot be changed"):
            delattr(value, name)


@pytest.mark.parametrize("base", [Approval, Message, Batch])
def test_there_is_no_subclass(base: type[Sealed]) -> None:
    """Nobody inherits from a sealed value, not even by naming the base beside it."""
    for bases in ((base,), (base, Sealed), (type("Other", (), {}), base)):
        with pytest.raises(SealedError, match="cannot be subclassed"):
            type("Forged", bases, {})


def test_a_messages_values_are_frozen() -> None:
    """What was composed for a person cannot be altered through the mapping it holds."""
    message = message_for(compiled_for(), {"name": "Ada"})
    with pytest.raises(TypeError):
        message.values["name"] = "Eve"  # type: ignore[index]  # wrong on purpose
    given: dict[str, Any] = {"name": "Ada"}
    message = message_for(compiled_for(), given)
    given["name"] = "Eve"
    assert message.values["name"] == "Ada"


@sealed
def test_a_sealed_value_shows_nobody_in_full(value: Sealed) -> None:
    """What ends in a log names no address (F-05, O-08)."""
    assert "person0@" not in repr(value)
