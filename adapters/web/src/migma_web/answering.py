"""Answering: every page in the reader's language, and the two answers that no page may get wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from migma_runtime import Migma, UnknownToken

from .forms import form_of
from .languages import WORDS, language_of
from .pages import page

__all__ = ["Answer", "Asked", "add_page", "languages_of"]

_RETRY_AFTER: Final = "60"
_LOG = logging.getLogger("migma.web")


class Asked:
    """
    What a reader asked for: the ``token`` at the end of the path, the ``form`` sent, empty for GET, and the
    ``language`` to answer in. ``up`` leads from this page to where all our pages begin, through any proxy.
    """

    def __init__(self, request: Request, language: str, form: dict[str, str]) -> None:
        given = str(request.path_params["token"])
        self.given = given
        self.language = language
        self.form = form
        raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
        tail = raw.partition(b"?")[0].removeprefix(str(request.scope.get("root_path", "")).encode())
        self.up = "../" * (tail.count(b"/") - 1)

    @property
    def token(self) -> str:
        """One segment, one slash at its end aside (D-04). Raises `UnknownToken` for more."""
        token = self.given.removesuffix("/")
        if "/" in token:
            raise UnknownToken
        return token


Answer: TypeAlias = Callable[[Asked], HTMLResponse]
"""Makes a page; may raise `UnknownToken`, and whatever a store that is down raises."""


def languages_of(migma: Migma) -> Sequence[str]:
    """The languages of an installation's pages, the usual one first. Raises `ValueError` for one we do not have."""
    offered = migma.parts.settings.languages
    if missing := [name for name in offered if name not in WORDS]:
        raise ValueError(f"there are no pages in {', '.join(missing)}; languages can name {', '.join(WORDS)}")
    return offered


def add_page(router: APIRouter, room: str, offered: Sequence[str], look: Answer, act: Answer) -> None:
    """
    Serve a page below ``/room/``, with and without a slash at the end, since a redirect would lose a POST (D-04).

    GET and HEAD look, POST acts; both in threads, since the store blocks.
    """

    async def on_get(request: Request) -> HTMLResponse:
        return await run_in_threadpool(_answered, look, Asked(request, _language(request, offered), {}))

    async def on_post(request: Request) -> HTMLResponse:
        form = dict(await form_of(request))
        return await run_in_threadpool(_answered, act, Asked(request, _language(request, offered), form))

    async def on_options() -> Response:
        return Response(status_code=204, headers={"Allow": "GET, HEAD, OPTIONS, POST"})

    path = f"/{room}/{{token:path}}"
    router.add_api_route(path, on_get, methods=["GET", "HEAD"], response_class=HTMLResponse)
    router.add_api_route(path, on_post, methods=["POST"], response_class=HTMLResponse)
    router.add_api_route(path, on_options, methods=["OPTIONS"], response_class=Response)


def _language(request: Request, offered: Sequence[str]) -> str:
    return language_of(request.headers.get("accept-language", ""), offered)


def _answered(answer: Answer, asked: Asked) -> HTMLResponse:
    try:
        return answer(asked)
    except UnknownToken:  # forged, truncated, foreign, expired: one page that claims nothing (D-07)
        return page("unknown", asked.language, None, status=404, up=asked.up)
    except Exception as fault:  # noqa: BLE001 - whatever broke, nothing is stored, and 200 would lose an opt-out (D-08)
        _LOG.error("a page could not be answered: %s", type(fault).__name__)
        late = page("later", asked.language, None, status=503)
        late.headers["Retry-After"] = _RETRY_AFTER
        return late
