"""Contacts from any CSV a spreadsheet writes, as a stream: no row stops the others, and memory stays flat."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from migma_core.audience.address import Address, InvalidAddress, hidden_characters
from migma_core.audience.contact import Status
from migma_core.audience.intake import ContactDraft
from migma_core.audience.suppression import SuppressionReason
from migma_core.message.template import lone_surrogate
from migma_core.ports import Incoming, RefusedRow, Row

from .idn import to_address

__all__ = ["NoEmailColumn", "read_contacts"]

_DELIMITERS = ",;\t|"
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("email", "emailaddress", "mail"), "email"),
    **dict.fromkeys(("firstname", "givenname", "vorname"), "first_name"),
    **dict.fromkeys(("lastname", "surname", "familyname", "nachname"), "last_name"),
    **dict.fromkeys(("name", "fullname"), "name"),
    **dict.fromkeys(("phone", "phonenumber", "telephone"), "phone"),
    "country": "country",
    "language": "language",
    "status": "status",
    **dict.fromkeys(("tag", "tags"), "tags"),
}
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


class NoEmailColumn(ValueError):
    """No column of the file holds addresses; ``columns`` are those it has."""

    def __init__(self, columns: list[str]) -> None:
        found = ", ".join(repr(name[:40]) for name in columns[:20]) or "none"
        super().__init__(f"the file has no column of addresses; name one 'email' (columns found: {found})")
        self.columns = columns


def read_contacts(stream: BinaryIO, *, encoding: str | None = None, delimiter: str | None = None) -> Iterator[Incoming]:
    """
    Read contacts row by row: a `Row` with a draft, or a `RefusedRow` with the reason.

    The encoding is told by a byte order mark, else UTF-8 unless given; the delimiter by the header unless given. Header
    names are compared without case, blanks, dashes and underscores; every other column becomes a custom field. Raises
    `NoEmailColumn` before the first row.
    """
    marked = encoding or _encoding_of(stream)
    text = io.TextIOWrapper(
        stream, encoding=marked, errors="surrogateescape", newline=""
    )  # bad octets show in their row
    first = text.readline()
    if first.lower().startswith("sep="):  # a spreadsheet's own hint
        delimiter, first = delimiter or first[4:5], text.readline()
    reader = csv.reader(chain([first], text), delimiter=delimiter or _delimiter_of(first))
    header = next(reader, [])
    names = _names(header)
    if "email" not in names:
        raise NoEmailColumn(header)
    return _rows(reader, names, text)


@dataclass(frozen=True, slots=True)
class _Refused(Exception):
    value: str
    reason: str


def _rows(reader: Iterator[list[str]], names: list[str], text: io.TextIOWrapper) -> Iterator[Incoming]:
    line = 1
    while True:
        begins, cells, broken = line + 1, None, ""
        try:
            cells = next(reader, None)
        except csv.Error as wrong:
            broken = str(wrong)
        line = getattr(reader, "line_num", line)
        if broken:
            yield RefusedRow(begins, "", f"the row cannot be read: {broken}")
        elif cells is None:
            text.detach()  # the stream is the caller's to close
            return
        elif any(cells):
            yield _incoming(begins, cells, names)


def _incoming(line: int, cells: list[str], names: list[str]) -> Incoming:
    try:
        if len(cells) > len(names):
            raise _Refused(
                cells[0], f"the row has {len(cells)} cells and the header {len(names)}; quote what holds a delimiter"
            )
        said = {name: value for name, cell in zip(names, cells, strict=False) if (value := cell.strip())}
        draft, suppress = _draft(said)
    except _Refused as refused:
        return RefusedRow(line, refused.value, refused.reason)
    return Row(line, draft, suppress)


def _draft(said: Mapping[str, str]) -> tuple[ContactDraft, SuppressionReason | None]:
    for name, value in said.items():
        if "\0" in value or lone_surrogate(value) is not None:
            raise _Refused(ascii(value), f"{name} holds octets that are no text in this encoding")
    word = re.sub(r"[\s_-]", "", said.get("status", "")).casefold()
    if word and word not in _STATUSES:
        raise _Refused(said["status"], f"the status is unknown; use one of: {', '.join(Status)}")
    first, last = _full_name(said)
    draft = ContactDraft(
        address=_address(said.get("email", "")),
        status=_STATUSES.get(word),
        first_name=_visible("first name", first),
        last_name=_visible("last name", last),
        phone=_visible("phone", said.get("phone")),
        country=_visible("country", said.get("country")),
        language=_visible("language", said.get("language")),
        tags=_tags(said.get("tags", "")),
        fields={name: value for name, value in said.items() if name not in _BUILT_IN},
    )
    return draft, SuppressionReason.COMPLAINT if word == "complained" else None


_BUILT_IN = frozenset(_COLUMNS.values())


def _address(text: str) -> Address:
    try:
        return to_address(text)
    except InvalidAddress as wrong:
        raise _Refused(text, wrong.why if text else "there is no address in this row") from None


def _encoding_of(stream: BinaryIO) -> str:
    start = stream.read(3)
    stream.seek(-len(start), io.SEEK_CUR)
    return next((encoding for mark, encoding in _MARKS if start.startswith(mark)), "utf-8")


def _delimiter_of(header: str) -> str:
    unquoted = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=unquoted.count)


def _names(header: Iterable[str]) -> list[str]:
    """Column names as a draft calls them; of two columns that mean the same, the first counts."""
    names: list[str] = []
    for place, title in enumerate(header):
        known = _COLUMNS.get(re.sub(r"[\s_-]", "", title).casefold())
        name = known or _field_name(title) or f"column_{place + 1}"
        names.append(name if name not in names else f"{name}_{place + 1}")
    return names


def _field_name(title: str) -> str:
    """``Signed up`` becomes ``signed_up``, which a template can name; ``lastPurchase`` stays."""
    words = title.split()
    return "_".join(words).lower() if title[:1].isupper() or len(words) > 1 else "".join(words)


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
    names = frozenset(name for part in re.split(r"[|;,]", text) if (name := part.strip()))
    for name in names:
        if len(name) > _LONGEST_TAG or hidden_characters(name):
            raise _Refused(name, "a tag's name has 1 to 100 visible characters")
    return names
