"""Contacts from any CSV a spreadsheet writes, as a stream: no row stops the others, and memory stays flat."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from migma_core.audience.address import Address, InvalidAddress, hidden_characters
from migma_core.audience.contact import Status
from migma_core.audience.intake import ContactDraft
from migma_core.audience.suppression import SuppressionReason
from migma_core.message.template import lone_surrogate
from migma_core.ports import Incoming, RefusedRow, Row

from .columns import BUILT_IN, name_columns
from .contacts_out import rearmed
from .csv_text import CsvRow, read_csv
from .idn import to_address

__all__ = ["read_contacts"]

# The product's words, and those of its first SDK (A2).
_STATUSES: Mapping[str, Status] = {
    "subscribed": Status.SUBSCRIBED,
    "active": Status.SUBSCRIBED,
    "unsubscribed": Status.UNSUBSCRIBED,
    "complained": Status.UNSUBSCRIBED,
    "nonsubscribed": Status.NON_SUBSCRIBED,
    "bounced": Status.BOUNCED,
}
_LONGEST_TAG = 100
_NONE = frozenset[str]()


def read_contacts(
    stream: BinaryIO,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Iterator[Incoming]:
    """
    Read contacts row by row: a `Row` with a draft, or a `RefusedRow` with the reason.

    Encoding (see `encoding_of`) and delimiter are told from the file unless given, and so is what each column means
    (see `name_columns`). Raises `NoEmailColumn`, `NoCsv`, and `ValueError` for a column that is not there, before the
    first row.
    """
    rows = read_csv(stream, encoding=encoding, delimiter=delimiter)
    header = next(rows, None)
    names = name_columns([] if header is None else header.cells, columns)
    return (_incoming(row, names) for row in rows)


@dataclass(frozen=True, slots=True)
class _Refused(Exception):
    value: str
    reason: str


def _incoming(row: CsvRow, names: list[str]) -> Incoming:
    try:
        if row.broken:
            raise _Refused("", _why_broken(row))
        draft, suppress = _draft(_said(row.cells, names))
    except _Refused as refused:
        return RefusedRow(row.first_line, refused.value, refused.reason)
    return Row(row.first_line, draft, suppress)


def _why_broken(row: CsvRow) -> str:
    reach = f"lines {row.first_line} to {row.last_line}" if row.last_line > row.first_line else "the row"
    return f"{reach} cannot be read ({row.broken}); look for a quote that is never closed, or not doubled"


def _said(cells: list[str], names: list[str]) -> dict[str, str]:
    """What the row says, by name; cells that trail beyond the header must be empty, as spreadsheets leave them."""
    if len(cells) > len(names) and any(cells[len(names) :]):
        raise _Refused(
            cells[0], f"the row has {len(cells)} cells and the header {len(names)}; quote what holds a delimiter"
        )
    return {name: value for name, cell in zip(names, cells, strict=False) if name and (value := rearmed(cell.strip()))}


def _draft(said: Mapping[str, str]) -> tuple[ContactDraft, SuppressionReason | None]:
    if not "".join(said.values()).isprintable():  # as nearly every row is
        _look_closely(said)
    word = _word(said["status"]) if "status" in said else ""
    first, last = _full_name(said)
    draft = ContactDraft(
        address=_address(said.get("email", "")),
        status=_STATUSES.get(word),
        first_name=_visible("first name", first),
        last_name=_visible("last name", last),
        phone=_visible("phone", said.get("phone")),
        country=_visible("country", said.get("country")),
        language=_visible("language", said.get("language")),
        tags=_tags(said["tags"]) if "tags" in said else _NONE,
        fields={name: value for name, value in said.items() if name not in BUILT_IN},
    )
    return draft, SuppressionReason.COMPLAINT if word == "complained" else None


def _look_closely(said: Mapping[str, str]) -> None:
    for name, value in said.items():
        if "\0" in value or lone_surrogate(value) is not None:
            raise _Refused(ascii(value), f"{name} holds octets that are no text in this encoding")


def _word(status: str) -> str:
    word = re.sub(r"[\s_-]", "", status).casefold()
    if word and word not in _STATUSES:
        raise _Refused(status, f"the status is unknown; use one of: {', '.join(Status)}")
    return word


def _address(text: str) -> Address:
    try:
        return to_address(text)
    except InvalidAddress as wrong:
        raise _Refused(text, wrong.why if text else "there is no address in this row") from None


def _full_name(said: Mapping[str, str]) -> tuple[str | None, str | None]:
    first, last = said.get("first_name"), said.get("last_name")
    if "name" not in said or first or last:
        return first, last
    before, _, after = said["name"].rpartition(" ")
    return (before, after) if before else (after, None)


def _visible(what: str, value: str | None) -> str | None:
    if value is not None and (hidden := hidden_characters(value)) is not None:
        raise _Refused(value, f"the {what} holds the invisible character {hidden}; remove it")
    return value


def _tags(text: str) -> frozenset[str]:
    names = frozenset(name for part in _parts(text) if (name := part.strip()))
    for name in names:
        if len(name) > _LONGEST_TAG or hidden_characters(name):
            raise _Refused(name, "a tag's name has 1 to 100 visible characters")
    return names


def _parts(text: str) -> list[str]:
    """Names divided by bars, semicolons or commas, or a JSON array of names, as the product takes both (§1.2)."""
    if text.startswith("["):
        try:
            read = json.loads(text)
        except ValueError:
            read = None
        if isinstance(read, list) and all(isinstance(name, str) for name in read):
            return read
    return re.split(r"[|;,]", text)
