"""The store: everything that is kept, room by room."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal, Protocol

from ..audience.contact import ProjectId
from ..audience.intake import Intake
from .contacts import Contacts
from .domains import Domains
from .feedback import Feedback
from .idempotency import IdempotencyKeys
from .importing import ImportReport, Incoming
from .inbox import Inbox
from .ledger import Ledger
from .opt_ins import OptIns
from .pace import Pace
from .projects import Projects
from .schedules import Schedules
from .segments import Segments
from .sends import Sends
from .suppressions import Suppressions
from .sync import Syncs
from .tags import Tags
from .topics import Topics

__all__ = ["Store"]


class Store(Protocol):
    """All rooms behind one database."""

    @property
    def projects(self) -> Projects: ...

    @property
    def contacts(self) -> Contacts: ...

    @property
    def tags(self) -> Tags: ...

    @property
    def topics(self) -> Topics: ...

    @property
    def opt_ins(self) -> OptIns: ...

    @property
    def segments(self) -> Segments: ...

    @property
    def suppressions(self) -> Suppressions: ...

    @property
    def domains(self) -> Domains: ...

    @property
    def sends(self) -> Sends: ...

    @property
    def schedules(self) -> Schedules: ...

    @property
    def feedback(self) -> Feedback: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def inbox(self) -> Inbox: ...

    @property
    def idempotency_keys(self) -> IdempotencyKeys: ...

    @property
    def pace(self) -> Pace: ...

    @property
    def syncs(self) -> Syncs: ...

    def import_contacts(  # noqa: PLR0913 - what an import must be told
        self,
        project: ProjectId,
        rows: Iterable[Incoming],
        intake: Intake,
        *,
        on_conflict: Literal["upsert", "skip"] = "upsert",
        tags: frozenset[str] = frozenset(),
        dry_run: bool = False,
        at: datetime,
        report_row: Callable[[int, str, str], None] | None = None,
        progress: Callable[[ImportReport], None] | None = None,
    ) -> ImportReport: ...

    def close(self) -> None: ...
