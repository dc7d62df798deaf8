"""The preference center: topics to choose from, and a way out of everything (compliance F; the guide's S9)."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from migma_runtime import Choices, Migma

from migma_core.audience import Shown, TopicId

from .answering import Asked, add_page, languages_of
from .languages import WORDS, version_of
from .pages import page
from .unsubscribe import left_page

__all__ = ["preferring"]

_SEEN, _WANTED = "seen.", "want."


def preferring(migma: Migma) -> APIRouter:
    """The routes below ``/p``; mount them where the brand's ``base_url`` leads."""
    router = APIRouter()

    def look(asked: Asked) -> HTMLResponse:
        """What may be chosen, and what stands. Changes nothing."""
        return _offer(asked, migma.preferences.look(asked.token))

    def act(asked: Asked) -> HTMLResponse:
        """Save what was changed, or leave everything. A body that is no form of ours changes nothing (F-02)."""
        form = asked.form
        if form.get("scope") == "all":
            holder = migma.preferences.leave_all(asked.token, shown=_shown(asked, "leave"))
            return left_page(asked, holder)
        seen = {TopicId(name.removeprefix(_SEEN)): was == "1" for name, was in form.items() if name.startswith(_SEEN)}
        wanted = frozenset(TopicId(name.removeprefix(_WANTED)) for name in form if name.startswith(_WANTED))
        choices = migma.preferences.look(asked.token)
        saved = migma.preferences.save(
            asked.token, seen, wanted, shown=_shown(asked, "prefer_topics"), language=asked.language
        )
        return page("saved", asked.language, choices.holder.project.brand, saved=saved, address=choices.holder.address)

    add_page(router, "p", languages_of(migma), look, act)
    return router


def _offer(asked: Asked, choices: Choices) -> HTMLResponse:
    holder = choices.holder
    return page(
        "prefer" if holder.is_subscribed else "away",
        asked.language,
        holder.project.brand,
        address=holder.address,
        choices=choices.topics,
        version=version_of(asked.language),
        again=f"{asked.up}a/{asked.token}",
    )


def _shown(asked: Asked, key: str) -> Shown:
    return Shown(WORDS[asked.language][key], asked.form.get("page", "")[:40])
