"""``python -m tests.support.workshop``: reads orders, one a line, forks a worker for each, and prints its id."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import migma_clock
import migma_resend
import migma_sendgrid
import migma_sql
from migma_runtime import Migma

from migma_core import SendId

_READY = (migma_clock, migma_resend, migma_sendgrid, migma_sql)  # imported once for all workers


class _Watch:
    """Sends a signal to its own process after so many effects, before the loop knows of the last."""

    def __init__(self, number: int | None, at: int) -> None:
        self._number, self._left = number, at

    def __call__(self, _effect: Any, _answer: Any) -> None:
        if self._left == 0 and self._number is not None:
            os.kill(os.getpid(), self._number)
        self._left -= 1


def _work(order: dict[str, Any]) -> None:
    with Migma.open(home=Path(order["home"])) as migma:
        migma.sending.deliver(SendId(order["send"]), _Watch(order["signal"], order["at"]))


def _main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        word = ""
        try:
            _work(order)
        except BaseException:  # noqa: BLE001 - told to whoever waits for it
            word = traceback.format_exc()
        (Path(order["words"]) / str(os.getpid())).write_text(word)
        os._exit(0)


if __name__ == "__main__":
    _main()
