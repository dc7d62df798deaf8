"""Faults of the databases in the store's own terms, by their codes and never by their words."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from migma_core.ports import StoreBusy, StoreFault, StoreFull, StoreUnreachable, StoreUnusable

__all__ = ["told_as_faults"]

_BUSY = "the database was locked by others for too long; try again"
_FULL = "the database has no room left, on its disk or in memory; free some and try again"
_GONE = "the database does not answer, or the connection to it broke; try again once it is back"
_NO_FILE = "the file of the database cannot be opened; its folder must be there, and yours to read and write"
_UNUSABLE = (
    "the database cannot be used as it is (read-only, damaged, or not a database at all); see its file or server"
)

# https://www.sqlite.org/rescode.html: the primary code is the low octet
_SQLITE: Mapping[int, tuple[type[StoreFault], str]] = {
    sqlite3.SQLITE_BUSY: (StoreBusy, _BUSY),
    sqlite3.SQLITE_LOCKED: (StoreBusy, _BUSY),
    sqlite3.SQLITE_FULL: (StoreFull, _FULL),
    sqlite3.SQLITE_IOERR: (StoreUnusable, _UNUSABLE),
    sqlite3.SQLITE_READONLY: (StoreUnusable, _UNUSABLE),
    sqlite3.SQLITE_CORRUPT: (StoreUnusable, _UNUSABLE),
    sqlite3.SQLITE_NOTADB: (StoreUnusable, _UNUSABLE),
    sqlite3.SQLITE_CANTOPEN: (StoreUnreachable, _NO_FILE),
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html: the longest beginning that is listed decides
_POSTGRESQL: Mapping[str, tuple[type[StoreFault], str]] = {
    "40": (StoreBusy, _BUSY),  # serialization failure, deadlock
    "55P03": (StoreBusy, _BUSY),  # a lock was not to be had
    "57014": (StoreBusy, _BUSY),  # a statement took too long
    "53300": (StoreBusy, _BUSY),  # too many connections
    "53": (StoreFull, _FULL),  # disk, memory
    "08": (StoreUnreachable, _GONE),
    "57P": (StoreUnreachable, _GONE),  # the server stops, crashed, or is only starting
    "25006": (StoreUnusable, _UNUSABLE),  # a standby that only reads
    "58": (StoreUnusable, _UNUSABLE),  # the server's own files
    "XX": (StoreUnusable, _UNUSABLE),  # damaged data
}


@contextmanager
def told_as_faults(*, committing: bool = False) -> Iterator[None]:
    """Raise `StoreFault` for what the world does to a database; mistakes of ours stay what they are."""
    try:
        yield
    except PoolExhausted as wrong:
        raise StoreBusy(_BUSY) from wrong
    except _errors() as wrong:
        known = _known(wrong.orig if isinstance(wrong, DBAPIError) else wrong)
        if known is None:
            raise
        fault, what = known
        raise fault(what, in_doubt=committing and fault is StoreUnreachable) from wrong


def _errors() -> tuple[type[Exception], ...]:
    """SQLAlchemy's, and those of the drivers themselves, whose own cursors COPY and streams use."""
    psycopg = sys.modules.get("psycopg")  # whoever has no PostgreSQL never loads it
    return (DBAPIError, sqlite3.Error) if psycopg is None else (DBAPIError, sqlite3.Error, psycopg.Error)


def _known(origin: BaseException | None) -> tuple[type[StoreFault], str] | None:
    if isinstance(origin, sqlite3.Error):
        return _SQLITE.get(getattr(origin, "sqlite_errorcode", 0) & 0xFF)
    code = getattr(origin, "sqlstate", None)
    if code is None:
        # PEP 249: operational is what is no fault of the program
        operational = any(base.__name__ == "OperationalError" for base in type(origin).__mro__)
        return (StoreUnreachable, _GONE) if operational else None
    return next((_POSTGRESQL[code[:n]] for n in range(len(code), 1, -1) if code[:n] in _POSTGRESQL), None)
