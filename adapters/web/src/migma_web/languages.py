"""Languages: the words on the pages, and which of them a reader asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

__all__ = ["WORDS", "language_of", "version_of"]

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "leave_title": "Unsubscribe",
        "leave": "Stop all marketing mail from {brand} to {address}?",
        "leave_topic": "Which mail from {brand} to {address} should stop?",
        "leave_button": "Unsubscribe",
        "leave_topic_button": "Only “{topic}”",
        "leave_all_button": "All marketing mail",
        "leave_note": "Receipts, password resets and other mail you cause yourself will still reach you.",
        "left_title": "You are unsubscribed",
        "left": "{brand} will send no more marketing mail to {address}.",
        "left_topic": "{brand} will send no more mail about “{topic}” to {address}.",
        "left_nobody": "{brand} will send no more marketing mail.",
        "left_note": "Nothing more to do: this took effect at once.",
        "left_more": "Would you like no marketing mail at all?",
        "again": "A mistake? We can send you a mail to subscribe again.",
        "again_button": "Send me that mail",
        "sent_title": "Please look into your mailbox",
        "sent": "We have sent a mail to {address}. Nothing changes until you follow the link in it.",
        "not_sent": "A mail was sent a moment ago, or cannot be sent just now. Please look into your mailbox first.",
        "prefer_title": "Your mail from {brand}",
        "prefer": "What {brand} may send to {address}.",
        "prefer_topics": "I would like to hear about",
        "prefer_button": "Save",
        "prefer_note": "New topics are sent once you confirm them: we send you a mail for that.",
        "prefer_leave_button": "Unsubscribe from all marketing mail",
        "prefer_none": "There are no topics to choose from.",
        "prefer_left": "{brand} sends no marketing mail to {address}.",
        "saved_title": "Saved",
        "saved": "Your choice is saved.",
        "saved_left": "No more mail about:",
        "saved_asked": "Please confirm by the mail we have just sent you:",
        "saved_asked_late": "Please confirm by the mail we sent you a moment ago, or choose these again later:",
        "saved_stale": "Something had changed since you opened the form: topics you left are left, nothing was added.",
        "back": "Back to your choices",
        "confirm_title": "Confirm",
        "confirm_all": "Send marketing mail from {brand} to {address} again?",
        "confirm_topics": "Send mail from {brand} to {address} about these topics?",
        "confirm_button": "Yes, please",
        "confirmed_title": "Confirmed",
        "confirmed": "Thank you. {brand} will write to {address}.",
        "refused_title": "This can no longer be confirmed",
        "refused": "You have decided otherwise since, or something stands against it. Nothing was changed.",
        "unknown_title": "This link does not work",
        "unknown": "It may have been cut off on its way. Open the mail again and copy the whole link.",
        "unknown_other": "Or type your address: if we have ever written to it, we send a link that works.",
        "unknown_label": "E-mail address",
        "unknown_button": "Send me a link",
        "asked_title": "Please look into your mailbox",
        "asked": "If we have ever written to that address, a mail with a link is on its way.",
        "later_title": "Please try again in a minute",
        "later": "Your request could not be stored just now. Nothing was changed.",
    },
    "de": {
        "leave_title": "Abmelden",
        "leave": "Keine Werbung von {brand} mehr an {address} senden?",
        "leave_topic": "Welche Mail von {brand} an {address} soll aufhören?",
        "leave_button": "Abmelden",
        "leave_topic_button": "Nur „{topic}“",
        "leave_all_button": "Jede Werbung",
        "leave_note": "Rechnungen, neue Passwörter und andere Mails, die Sie selbst auslösen, kommen weiterhin an.",
        "left_title": "Sie sind abgemeldet",
        "left": "{brand} sendet keine Werbung mehr an {address}.",
        "left_topic": "{brand} sendet nichts mehr zu „{topic}“ an {address}.",
        "left_nobody": "{brand} sendet Ihnen keine Werbung mehr.",
        "left_note": "Sie müssen nichts weiter tun: Das gilt ab sofort.",
        "left_more": "Möchten Sie gar keine Werbung mehr?",
        "again": "Ein Versehen? Wir können Ihnen eine Mail senden, um sich wieder anzumelden.",
        "again_button": "Diese Mail senden",
        "sent_title": "Bitte sehen Sie in Ihr Postfach",
        "sent": "Wir haben eine Mail an {address} gesendet. Es ändert sich nichts, bis Sie dem Link darin folgen.",
        "not_sent": "Eben wurde eine Mail gesendet, oder es geht gerade nicht. Bitte sehen Sie zuerst in Ihr Postfach.",
        "prefer_title": "Ihre Mail von {brand}",
        "prefer": "Was {brand} an {address} senden darf.",
        "prefer_topics": "Ich möchte hören von",
        "prefer_button": "Speichern",
        "prefer_note": "Neue Themen kommen, sobald Sie sie bestätigen: Dafür senden wir Ihnen eine Mail.",
        "prefer_leave_button": "Von jeder Werbung abmelden",
        "prefer_none": "Es gibt keine Themen zur Auswahl.",
        "prefer_left": "{brand} sendet keine Werbung an {address}.",
        "saved_title": "Gespeichert",
        "saved": "Ihre Auswahl ist gespeichert.",
        "saved_left": "Nichts mehr zu:",
        "saved_asked": "Bitte bestätigen Sie mit der Mail, die wir eben gesendet haben:",
        "saved_asked_late": "Bitte bestätigen Sie mit der Mail von eben, oder wählen Sie dies später noch einmal:",
        "saved_stale": "Inzwischen hatte sich etwas geändert: Abgewählte Themen gelten, neue kamen nicht hinzu.",
        "back": "Zurück zur Auswahl",
        "confirm_title": "Bestätigen",
        "confirm_all": "Wieder Werbung von {brand} an {address} senden?",
        "confirm_topics": "Mail von {brand} zu diesen Themen an {address} senden?",
        "confirm_button": "Ja, bitte",
        "confirmed_title": "Bestätigt",
        "confirmed": "Vielen Dank. {brand} schreibt Ihnen an {address}.",
        "refused_title": "Das lässt sich nicht mehr bestätigen",
        "refused": "Sie haben inzwischen anders entschieden, oder es steht etwas dagegen. Es wurde nichts geändert.",
        "unknown_title": "Dieser Link funktioniert nicht",
        "unknown": "Vielleicht wurde er abgeschnitten. Öffnen Sie die Mail noch einmal, und kopieren Sie ihn ganz.",
        "unknown_other": "Oder geben Sie Ihre Adresse ein: Haben wir ihr je geschrieben, senden wir einen neuen Link.",
        "unknown_label": "E-Mail-Adresse",
        "unknown_button": "Link senden",
        "asked_title": "Bitte sehen Sie in Ihr Postfach",
        "asked": "Haben wir dieser Adresse je geschrieben, ist eine Mail mit einem Link unterwegs.",
        "later_title": "Bitte versuchen Sie es in einer Minute noch einmal",
        "later": "Ihr Wunsch konnte gerade nicht gespeichert werden. Es wurde nichts geändert.",
    },
}
"""Every word of every page, in each language; ``{brand}``, ``{address}`` and ``{topic}`` are filled in as text."""


@cache
def version_of(language: str) -> str:
    """Which edition of the words a page shows, for the record (O-01): it changes whenever a word does."""
    words = "\0".join(f"{key}\0{text}" for key, text in sorted(WORDS[language].items()))
    return f"{language}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"


def language_of(header: str, offered: Sequence[str] = tuple(WORDS)) -> str:
    """
    The best of the languages offered by an Accept-Language header, however odd it is (RFC 9110 §12.5.4); the first of
    them where none is asked for.

    >>> language_of("fr;q=0.9, de-AT;q=0.8, en;q=0.7"), language_of("fr"), language_of(";;q=x")
    ('de', 'en', 'en')
    """
    asked = [_asked(part) for part in header.split(",")[:20]]
    known = [(weight, -place, name) for place, (name, weight) in enumerate(asked) if name in offered and weight > 0]
    return max(known)[2] if known else offered[0]


def _asked(part: str) -> tuple[str, float]:
    name, _, weight = part.strip().partition(";")
    try:
        return name.strip().lower().partition("-")[0], float(weight.strip().removeprefix("q=") or 1)
    except ValueError:
        return "", 0.0
