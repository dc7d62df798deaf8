"""Writing denials: an entry of the list, the bit on the address, and the status of everyone who has it, together."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, case, exists, func, or_, select, update

from migma_core.audience.address import AddressKey
from migma_core.audience.contact import Status
from migma_core.audience.suppression import Suppression, SuppressionReason
from migma_core.request.project import AccountId

from .functions import insert_new
from .schema import Instant, addresses, contacts, projects, suppressions

__all__ = ["Denial", "deny", "know_addresses"]

Denial = tuple[AddressKey, str, Suppression]
"""Whose key, which address (for people to read), and why."""

_OPT_OUT = frozenset({SuppressionReason.UNSUBSCRIBE, SuppressionReason.COMPLAINT, SuppressionReason.OBJECTION})


def know_addresses(connection: Connection, account: AccountId, keys: Sequence[AddressKey]) -> None:
    """Make sure that every address has its row of denials."""
    if keys:
        rows = [{"account_id": account, "address_key": key} for key in keys]
        connection.execute(insert_new(connection, addresses), rows)


def deny(connection: Connection, account: AccountId, denials: Sequence[Denial]) -> None:
    """Record denials. The first entry of a kind is kept with its time; bits only ever accumulate (design §2.8)."""
    if not denials:
        return
    know_addresses(connection, account, [key for key, _, _ in denials])
    bits = [(key, one) for key, _, one in denials if one.provider is None]  # a provider's own entry stops it alone
    for statement in (_RENEW_ENTRY, _UNLIFT, _SET_BIT) if bits else ():
        connection.execute(statement, [_bit(account, key, one) for key, one in bits])
    connection.execute(insert_new(connection, suppressions), [_entry(account, *one) for one in denials])
    for status, reasons in ((Status.BOUNCED, {SuppressionReason.BOUNCE}), (Status.UNSUBSCRIBED, _OPT_OUT)):
        told = [
            {"account": account, "key": key, "to": status.value, "at": one.at}
            for key, one in bits
            if one.reason in reasons
        ]
        if told:
            connection.execute(_SET_STATUS, told)


_OURS = contacts.c.project_id.in_(select(projects.c.id).where(projects.c.account_id == bindparam("account")))
_LIFTED = contacts.c.lifted.bitwise_and(bindparam("bit")) != 0
# a denial after a consent that had ended it: its time is the one that counts, and no project is exempt any more
_RENEW_ENTRY = (
    update(suppressions)
    .where(
        suppressions.c.account_id == bindparam("account"),
        suppressions.c.address_key == bindparam("key"),
        suppressions.c.reason == bindparam("why"),
        exists().where(contacts.c.address_key == bindparam("key"), _OURS, _LIFTED),
    )
    .values(at=bindparam("since", type_=Instant), source=bindparam("by"))
)
_UNLIFT = (
    update(contacts)
    .where(contacts.c.address_key == bindparam("key"), _OURS, _LIFTED)
    .values(lifted=contacts.c.lifted - bindparam("bit"))
)
_SET_BIT = (
    update(addresses)
    .where(addresses.c.account_id == bindparam("account"), addresses.c.address_key == bindparam("key"))
    .values(denials=addresses.c.denials.bitwise_or(bindparam("bit")))
)
# R59, R61: a bounce shows in the status of every project; so does an opt-out, except where a bounce is known
_SET_STATUS = (
    update(contacts)
    .where(
        contacts.c.address_key == bindparam("key"),
        _OURS,
        or_(contacts.c.status.is_(None), contacts.c.status != Status.BOUNCED.value),
    )
    .values(
        status=bindparam("to"),
        unsubscribed_at=case(
            (
                bindparam("to") == Status.UNSUBSCRIBED.value,
                func.coalesce(contacts.c.unsubscribed_at, bindparam("at", type_=Instant)),
            ),
            else_=contacts.c.unsubscribed_at,
        ),
    )
)


def _bit(account: AccountId, key: AddressKey, one: Suppression) -> dict[str, object]:
    return {
        "account": account,
        "key": key,
        "bit": int(one.denial),
        "why": one.reason.value,
        "since": one.at,
        "by": one.source,
    }


def _entry(account: AccountId, key: AddressKey, address: str, one: Suppression) -> dict[str, object]:
    return {
        "account_id": account,
        "address_key": key,
        "address": address,
        "reason": one.reason.value,
        "provider": one.provider or "",
        "source": one.source,
        "at": one.at,
    }
