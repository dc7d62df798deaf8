"""Databases to measure on: files of SQLite, and databases of a PostgreSQL of one's own, if one is installed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

from tests.support import postgresql

__all__ = ["fresh_databases"]


@contextmanager
def fresh_databases() -> Iterator[Mapping[str, Callable[[], str]]]:
    """By name, what gives the URL of an empty database; all are gone at the end."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        known: dict[str, Callable[[], str]] = {"sqlite": lambda: f"sqlite:///{folder / uuid4().hex}.db"}
        if postgresql._binaries() is not None:
            server, _ = opened.enter_context(postgresql.own_server())
            known["postgresql"] = lambda: opened.enter_context(postgresql.empty_database(server))
        yield known
