"""Calls: each request to Migma's API as a pure value, with how its answer is read (design D7)."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel

__all__ = [
    "Asked",
    "Call",
    "Done",
    "Envelope",
    "Page",
    "Reader",
    "Told",
    "call",
    "check_key",
    "cursored",
    "done",
    "following",
    "one",
    "paged",
    "pages",
    "rows",
    "rows_at_once",
]

T = TypeVar("T")
Method: TypeAlias = Literal["GET", "POST", "PATCH", "DELETE"]
_LONGEST_KEY = 100
_MOST_ROWS = 100


class Told(BaseModel):
    """What Migma says: fields in camel case on the wire; what we do not know is left aside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


class Asked(BaseModel):
    """What is asked of Migma: fields in camel case on the wire; a misspelt one is refused here."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")


class Metadata(Told):
    """What stands beside every answer."""

    request_id: str | None = None
    timestamp: str | None = None


class Envelope(Told):
    """What every answer is wrapped in."""

    success: bool
    data: Any = None
    count: int | None = None
    message: str | None = None
    error: str | None = None
    code: str | None = None
    metadata: Metadata = Metadata()


class Done(Told):
    """An answer that says no more than that it was done."""


Query: TypeAlias = Mapping[str, str]
Reader: TypeAlias = Callable[[Envelope, Query], T]
"""Reads an envelope; the call's own query says which page it was. Raises pydantic's `ValidationError`."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """
    One request, and how its answer is read. ``path`` is below the API's version, ``key`` its idempotency key.

    It prints without query and body: these hold people.
    """

    method: Method
    path: str
    reads: Reader[T] = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    media_type: str = "application/json"
    key: str | None = None

    @property
    def name(self) -> str:
        """What is asked, for people: no query, no body."""
        return f"{self.method} {self.path}"

    def keyed(self, key: str) -> Call[T]:
        """
        The same under an idempotency key: asked again within a day, Migma gives its first answer (R63).

        Raises `ValueError` for a key that no header can hold, or of more than 100 characters.
        """
        return replace(self, key=check_key(key))


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """
    Some of a list. ``count`` is how many there are in all, where Migma says so; ``onward`` is what in the query leads
    to the next page, ``None`` at the end.
    """

    rows: tuple[T, ...]
    count: int | None = None
    onward: Mapping[str, str] | None = None


def following(asked: Call[Page[T]], page: Page[T]) -> Call[Page[T]] | None:
    """The call for the next page; ``None`` where this was the last, or the next would be the same again."""
    if page.onward is None:
        return None
    query = {**asked.query, **page.onward}
    return None if query == asked.query else replace(asked, query=query)


def call(
    method: Method,
    path: Iterable[str],
    reads: Reader[T],
    *,
    query: Mapping[str, object] | None = None,
    body: BaseModel | Mapping[str, object] | None = None,
) -> Call[T]:
    """Put a call together; what is ``None`` in query and body is left out."""
    return Call(method, _path(path), reads, _query(query or {}), b"" if body is None else _json(body))


def one(model: type[T]) -> Reader[T]:
    """An answer that is one thing."""
    adapter = _adapter(model)
    return lambda envelope, _: adapter.validate_python(envelope.data)


def rows(model: type[T], under: str | None = None) -> Reader[tuple[T, ...]]:
    """An answer that is a whole list; ``under`` names the field that holds it, where it is not the answer itself."""

    def read(envelope: Envelope, _: Query) -> tuple[T, ...]:
        several: Any = tuple[model, ...]  # type: ignore[valid-type]  # a type made while the program runs
        found: tuple[T, ...] = _adapter(several).validate_python(_inside(envelope.data, under))
        return found

    return read


def done(envelope: Envelope, _: Query) -> Done:
    """An answer that says no more than that it was done."""
    del envelope
    return Done()


def paged(model: type[T], under: str | None = None) -> Reader[Page[T]]:
    """A page by its number, with how many rows there are in all; ``under`` as for `rows`."""
    read = rows(model, under)

    def page(envelope: Envelope, query: Query) -> Page[T]:
        found = read(envelope, query)
        count = envelope.count if under is None else _total(envelope.data)
        number, limit = int(query.get("page", 1)), int(query.get("limit", 20))
        goes_on = bool(found) and (len(found) >= limit if count is None else number * limit < count)
        return Page(found, count, {"page": str(number + 1)} if goes_on else None)

    return page


def cursored(model: type[T], under: str) -> Reader[Page[T]]:
    """A page of a list that is read on by a cursor, newest first."""
    read = rows(model, under)

    def page(envelope: Envelope, query: Query) -> Page[T]:
        found = read(envelope, query)
        cursor = envelope.data.get("nextCursor") if envelope.data.get("hasMore") else None
        return Page(found, None, {"cursor": str(cursor)} if cursor else None)

    return page


def pages(page: int, limit: int) -> dict[str, str]:
    """The part of a query that asks for a page. Raises `ValueError` for what Migma would refuse."""
    if page < 1:
        raise ValueError(f"pages are numbered from 1, this is {page}")
    return {"page": str(page), "limit": rows_at_once(limit)}


def rows_at_once(limit: int) -> str:
    """How many rows at once. Raises `ValueError` beyond 100."""
    if not 1 <= limit <= _MOST_ROWS:
        raise ValueError(f"a page has 1 to {_MOST_ROWS} rows, this asks for {limit}")
    return str(limit)


def check_key(key: str) -> str:
    """An idempotency key as it is. Raises `ValueError` for one that Migma would refuse."""
    if not 1 <= len(key) <= _LONGEST_KEY or not (key.isascii() and key.isprintable()) or " " in key:
        raise ValueError(f"an idempotency key has 1 to {_LONGEST_KEY} printable ASCII characters without blanks (R63)")
    return key


def _path(segments: Iterable[str]) -> str:
    them = tuple(segments)
    if any(not one or set(one) <= {"."} for one in them):
        raise ValueError("an id is empty, or dots only: give the id of what is meant")
    return "/".join(quote(one, safe="") for one in them)


def _query(given: Mapping[str, object]) -> dict[str, str]:
    said = {name: value for name, value in given.items() if value is not None}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in said.items()}


def _json(body: BaseModel | Mapping[str, object]) -> bytes:
    if isinstance(body, BaseModel):
        return body.model_dump_json(by_alias=True, exclude_unset=True).encode()
    said = {name: value for name, value in body.items() if value is not None}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _inside(data: Any, under: str | None) -> Any:
    return data if under is None or not isinstance(data, dict) else data.get(under)


def _total(data: Any) -> int | None:
    total = data.get("total")
    return total if isinstance(total, int) else None


def _adapter(kind: Any) -> TypeAdapter[Any]:
    return _made(kind)


@cache  # a schema takes long to make, and there are few
def _made(kind: Hashable) -> TypeAdapter[Any]:
    of: Any = kind
    return TypeAdapter[Any](of)
