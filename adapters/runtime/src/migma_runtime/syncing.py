"""Syncing: keeping a project in step with the audience that a provider keeps itself (design D16)."""

from __future__ import annotations

from collections.abc import Sequence

from migma_core.audience import Address, AddressKey, address_key
from migma_core.ports import Keeper, SyncReport
from migma_core.request import BUILT_IN_PROVIDER, Sync

from .parts import Parts

__all__ = ["Syncing"]


class Syncing:
    """Runs passes, says how old they are, and ends them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def run(self, project_id: str) -> SyncReport:
        """
        One pass, or the rest of one that was interrupted. From the first on, marketing leaves only while the last whole
        one is within its bound.

        Raises `LookupError` where no provider keeps an audience of its own, and what its client raises where it cannot
        go on; running it again goes on from there.
        """
        parts = self._parts
        pepper = parts.keys.pepper_bytes()

        def key_of(address: Address) -> AddressKey:
            return address_key(address, pepper)

        return self._keeper().synchronize(parts.project(project_id), parts.store, parts.clock, key_of)

    def state(self, project_id: str) -> Sequence[Sync]:
        """Every connected sync of the project's account, and as of when it is whole."""
        return self._parts.store.syncs.of(self._parts.project(project_id).account)

    def end(self, project_id: str) -> bool:
        """
        Disconnect: marketing waits for no pass any more, and who is who there is forgotten. Denials stay.

        ``False`` where nothing was connected. Bind the built-in provider to another adapter first: as long as it is one
        that keeps an audience of its own, marketing waits for a first pass.
        """
        parts = self._parts
        project = parts.project(project_id)
        ended = [parts.store.syncs.end(project.id, one.provider) for one in parts.store.syncs.of(project.account)]
        return any(ended)

    def _keeper(self) -> Keeper:
        keeper = self._parts.connections.keeper()
        if keeper is None:
            raise LookupError(
                f"the provider {BUILT_IN_PROVIDER} is bound to {self._parts.connections.bound}, which has no audience "
                "of its own; bind it to Migma's own API with MIGMA_PROVIDER=platform"
            )
        return keeper
