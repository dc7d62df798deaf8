"""What a provider can carry, as far as a request must know it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Capabilities"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """
    What a provider can carry. What it cannot is refused before sending, never dropped in silence (design D9).

    ``most_messages`` is per hand-over. ``lists_deliveries`` says that it can tell which deliveries it holds,
    ``knows_repeats`` that the same attempt handed over twice within a day is sent once, ``answers_each`` that every
    message of a hand-over has an answer and an id of its own.
    """

    name: str
    most_messages: int
    international_local_parts: bool = False
    attachments: bool = True
    attachments_in_batches: bool = True
    lists_deliveries: bool = False
    knows_repeats: bool = False
    answers_each: bool = True

    def together(self, with_files: bool) -> int:
        """
        How many messages of one content go in one hand-over.

        >>> Capabilities("resend", 100, attachments_in_batches=False).together(with_files=True)
        1
        """
        return 1 if with_files and not self.attachments_in_batches else self.most_messages
