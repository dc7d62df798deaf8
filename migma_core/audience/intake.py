"""Intake: what becomes of a person's status when a list is imported or a contact is added (design D13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .address import Address
from .contact import Status
from .suppression import Denials, SuppressionReason
from .values import Scalar

__all__ = ["Admission", "ContactDraft", "Intake", "admit"]

# plain numbers: a flag's own operators are ten times as slow, and a list has millions of rows
_HARD_BOUNCE, _ERASED = int(Denials.HARD_BOUNCE), int(Denials.ERASED)
_OPTED_OUT = int(Denials.COMPLAINT | Denials.UNSUBSCRIBED | Denials.OBJECTION)
_SUPPRESSED_BY = {Status.BOUNCED: SuppressionReason.BOUNCE, Status.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBE}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDraft:
    """
    A person as a list or a form describes them; what is ``None`` is not said and changes nothing that is known.

    ``status`` is what the source claims; `admit` decides what becomes of the claim.
    """

    address: Address
    status: Status | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    country: str | None = None
    language: str | None = None
    tags: frozenset[str] = frozenset()
    fields: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intake:
    """
    How people come in: the status of those whose row says none, and where their consent was given.

    Without a ``consent_source`` nobody new becomes subscribed, whatever the rows say (D13).
    """

    default_status: Status = Status.NON_SUBSCRIBED
    consent_source: str | None = None

    def __post_init__(self) -> None:
        if self.default_status is Status.SUBSCRIBED and not (self.consent_source or "").strip():
            raise ValueError(
                "importing people as subscribed needs the source of their consent, such as 'webshop checkout'"
            )


class Admission(NamedTuple):
    """
    The status a person gets, the suppression to record beside it, and a note where the row asked for more.

    ``status`` is ``None`` where the person must not be stored at all.
    """

    status: Status | None
    suppress: SuppressionReason | None = None
    note: str | None = None


def admit(asked: Status | None, known: Status | None, denials: int, intake: Intake) -> Admission:
    """
    Decide a person's status. Opt-outs and bounces only ever accumulate: no row lifts one (A-09).

    ``known`` is the status already stored, ``denials`` what stands against the address (bits of `Denials`).

    >>> admit(Status.SUBSCRIBED, None, Denials.UNSUBSCRIBED, Intake(consent_source="form")).status
    <Status.UNSUBSCRIBED: 'unsubscribed'>
    """
    if denials & _ERASED:
        return Admission(None, note="the person asked to be forgotten; only they can come back")
    standing = _stands(known, denials)
    if asked in _SUPPRESSED_BY:
        return Admission(Status.BOUNCED if standing is Status.BOUNCED else asked, _SUPPRESSED_BY[asked])
    if standing is not None:
        refused = asked is Status.SUBSCRIBED
        return Admission(standing, note=f"stays {standing}: an import never lifts a denial" if refused else None)
    return _welcome(asked, known, intake)


def _stands(known: Status | None, denials: int) -> Status | None:
    """The status that past denials impose, if any."""
    if denials & _HARD_BOUNCE or known is Status.BOUNCED:
        return Status.BOUNCED
    return Status.UNSUBSCRIBED if denials & _OPTED_OUT or known is Status.UNSUBSCRIBED else None


def _welcome(asked: Status | None, known: Status | None, intake: Intake) -> Admission:
    wanted = asked or known or intake.default_status
    if wanted is not Status.SUBSCRIBED or known is Status.SUBSCRIBED or (intake.consent_source or "").strip():
        return Admission(wanted, _SUPPRESSED_BY.get(wanted))  # a default of "unsubscribed" is an opt-out as well
    return Admission(
        known or Status.NON_SUBSCRIBED, note="not subscribed: the import does not say where consent was given"
    )
