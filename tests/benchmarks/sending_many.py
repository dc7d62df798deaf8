"""
Sending to many: ``python -m tests.benchmarks.sending_many [PEOPLE]`` for memory and recovery, with a million contacts
unless told otherwise. A run of its own, for many minutes: it is no part of ``nox -s bench``.

Memory is what a campaign takes above the process at rest, with the database open. Recovery is how long it takes until
100,000 rows that a crash left in flight are settled, from the moment their leases are over.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

from migma_runtime import Migma

from migma_core import DeliveryState, SendId
from tests.benchmarks.end_to_end import installation, letter
from tests.benchmarks.measuring import ceiling
from tests.benchmarks.stub import stub

__all__: list[str] = []

IN_FLIGHT = 100_000


def main(people: int) -> int:
    """Measure and print; 1 where memory is above its bound."""
    with tempfile.TemporaryDirectory() as folder, stub() as url:
        home = Path(folder) / "home"
        _elsewhere(installation, home, people, url)
        with Migma.open(home=home) as migma:
            project = migma.store.projects.all()[0]
            send = migma.sending.send(queue_only=True, **letter(project)).id
            at_rest, start = _memory(), perf_counter()
            answer = migma.sending.deliver(send)
            seconds, peak = perf_counter() - start, _peak()
        assert answer.states == {DeliveryState.ACCEPTED: people}
        figure = ceiling(f"memory of a campaign to {people:,}, over the process at rest", peak - at_rest, 100.0, "MB")
        print(figure)
        print(f"sent in {seconds:.0f} s, {people / seconds:,.0f} a second")
        _recover(home, send, min(IN_FLIGHT, people))
    return 0 if figure.holds else 1


def _elsewhere(make: Callable[..., object], *given: object) -> None:
    """Do it in another process: what it takes there is not at rest here."""
    process = get_context("spawn").Process(target=make, args=given)
    process.start()
    process.join()
    assert process.exitcode == 0


def _recover(home: Path, send: SendId, rows: int) -> None:
    """Put the last rows back in flight, as a crash would have left them, and take the send up again."""
    with closing(sqlite3.connect(home / "migma.db")) as database:
        last = "SELECT id FROM deliveries WHERE send_id = ? ORDER BY id DESC LIMIT ?"
        put = f"UPDATE deliveries SET state = 'claimed', lease_until = 0 WHERE id IN ({last})"  # noqa: S608 - our own
        database.execute(put, (send, rows))
        database.execute("UPDATE attempts SET finished_at = NULL WHERE send_id = ?", (send,))
        database.execute("UPDATE sends SET status = 'sending', finished_at = NULL WHERE id = ?", (send,))
        database.commit()
    start = perf_counter()
    with Migma.open(home=home) as migma:
        answer = migma.sending.deliver(send)
    assert answer.states.get(DeliveryState.HELD) == rows
    print(f"recovery with {rows:,} rows in flight: {perf_counter() - start:.1f} s, and all of them held with a reason")


def _memory() -> float:
    """Resident now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _peak() -> float:
    """The most that was resident, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
