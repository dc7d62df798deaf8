"""What a provider can carry, as far as a request must know it."""

from __future__ import annotations

from dataclasses import dataclass

from .labels import MOST_LABELS
from .send_request import SendRequest

__all__ = ["Capabilities"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """
    What a provider can carry. What it cannot is refused before sending, never dropped in silence (design D9).

    ``most_messages`` is per hand-over. ``lists_deliveries`` says that it can tell which deliveries it holds,
    ``stays_here`` that mail never leaves this machine, so that links to it may be in the mail, ``knows_repeats`` that
    the same attempt handed over twice within a day is sent once, ``answers_each`` that every message of a hand-over has
    an answer and an id of its own, ``schedules`` that it keeps a message until its time, ``images_by_name`` that in a
    batch it calls an inline image by its file's name, so that one with another content id goes alone, ``most_labels``
    how many labels of a message it keeps. ``own_headers`` and ``own_text`` say that it takes a caller's headers and a
    text beside the HTML, ``marks`` that labels, metadata and our delivery's id come back with its events,
    ``copies`` that it takes cc and bcc.

    ``delegates_compliance`` says that it keeps people's choices itself, and gives marketing its opt-out link, headers
    and footer: what leaves here then has none (design D16).
    """

    name: str
    most_messages: int
    international_local_parts: bool = False
    attachments: bool = True
    attachments_in_batches: bool = True
    images_by_name: bool = False
    lists_deliveries: bool = False
    stays_here: bool = False
    knows_repeats: bool = False
    answers_each: bool = True
    schedules: bool = False
    schedules_batches: bool = False
    most_labels: int = MOST_LABELS
    own_headers: bool = True
    own_text: bool = True
    marks: bool = True
    delegates_compliance: bool = False
    copies: bool = False

    def together(self, request: SendRequest) -> int:
        """How many messages of this request go in one hand-over."""
        alone = bool(request.content.attachments) and not self.attachments_in_batches
        alone = alone or (request.deliver_at is not None and not self.schedules_batches)
        alone = alone or (self.images_by_name and request.content.has_images_named_otherwise)
        return 1 if alone else self.most_messages
