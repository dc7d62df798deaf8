"""Sending domains of the account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from migma_core.request.domain import SendingDomain
from migma_core.request.project import AccountId

from .engine import reading, writing
from .schema import domains
from .shapes import AnyRow

__all__ = ["Domains", "UnknownDomain"]

_SHOWN = tuple(
    domains.c[name]
    for name in (
        *("name", "is_verified", "is_suspended", "sent", "bounced", "complained"),
        *("open_tracking", "click_tracking"),
    )
)


class UnknownDomain(LookupError):
    """The account has no domain of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the account has no domain {name[:80]!a}; add it first")


class Domains:
    """The domains of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, account: AccountId, name: str, at: datetime) -> SendingDomain:
        """Add a domain; a managed one is verified at creation (R43). Raises `ValueError` for one that is there."""
        made = SendingDomain(name)
        row = {
            "account_id": account,
            "name": made.name,
            "is_verified": made.is_managed,
            "is_suspended": False,
            "open_tracking": made.open_tracking,
            "click_tracking": made.click_tracking,
            "created_at": at,
            "verified_at": at if made.is_managed else None,
        }
        with writing(self._engine) as connection:
            if _find(connection, account, name) is not None:
                raise ValueError(f"the account has the domain {name} already")
            connection.execute(insert(domains), row)
            return _known(connection, account, name)

    def verify(self, account: AccountId, name: str, at: datetime) -> SendingDomain:
        """Record that the domain was checked. Raises `UnknownDomain`."""
        return self._change(account, name, is_verified=True, verified_at=at)

    def suspend(self, account: AccountId, name: str) -> SendingDomain:
        """Stop all sending from the domain (R46). Raises `UnknownDomain`."""
        return self._change(account, name, is_suspended=True)

    def get(self, account: AccountId, name: str) -> SendingDomain | None:
        """Read one domain."""
        with reading(self._engine) as connection:
            return _find(connection, account, name)

    def list(self, account: AccountId) -> Sequence[SendingDomain]:
        """Every domain of the account, by name."""
        query = select(*_SHOWN).where(domains.c.account_id == account).order_by(domains.c.name)
        with reading(self._engine) as connection:
            return tuple(_domain(row) for row in connection.execute(query))

    def _change(self, account: AccountId, name: str, **values: object) -> SendingDomain:
        this = (domains.c.account_id == account, domains.c.name == name)
        with writing(self._engine) as connection:
            connection.execute(update(domains).where(*this).values(**values))
            return _known(connection, account, name)


def _find(connection: Connection, account: AccountId, name: str) -> SendingDomain | None:
    query = select(*_SHOWN).where(domains.c.account_id == account, domains.c.name == name)
    row = connection.execute(query).first()
    return None if row is None else _domain(row)


def _known(connection: Connection, account: AccountId, name: str) -> SendingDomain:
    found = _find(connection, account, name)
    if found is None:
        raise UnknownDomain(name)
    return found


def _domain(row: AnyRow) -> SendingDomain:
    return SendingDomain(*row)
