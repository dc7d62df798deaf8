"""The parts an installation is made of, and the look-ups that every room shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from migma_core.audience import ProjectId, SegmentId, TopicId
from migma_core.decision import Policy, Sender
from migma_core.ports import Capabilities, Clock, Provider, Store
from migma_core.request import BUILT_IN_PROVIDER, AccountId, Project, SendRequest, Sync

from .connections import Connections
from .settings import Keys, Settings
from .spool import Spool

__all__ = ["Parts"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """Settings, secrets and adapters, put together by `Migma.open`. ``connections`` are the providers."""

    settings: Settings
    keys: Keys = field(repr=False)
    store: Store
    clock: Clock
    policy: Policy
    connections: Connections

    @property
    def spool(self) -> Spool:
        """What was answered while the store could not take it."""
        return Spool(self.settings.spool_path)

    def provider(self, request: SendRequest) -> Provider:
        """The adapter behind the provider a request names. Raises `LookupError` where none is connected (R44)."""
        found = self.connections.get(request.provider)
        if found is None:
            raise LookupError(
                f"the provider {request.provider} is not connected; connect it, or send through {BUILT_IN_PROVIDER}"
            )
        return self.informing(found, request)

    def informing(self, provider: T, request: SendRequest) -> T:
        """The provider; one with topics of its own is told which are ours."""
        knowing = getattr(provider, "knowing", None)
        known: T = provider if knowing is None else knowing(self._topics(request))
        return known

    def _topics(self, request: SendRequest) -> Mapping[TopicId, str]:
        return self.store.syncs.topics(request.project, self.connections.bound)

    def informed(self, sender: Sender, request: SendRequest, account: AccountId) -> Sender:
        """What the store knows of the sender's side, and what this installation is connected to and can carry."""
        provider = self.connections.get(request.provider)
        connected = sender.connected | self.connections.names
        can = provider.capabilities if provider else None
        return replace(sender, connected=connected, capabilities=can, overdue=self._overdue(account))

    def _overdue(self, account: AccountId) -> tuple[Sync, ...]:
        """The account's syncs that are older than their bound; one that never was is among them (design D16)."""
        syncs = self.store.syncs.of(account)
        keeper = self.connections.keeper()
        if keeper is not None and keeper.provider not in {one.provider for one in syncs}:
            syncs = (*syncs, Sync(keeper.provider, None, keeper.bound))
        now = self.clock.now()
        return tuple(one for one in syncs if one.is_overdue(now))

    def capabilities(self, request: SendRequest) -> Capabilities:
        """What that provider can carry."""
        return self.provider(request).capabilities

    def project(self, id_or_name: str) -> Project:
        """Find a project. Raises `LookupError`."""
        return self.store.projects.find(id_or_name)

    def topic_id(self, project: ProjectId, id_or_name: str | None) -> TopicId | None:
        """Find a topic's id by id or name; an unknown one is kept, for the authorization to refuse (R25)."""
        if id_or_name is None:
            return None
        topic = self.store.topics.find(project, id_or_name)
        return topic.id if topic else TopicId(id_or_name)

    def tag_name(self, project: ProjectId, id_or_name: str) -> str:
        """Find a tag's name by id or name; an unknown one is kept, for the authorization to refuse."""
        tag = self.store.tags.find(project, id_or_name)
        return tag.name if tag else id_or_name

    def known_segment(self, project: ProjectId, id_or_name: str) -> SegmentId:
        """Find a segment's id by id or name. Raises `LookupError`: leaving out nobody by mistake is not an option."""
        segment = self.store.segments.find(project, id_or_name)
        if segment is None:
            raise LookupError(f"there is no segment {id_or_name!r} to leave out; list the segments to see their names")
        return segment.id

    def segment_id(self, project: ProjectId, id_or_name: str) -> str:
        """Find a segment's id by id or name; an unknown one is kept, for the authorization to refuse."""
        segment = self.store.segments.find(project, id_or_name)
        return segment.id if segment else id_or_name
