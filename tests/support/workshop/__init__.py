"""
A workshop: real processes that carry out a send, begun at once and killed, stopped and continued by real signals.

One process imports everything and waits; each worker is a fork of it, so that hundreds can be begun.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.counterparts import ROOT

__all__ = ["Worker", "Workshop", "workshop"]

_PATIENCE = 60.0


class Worker:
    """One process. It writes a last word, unless it is killed."""

    def __init__(self, pid: int, words: Path) -> None:
        self.pid = pid
        self._words = words
        try:
            self._end: int | None = os.pidfd_open(pid)
        except ProcessLookupError:
            self._end = None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if there is anybody left to receive it."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def is_over(self, within: float = 0.0) -> bool:
        """Whether it has ended by then, however."""
        if self._end is not None and select.select([self._end], [], [], within)[0]:
            os.close(self._end)
            self._end = None
        return self._end is None

    def wait(self) -> bool:
        """Wait for its end; whether it came to it by itself. Raises what it raised."""
        if not self.is_over(_PATIENCE):
            self.send(signal.SIGKILL)
            raise AssertionError(f"worker {self.pid} does not come to an end")
        said = self._words / str(self.pid)
        words = said.read_text() if said.exists() else None
        assert not words, words
        return words is not None

    def wait_until_stopped(self) -> bool:
        """Wait until it is stopped, as by SIGSTOP; ``False`` where it ended instead."""
        until = time.monotonic() + _PATIENCE
        while not self.is_over():
            with suppress(FileNotFoundError, ProcessLookupError):
                if Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
                    return True
            assert time.monotonic() < until, f"worker {self.pid} is not stopped"
            time.sleep(0.002)
        return False


class Workshop:
    """Begins workers."""

    def __init__(self, running: subprocess.Popen[str], words: Path) -> None:
        self._running = running
        self._words = words

    def begin(self, home: Path, send: str, does: signal.Signals | None = None, at: int = 0) -> Worker:
        """A worker that carries out a send; with a signal it sends that to itself after so many effects."""
        order = {"home": str(home), "send": send, "signal": does, "at": at, "words": str(self._words)}
        assert self._running.stdin is not None
        assert self._running.stdout is not None
        self._running.stdin.write(json.dumps(order) + "\n")
        self._running.stdin.flush()
        return Worker(int(self._running.stdout.readline()), self._words)


@contextmanager
def workshop() -> Iterator[Workshop]:
    """Open until the block ends; whoever still works then is killed."""
    command = [sys.executable, "-m", "tests.support.workshop"]
    with (
        TemporaryDirectory() as words,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, process_group=0
        ) as running,
    ):
        try:
            yield Workshop(running, Path(words))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
