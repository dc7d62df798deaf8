"""Writing denials: an entry of the list, the bit on the address, and the status of everyone who has it, together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from migma_core.audience.address import AddressKey
from migma_core.audience.consent_event import NOTHING_SHOWN, Shown
from migma_core.audience.contact import Status
from migma_core.audience.suppression import DENIAL_OF, Denials, Suppression, SuppressionReason
from migma_core.request.project import AccountId

from .bulk import insert_missing, is_one_of, rows_of
from .schema import Instant, addresses, consent_events, contacts, projects, suppressions, suppressions_ended
from .shapes import AnyRow

__all__ = ["STATUS_AFTER", "Denial", "Locked", "deny", "end_entry", "lock_addresses", "reinstate"]

Denial: TypeAlias = tuple[AddressKey, str | None, Suppression]
"""Whose key, which address (for people to read, where it may be known), and why."""

STATUS_AFTER = {
    SuppressionReason.BOUNCE: Status.BOUNCED,
    SuppressionReason.UNSUBSCRIBE: Status.UNSUBSCRIBED,
    SuppressionReason.COMPLAINT: Status.UNSUBSCRIBED,
    SuppressionReason.OBJECTION: Status.UNSUBSCRIBED,
}
"""The status that a denial gives whoever has not bounced; the others give none."""

_SAID_NO = Denials.UNSUBSCRIBED | Denials.COMPLAINT | Denials.OBJECTION


class Locked(NamedTuple):
    """Addresses that nobody else changes meanwhile: what stands against each; those known to have had no row."""

    denials: Mapping[AddressKey, int]
    new: Set[AddressKey]


def lock_addresses(connection: Connection, account: AccountId, keys: Iterable[AddressKey]) -> Locked:
    """
    Make sure that every address has its row, and keep it from changing until the transaction ends.

    Whoever adds a person or a denial begins so: of two at once the second sees what the first did, and since all take
    their rows in the same order, none waits for one who waits for it. It follows that an address which had no row is no
    person's either.
    """
    ordered = sorted(set(keys))
    new = _insert_missing(connection, account, ordered)
    a = addresses.c
    others = [key for key in ordered if key not in new]
    those = select(a.address_key, a.denials).where(
        a.account_id == account, is_one_of(connection, a.address_key, others)
    )
    found = connection.execute(those.order_by(a.address_key).with_for_update()) if others else ()
    return Locked(dict.fromkeys(new, 0) | {AddressKey(key): denials for key, denials in found}, new)


def _insert_missing(connection: Connection, account: AccountId, keys: Sequence[AddressKey]) -> Set[AddressKey]:
    """Give every address its row; all of them, if PostgreSQL says that none had one, which nobody else sees yet."""
    a = addresses.c
    if connection.dialect.name != "postgresql":
        insert_missing(connection, addresses, ("account_id", "address_key"), [(account, key) for key in keys])
        return frozenset()
    rows = select(rows_of(keys), literal(account))
    missing = postgresql.insert(addresses).from_select([a.address_key, a.account_id], rows).on_conflict_do_nothing()
    inserted = connection.execute(missing.execution_options(preserve_rowcount=True)).rowcount
    return frozenset(keys) if inserted == len(keys) else frozenset()


def deny(
    connection: Connection,
    account: AccountId,
    denials: Sequence[Denial],
    shown: Shown = NOTHING_SHOWN,
    reference: str | None = None,
) -> None:
    """
    Record denials, for every project of the account. They only ever accumulate, in any order and however often.

    Of several entries of a kind the latest is kept, since a consent that lifts them must be later than all; no earlier
    consent lifts them any more. What was ``shown``, and the ``reference`` to what led to it, go on record with the
    opt-outs.
    """
    if not denials:
        return
    stands = lock_addresses(connection, account, [key for key, _, _ in denials]).denials
    # whose address must not be written down again, whatever becomes known about it (O-06)
    forgotten = {key for key, bits in stands.items() if bits & Denials.ERASED}
    # a provider's own entry stops that provider alone: it has no bit, and says nothing about the person
    record = {"wording": shown.wording or None, "version": shown.version or None, "reference": reference}
    told = [_told(account, one) | record for one in denials if one[2].provider is None]
    moved = [row for row in told if row["to"] is not None]
    opted_out = [row for row in moved if row["to"] == Status.UNSUBSCRIBED.value]
    _execute(connection, _latest_entry(connection), [_entry(account, *one, forgotten) for one in denials])
    for statement, rows in ((_OPT_OUT, opted_out), (_SET_BIT, told), (_UNLIFT, told), (_SET_STATUS, moved)):
        _execute(connection, statement, rows)


def end_entry(connection: Connection, row: AnyRow, by: str, at: datetime) -> None:
    """Take an entry off the list, on record with who or what ended it, and its bit off the address (A-09)."""
    ended = {name: getattr(row, name) for name in ("account_id", "address_key", "reason", "provider", "source", "at")}
    connection.execute(insert(suppressions_ended), ended | {"ended_at": at, "ended_by": by})
    connection.execute(delete(suppressions).where(suppressions.c.id == row.id))
    a = addresses.c
    this = update(addresses).where(a.account_id == row.account_id, a.address_key == row.address_key)
    connection.execute(this.values(denials=a.denials.bitwise_and(~int(DENIAL_OF[SuppressionReason(row.reason)]))))


def reinstate(connection: Connection, account: AccountId, key: AddressKey, stands: int, at: datetime) -> None:
    """
    An address works again (K-06): its people have the status that what else ``stands`` leaves them. Who had opted out
    stays so; of all others nobody knows any more that they want marketing, and a consent has to say it.
    """
    c = contacts.c
    said_no = c.lifted.bitwise_not().bitwise_and(stands & int(_SAID_NO)) != 0
    left = case((said_no, Status.UNSUBSCRIBED.value), else_=Status.NON_SUBSCRIBED.value)
    ours = c.project_id.in_(select(projects.c.id).where(projects.c.account_id == account))
    bounced = (c.address_key == key, ours, c.status == Status.BOUNCED.value)
    connection.execute(update(contacts).where(*bounced).values(status=left, updated_at=at))
    a = addresses.c
    this = update(addresses).where(a.account_id == account, a.address_key == key)
    connection.execute(this.values(epoch=a.epoch + 1))


def _latest_entry(connection: Connection) -> Any:
    new = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(suppressions)
    old, given = suppressions.c, new.excluded
    later = or_(given.at > old.at, and_(given.at == old.at, given.source < old.source))
    same = (old.account_id, old.address_key, old.reason, old.provider)
    return new.on_conflict_do_update(index_elements=same, set_={"at": given.at, "source": given.source}, where=later)


def _execute(connection: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(statement, rows)


_KEY = bindparam("key", type_=LargeBinary)
_BIT, _AT = bindparam("bit", type_=Integer), bindparam("at", type_=Instant)
_ADDRESS = (addresses.c.account_id == bindparam("account"), addresses.c.address_key == _KEY)
_PEOPLE = (
    contacts.c.address_key == _KEY,
    contacts.c.project_id.in_(select(projects.c.id).where(projects.c.account_id == bindparam("account"))),
)


def _has(bits: ColumnElement[int]) -> ColumnElement[bool]:
    return bits.bitwise_and(_BIT) != 0


# O-01: the opt-out goes on record for everyone for whom it is new
_OPT_OUT = insert(consent_events).from_select(
    ["contact_id", "what", "source", "wording", "version", "reference", "at"],
    select(
        contacts.c.id,
        bindparam("what"),
        bindparam("source"),
        *(bindparam(name, type_=consent_events.c[name].type) for name in ("wording", "version", "reference")),
        _AT,
    )
    .select_from(contacts.join(addresses, addresses.c.address_key == contacts.c.address_key))
    .where(*_ADDRESS, *_PEOPLE, ~_has(addresses.c.denials.bitwise_and(contacts.c.lifted.bitwise_not()))),
)
_SET_BIT = update(addresses).where(*_ADDRESS).values(denials=addresses.c.denials.bitwise_or(_BIT))
_UNLIFT = (
    update(contacts)
    .where(*_PEOPLE, _has(contacts.c.lifted))
    .values(lifted=contacts.c.lifted.bitwise_and(_BIT.bitwise_not()), updated_at=_AT)
)
# R59, R61: a bounce shows in the status of every project; so does an opt-out, except where a bounce is known
_SET_STATUS = (
    update(contacts)
    .where(*_PEOPLE, or_(contacts.c.status.is_(None), contacts.c.status != Status.BOUNCED.value))
    .values(
        status=bindparam("to"),
        unsubscribed_at=case(
            (bindparam("to") == Status.UNSUBSCRIBED.value, func.coalesce(contacts.c.unsubscribed_at, _AT)),
            else_=contacts.c.unsubscribed_at,
        ),
        updated_at=_AT,
    )
)


def _told(account: AccountId, denial: Denial) -> dict[str, Any]:
    key, _, entry = denial
    status = STATUS_AFTER.get(entry.reason)
    return {
        "account": account,
        "key": key,
        "bit": int(entry.denial),
        "reason": entry.reason.value,
        "source": entry.source,
        "at": entry.at,
        "what": "opt_out",
        "to": None if status is None else status.value,
    }


def _entry(
    account: AccountId, key: AddressKey, address: str | None, one: Suppression, forgotten: Collection[AddressKey]
) -> dict[str, Any]:
    return {
        "account_id": account,
        "address_key": key,
        "address": None if key in forgotten or one.reason is SuppressionReason.ERASED else address,
        "reason": one.reason.value,
        "provider": one.provider or "",
        "source": one.source,
        "at": one.at,
    }
