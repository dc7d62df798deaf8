"""The pool: connections that are open, each lent to one thread at a time, and used again while they are good."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from time import monotonic

from migma_core.delivery import NotSent

from .opening import CannotOpen
from .session import Session

__all__ = ["Pool", "PoolLimits"]

_ASKED_AFTER = 5.0  # seconds of rest after which a connection is asked whether it is still there


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """
    ``connections`` at most, each for at most so many letters, and none used again after so many seconds of rest. Who
    finds all of them lent waits so many seconds for one.
    """

    connections: int = 8
    letters: int = 100
    idle_seconds: float = 30.0
    wait_seconds: float = 20.0


class Pool:
    """
    Sessions, the last used first. One that died in its rest is found out before anything is said on it.

    A session that lost step or its server, or whose limit is reached, never comes back.
    """

    def __init__(self, connect: Callable[[], Session], limits: PoolLimits) -> None:
        self._connect, self._limits = connect, limits
        self._free = BoundedSemaphore(limits.connections)
        self._lock = Lock()
        self._resting: list[Session] = []
        self._closed = False

    def take(self) -> Session:
        """Borrow a session; give it back with `give`. Raises `CannotOpen`, with the outcome of who wanted to send."""
        if not self._free.acquire(timeout=self._limits.wait_seconds):
            raise CannotOpen(NotSent(f"all {self._limits.connections} connections are busy"))
        try:
            self._leave(self._tired())
            return self._rested() or self._connect()
        except BaseException:
            self._free.release()
            raise

    def give(self, session: Session) -> None:
        """Give it back, whatever state it is in."""
        try:
            if session.is_sound and session.letters < self._limits.letters and self._keep(session):
                return
            session.close()
        finally:
            self._free.release()

    def close(self) -> None:
        """Leave all servers; what is lent is closed when it comes back. Safe to call twice."""
        with self._lock:
            resting, self._resting, self._closed = self._resting, [], True
        self._leave(resting)

    def _keep(self, session: Session) -> bool:
        with self._lock:
            if not self._closed:
                self._resting.append(session)
            return not self._closed

    def _tired(self) -> list[Session]:
        """Those that rested too long, taken out: all of them at once, so that none stays open unused."""
        until = monotonic() - self._limits.idle_seconds
        with self._lock:
            tired = [one for one in self._resting if one.last_used <= until]
            self._resting = [one for one in self._resting if one.last_used > until]
        return tired

    def _rested(self) -> Session | None:
        """The one that rested least, if it is still good."""
        while True:
            with self._lock:
                session = self._resting.pop() if self._resting else None
            if session is None or _is_good(session):
                return session
            session.close()

    @staticmethod
    def _leave(sessions: Iterable[Session]) -> None:
        for session in sessions:
            session.is_sound = session.is_quiet  # no word to a server that has left
            session.close()


def _is_good(session: Session) -> bool:
    """Whether it is still there, as far as can be told; after a while of rest it is asked."""
    session.is_sound = session.is_quiet
    return session.is_sound and (monotonic() - session.last_used < _ASKED_AFTER or session.answers())
