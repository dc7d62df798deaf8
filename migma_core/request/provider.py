"""What a provider can carry, as far as a request must know it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Capabilities"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """
    What a provider can carry. What it cannot is refused before sending, never dropped in silence (design D9).

    ``most_messages`` is per hand-over. ``lists_deliveries`` says that it can tell which deliveries it holds,
    ``stays_here`` that mail never leaves this machine, so that links to it may be in the mail.
    """

    name: str
    most_messages: int
    international_local_parts: bool = False
    attachments: bool = True
    lists_deliveries: bool = False
    stays_here: bool = False
