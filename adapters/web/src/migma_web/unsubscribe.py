"""
Unsubscribing: a page that asks, and a POST that acts at once (RFC 8058; design D12; compliance D).

Looking never changes anything: scanners follow every link of a mail. Acting asks for nothing but the link itself: no
cookie, no login, no script, and no particular body.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from migma_runtime import Migma, UnknownToken

from .languages import language_of
from .pages import page

__all__ = ["unsubscribing"]

_RETRY_AFTER: Final = 60
_LOG = logging.getLogger("migma.web")


def unsubscribing(migma: Migma) -> APIRouter:
    """
    The routes below ``/u``, with and without a slash at the end: a redirect would lose the POST (D-04).

    Mount it where the brand's ``base_url`` leads. Handlers run in threads, since the store blocks.
    """
    router = APIRouter()

    def ask(request: Request, token: str) -> HTMLResponse:
        """Who and what, and one button. Changes nothing (D-01, D-02)."""

        def answer(language: str) -> HTMLResponse:
            held = migma.contacts.holder(_whole(token))
            return page("ask" if held.address else "done", language, brand=held.brand, address=held.address)

        return _answered(request, answer)

    def act(request: Request, token: str) -> HTMLResponse:
        """Unsubscribe, and answer once it is durable. The body is never read: every one is good (D-03)."""

        def answer(language: str) -> HTMLResponse:
            done = migma.contacts.unsubscribe(_whole(token))
            return page("done", language, brand=migma.contacts.holder(_whole(token)).brand, address=done.address)

        return _answered(request, answer)

    def options() -> Response:
        """What can be done here."""
        return Response(status_code=204, headers={"Allow": "GET, HEAD, OPTIONS, POST"})

    path = "/u/{token:path}"
    router.add_api_route(path, ask, methods=["GET", "HEAD"], response_class=HTMLResponse)
    router.add_api_route(path, act, methods=["POST"], response_class=HTMLResponse)
    router.add_api_route(path, options, methods=["OPTIONS"], response_class=Response)
    return router


def _whole(given: str) -> str:
    """The token of a path, one slash at its end aside. Raises `UnknownToken` for more than one segment."""
    token = given.removesuffix("/")
    if "/" in token:
        raise UnknownToken
    return token


def _answered(request: Request, answer: Callable[[str], HTMLResponse]) -> HTMLResponse:
    language = language_of(request.headers.get("accept-language", ""))
    try:
        return answer(language)
    except UnknownToken:  # forged, truncated, foreign: one page that claims nothing (D-07)
        return page("unknown", language, status=404, brand="")
    except Exception as fault:  # noqa: BLE001 - whatever broke, the opt-out is not stored, and 200 would lose it (D-08)
        _LOG.error("an opt-out page could not be answered: %s", type(fault).__name__)
        return page("later", language, status=503, retry_after=_RETRY_AFTER, brand="")
