"""The join: what becomes of one person whom both sides know, by what stands against writing to them (design D13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from migma_core.audience import SuppressionReason

from ..resources.contacts import ContactStatus

__all__ = ["DENIED_THERE", "Ours", "Settlement", "Theirs", "settle"]

DENIED_THERE: Final = {
    ContactStatus.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBE,
    ContactStatus.COMPLAINED: SuppressionReason.COMPLAINT,
    ContactStatus.BOUNCED: SuppressionReason.BOUNCE,
}
"""What each status there that denies is here."""


@dataclass(frozen=True, slots=True)
class Ours:
    """
    What is known here: ``denied`` stands against writing to the person, as far as it is in force; ``proven_at`` is when
    they last proved that they want to be written to.
    """

    denied: frozenset[SuppressionReason] = frozenset()
    proven_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Theirs:
    """What is known there: a status, and since when the person is unsubscribed, where it is said."""

    status: ContactStatus
    unsubscribed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """
    What to record ``here``, and which status to set ``there``; ``None`` for nothing. ``returned`` says that the person
    came back here, by their own proven consent, after they had left there.
    """

    here: SuppressionReason | None = None
    there: ContactStatus | None = None
    returned: bool = False


def settle(ours: Ours, theirs: Theirs) -> Settlement:
    """
    A denial on either side wins. Nothing is ever lifted on either side: no status is raised there, and none here.

    One thing ends an opt-out that Migma holds, as it does here (D13): the person's own proven consent, given later.
    Migma keeps it all the same, so that through Migma they are written to only once they come back there as well.

    A denial that was set there comes back as one of there, once: nobody can tell whether the person said the same in
    the meantime, so it stands until they say otherwise.

    >>> settle(Ours(), Theirs(ContactStatus.UNSUBSCRIBED)).here
    <SuppressionReason.UNSUBSCRIBE: 'unsubscribe'>
    >>> settle(Ours(frozenset({SuppressionReason.MANUAL})), Theirs(ContactStatus.SUBSCRIBED)).there
    <ContactStatus.UNSUBSCRIBED: 'unsubscribed'>
    """
    denied_there = DENIED_THERE.get(theirs.status)
    if denied_there is None:
        return Settlement(there=_status(ours.denied) if ours.denied else None)
    if denied_there is SuppressionReason.UNSUBSCRIBE and not ours.denied and _came_back(ours, theirs):
        return Settlement(returned=True)
    return Settlement(here=None if denied_there in ours.denied else denied_there)


def _came_back(ours: Ours, theirs: Theirs) -> bool:
    if ours.proven_at is None or theirs.unsubscribed_at is None:
        return False
    return ours.proven_at > theirs.unsubscribed_at


def _status(denied: frozenset[SuppressionReason]) -> ContactStatus:
    return ContactStatus.BOUNCED if SuppressionReason.BOUNCE in denied else ContactStatus.UNSUBSCRIBED
