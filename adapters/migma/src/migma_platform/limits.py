"""What a send through Migma carries, and the refusal of what it does not: before sending, by name (design D9)."""

from __future__ import annotations

from typing import Final

from migma_core.audience import Address
from migma_core.decision import Purpose
from migma_core.message import Batch, Template
from migma_core.message.compliance import UNSUBSCRIBE_URL
from migma_core.ports import Capabilities

__all__ = ["CAPABILITIES", "CannotCarry", "check_batch", "check_page", "check_subject"]

CAPABILITIES: Final = Capabilities(
    "platform",
    most_messages=1,
    attachments=False,
    knows_repeats=True,
    own_headers=False,
    own_text=False,
    marks=False,
    delegates_compliance=True,
)
"""One page to one address, each answered: what goes to many there goes to an audience that is kept there (§3.4)."""

_MARKER: Final = "{{"


class CannotCarry(ValueError):
    """Migma would lose or garble this; the message says what to change."""


def check_batch(batch: Batch) -> None:
    """Raise `CannotCarry` for what a direct send has no field for."""
    request, count = batch.compiled.request, len(batch.messages)
    for found, what in (
        (count > 1, f"{count} messages at once: hand them over one by one"),
        (bool(request.copies), "cc and bcc: send it to each alone"),
        (bool(request.content.attachments), "attachments: send a link instead"),
        (request.content.text is not None, "a text of your own: leave it out, Migma derives one from the HTML"),
        (bool(request.headers), f"headers of your own: leave out {', '.join(request.headers)}"),
        (bool(request.labels or request.metadata), "labels and metadata: leave them out"),
        (request.deliver_at is not None, "a time of delivery: send when it is time"),
        (_MARKER in request.sender_name, f"a sender's name with {_MARKER}, which is Migma's own mark: rename it"),
    ):
        if found:
            raise CannotCarry(f"Migma carries no such thing as {what}")
    _check_address("the reply-to address", request.reply_to)
    for message in batch.messages:
        _check_address(f"the address of delivery {message.delivery}", message.approval.address)


def check_page(batch: Batch, page: Template | None) -> Template:
    """
    The page, as it is. Raises `CannotCarry` where there is none, and for marketing that places the opt-out link itself:
    Migma adds its own, and how its placeholder is written it does not say.
    """
    if page is None:
        raise CannotCarry("Migma carries no message without HTML: give it a page")
    if batch.compiled.purpose is Purpose.MARKETING and UNSUBSCRIBE_URL in page.names:
        raise CannotCarry(
            f"the page places {{{{{UNSUBSCRIBE_URL}}}}} itself, and Migma adds an opt-out of its own to marketing, so "
            "there would be two; take it out of the template"
        )
    return page


def check_subject(subject: str) -> str:
    """The subject, as it is. Raises `CannotCarry` where Migma would take a part of it for a place to fill."""
    if _MARKER in subject:
        raise CannotCarry(f"with this recipient's values the subject holds {_MARKER}, which is Migma's own mark")
    return subject


def _check_address(whose: str, address: Address | None) -> None:
    if address is not None and address.is_international:
        raise CannotCarry(
            f"{whose} has a non-ASCII local part, which Migma does not say it carries (RFC 6531); use another provider"
        )
