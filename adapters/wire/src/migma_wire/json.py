"""JSON of the core's own values, through pydantic's view of its dataclasses: no mirror models."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from migma_core.audience.segment import Condition
from migma_core.request.content import Attachment
from migma_core.request.send_request import SendRequest

__all__ = [
    "InvalidJson",
    "condition_from_json",
    "condition_to_json",
    "from_json",
    "json_schema",
    "request_from_json",
    "request_to_json",
    "to_json",
]

T = TypeVar("T")
_CONFIG = ConfigDict(extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")
_MOST_TOLD = 4


class InvalidJson(ValueError):
    """The JSON is not of the kind asked for: says where, what is there, and what is allowed."""


def to_json(value: object, kind: Any) -> Any:
    """A value of the core as plain JSON data: dicts, lists, texts, numbers."""
    return _adapter(kind).dump_python(value, mode="json")


def from_json(kind: Any, data: Any) -> Any:
    """
    Read JSON text, or data already parsed, as a value of the core. Raises `InvalidJson`; unknown keys are refused.

    >>> from_json(Condition, '{"kind": "tagged", "tags": ["beta"]}')
    Tagged(tags=('beta',))
    """
    parsed = _parsed(data) if isinstance(data, str | bytes) else data
    try:
        _check_kinds(kind, parsed)
        if parsed is None:
            raise InvalidJson("there is nothing: null is no value here")
        return _adapter(kind).validate_python(parsed)
    except ValidationError as wrong:
        raise InvalidJson(_told(wrong, kind, parsed)) from None


def json_schema(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a kind of value, for front ends and validators."""
    return TypeAdapter[Any](kind).json_schema()


def condition_to_json(condition: Condition) -> Any:
    """A segment's condition as it is stored."""
    return to_json(condition, Condition)


def condition_from_json(data: Any) -> Condition:
    """Read a stored condition. Raises `InvalidJson`."""
    condition: Condition = from_json(Condition, data)
    return condition


def request_to_json(request: SendRequest) -> Any:
    """A request as it is stored; its attachments are kept beside it."""
    bare = dataclasses.replace(request, content=dataclasses.replace(request.content, attachments=()))
    return to_json(bare, SendRequest)


def request_from_json(data: Any, attachments: tuple[Attachment, ...] = ()) -> SendRequest:
    """Read a stored request and put its attachments back. Raises `InvalidJson`."""
    request: SendRequest = from_json(SendRequest, data)
    if not attachments:
        return request
    return dataclasses.replace(request, content=dataclasses.replace(request.content, attachments=attachments))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    # A configuration cannot be given to a dataclass itself, but those inside a union take the union's.
    return TypeAdapter[Any](typing.Optional[kind], config=_CONFIG)  # noqa: UP045 - the kind is a value here


def _parsed(text: str | bytes) -> Any:
    try:
        return TypeAdapter[Any](Any).validate_json(text)
    except ValidationError as wrong:
        raise InvalidJson(wrong.errors(include_url=False, include_input=False)[0]["msg"]) from None


def _variant(kind: Any, data: Any) -> str | None:
    """The name of the variant that the data says it is, so that only its errors are told."""
    said = data.get("kind") if isinstance(data, dict) else None
    return next((one.__name__ for one in typing.get_args(kind) if said in tuple(_name(one))), None)


def _check_kinds(kind: Any, data: Any) -> None:
    """Name an unknown ``kind`` at once, instead of every variant it is not."""
    variants, known = _variants(kind), _kinds(kind)
    if variants and isinstance(data, dict) and data.get("kind") not in variants:
        raise InvalidJson(_unknown(data.get("kind"), variants))
    for found in _found_kinds(data):
        if found not in known:
            raise InvalidJson(_unknown(found, known))


def _unknown(found: Any, known: frozenset[str]) -> str:
    return f"kind {str(found)[:40]!r} is unknown; use one of: {', '.join(sorted(known))}"


def _variants(kind: Any) -> frozenset[str]:
    """The names of a union's own variants."""
    return frozenset(name for one in typing.get_args(kind) for name in _name(one))


@cache
def _kinds(kind: Any) -> frozenset[str]:
    """The names of all variants that may stand anywhere inside."""
    return frozenset(name for one in _classes(kind, set()) for name in _name(one))


def _name(variant: Any) -> Iterator[str]:
    if dataclasses.is_dataclass(variant):
        yield from (str(field.default) for field in dataclasses.fields(variant) if field.name == "kind")


def _classes(kind: Any, seen: set[Any]) -> set[Any]:
    """The classes that a type is made of, however deep."""
    if isinstance(kind, type) and kind not in seen:
        seen.add(kind)
        for hint in typing.get_type_hints(kind).values():
            _classes(hint, seen)
    for part in typing.get_args(kind):
        _classes(part, seen)
    return seen


def _found_kinds(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        yield from (kind for kind in (data.get("kind"),) if isinstance(kind, str))
        data = list(data.values())
    if isinstance(data, list):
        for one in data:
            yield from _found_kinds(one)


def _told(wrong: ValidationError, kind: Any, data: Any) -> str:
    errors = wrong.errors(include_url=False, include_input=False)
    meant = _variant(kind, data)
    errors = [one for one in errors if one["loc"][:1] == (meant,)] or errors
    told = [f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}" for one in errors[:_MOST_TOLD]]
    more = f" (and {len(errors) - _MOST_TOLD} more)" if len(errors) > _MOST_TOLD else ""
    return "; ".join(told) + more
