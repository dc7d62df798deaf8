"""The stand-in's routes: a table of method and path, and what is read of a request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from .world import Refusal, Row, World

__all__ = ["Asked", "Handler", "cursored", "find", "listed", "route"]

_MOST = 100


@dataclass
class Asked:
    """One request, as a handler needs it. ``id`` is what stands in the path for ``{id}``."""

    method: str
    path: str
    query: Mapping[str, str]
    octets: bytes
    media_type: str
    id: str = ""

    @cached_property
    def body(self) -> Row:
        """The JSON of the body. Raises `Refusal`."""
        try:
            found = json.loads(self.octets or b"{}")
        except ValueError:
            raise Refusal(400, "the body is no JSON") from None
        if not isinstance(found, dict):
            raise Refusal(400, "the body is no JSON object")
        return found

    def project(self, world: World) -> str:
        """The project that the request is about. Raises `Refusal`."""
        given = self.query.get("projectId") if self.method in {"GET", "DELETE"} else self.body.get("projectId")
        if not given:
            raise Refusal(400, "projectId is required")
        if given not in world.projects:
            raise Refusal(404, "there is no such project")
        return str(given)

    def required(self, name: str, *, most: int = 1_000) -> str:
        """A text that must be there. Raises `Refusal`."""
        value = self.body.get(name)
        if not isinstance(value, str) or not 1 <= len(value.strip()) <= most:
            raise Refusal(400, f"{name} is required")
        return value

    def said(self, *names: str) -> Row:
        """Those of the fields that are there."""
        return {name: self.body[name] for name in names if name in self.body}


Handler: TypeAlias = Callable[[World, Asked], Any]
_ROUTES: list[tuple[str, re.Pattern[str], str, Handler]] = []


def route(method: str, path: str, permission: str) -> Callable[[Handler], Handler]:
    """Register a handler; ``{id}`` and the like stand for one segment of the path."""

    def register(handler: Handler) -> Handler:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        _ROUTES.append((method, re.compile(pattern), permission, handler))
        # whole words before places for anything: `contacts/bulk` is nobody's id
        _ROUTES.sort(key=lambda one: one[1].pattern.count("(?P<"))
        return handler

    return register


def find(method: str, path: str) -> tuple[str, str, Handler]:
    """The permission, id and handler of a request. Raises `Refusal`."""
    for known, pattern, permission, handler in _ROUTES:
        if known == method and (found := pattern.fullmatch(path)):
            return permission, found.groupdict().get("id") or "", handler
    raise Refusal(404, f"there is no route {method} {path}")


def listed(rows: Sequence[Row], query: Mapping[str, str]) -> tuple[int, list[Row], Row]:
    """A page by number, with how many rows there are."""
    page, limit = _number(query, "page", 1), _number(query, "limit", 20)
    if limit > _MOST:
        raise Refusal(400, f"limit: 1 to {_MOST}")
    return 200, list(rows[(page - 1) * limit : page * limit]), {"count": len(rows)}


def cursored(rows: Sequence[Row], query: Mapping[str, str]) -> Row:
    """A page by cursor, newest first."""
    limit = _number(query, "limit", _MOST)
    if limit > _MOST:
        raise Refusal(400, f"limit: 1 to {_MOST}")
    found = [one for one in rows if query.get("status") in {None, one["status"]}]
    ids = [one["id"] for one in found]
    cursor = query.get("cursor")
    if cursor is not None and cursor not in ids:
        raise Refusal(400, "cursor: unknown")
    start = 0 if cursor is None else ids.index(cursor) + 1
    page = found[start : start + limit]
    more = start + limit < len(found)
    return {"emails": page, "nextCursor": page[-1]["id"] if more else None, "hasMore": more}


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    said = query.get(name, str(default))
    if not said.isascii() or not said.isdecimal() or int(said) < 1:
        raise Refusal(400, f"{name}: a number from 1")
    return int(said)
