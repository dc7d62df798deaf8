"""The store: all rooms behind one database (the port `migma_core.ports.Store`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Engine

from migma_core.audience.contact import ProjectId
from migma_core.audience.intake import Intake
from migma_core.audience.soft_bounces import SoftBounceCounter
from migma_core.ports import ImportReport, Incoming

from .contacts import Contacts
from .domains import Domains
from .engine import connect
from .feedback import Feedback
from .idempotency import SqlIdempotencyKeys
from .import_chunk import ImportTerms
from .importing import Import
from .inbox import SqlInbox
from .ledger import SqlLedger
from .migrate import migrate
from .opt_ins import OptIns
from .pace import SqlPace
from .projects import Projects
from .schedules import SqlSchedules
from .segments import Segments
from .sends import Sends
from .suppressions import Suppressions
from .syncs import Syncs
from .tags import Tags
from .topics import Topics

__all__ = ["SqlStore"]

_COUNTER = SoftBounceCounter()


class SqlStore:
    """Everything that is kept. ``pepper`` (32 octets or more) keys addresses and lives outside the database."""

    def __init__(
        self, engine: Engine, *, pepper: bytes, lease: timedelta, soft_bounces: SoftBounceCounter = _COUNTER
    ) -> None:
        self._engine = engine
        self._pepper = pepper
        self.projects = Projects(engine)
        self.contacts = Contacts(engine, pepper)
        self.tags = Tags(engine)
        self.topics = Topics(engine)
        self.opt_ins = OptIns(engine)
        self.segments = Segments(engine)
        self.suppressions = Suppressions(engine, pepper)
        self.domains = Domains(engine)
        self.feedback = Feedback(engine, pepper, soft_bounces)
        self.sends = Sends(engine, pepper)
        self.schedules = SqlSchedules(engine, lease)
        self.ledger = SqlLedger(engine, pepper, lease)
        self.inbox = SqlInbox(engine)
        self.idempotency_keys = SqlIdempotencyKeys(engine, lease)
        self.pace = SqlPace(engine)
        self.syncs = Syncs(engine)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        pepper: bytes,
        lease: timedelta = timedelta(seconds=30),
        soft_bounces: SoftBounceCounter = _COUNTER,
    ) -> SqlStore:
        """
        Connect, and bring the schema to this version. ``soft_bounces`` are how many stop marketing (K-05).

        Raises `SchemaTooNew`, `ValueError` for an unknown database, and a `StoreFault` where it cannot be used.

        >>> SqlStore.open("sqlite:///:memory:", pepper=bytes(32)).projects.all()
        ()
        """
        engine = connect(url)
        try:
            migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, pepper=pepper, lease=lease, soft_bounces=soft_bounces)

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
    ) -> ImportReport:
        """Import a list of any length, see `Import`; a dry run keeps nothing."""
        terms = ImportTerms(project, self._pepper, intake, at, on_conflict, tags)
        one = Import(self._engine, terms, report_row, progress)
        return one.rehearse(rows) if dry_run else one.run(rows)

    def close(self) -> None:
        """Release all connections."""
        self._engine.dispose()
