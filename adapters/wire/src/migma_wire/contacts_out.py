"""
Contacts written out: as CSV that a spreadsheet opens without running anything, and that `read_contacts` reads back; and
as NDJSON, one whole contact a line.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Iterable
from typing import Any, TextIO

from migma_core.audience.contact import Contact
from migma_core.audience.values import Scalar

from .columns import BUILT_IN
from .json import to_json

__all__ = ["disarmed", "rearmed", "write_contacts_csv", "write_contacts_ndjson"]

_PERSON = ("email", "first_name", "last_name", "phone", "country", "language", "status", "tags")
# what a spreadsheet may take for a formula, behind any apostrophes of ours; a plain negative number is none
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"-\d+(?:\.\d+)?")
_DIVIDES_TAGS = frozenset("|;,[")


def write_contacts_csv(contacts: Iterable[Contact], stream: TextIO, fields: Collection[str]) -> int:
    """
    Write people and these custom fields as CSV; return how many. Open the stream with ``newline=""``.

    A field that is named like a column of everybody's is left out, since it could not be told from it.
    """
    extra = sorted(set(fields) - BUILT_IN)
    writer = csv.writer(stream)
    writer.writerow((*_PERSON, *map(disarmed, extra)))
    written = 0
    for written, contact in enumerate(contacts, 1):  # noqa: B007 - the last one is the number of all
        said = {**contact.fields, **_person(contact)}
        writer.writerow([disarmed(_cell(said.get(name))) for name in (*_PERSON, *extra)])
    return written


def write_contacts_ndjson(contacts: Iterable[Contact], stream: TextIO) -> int:
    """Write people as JSON, one a line: everything `Contact` holds. Return how many."""
    written = 0
    for written, contact in enumerate(contacts, 1):  # noqa: B007 - the last one is the number of all
        stream.write(json.dumps(to_json(contact, Contact), ensure_ascii=False, separators=(",", ":")) + "\n")
    return written


def disarmed(cell: str) -> str:
    """
    A cell that no spreadsheet runs: an apostrophe before what may be a formula.

    >>> disarmed("=HYPERLINK(1)"), disarmed("-3.5"), disarmed("Ada")
    ("'=HYPERLINK(1)", '-3.5', 'Ada')
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def rearmed(cell: str) -> str:
    """
    What a cell said before it was disarmed.

    >>> rearmed("'+49 30 1234"), rearmed("'s-Hertogenbosch")
    ('+49 30 1234', "'s-Hertogenbosch")
    """
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell


def _person(contact: Contact) -> dict[str, Scalar]:
    values = contact.values
    return {
        **{name: values[name] for name in _PERSON[:6]},
        "status": contact.status.value,
        "tags": _tags(contact.tags),
    }


def _tags(names: Collection[str]) -> str:
    """Names with bars between them; as a JSON array where a name holds what would divide it."""
    ordered = sorted(names)
    if any(_DIVIDES_TAGS.intersection(name) for name in ordered):
        return json.dumps(ordered, ensure_ascii=False)
    return "|".join(ordered)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
