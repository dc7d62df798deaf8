"""Evidence: the suppressions behind denials, read only for those who have one (D4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from migma_core.audience.suppression import Suppression, SuppressionReason
from migma_core.request.project import AccountId

from .schema import suppressions
from .shapes import AnyRow

__all__ = ["evidence_for"]


def evidence_for(
    connection: Connection, account: AccountId, provider: str, keys: Sequence[bytes]
) -> Mapping[bytes, tuple[Suppression, ...]]:
    """The account's entries by address key, the latest first; other providers' own entries are left out."""
    s = suppressions.c
    query = select(s.address_key, s.reason, s.at, s.source, s.provider).where(
        s.account_id == account, s.address_key.in_(keys), s.provider.in_(("", provider))
    )
    found: dict[bytes, tuple[Suppression, ...]] = defaultdict(tuple)
    for row in connection.execute(query.order_by(s.at.desc())):
        found[row.address_key] += _entries(row)
    return found


def _entries(row: AnyRow) -> tuple[Suppression, ...]:
    """The row as a value, or nothing: a bit still withholds where its evidence cannot be read."""
    try:
        return (Suppression(SuppressionReason(row.reason), row.at, row.source, row.provider or None),)
    except ValueError:
        return ()
