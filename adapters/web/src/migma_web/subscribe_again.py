"""Subscribing again: a mail asks for a confirmation first (D-12), and confirming what was asked for (F-04)."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from migma_runtime import Confirmation, Migma, UnknownToken

from migma_core.audience import Shown

from .answering import Asked, add_page, languages_of
from .languages import WORDS, version_of
from .pages import page

__all__ = ["confirming", "subscribing_again"]


def subscribing_again(migma: Migma) -> APIRouter:
    """The route below ``/a``: a POST sends the mail that asks. There is nothing to look at."""
    router = APIRouter()

    def look(_asked: Asked) -> HTMLResponse:
        raise UnknownToken

    def act(asked: Asked) -> HTMLResponse:
        shown = Shown(WORDS[asked.language]["again"], version_of(asked.language))
        holder, sent = migma.preferences.ask_again(asked.token, shown=shown, language=asked.language)
        return page("sent", asked.language, holder.project.brand, address=holder.address, sent=sent)

    add_page(router, "a", languages_of(migma), look, act)
    return router


def confirming(migma: Migma) -> APIRouter:
    """The routes below ``/c``: a page that says what would be sent, and a POST that puts it in force."""
    router = APIRouter()

    def look(asked: Asked) -> HTMLResponse:
        return _page("confirm", asked, migma.preferences.look_at_confirmation(asked.token))

    def act(asked: Asked) -> HTMLResponse:
        found = migma.preferences.look_at_confirmation(asked.token)
        if migma.preferences.confirm(asked.token):
            return _page("confirmed", asked, found)
        return _page("refused", asked, found, status=409)  # they left since, or a denial stands (design D13)

    add_page(router, "c", languages_of(migma), look, act)
    return router


def _page(name: str, asked: Asked, found: Confirmation, *, status: int = 200) -> HTMLResponse:
    topics = [topic.name for topic in found.topics]
    holder = found.holder
    return page(name, asked.language, holder.project.brand, status=status, address=holder.address, topics=topics)
