"""People here whom Migma does not know: made known there, by an import that leaves whoever is there as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final

from migma_core.audience import Contact, SuppressionReason
from migma_core.message.template import as_text

from ..resources import contacts as api
from .task import Pass

__all__ = ["keep_missing"]

_AT_ONCE: Final = 1_000
_LOOK_EVERY: Final = timedelta(seconds=2)
_MOST_LOOKS: Final = 300
_LONGEST_PHONE: Final = 30
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
    own = {name: f"field {name}" for name in sorted({name for one in people for name in one.fields})}
    file = _csv(people, own)
    columns = {**{name: name for name in _COLUMNS}, **({"customFields": own} if own else {})}
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


def _csv(people: Sequence[Contact], own: Mapping[str, str]) -> bytes:
    """A file that is the same for the same people, with a column for each custom field that any of them has."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow((*_COLUMNS, *own.values()))
    for one in people:
        fields = (as_text(one.fields.get(name)) for name in own)
        profile = (one.first_name, one.last_name, (one.phone or "")[:_LONGEST_PHONE], one.country, one.language)
        writer.writerow((str(one.address), *profile, *fields))
    return out.getvalue().encode()
