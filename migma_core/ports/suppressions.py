"""The suppression list, where it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ..audience.address import Address, AddressKey
from ..audience.contact import ProjectId
from ..audience.suppression import Suppression, SuppressionReason
from ..request.project import AccountId
from .person import SuppressionRecord

__all__ = ["Suppressions"]


class Suppressions(Protocol):
    """The account's list of addresses not to be mailed."""

    def add(self, account: AccountId, address: Address, entry: Suppression) -> None: ...

    def remove(self, account: AccountId, address: Address, reason: SuppressionReason, by: str, at: datetime) -> None:
        """
        End a manual entry, or reinstate an address that bounced (D13); on record with who decided it. Soft bounces
        count anew then. After a hard bounce a contact that was *bounced* is *unsubscribed* where they had opted out,
        and *non-subscribed* otherwise: nobody is subscribed by it. Raises `ValueError` for any other reason, which says
        what ends it, and `LookupError` where there is no such entry.
        """
        ...

    def list(
        self, account: AccountId, *, reason: SuppressionReason | None = None, limit: int = 50
    ) -> Sequence[SuppressionRecord]: ...

    def of(self, project: ProjectId, key: AddressKey) -> tuple[Suppression, ...]:
        """The evidence against one address in the project's account."""
        ...
