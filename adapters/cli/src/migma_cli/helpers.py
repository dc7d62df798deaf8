"""Helpers: processes that carry out the same send beside this one, so that a large send has more than one core."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryFile
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import IO, Any, Final, Self

from migma_runtime import Migma, Progress

from migma_core.delivery import SendId
from migma_core.delivery import effects as e
from migma_core.ports import StoreFault

__all__ = ["LARGE", "Helpers", "cores"]

LARGE: Final = 20_000
"""From how many messages left a helper is worth its start, which takes as long as ten thousand."""

# -P: never what happens to lie in the current folder, which may be another version of the rules
_COMMAND: Final = (sys.executable, "-P", "-m", "migma_cli.helper")
_ENDS_WITHIN: Final = 10.0


class Helpers:
    """
    Helpers of one send; a context manager, at whose end they end as well. However this process ends, they claim nothing
    more then: what they have in hand is handed over and recorded first.

    They are started as soon as a send in batches turns out to be large, and begin once all of it is planned. Where a
    hand-over is one message, several are under way as it is, as many as the settings say (``at_once``).

    There are as many as the settings want and this machine has cores for; ``workers`` says another number, this process
    among them.
    """

    def __init__(
        self, migma: Migma, send: SendId, home: Path | None, large: int = LARGE, *, workers: int | None = None
    ) -> None:
        self._parts = migma.parts
        self._send = send
        self._command = (*_COMMAND, send, *(() if home is None else (str(home),)))
        self._wanted = (min(migma.parts.settings.workers, cores()) if workers is None else workers) - 1
        self._large = large
        self._helpers: list[_Helper] = []
        self._are_going = False
        self._until: float | None = None
        self._not_started: str | None = None

    def watch(self, effect: e.Effect[Any], seen: Progress) -> None:
        """Begin where it is time, end with the send, and add to the progress what they have settled."""
        if self._wanted and seen.planned - seen.settled >= self._large:
            self._start()
        if not (self._are_going or isinstance(effect, e.FanOut)):
            self._go()
        if isinstance(effect, e.Finish):
            self.end()
        if settled := sum(one.settled() for one in self._helpers):
            seen.add(settled)

    def _go(self) -> None:
        """All is planned: to plan it together would take longer, since only one of them can write at a time."""
        self._are_going = True
        for one in self._helpers:
            one.go()

    def _start(self) -> None:
        wanted, self._wanted = self._wanted, 0
        try:
            for _ in range(wanted if self._goes_in_batches() else 0):
                self._helpers.append(_Helper(self._command))
        except (OSError, StoreFault) as wrong:  # the send goes on, whether somebody helps or not
            self._not_started = f"it could not be started: {getattr(wrong, 'strerror', None) or wrong}"
        if self._are_going:
            self._go()

    def _goes_in_batches(self) -> bool:
        request = self._parts.store.sends.get(self._send).request
        return min(self._parts.settings.batch_size, self._parts.capabilities(request).together(request)) > 1

    def end(self) -> None:
        """Let them end, and wait until they have, but not for long."""
        self._until = self._until or monotonic() + _ENDS_WITHIN
        for one in self._helpers:
            one.let_go()
        for one in self._helpers:
            one.wait(self._until)

    def faults(self) -> Sequence[str]:
        """What went wrong with them. Nothing is lost by it: what they had is settled as after any crash."""
        return [fault for fault in (self._not_started, *(one.fault for one in self._helpers)) if fault is not None]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whoever interrupts does not wait for them: they end by themselves, with what they have in hand on record."""
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            for one in self._helpers:
                one.let_go()
        else:
            self.end()


class _Helper:
    """
    One process: it begins with a line on its standard input, lives as long as that is open, and says on standard output
    how many it has settled.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._errors: IO[bytes] = TemporaryFile()  # noqa: SIM115 - as long as the process
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program, and an id of ours
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, errors="replace"
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

    def go(self) -> None:
        """Let it begin."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe; narrows the type
        with suppress(BrokenPipeError):  # it could not even open the installation: its last words say why
            self._process.stdin.write("\n")
            self._process.stdin.flush()

    def let_go(self) -> None:
        """Let it end once it has nothing in hand."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe; narrows the type
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def wait(self, until: float) -> None:
        """Wait for its end until then: one that waits for a provider's answer ends after it."""
        try:
            self._process.wait(max(0, until - monotonic()))
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


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
