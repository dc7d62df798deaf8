"""Reading: what a provider says, as a value of its wire, or why it cannot be read."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from returns.result import Failure, Result, Success

__all__ = ["read_json"]

M = TypeVar("M", bound=BaseModel)


def read_json(model: type[M], body: bytes) -> Result[M, str]:
    """
    A body as a model of the provider's wire. The failure says what is wrong without what was given.

    >>> class Told(BaseModel):
    ...     id: str
    >>> read_json(Told, b'{"id": "1"}').map(lambda told: told.id)
    <Success: 1>
    >>> read_json(Told, b"<html>")
    <Failure: the body is no Told>
    """
    try:
        return Success(model.model_validate_json(body))
    except (ValidationError, RecursionError):
        return Failure(f"the body is no {model.__name__}")
