"""The suppression list: the account's addresses not to be mailed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Engine, select

from migma_core.audience.address import Address, AddressKey, address_key
from migma_core.audience.contact import ProjectId
from migma_core.audience.suppression import Suppression, SuppressionReason
from migma_core.decision import reasons as why
from migma_core.decision.explain import remedy
from migma_core.decision.reasons import Reason
from migma_core.ports import SuppressionRecord
from migma_core.request.project import AccountId

from .denying import deny, end_entry, lock_addresses, reinstate
from .engine import reading, writing
from .question import account_of
from .schema import suppressions
from .shapes import AnyRow

__all__ = ["CannotRemove", "Suppressions"]

_MEANS: Mapping[SuppressionReason, Reason] = {
    SuppressionReason.BOUNCE: why.HardBounce(),
    SuppressionReason.COMPLAINT: why.Complaint(),
    SuppressionReason.UNSUBSCRIBE: why.Unsubscribed(),
    SuppressionReason.OBJECTION: why.Objection(),
    SuppressionReason.ERASED: why.Erased(),
    SuppressionReason.PROVIDER: why.ProviderSuppressed(),
    SuppressionReason.SOFT_BOUNCE_LIMIT: why.SoftBounceLimit(),
}
# D13: what an operator decided, and what a mailbox did that somebody has looked into; never what a person said
_BY_HAND = {SuppressionReason.MANUAL, SuppressionReason.SOFT_BOUNCE_LIMIT, SuppressionReason.BOUNCE}


class CannotRemove(ValueError):
    """This entry does not end by removing it; the message names what ends it (design D13)."""


class Suppressions:
    """The list of one database; ``pepper`` keys the addresses."""

    def __init__(self, engine: Engine, pepper: bytes) -> None:
        self._engine = engine
        self._pepper = pepper

    def add(self, account: AccountId, address: Address, entry: Suppression) -> None:
        """Put an address on the list; an entry of the same kind keeps its first time."""
        with writing(self._engine) as connection:
            deny(connection, account, [(address_key(address, self._pepper), str(address), entry)])

    def remove(self, account: AccountId, address: Address, reason: SuppressionReason, by: str, at: datetime) -> None:
        """
        Take a manual entry off the list, or reinstate an address that bounced: on record with who decided it.

        Soft bounces count anew from then on, see `latch`. After a hard bounce nobody is subscribed by this, see
        `reinstate`. Raises `CannotRemove` for any other reason, and `LookupError` where there is no such entry.
        """
        if reason not in _BY_HAND:
            raise CannotRemove(f"an entry for {reason} is not removed by hand; what ends it: {remedy(_MEANS[reason])}")
        if not by.strip():
            raise ValueError("say who decided to lift the suppression; it is kept on record")
        s = suppressions.c
        key = address_key(address, self._pepper)
        this = (s.account_id == account, s.address_key == key, s.reason == reason.value)
        with writing(self._engine) as connection:
            # a bounce that is told meanwhile is counted after this, or before
            stands = lock_addresses(connection, account, [key]).denials[key]
            row = connection.execute(select(suppressions).where(*this)).first()
            if row is None:
                raise LookupError(f"{address} is not on the list for {reason}")
            end_entry(connection, row, by, at)
            if reason is SuppressionReason.BOUNCE:
                reinstate(connection, account, key, stands, at)

    def list(
        self, account: AccountId, *, reason: SuppressionReason | None = None, limit: int = 50
    ) -> Sequence[SuppressionRecord]:
        """Entries, newest first."""
        query = select(suppressions).where(suppressions.c.account_id == account)
        if reason is not None:
            query = query.where(suppressions.c.reason == reason.value)
        newest = query.order_by(suppressions.c.at.desc(), suppressions.c.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return tuple(_record(row) for row in connection.execute(newest))

    def of(self, project: ProjectId, key: AddressKey) -> tuple[Suppression, ...]:
        """The evidence against one address in the project's account, latest first."""
        s = suppressions.c
        with reading(self._engine) as connection:
            account = account_of(connection, project)
            query = select(suppressions).where(s.account_id == account, s.address_key == key).order_by(s.at.desc())
            rows = connection.execute(query).all()
        return tuple(
            Suppression(SuppressionReason(row.reason), row.at, row.source, row.provider or None) for row in rows
        )


def _record(row: AnyRow) -> SuppressionRecord:
    return SuppressionRecord(row.address, SuppressionReason(row.reason), row.source, row.at, row.provider or None)
