"""The book: what the ledger provider was asked and what it took, on the disk before anybody hears of it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

__all__ = ["Acceptance", "Book", "Entry", "Mail", "acceptances", "read"]


class Mail(NamedTuple):
    """One recipient of a request: the address, our delivery id, and whether the one-click headers were there."""

    address: str
    delivery: str
    one_click: bool = False


class Acceptance(NamedTuple):
    """One mail that the provider took, under the idempotency key of its request, if it had one."""

    address: str
    delivery: str
    request: int
    at: float
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One request. ``at`` is Unix time; ``key`` and ``digest`` are its idempotency key and a hash of its body. ``places``
    are those of the recipients it named whose mail was not taken; ``answers`` is the request whose answer it was given
    once more.
    """

    request: int
    at: float
    manner: str
    accepted: tuple[Mail, ...] = ()
    places: tuple[int, ...] = ()
    key: str | None = None
    digest: str = ""
    answers: int | None = None


class Book:
    """An append-only file, a line a request; a line is on the disk when `write` returns. One writer at a time."""

    def __init__(self, path: Path) -> None:
        _drop_torn_line(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, entry: Entry) -> None:
        """Write one line, and wait for the disk."""
        line = json.dumps(asdict(entry), separators=(",", ":")).encode() + b"\n"
        written = os.write(self._file, line)
        assert written == len(line), "a line was cut short: the disk is full"
        os.fsync(self._file)


def read(path: Path) -> list[Entry]:
    """Every entry, in order; a last line that a crash cut short was never answered, and does not count."""
    if not path.exists():
        return []
    *lines, _torn = path.read_bytes().split(b"\n")
    return [_entry(line) for line in lines]


def acceptances(entries: Sequence[Entry]) -> list[Acceptance]:
    """Every mail taken, in order: the only truth about duplicates and losses (reliability §15)."""
    return [Acceptance(*mail[:2], entry.request, entry.at, entry.key) for entry in entries for mail in entry.accepted]


def _entry(line: bytes) -> Entry:
    values = json.loads(line)
    values["accepted"] = tuple(Mail(*mail) for mail in values["accepted"])
    values["places"] = tuple(values["places"])
    return Entry(**values)


def _drop_torn_line(path: Path) -> None:
    if path.exists():
        known = path.read_bytes()
        os.truncate(path, known.rfind(b"\n") + 1)
