"""Sending domains, where they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ..request.domain import SendingDomain
from ..request.project import AccountId

__all__ = ["Domains"]


class Domains(Protocol):
    """Sending domains of the account."""

    def add(self, account: AccountId, name: str, at: datetime) -> SendingDomain: ...

    def verify(self, account: AccountId, name: str, at: datetime) -> SendingDomain: ...

    def suspend(self, account: AccountId, name: str) -> SendingDomain: ...

    def get(self, account: AccountId, name: str) -> SendingDomain | None: ...

    def list(self, account: AccountId) -> Sequence[SendingDomain]: ...
