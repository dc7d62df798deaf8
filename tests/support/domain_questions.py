"""Asking a provider about a domain, in both colours, of a world that answers as it is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from migma_http import (
    Answer,
    AsyncHttpProvider,
    DomainState,
    HttpProvider,
    HttpRequest,
    HttpResponse,
    check_domain,
    check_domain_async,
)
from returns.result import Result

__all__ = ["NAME", "ask", "told"]

NAME = "mail.example.com"


def told(value: Any, status: int = 200) -> HttpResponse:
    """An answer with this JSON."""
    return HttpResponse(status, (), json.dumps(value).encode())


def ask(codec: Any, *answers: Answer, name: str = NAME) -> Result[DomainState, str]:
    """What comes of asking both ways, each told these answers in turn; it is the same."""
    replies = [iter(answers), iter(answers)]

    async def awaited(_: HttpRequest) -> Answer:
        return next(replies[1])

    found = check_domain(codec, HttpProvider(codec, lambda _: next(replies[0])).ask, name)
    assert asyncio.run(check_domain_async(codec, AsyncHttpProvider(codec, awaited).ask, name)) == found
    return found
