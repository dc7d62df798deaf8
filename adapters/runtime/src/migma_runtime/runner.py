"""The runner: starts campaigns at their time, and carries each on to its end (R52 to R55; reliability §12)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Final

from migma_core.delivery import Action, CampaignStatus, SendId
from migma_core.ports import Due, StoreFault

from .holding import Hold
from .parts import Parts
from .scheduling import read_zones_anew
from .sending import SendAnswer, Sending

__all__ = ["LOOKS_EVERY", "PATIENCE", "Ran", "Runner", "give_up", "hold_on", "leave", "rest_seconds", "take"]

LOOKS_EVERY: Final = 2.0
_SOONEST: Final = 0.05
PATIENCE: Final = 10.0
"""What rests for longer is let go, and handed out again when there is something to do."""
_LEAST_REST: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Ran:
    """
    What became of a campaign that was due: where it stands now, or why it went no further.

    ``action`` is ``send``, or ``miss`` where its time was past for longer than it may start late by itself.
    """

    id: SendId
    name: str | None
    action: Action
    status: CampaignStatus
    answer: SendAnswer | None = None
    why: str | None = None


class Runner:
    """
    Starts what is due and carries it on, several campaigns at a time, beside any number of runners on the same store.

    Each is started once. One that ends early, since people wait for their time or a process died, is taken up again
    when there is something to do.
    """

    def __init__(self, parts: Parts, sending: Sending, tell: Callable[[Ran], None] = lambda _: None) -> None:
        self._parts = parts
        self._sending = sending
        self._tell = tell
        self._stop = Event()
        self._running: set[Future[Ran | StoreFault]] = set()
        self._faults: list[StoreFault] = []

    def stop(self) -> None:
        """End at the next claim of each campaign; what is left goes on with the next runner."""
        self._stop.set()

    def run_due(self) -> None:
        """Carry out what is due by now, and what falls due meanwhile. Raises `StoreFault`."""
        self._run(self._until_nothing_is_due)
        if self._faults:
            raise self._faults[0]

    def run_forever(self) -> None:
        """Go on until `stop`, or an interruption; a store that cannot be reached is asked again."""
        self._run(self._until_stopped)

    def _run(self, loop: Callable[[ThreadPoolExecutor], None]) -> None:
        with ThreadPoolExecutor(self._parts.settings.campaigns_at_once, thread_name_prefix="campaign") as pool:
            try:
                loop(pool)
            except BaseException:
                self.stop()
                self._finish_all()
                raise

    def _until_nothing_is_due(self, pool: ThreadPoolExecutor) -> None:
        self._begin(pool)
        while self._running:
            self._finish()
            self._begin(pool)

    def _until_stopped(self, pool: ThreadPoolExecutor) -> None:
        while not self._stop.is_set():
            self._faults.clear()  # the campaign is taken up again once its lease is over
            try:
                self._begin(pool)
                (self._finish if self._running else self._rest)()
            except StoreFault:
                self._parts.clock.sleep(LOOKS_EVERY)
        self._finish_all()

    def _begin(self, pool: ThreadPoolExecutor) -> None:
        """Take what is due, for as long as there are hands for it."""
        read_zones_anew(self._parts)
        while len(self._running) < self._parts.settings.campaigns_at_once and not self._stop.is_set():
            due = take(self._parts)
            if due is None:
                break
            self._running.add(pool.submit(self._carry_on, due))

    def _finish_all(self) -> None:
        while self._running:
            self._finish()

    def _finish(self) -> None:
        """Tell of those that ended; wait for the first, but not for ever."""
        ended, self._running = wait(self._running, timeout=LOOKS_EVERY, return_when=FIRST_COMPLETED)
        for one in ended:
            became = one.result()
            if isinstance(became, Ran):
                self._tell(became)
            else:
                self._faults.append(became)

    def _rest(self) -> None:
        self._parts.clock.sleep(rest_seconds(self._parts))

    def _carry_on(self, due: Due) -> Ran | StoreFault:
        """Carry a campaign on for as long as there is something to do. A store that fails leaves it to its lease."""
        try:
            answer = self._sent(due) if due.action is Action.SEND else None
            return leave(self._parts, due, answer)
        except StoreFault as fault:
            return fault

    def _sent(self, due: Due) -> SendAnswer | None:
        hold = hold_on(self._parts, due, self._stop)
        try:
            return self._sending.deliver(due.send, patience=PATIENCE, hold=hold)
        except StoreFault:
            raise
        except Exception as wrong:  # noqa: BLE001 - whatever is wrong with one campaign stops no other (reliability §9)
            give_up(self._parts, due, wrong)
            return None


def take(parts: Parts) -> Due | None:
    """The next campaign that is due and nobody's, now this runner's. Raises `StoreFault`."""
    return parts.store.schedules.take(parts.settings.grace, parts.clock.now())


def rest_seconds(parts: Parts) -> float:
    """For how long a runner with nothing in hand rests before it looks again. Raises `StoreFault`."""
    due = parts.store.schedules.next_due()
    return LOOKS_EVERY if due is None else min(LOOKS_EVERY, max(due, _SOONEST))


def hold_on(parts: Parts, due: Due, stop: Event) -> Hold:
    """What keeps a campaign in hand while it is carried out, until ``stop``."""
    return Hold(partial(parts.store.schedules.keep, due.send, due.fence), parts.settings.lease_seconds, stop)


def leave(parts: Parts, due: Due, answer: SendAnswer | None) -> Ran:
    """Let a campaign rest until there is something to do for it, and say what became of it. Raises `StoreFault`."""
    found = parts.store.sends.get(due.send)
    parts.store.schedules.leave(due.send, due.fence, _LEAST_REST)
    return Ran(due.send, found.name, due.action, found.status, answer, found.why)


def give_up(parts: Parts, due: Due, wrong: Exception) -> None:
    """Pause a campaign that something unforeseen is wrong with, and say why. Raises `StoreFault`."""
    parts.store.ledger.pause(due.send, f"it could not be carried out: {_told(wrong)}")


def _told(wrong: Exception) -> str:
    """What we say ourselves; of anything else its kind, since its words may hold anything."""
    return str(wrong) if isinstance(wrong, ValueError | LookupError) else type(wrong).__name__
