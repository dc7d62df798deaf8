"""Projects: the container of an audience, its campaigns and its brand, within an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

from ..audience.contact import ProjectId
from .brand import Brand

__all__ = ["AccountId", "Project"]

AccountId = NewType("AccountId", str)
"""Domains, suppressions and provider connections belong to it (design D15)."""


@dataclass(frozen=True, slots=True)
class Project:
    """One brand's audience. ``id`` and ``account`` are 32 hex digits."""

    id: ProjectId
    account: AccountId
    name: str
    brand: Brand
