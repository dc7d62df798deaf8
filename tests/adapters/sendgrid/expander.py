"""A reference expander of SendGrid's substitutions: what each recipient would read, by its published rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

__all__ = ["Expanded", "expand"]

_Order = Callable[[Iterable[tuple[str, str]]], list[tuple[str, str]]]


class Expanded(NamedTuple):
    """One recipient's mail."""

    to: list[str]
    subject: str
    text: str | None
    html: str | None
    headers: dict[str, str]
    arguments: dict[str, str]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()


def expand(body: bytes, order: _Order = list) -> list[Expanded]:
    """
    Replace keys by plain text, one after the other, in subject and content.

    ``order`` arranges the replacements, since no order is promised: a sound encoding reads the same in any.
    """
    request = json.loads(body)
    return [_one(request, personalization, order) for personalization in request["personalizations"]]


def _one(request: dict[str, Any], personalization: dict[str, Any], order: _Order) -> Expanded:
    def filled(text: str) -> str:
        for key, value in order(personalization.get("substitutions", {}).items()):
            text = text.replace(key, value)
        return text

    content = {part["type"]: filled(part["value"]) for part in request["content"]}
    return Expanded(
        [mailbox["email"] for mailbox in personalization["to"]],
        filled(request["subject"]),
        content.get("text/plain"),
        content.get("text/html"),
        {**request.get("headers", {}), **personalization.get("headers", {})},
        personalization["custom_args"],
        *(tuple(mailbox["email"] for mailbox in personalization.get(name, ())) for name in ("cc", "bcc")),
    )
