"""Worlds: whatever may come of handing something over, as hostile as networks and providers are."""

from __future__ import annotations

import json
from typing import NamedTuple, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

__all__ = ["NoWord", "Told", "World", "doubtful", "successes", "worlds"]


class Told(NamedTuple):
    """An answer: a status, headers and octets, as they are in HTTP and its like."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class NoWord(NamedTuple):
    """No answer at all; ``maybe`` where something may have left, else certainly nothing did."""

    maybe: bool


World: TypeAlias = Told | NoWord

_NAMES = (
    *("data", "errors", "error", "id", "index", "message", "field", "help", "name", "statusCode", "status", "code"),
    *("type", "reason", "personalizations.0.to.0.email", "result", "results", "Message", "__type"),
)
_FIELDS = ("personalizations.0.to.0.email", "personalizations.9.to", "personalizations.x.to.0.email", "from.email")
_CODES = ("validation_error", "daily_quota_exceeded", "rate_limit_exceeded", "invalid_idempotent_request", "not_found")
_STATUSES = (200, 202, 204, 301, 307, 400, 401, 403, 404, 408, 409, 413, 422, 425, 429, 451, 500, 502, 503, 504, 529)
_WAITS = ("0", "7", "-1", "1e3", "٣", "99999999999999999999", "", "Fri, 01 May 2026 12:00:00 GMT", "soon")


def worlds() -> SearchStrategy[World]:
    """Any status, any headers, any octets, JSON of nearly the right shape first; and no answer at all."""
    return st.builds(Told, _statuses(), _headers(), _bodies()) | st.builds(NoWord, st.booleans())


def successes() -> SearchStrategy[World]:
    """Any 2xx, whatever its body holds or lacks."""
    return st.builds(Told, st.sampled_from((200, 202)) | st.integers(200, 299), _headers(), _bodies())


def doubtful() -> SearchStrategy[World]:
    """Any 5xx, and no word about what may have left."""
    statuses = st.sampled_from((500, 502, 503, 504)) | st.integers(500, 599)
    return st.builds(Told, statuses, _headers(), _bodies()) | st.just(NoWord(maybe=True))


def _statuses() -> SearchStrategy[int]:
    return st.sampled_from(_STATUSES) | st.integers(100, 599) | st.integers(-1, 2000)


def _headers() -> SearchStrategy[tuple[tuple[str, str], ...]]:
    waits = st.tuples(st.sampled_from(("Retry-After", "retry-after", "X-RateLimit-Reset")), st.sampled_from(_WAITS))
    dates = st.just(("Date", "Fri, 01 May 2026 12:00:00 GMT"))
    others = st.tuples(st.sampled_from(("X-Message-Id", "Content-Type", "Location")), st.text(max_size=20))
    return st.lists(waits | dates | others, max_size=4).map(tuple)


def _bodies() -> SearchStrategy[bytes]:
    shaped = _json().map(lambda value: json.dumps(value).encode())
    cut = st.builds(lambda body, at: body[: at % (len(body) + 1)], shaped, st.integers(0, 500))
    return (
        shaped | cut | st.binary(max_size=80) | st.sampled_from((b"", b"Forbidden", b"<html>502</html>", b"[" * 5000))
    )


def _json() -> SearchStrategy[object]:
    words = st.sampled_from((*_FIELDS, *_CODES, "", "Maximum credits exceeded", "ada@example.com")) | st.text(
        max_size=9
    )
    leaves = st.none() | st.booleans() | st.integers(-3, 10**20) | st.floats(allow_nan=False) | words
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
        max_leaves=10,
    )
