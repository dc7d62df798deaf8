"""One transaction after another, each of which PostgreSQL ends while the next one begins."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import TypeAlias

from sqlalchemy import Connection, Engine

from .engine import reading, writing

__all__ = ["Pipeline", "pipeline"]

_Parts: TypeAlias = Callable[[Connection], Iterator[None]]


@dataclass(slots=True)
class _UnderWay:
    """A transaction that others wait for: to have begun, and to be durable. Then it is ``told``."""

    told: Callable[[], None]
    begun: Event = field(default_factory=Event)
    durable: Future[None] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """
    Transactions in their order: what one has written is durable before anything of the next one is.

    The server takes as long to take rows in as we take to make the next: so two transactions are under way at once,
    each in a thread of its own, while the caller makes a third. SQLite lets one write at a time, and where a server
    isolates transactions more than by default, two that overlap refuse each other: there each is done in the caller's
    thread, and ends before the next begins.
    """

    engine: Engine
    overlaps: bool
    _threads: Executor
    _under_way: deque[_UnderWay] = field(default_factory=deque)

    def run(self, parts: _Parts, told: Callable[[], None]) -> None:
        """
        Run a transaction of three parts, one up to each ``yield`` and one after: the first takes every lock and waits
        for the first part of the transaction before, the second waits for nothing, the third until the one before is
        durable.

        ``told`` is called in the caller's thread, in order, once it is durable. Raises `StoreFault`, and whatever else
        a part raises, also of the transaction before: then this one is taken back as well.
        """
        if not self.overlaps:
            with writing(self.engine) as connection:
                deque(parts(connection), maxlen=0)
            told()
            return
        self._leave(1)
        before, this = (self._under_way[-1] if self._under_way else None), _UnderWay(told)
        self._under_way.append(this)
        self._threads.submit(self._transact, parts, this, before)

    def wait(self) -> None:
        """Wait until everything begun so far is durable. Raises where it is not going to be, see `run`."""
        self._leave(0)

    def _leave(self, few: int) -> None:
        while len(self._under_way) > few:
            first = self._under_way.popleft()
            first.durable.result()
            first.told()

    def _transact(self, parts: _Parts, this: _UnderWay, before: _UnderWay | None) -> None:
        try:
            self._write(parts, this, before)
        except BaseException as wrong:  # noqa: BLE001 - raised to whoever waits for it
            this.durable.set_exception(wrong)
        else:
            this.durable.set_result(None)
        finally:
            this.begun.set()

    def _write(self, parts: _Parts, this: _UnderWay, before: _UnderWay | None) -> None:
        with writing(self.engine) as connection:
            rest = parts(connection)
            if before is not None:
                before.begun.wait()  # it has all the locks it needs: what waits for this one does not stop it
            next(rest, None)
            this.begun.set()
            next(rest, None)
            if before is not None:
                before.durable.result()
            deque(rest, maxlen=0)


@contextmanager
def pipeline(engine: Engine) -> Iterator[Pipeline]:
    """A pipeline, whose last transaction is durable when the block ends, however it ends."""
    with ThreadPoolExecutor(2, "migma-pipeline") as threads:
        transactions = Pipeline(engine, _can_overlap(engine), threads)
        try:
            yield transactions
        finally:
            transactions.wait()


def _can_overlap(engine: Engine) -> bool:
    if engine.dialect.name != "postgresql":
        return False
    with reading(engine) as connection:
        return connection.default_isolation_level == "READ COMMITTED"
