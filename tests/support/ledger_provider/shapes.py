"""Shapes: how SendGrid, Resend and Mailgun put recipients into a request, and how each says what became of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from tests.adapters.mailgun.reader import deliveries

from .book import Mail
from .manners import Manner

__all__ = ["SHAPES", "Answer", "Shape", "conflict"]

_DELIVERY = "migma_delivery"


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Shape(Protocol):
    """One provider's way of being asked and of answering."""

    takes_keys: bool
    """Whether it remembers idempotency keys."""

    def mails(self, body: bytes) -> list[Mail]:
        """The recipients, in order."""
        ...

    def takes_others(self, headers: Mapping[str, str]) -> bool:
        """Whether one bad address leaves the others taken."""
        ...

    def accepted(self, request: int, mails: int, refused: Sequence[int]) -> Answer:
        """The answer to mails of which those at some places were not taken; the same for the same request."""
        ...

    def refused(self, manner: Manner) -> Answer:
        """The answer that goes with a manner that takes nothing."""
        ...


class _SendGrid:
    takes_keys = False

    def mails(self, body: bytes) -> list[Mail]:
        return [
            Mail(one["to"][0]["email"], one["custom_args"][_DELIVERY], _is_one_click(one.get("headers", {})))
            for one in json.loads(body)["personalizations"]
        ]

    def takes_others(self, _headers: Mapping[str, str]) -> bool:
        return False

    def accepted(self, request: int, mails: int, refused: Sequence[int]) -> Answer:
        if refused:
            places = (f"personalizations.{place}.to.0.email" for place in refused)
            return _errors(400, *((place, "Does not contain a valid address.") for place in places))
        return Answer(202, b"", (("X-Message-Id", f"ledger-{request}-{mails}"),))

    def refused(self, manner: Manner) -> Answer:
        return {
            Manner.THROTTLE: _errors(429, (None, "too many requests")),
            Manner.UNAVAILABLE: Answer(503, b"<html>unavailable</html>"),
            Manner.BAD_KEY: _errors(401, (None, "authorization required")),
            Manner.SUSPENDED: _errors(403, (None, "access forbidden")),
        }[manner]


class _Resend:
    takes_keys = True

    def mails(self, body: bytes) -> list[Mail]:
        read = json.loads(body)
        return [
            Mail(one["to"][0], _tag(one["tags"]), _is_one_click(one.get("headers", {})))
            for one in (read if isinstance(read, list) else [read])
        ]

    def takes_others(self, headers: Mapping[str, str]) -> bool:
        return headers.get("x-batch-validation") == "permissive"

    def accepted(self, request: int, mails: int, refused: Sequence[int]) -> Answer:
        taken = [{"id": f"{request:08x}-0000-4000-8000-{place:012x}"} for place in range(mails) if place not in refused]
        if mails == 1:
            return _json(200, taken[0]) if taken else _fault(422, "validation_error", "Invalid `to` field.")
        errors = [{"index": place, "message": "Invalid `to` field."} for place in refused]
        return _json(200, {"data": taken, "errors": errors} if errors else {"data": taken})

    def refused(self, manner: Manner) -> Answer:
        return {
            Manner.THROTTLE: _fault(429, "rate_limit_exceeded", "Too many requests."),
            Manner.UNAVAILABLE: Answer(503, b"<html>unavailable</html>"),
            Manner.BAD_KEY: _fault(401, "missing_api_key", "Missing API key."),
            Manner.SUSPENDED: _fault(403, "suspended_api_key", "This API key is suspended."),
        }[manner]


class _Mailgun:
    takes_keys = False

    def mails(self, body: bytes) -> list[Mail]:
        return [
            Mail(one.recipients[0], one.delivery or "", _is_one_click(dict(one.headers))) for one in deliveries(body)
        ]

    def takes_others(self, _headers: Mapping[str, str]) -> bool:
        return False

    def accepted(self, request: int, mails: int, refused: Sequence[int]) -> Answer:
        if refused:
            return _json(400, {"message": "to parameter is not a valid address. please check documentation"})
        return _json(200, {"id": f"<ledger-{request}-{mails}@{DOMAIN}>", "message": "Queued. Thank you."})

    def refused(self, manner: Manner) -> Answer:
        return {
            Manner.THROTTLE: _json(429, {"message": "too many requests"}),
            Manner.UNAVAILABLE: Answer(503, b"<html>unavailable</html>"),
            Manner.BAD_KEY: Answer(401, b"Forbidden"),
            Manner.SUSPENDED: _json(403, {"message": f"Domain {DOMAIN} is not allowed to send: account disabled"}),
        }[manner]


DOMAIN: Final = "mail.example.com"
"""The only one that this Mailgun knows."""

SHAPES: Final[Mapping[str, Shape]] = {
    "/v3/mail/send": _SendGrid(),
    "/emails": _Resend(),
    "/emails/batch": _Resend(),
    f"/v3/{DOMAIN}/messages": _Mailgun(),
}
"""By the path that is posted to."""


def conflict() -> Answer:
    """What Resend says of a known key with another body."""
    return _fault(409, "invalid_idempotent_request", "This key was used with another body.")


def _is_one_click(headers: Mapping[str, str]) -> bool:
    """Both headers of RFC 8058, in their only form."""
    link = headers.get("List-Unsubscribe", "")
    return headers.get("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click" and link.startswith("<https://")


def _tag(tags: Sequence[Mapping[str, str]]) -> str:
    return next(tag["value"] for tag in tags if tag["name"] == _DELIVERY)


def _json(status: int, body: Any) -> Answer:
    return Answer(status, json.dumps(body).encode(), (("Content-Type", "application/json"),))


def _fault(status: int, name: str, message: str) -> Answer:
    return _json(status, {"statusCode": status, "name": name, "message": message})


def _errors(status: int, *errors: tuple[str | None, str]) -> Answer:
    return _json(status, {"errors": [{"field": field, "message": message} for field, message in errors]})
