"""
A helper: the process that `Helpers` starts, ``python -m migma_cli.helper SEND [HOME]``.

It is no command of ``migma``, so that it need not wait for what only people need, such as words and colours.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Any, Final

from migma_runtime import Hold, Migma, Progress

from migma_core.delivery import SendId
from migma_core.delivery import effects as e

from .ending import run
from .garbage import look_seldom_while_sending
from .logs import write_log
from .stopping import SIGNALS

__all__ = ["help_send", "main"]

_PATIENCE: Final = 1.0


def help_send(send: SendId, home: str | None = None) -> None:
    """
    Carry out a send beside the process that started this one: from a first octet on standard input on, for as long as
    that is open. Tell on standard output of each step how many it settled.

    It ends where it would have to wait: a helper is for what there is to do, and the other process waits as well.
    """
    for one in SIGNALS:  # the other process hears it too, and lets go
        signal.signal(one, signal.SIG_IGN)
    with Migma.open(**({} if home is None else {"home": home})) as migma:
        write_log(migma.parts.settings.log_path)
        if not os.read(0, 1):
            return
        hold = Hold(stop=_end_of_input())
        seen = Progress(migma.store.sends.states(send))
        with look_seldom_while_sending():
            migma.sending.deliver(send, _telling(seen), patience=_PATIENCE, hold=hold)


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


def main(send: str, home: str | None = None) -> int:
    """Run a helper, as `run` runs any program."""
    return run(lambda: help_send(SendId(send), home))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
