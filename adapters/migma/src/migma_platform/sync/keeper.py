"""The keeper: a pass over everything, phase by phase, each on record (the port `migma_core.ports.Keeper`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final, TypeAlias

from migma_http import Transport

from migma_core.audience import Address, AddressKey
from migma_core.ports import Clock, Store, SyncPass, SyncReport
from migma_core.request import Project

from ..client import Client
from ..limits import CAPABILITIES
from ..resources.contacts import ContactStatus
from ..settings import PlatformSettings
from .domains import keep_domains
from .missing import keep_missing
from .people import keep_people
from .task import Pass
from .topics import keep_topics

__all__ = ["PlatformSync"]

_Phase: TypeAlias = Callable[[Pass, dict[str, int]], None]


def _people(phase: str, status: ContactStatus | None) -> _Phase:
    def run(task: Pass, place: dict[str, int]) -> None:
        keep_people(task, phase, status, place.get("page", 1), place.get("count", 0))

    return run


# topics first, so that choices can be told; opt-outs before everybody, since they are what others wait for
_PHASES: Final[dict[str, _Phase]] = {
    "domains": lambda task, _: keep_domains(task),
    "topics": lambda task, _: keep_topics(task),
    "unsubscribed": _people("unsubscribed", ContactStatus.UNSUBSCRIBED),
    "bounced": _people("bounced", ContactStatus.BOUNCED),
    "everybody": _people("everybody", None),
    "missing": lambda task, place: keep_missing(task, place.get("after", 0)),
}


class PlatformSync:
    """
    Keeps a project in step with Migma. Found by entry point (group ``migma.sync``, name ``platform``).

    What is known of Migma is as of the beginning of the last whole pass, since nothing that changes there later is sure
    to have been seen.
    """

    Settings = PlatformSettings

    def __init__(self, client: Client, project: str, bound: timedelta, *, page_size: int = 100) -> None:
        self._client, self._project, self._bound = client, project, bound
        self._page_size = page_size

    @classmethod
    def connect(cls, settings: PlatformSettings, transport: Transport | None = None) -> PlatformSync:
        """With these settings; without a transport, urllib3 with their limits."""
        bound = timedelta(hours=settings.sync_hours)
        return cls(Client.connect(settings, transport), settings.project_id, bound)

    @property
    def provider(self) -> str:
        """The provider's name."""
        return CAPABILITIES.name

    @property
    def bound(self) -> timedelta:
        """How old what is known of Migma may be while marketing leaves."""
        return self._bound

    def synchronize(
        self, project: Project, store: Store, clock: Clock, key_of: Callable[[Address], AddressKey], /
    ) -> SyncReport:
        """
        One whole pass, or the rest of one that was interrupted. Raises `MigmaError` where Migma does not let it go on,
        and `Unsettled` where people are deleted there meanwhile.
        """
        begun = store.syncs.begin(project.id, self.provider, self.bound, clock.now())
        task = Pass(self._client, self._project, self.provider, project, store, clock, key_of, self._page_size)
        for phase in _left(begun):
            phase(task)
        store.syncs.complete(project.id, self.provider)
        counts = {name: count for name, count in sorted(task.counts.items()) if count}
        return SyncReport(begun.began_at, counts, tuple(dict.fromkeys(task.notes)))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __repr__(self) -> str:
        return f"PlatformSync({self._client!r}, {self._project!r})"


def _left(begun: SyncPass) -> list[Callable[[Pass], None]]:
    """The phases that are left, the first of them from where it came to."""
    place = json.loads(begun.position or "{}")
    names = list(_PHASES)
    start = names.index(place.pop("phase")) if place.get("phase") in names else 0
    return [partial(_run, name, place if at == 0 else {}) for at, name in enumerate(names[start:])]


def _run(name: str, place: dict[str, int], task: Pass) -> None:
    if not place:
        task.reach(name)
    _PHASES[name](task, place)
