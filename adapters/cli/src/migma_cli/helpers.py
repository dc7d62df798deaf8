"""Helpers: processes that carry out the same send beside this one, so that a large send has more than one core."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryFile
from threading import Event, Thread
from types import TracebackType
from typing import IO, Any, Final, Self

from migma_runtime import Hold, Migma, Progress

from migma_core.delivery import SendId
from migma_core.delivery import effects as e

from .common import USUAL, Options

__all__ = ["LARGE", "Helpers", "cores", "help_send"]

LARGE: Final = 10_000
"""From how many messages left a helper is worth its start, which takes as long as a few thousand."""

# -P: never what happens to lie in the current folder, which may be another version of the rules
_COMMAND: Final = (sys.executable, "-P", "-m", "migma_cli", "help-send")
_PATIENCE: Final = 1.0
_ENDS_WITHIN: Final = 10.0


class Helpers:
    """
    Helpers of one send; a context manager, at whose end they end as well. However this process ends, they claim nothing
    more then: what they have in hand is handed over and recorded first.

    They begin once a send in batches turns out to be large. Where a hand-over is one message, several are under way as
    it is, as many as the settings say (``at_once``).
    """

    def __init__(self, send: SendId, home: Path | None, workers: int, large: int = LARGE) -> None:
        self._command = (*_COMMAND, send, *(() if home is None else ("--home", str(home))))
        self._wanted = workers - 1
        self._large = large
        self._helpers: list[_Helper] = []
        self._not_begun: str | None = None

    @classmethod
    def of(cls, migma: Migma, send: SendId, home: Path | None) -> Helpers:
        """As many as the settings want and this machine has cores for."""
        return cls(send, home, min(migma.parts.settings.workers, cores()))

    def watch(self, effect: e.Effect[Any], seen: Progress) -> None:
        """Begin where it is time, end with the send, and add to the progress what they have settled."""
        if self._wanted and _is_batch(effect) and seen.planned - seen.settled >= self._large:
            self._begin()
        if isinstance(effect, e.Finish):
            self.end()
        if settled := sum(one.settled() for one in self._helpers):
            seen.add(settled)

    def _begin(self) -> None:
        wanted, self._wanted = self._wanted, 0
        try:
            for _ in range(wanted):
                self._helpers.append(_Helper(self._command))
        except OSError as wrong:  # what was just handed over is to be recorded, whether somebody helps or not
            self._not_begun = f"it could not be started: {wrong.strerror or wrong}"

    def end(self) -> None:
        """Let them end, and wait until they have."""
        for one in self._helpers:
            one.let_go()
        for one in self._helpers:
            one.wait()

    def faults(self) -> Sequence[str]:
        """What went wrong with them. Nothing is lost by it: what they had is settled as after any crash."""
        return [fault for fault in (self._not_begun, *(one.fault for one in self._helpers)) if fault is not None]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


class _Helper:
    """One process: it lives as long as its standard input, and says on standard output how many it has settled."""

    def __init__(self, command: Sequence[str]) -> None:
        self._errors: IO[bytes] = TemporaryFile()  # noqa: SIM115 - as long as the process
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program, and an id of ours
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
            )
        except OSError:
            self._errors.close()
            raise
        self._told: SimpleQueue[int] = SimpleQueue()
        self.fault: str | None = None
        """Its last words, once it has ended and not well."""
        self._listener = Thread(target=self._listen, name="helper", daemon=True)
        self._listener.start()

    def settled(self) -> int:
        """How many more than when it was last asked."""
        return sum(self._told.get() for _ in range(self._told.qsize()))

    def let_go(self) -> None:
        """Let it end once it has nothing in hand."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe; narrows the type
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def wait(self) -> None:
        """Wait for its end, but not for long: one that waits for a provider's answer ends after it."""
        try:
            self._process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self.fault = "it still waits for the provider's answer, and ends by itself after recording it"
        else:
            self._listener.join(_ENDS_WITHIN)
            self._hear_last_words()

    def _hear_last_words(self) -> None:
        if not self._errors.closed:
            with self._errors as errors:
                errors.seek(0)
                words = errors.read().decode(errors="replace").strip().splitlines() or [""]
            code = self._process.returncode
            self.fault = words[-1].removeprefix("migma: ") or f"it ended with {code}" if code else None

    def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe; narrows the type
        with self._process.stdout as told:
            for line in told:
                with suppress(ValueError):  # a provider's own print, say
                    self._told.put(int(line))


def help_send(send: str, /, *, common: Options = USUAL) -> int:
    """
    Carry out a send beside the process that gave this command, for as long as standard input is open; tell on standard
    output of each step how many it settled.

    It ends where it would have to wait: a helper is for what there is to do, and the other process waits as well.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process hears it too, and lets go
    with common.open() as migma:
        hold = Hold(lambda: True, migma.parts.settings.lease_seconds, _end_of_input())
        migma.sending.deliver(
            SendId(send), _telling(Progress(migma.store.sends.states(SendId(send)))), patience=_PATIENCE, hold=hold
        )
    return 0


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_batch(effect: e.Effect[Any]) -> bool:
    return isinstance(effect, e.HandOver) and len(effect.lots) == 1 and len(effect.lots[0].members) > 1


def _telling(seen: Progress) -> Callable[[e.Effect[Any], Any], None]:
    def tell(effect: e.Effect[Any], answer: Any) -> None:
        before = seen.settled
        seen(effect, answer)
        if seen.settled != before:
            with suppress(BrokenPipeError):  # nobody listens any more: standard input has ended as well
                os.write(sys.stdout.fileno(), f"{seen.settled - before}\n".encode())

    return tell


def _end_of_input() -> Event:
    """Set once standard input has ended: whoever held it is gone, by whatever way."""
    ended = Event()

    def read() -> None:
        while os.read(0, 1):  # past Python's own buffer, whose lock a thread must not hold when the process ends
            pass
        ended.set()

    Thread(target=read, name="end of input", daemon=True).start()
    return ended
