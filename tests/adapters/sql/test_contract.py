"""The shipped law books of storage hold for our store, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import cycle

import pytest
from migma_sql import SqlStore

from migma_core.ports import Store
from migma_core.testing import IdempotencyLaws, InboxLaws, LedgerLaws, PaceLaws, ScheduleLaws, StoreLaws
from migma_core.testing.storage import LONG, OVER, StorageLaws
from tests.support.examples import few
from tests.support.sql_rows import PEPPER


class _OnOurs(StorageLaws):
    """The hooks, on a database that the laws of a module share."""

    # every example is a database emptied and filled: few by default, all of them in the thorough profile
    examples = few(10)
    empty: Callable[[], SqlStore]
    others: dict[timedelta, Iterator[SqlStore]]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _database(cls, empty_store: Callable[[], SqlStore], shared_database: str) -> Iterator[None]:
        cls.empty = staticmethod(empty_store)
        with ExitStack() as opened:
            cls.others = {lease: _processes(opened, shared_database, lease) for lease in (LONG, OVER)}
            yield

    def open(self) -> Store:
        return self.empty()

    def again(self, lease: timedelta) -> Store:
        return next(self.others[lease])


def _processes(opened: ExitStack, url: str, lease: timedelta) -> Iterator[SqlStore]:
    """Stores with engines of their own, in turn; as many as any law wants at once."""
    made = [SqlStore.open(url, pepper=PEPPER, lease=lease) for _ in range(4)]
    for one in made:
        opened.callback(one.close)
    return cycle(made)


class TestStore(_OnOurs, StoreLaws):
    """People, choices, denials, segments, sends."""


class TestLedger(_OnOurs, LedgerLaws):
    """Planning, claiming, attempting, settling."""


class TestInbox(_OnOurs, InboxLaws):
    """Events of providers."""


class TestIdempotencyKeys(_OnOurs, IdempotencyLaws):
    """Callers' keys."""


class TestPace(_OnOurs, PaceLaws):
    """Buckets and breakers."""


class TestSchedules(_OnOurs, ScheduleLaws):
    """When campaigns start, and who has them in hand."""
