"""
Unsubscribing: a page that asks, and a POST that acts at once (RFC 8058; design D12; compliance D).

Looking never changes anything: scanners follow every link of a mail. Acting asks for nothing but the link itself: no
cookie, no login, no script, and no particular body.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from migma_runtime import Holder, Migma

from migma_core.audience import NOTHING_SHOWN, Shown

from .answering import Asked, add_page, languages_of
from .languages import WORDS, version_of
from .pages import page

__all__ = ["left_page", "unsubscribing"]


def unsubscribing(migma: Migma) -> APIRouter:
    """
    The routes below ``/u``; mount them where the brand's ``base_url`` leads.

    Posted to without a token, it mails a link that works to the address typed (E-05).
    """
    router = APIRouter()

    def look(asked: Asked) -> HTMLResponse:
        """Who and what, and a button for each choice. Changes nothing (D-01, D-02)."""
        holder = migma.opt_outs.look(asked.token)
        return _asking(asked, holder) if holder.contact else left_page(asked, holder)

    def act(asked: Asked) -> HTMLResponse:
        """Unsubscribe, and answer once it is durable. Every body is good: it only says which button it was (D-03)."""
        if not asked.token:
            migma.opt_outs.mail_link(asked.form.get("address", ""), asked.language)
            return page("asked", asked.language, None)
        holder = migma.opt_outs.look(asked.token)
        everything = holder.topic is None or asked.form.get("scope") == "all"
        on_page = asked.form.get("page") is not None
        migma.opt_outs.leave(
            asked.token,
            everything=everything,
            source="unsubscribe page" if on_page else "one-click",
            shown=_shown(asked, holder) if on_page else NOTHING_SHOWN,
        )
        return left_page(asked, holder, holder.topic.name if holder.topic and not everything else "")

    add_page(router, "u", languages_of(migma), look, act)
    return router


def _asking(asked: Asked, holder: Holder) -> HTMLResponse:
    return page(
        "leave",
        asked.language,
        holder.project.brand,
        address=holder.address,
        topic=holder.topic.name if holder.topic else "",
        version=version_of(asked.language),
    )


def left_page(asked: Asked, holder: Holder, topic: str = "") -> HTMLResponse:
    """What the person has left: a topic by its name, or all marketing; with the next step from there."""
    return page(
        "left",
        asked.language,
        holder.project.brand,
        address=holder.address,
        topic=topic,
        version=version_of(asked.language),
        again=f"{asked.up}a/{asked.token}",
    )


def _shown(asked: Asked, holder: Holder) -> Shown:
    """The words that stood above the button (O-01)."""
    words = WORDS[asked.language]["leave_topic" if holder.topic else "leave"]
    return Shown(words.format(brand=holder.project.brand.name, address=holder.address), asked.form["page"][:40])
