"""Languages: the words on the pages, and which of them a reader asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["DEFAULT", "WORDS", "language_of"]

DEFAULT: Final = "en"

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "ask_title": "Unsubscribe",
        "ask": "Stop all marketing mail from {brand} to {address}?",
        "ask_button": "Unsubscribe",
        "ask_note": "Receipts, password resets and other mail you cause yourself will still reach you.",
        "done_title": "You are unsubscribed",
        "done": "{brand} will send no more marketing mail to {address}.",
        "done_nobody": "{brand} will send no more marketing mail.",
        "already": "Nothing more to do: this took effect at once.",
        "unknown_title": "This link does not work",
        "unknown": "It may have been cut off on its way. Open the mail again and copy the whole link.",
        "later_title": "Please try again in a minute",
        "later": "Your request could not be stored just now. Nothing was changed.",
    },
    "de": {
        "ask_title": "Abmelden",
        "ask": "Keine Werbung von {brand} mehr an {address} senden?",
        "ask_button": "Abmelden",
        "ask_note": "Rechnungen, neue Passwörter und andere Mails, die Sie selbst auslösen, kommen weiterhin an.",
        "done_title": "Sie sind abgemeldet",
        "done": "{brand} sendet keine Werbung mehr an {address}.",
        "done_nobody": "{brand} sendet Ihnen keine Werbung mehr.",
        "already": "Sie müssen nichts weiter tun: Das gilt ab sofort.",
        "unknown_title": "Dieser Link funktioniert nicht",
        "unknown": "Vielleicht wurde er abgeschnitten. Öffnen Sie die Mail noch einmal, und kopieren Sie ihn ganz.",
        "later_title": "Bitte versuchen Sie es in einer Minute noch einmal",
        "later": "Ihr Wunsch konnte gerade nicht gespeichert werden. Es wurde nichts geändert.",
    },
}
"""Every word of every page, in each language; ``{brand}`` and ``{address}`` are filled in as text."""


def language_of(header: str) -> str:
    """
    The best of our languages by an Accept-Language header, however odd it is (RFC 9110 §12.5.4).

    >>> language_of("fr;q=0.9, de-AT;q=0.8, en;q=0.7"), language_of("fr"), language_of(";;q=x")
    ('de', 'en', 'en')
    """
    asked = [_asked(part) for part in header.split(",")[:20]]
    known = [(weight, -place, name) for place, (name, weight) in enumerate(asked) if name in WORDS and weight > 0]
    return max(known)[2] if known else DEFAULT


def _asked(part: str) -> tuple[str, float]:
    name, _, weight = part.strip().partition(";")
    try:
        return name.strip().lower().partition("-")[0], float(weight.strip().removeprefix("q=") or 1)
    except ValueError:
        return "", 0.0
