"""Subscribing and unsubscribing: which consent ends what (design D13), and what goes on record (O-01)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from migma_core.audience.address import AddressKey
from migma_core.audience.consent import Consent, ConsentEvidence, ConsentLevel
from migma_core.audience.consent_event import ConsentAct, Shown
from migma_core.audience.contact import ProjectId, Status
from migma_core.audience.suppression import DENIAL_OF, Denials, Suppression
from migma_core.request.project import AccountId

from .denying import deny
from .question import account_of
from .schema import addresses, consent_events, contacts, projects, suppressions
from .shapes import AnyRow

__all__ = ["DeniedContact", "denials_of", "opt_in_event", "subscribe", "unsubscribe", "ways"]

_WAYS = {
    Denials.HARD_BOUNCE: "it hard-bounced, which only an audited reinstatement ends",
    Denials.COMPLAINT: "the person complained, which only a fresh double opt-in ends",
    Denials.ERASED: "the person asked to be forgotten; only they can come back",
    Denials.OBJECTION: "the person objected to marketing; record a consent that names the objection",
    Denials.MANUAL: "an operator suppressed it, which an audited removal from the suppression list ends",
    Denials.UNSUBSCRIBED: "the person unsubscribed; record their consent with contacts.subscribe",
}
# soft bounces and a provider's list say nothing about what the person wants
_NOT_LIFTED = Denials.HARD_BOUNCE | Denials.COMPLAINT | Denials.OBJECTION | Denials.MANUAL
_PERSONS_OWN = Denials.UNSUBSCRIBED | Denials.ERASED


class DeniedContact(ValueError):
    """Something stands against subscribing this address; the message names it and the right call (design D13)."""


def subscribe(connection: Connection, row: AnyRow, consent: Consent, evidence: ConsentEvidence | None) -> None:
    """Record a consent of the contact ``row``, lift what it lifts, and set the status. Raises `DeniedContact`."""
    account = account_of(connection, ProjectId(row.project_id))
    stands = denials_of(connection, account, row.address_key) & ~row.lifted
    lifts = _lifted_by(consent, evidence)
    if (fault := _fault_of(connection, account, row, stands, lifts, consent)) is not None:
        raise DeniedContact(f"{row.local[:1]}***@{row.domain} cannot be subscribed: {fault}")
    changes = {
        "lifted": row.lifted | (stands & lifts),
        "status": Status.SUBSCRIBED.value,
        "consent": consent.level.value,
        "unsubscribed_at": None,
        "updated_at": consent.at,
    }
    connection.execute(update(contacts).where(contacts.c.id == row.id).values(changes))
    connection.execute(insert(consent_events), opt_in_event(row.id, consent, evidence))


def unsubscribe(
    connection: Connection, row: AnyRow, entry: Suppression, shown: Shown, reference: str | None = None
) -> bool:
    """Opt the contact ``row`` out of all marketing of the account; ``False`` where that is so already."""
    account = account_of(connection, ProjectId(row.project_id))
    if _is_opted_out(connection, account, row):
        return False
    deny(connection, account, [(row.address_key, f"{row.local}@{row.domain}", entry)], shown, reference)
    return True


def denials_of(connection: Connection, account: AccountId, key: AddressKey) -> int:
    """What stands against an address in the account."""
    query = select(addresses.c.denials).where(addresses.c.account_id == account, addresses.c.address_key == key)
    return connection.scalar(query) or 0


def ways(denials: int) -> str:
    """What stands against an address, and what ends it, in words."""
    return "; ".join(way for bit, way in _WAYS.items() if denials & bit) or "its status says so"


def opt_in_event(number: int, consent: Consent, evidence: ConsentEvidence | None = None) -> dict[str, object]:
    """What goes on record about a consent."""
    return {
        "contact_id": number,
        "what": ConsentAct.OPT_IN.value,
        "level": consent.level.value,
        "source": consent.source,
        "at": consent.at,
        "basis": consent.basis.value,
        "wording": evidence.wording or None if evidence else None,
        "version": evidence.version or None if evidence else None,
        "confirmed_at": evidence.confirmed_at if evidence else None,
        "reference": evidence.reference or None if evidence else None,
    }


def _lifted_by(consent: Consent, evidence: ConsentEvidence | None) -> Denials:
    """What a consent may end: an opt-out or erasure; with the proof of a double opt-in, a complaint as well (D13)."""
    doubly = evidence is not None and evidence.level is ConsentLevel.PROVEN and consent.level is ConsentLevel.PROVEN
    return _PERSONS_OWN | (Denials.COMPLAINT if doubly else Denials(0))


def _fault_of(
    connection: Connection, account: AccountId, row: AnyRow, stands: int, lifts: Denials, consent: Consent
) -> str | None:
    """Why this consent does not subscribe the person, or ``None``."""
    if consent.level is ConsentLevel.NONE:
        return "nobody claims a consent"
    if beyond := stands & _NOT_LIFTED & ~lifts or (row.status == Status.BOUNCED.value and Denials.HARD_BOUNCE):
        return ways(int(beyond))
    said_no = _said_no_at(connection, account, row.address_key, lifts)
    if said_no is not None and consent.at <= said_no:
        return f"the person opted out on {said_no:%Y-%m-%d %H:%M}, not before this consent"
    if stands & _PERSONS_OWN and consent.level is not ConsentLevel.PROVEN:
        return "the person opted out, which only their own, proven consent ends"
    return None


def _said_no_at(connection: Connection, account: AccountId, key: AddressKey, lifts: Denials) -> datetime | None:
    """When the person last said no, as far as this consent may end it."""
    s = suppressions.c
    liftable = [reason.value for reason, denial in DENIAL_OF.items() if denial & lifts]
    this = (s.account_id == account, s.address_key == key, s.reason.in_(liftable))
    return connection.scalar(select(s.at).where(*this).order_by(s.at.desc()).limit(1))


def _is_opted_out(connection: Connection, account: AccountId, row: AnyRow) -> bool:
    """Whether an opt-out is in force in every project of the account, and shows in this contact's status."""
    ours = contacts.c.project_id.in_(select(projects.c.id).where(projects.c.account_id == account))
    lifted = select(func.max(contacts.c.lifted.bitwise_and(int(Denials.UNSUBSCRIBED))))
    somewhere = connection.scalar(lifted.where(contacts.c.address_key == row.address_key, ours))
    stands = denials_of(connection, account, row.address_key) & Denials.UNSUBSCRIBED
    return bool(stands) and not somewhere and row.status in {Status.UNSUBSCRIBED.value, Status.BOUNCED.value}
