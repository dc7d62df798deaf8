"""Keeping in step: what a provider with an audience of its own, and the store, must offer each other (design D16)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from ..audience.address import Address, AddressKey
from ..audience.contact import Contact, ContactId, ProjectId
from ..audience.topic import TopicId
from ..request.project import AccountId, Project
from ..request.sync import Sync
from .clock import Clock

if TYPE_CHECKING:
    from .store import Store

__all__ = ["Keeper", "Link", "SyncPass", "SyncReport", "Syncs"]


@dataclass(frozen=True, slots=True)
class SyncPass:
    """A pass that is under way: when it began, and how far it came; ``""`` at its beginning."""

    began_at: datetime
    position: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """
    Somebody known on both sides: the other side's id, and the topics that it was ``told`` they left, so that it is told
    once.
    """

    theirs: str
    told: frozenset[TopicId] = frozenset()


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a pass did, by name, and what it could not do, in sentences."""

    as_of: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Keeper(Protocol):
    """A provider that keeps contacts, topics and opt-outs of its own, and can be kept in step with."""

    @property
    def provider(self) -> str:
        """Its name."""
        ...

    @property
    def bound(self) -> timedelta:
        """How old what is known of it may be while marketing leaves."""
        ...

    def synchronize(
        self, project: Project, store: Store, clock: Clock, key_of: Callable[[Address], AddressKey], /
    ) -> SyncReport:
        """
        Bring both sides in step: a denial on either side wins. Safe to repeat and to interrupt; only a whole pass
        counts.

        Raises what the provider's client raises where it cannot go on; what was done stays done, and the next call goes
        on from there.
        """
        ...


class Syncs(Protocol):
    """Which projects are kept in step with which provider, how far, and who is who there."""

    def begin(self, project: ProjectId, provider: str, bound: timedelta, at: datetime) -> SyncPass:
        """
        Begin a pass, or go on with the one that was interrupted, if it is younger than half the bound. From now on the
        sync is connected: where it is overdue no marketing leaves.
        """
        ...

    def reach(self, project: ProjectId, provider: str, position: str) -> None:
        """Record how far the pass came; durable when it returns."""
        ...

    def complete(self, project: ProjectId, provider: str) -> None:
        """The pass is whole: what is known is as of its beginning."""
        ...

    def of(self, account: AccountId) -> Sequence[Sync]:
        """Every connected sync of the account's projects."""
        ...

    def end(self, project: ProjectId, provider: str) -> bool:
        """Disconnect: nothing is waited for any more, and who is who there is forgotten. ``False`` if none was."""
        ...

    def link(self, provider: str, links: Mapping[ContactId, Link]) -> None:
        """Record who these are there, together; in place of what was recorded before."""
        ...

    def linked(self, provider: str, contacts: Sequence[ContactId]) -> Mapping[ContactId, Link]:
        """Who these are there, as far as they are known there."""
        ...

    def unlinked(self, project: ProjectId, provider: str, after: int, limit: int) -> tuple[tuple[Contact, ...], int]:
        """Subscribed people not known there, in the order they were added after ``after``; and where to go on."""
        ...

    def link_topics(self, project: ProjectId, provider: str, topics: Mapping[TopicId, str]) -> None:
        """Record which topics are which there; in place of all that was recorded before."""
        ...

    def topics(self, project: ProjectId, provider: str) -> Mapping[TopicId, str]:
        """The topics that are known there, by the other side's ids."""
        ...
