"""People here whom Migma does not know: made known there, by an import that leaves whoever is there as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final

from migma_core.audience import Contact, SuppressionReason

from ..resources import contacts as api
from .task import Pass

__all__ = ["keep_missing"]

_AT_ONCE: Final = 1_000
_LOOK_EVERY: Final = timedelta(seconds=2)
_MOST_LOOKS: Final = 300
_COLUMNS: Final = ("email", "firstName", "lastName", "phone", "country", "language")


def keep_missing(task: Pass, after: int) -> None:
    """
    Import the subscribed, in the order they were added, a thousand at a time.

    ``skip`` is what makes it safe: whoever was added and left there since the pass began stays as they are. Who may not
    be written to is not passed on at all; should somebody else bring them there, the next pass says so.
    """
    while True:
        people, onward = task.store.syncs.unlinked(task.project.id, task.provider, after, _AT_ONCE)
        wanted = [one for one in people if not _denied(task, one)]
        if wanted:
            _give(task, wanted)
        if onward == after:
            return
        after = onward
        task.reach("missing", after=after)


def _denied(task: Pass, one: Contact) -> bool:
    """Whether an operator's entry stands against them, which no status shows; a consent has ended what else was."""
    entries = task.store.suppressions.of(task.project.id, task.key_of(one.address))
    return any(entry.reason in {SuppressionReason.MANUAL, SuppressionReason.BOUNCE} for entry in entries)


def _give(task: Pass, people: Sequence[Contact]) -> None:
    file = _csv(people)
    columns = {name: name for name in _COLUMNS}
    key = f"migma/sync/{sha256(file).hexdigest()[:32]}"
    job = task.ask(api.import_csv(task.there, file, columns).keyed(key))
    for _ in range(_MOST_LOOKS):
        if job.is_settled:
            break
        task.wait(_LOOK_EVERY)
        job = task.ask(api.import_job(job.id))
    if job.status != "completed":
        task.notes.append(f"{len(people)} people could not be added there: {job.error or job.status}")
        return
    task.counts["people_added_there"] += job.counts.created
    if job.counts.failed:
        task.notes.append(f"{job.counts.failed} people were refused there")


def _csv(people: Sequence[Contact]) -> bytes:
    """A file that is the same for the same people; what a spreadsheet would run stays text by its quotes alone."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(_COLUMNS)
    for one in people:
        writer.writerow(
            (str(one.address), one.first_name, one.last_name, one.phone and one.phone[:30], one.country, one.language)
        )
    return out.getvalue().encode()
