"""What becomes of the rows of one chunk of a list: who is new, who changes, what is said against whom (D13)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypeGuard

from migma_core.audience.address import AddressKey, address_key
from migma_core.audience.consent import ConsentLevel
from migma_core.audience.contact import ProjectId, Status
from migma_core.audience.intake import Admission, ContactDraft, Intake, admit
from migma_core.audience.suppression import DENIAL_OF, Suppression
from migma_core.ports import Incoming, RefusedRow, Row

from .denying import Denial
from .known import Person
from .people import PROFILE, fault_of, kept_fields, new_row

__all__ = ["SOURCE", "Chunk", "ImportTerms"]

SOURCE = "import"
"""What is on record as the source of whatever a list says."""

_Keyed: TypeAlias = tuple[Row, AddressKey]


@dataclass(frozen=True, slots=True)
class ImportTerms:
    """Into which project a list is taken, as of when, and on what terms; everybody gets the ``tags``."""

    project: ProjectId
    pepper: bytes
    intake: Intake
    at: datetime
    on_conflict: Literal["upsert", "skip"] = "upsert"
    tags: frozenset[str] = frozenset()


@dataclass(slots=True)
class Chunk:
    """
    Some rows of a list. ``counts`` are those of `ImportReport`, ``notes`` the line, value and reason of each row that
    was refused or did not get all it asked for.
    """

    terms: ImportTerms
    good: Sequence[_Keyed] = ()
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[tuple[int, str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Iterable[Incoming], terms: ImportTerms) -> Chunk:
        """The rows that can be stored, each with the key of its address; nothing is asked of the database yet."""
        chunk = cls(terms)
        chunk.good = [(one, address_key(one.draft.address, terms.pepper)) for one in rows if chunk._is_good(one)]
        return chunk

    def decide(self, people: Mapping[AddressKey, Person]) -> list[Denial]:
        """Decide about every row, and put what it says on its person; what is said against people, as far as new."""
        return [denial for one, key in self.good for denial in self._admit(one, key, people[key])]

    def _is_good(self, one: Incoming) -> TypeGuard[Row]:
        """Whether the row can be stored; it is refused if not, and stops no other."""
        if isinstance(one, RefusedRow):
            self._refuse(one.line, one.value, one.reason)
            return False
        if (fault := fault_of(one.draft)) is not None:
            self._refuse(one.line, str(one.draft.address), fault)
            return False
        return True

    def _admit(self, one: Row, key: AddressKey, person: Person) -> list[Denial]:
        """Decide what becomes of the row; what it says against the person, as far as it is new."""
        admitted = admit(one.draft.status, person.status, person.denials, self.terms.intake)
        if admitted.status is None:
            self._refuse(one.line, str(one.draft.address), admitted.note or "")
            return []
        said = {admitted.suppress: None, one.suppress: None}
        fresh = [reason for reason in said if reason is not None and not DENIAL_OF[reason] & person.denials]
        self._count(self._place(one.draft, key, person, admitted))
        for reason in fresh:
            person.deny(reason)
        if admitted.note is not None:
            self.counts["noted"] += 1
            self.notes.append((one.line, str(one.draft.address), admitted.note))
        return [(key, str(one.draft.address), Suppression(reason, self.terms.at, SOURCE)) for reason in fresh]

    def _place(
        self, draft: ContactDraft, key: AddressKey, person: Person, admitted: Admission
    ) -> Literal["created", "updated", "skipped"]:
        """Put the row's values on the person: all of a new one's, what is said of a known one's."""
        terms = self.terms
        if not person.row:
            assert admitted.status is not None  # noqa: S101 - checked by the caller
            claimed = ConsentLevel.UNPROVEN if admitted.status is Status.SUBSCRIBED else ConsentLevel.NONE
            person.row = new_row(terms.project, key, draft, admitted.status, claimed, terms.at)
            person.tags |= draft.tags | terms.tags
            person.changed, person.opted_in = True, claimed is ConsentLevel.UNPROVEN
            return "created"
        fresh = _set_status(person, admitted, only_denied=terms.on_conflict == "skip")
        if terms.on_conflict == "upsert":
            missing = (draft.tags | terms.tags) - person.held - person.tags
            person.tags |= missing
            fresh = _merge(person.row, draft) or bool(missing) or fresh
        person.changed = person.changed or fresh
        return "updated" if fresh and terms.on_conflict == "upsert" else "skipped"

    def _refuse(self, line: int, value: str, reason: str) -> None:
        self._count("refused")
        self.notes.append((line, value, reason))

    def _count(self, what: str) -> None:
        self.counts["total"] += 1
        self.counts[what] += 1


def _set_status(person: Person, admitted: Admission, *, only_denied: bool) -> bool:
    """Take the status admitted, of one who is skipped only what denies. Whether it is a new one."""
    assert admitted.status is not None  # noqa: S101 - checked by the caller
    if person.row["status"] == admitted.status.value or (only_denied and admitted.suppress is None):
        return False
    person.row["status"] = admitted.status.value
    if admitted.status is Status.SUBSCRIBED:
        person.row["consent"] = ConsentLevel.UNPROVEN.value
        person.opted_in = True
    return True


def _merge(row: dict[str, Any], draft: ContactDraft) -> bool:
    """What the draft says wins, what it does not say stays. Whether anything is new."""
    said = {name: value for name in PROFILE if (value := getattr(draft, name)) is not None}
    fields = {**row["fields"], **kept_fields(draft.fields)}
    fresh = any(row[name] != value for name, value in said.items()) or fields != row["fields"]
    row.update(said, fields=fields)
    return fresh
