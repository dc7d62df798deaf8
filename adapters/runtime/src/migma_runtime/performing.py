"""Performing: what each effect of the sending loop means on real ports, one call each (design D7)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from math import inf
from types import TracebackType
from typing import Any, Final, Protocol, Self

from migma_core.decision import Sender
from migma_core.delivery import effects as e
from migma_core.delivery.attempt import Attempt, AttemptId, Lot, Parcel
from migma_core.delivery.effects import Settled
from migma_core.delivery.outcome import Outcome, Unknown
from migma_core.delivery.pace import Granted
from migma_core.message import Batch, DeliveryId
from migma_core.ports import Clock, Ledger, ListingProvider, Provider, StoreFault

from .heartbeat import beating, beating_async
from .pacing import Pacing
from .spool import Spool

__all__ = ["AsyncPerformer", "AwaitedProvider", "Performer", "Ports"]

_Outcomes = tuple[Outcome, ...]
_NOTHING_MORE: Final = Granted(0, inf)
_NOBODY_MORE: Final = e.FannedOut(0, 0, goes_on=False)
_LOOKS_EVERY: Final = 0.5


class AwaitedProvider(Protocol):
    """What an event loop hands over through."""

    async def hand_over(self, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> tuple[Outcome, ...]:
        """Hand the parcel over once; one answer per message, in order."""
        ...


def _as_it_is(sender: Sender) -> Sender:
    return sender


def _never() -> bool:
    return False


def _unheard() -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Ports:
    """
    The outside of one send. ``inform`` adds to each claim what the store does not know of the sender's side: the
    providers that this installation is connected to. ``lease`` is the ledger's: a hand-over that has not begun when it
    ends does not begin, since others may doubt the attempt from then on; one that has begun keeps it, however long its
    answer takes. Once ``stopping`` says so, nothing more is planned, looked into, let through or waited for: the loop
    ends, with what is in hand on record. ``beat`` is heard before each effect, and while it waits. In the ``spool``
    lies what the ledger would not take.
    """

    ledger: Ledger
    provider: Provider
    clock: Clock
    pacing: Pacing
    lease: timedelta
    inform: Callable[[Sender], Sender] = _as_it_is
    stopping: Callable[[], bool] = _never
    beat: Callable[[], None] = _unheard
    spool: Spool | None = None

    def perform(self, effect: e.Effect[Any]) -> Any:  # noqa: PLR0911 - one line per effect
        """Do what the effect says, hand-over and waiting aside. Raises `TypeError` for an effect nobody knows."""
        self.beat()
        ledger, now = self.ledger, self.clock.now
        match effect:
            case e.FanOut() if self.stopping():
                return _NOBODY_MORE
            case e.InFlight() if self.stopping():
                return e.OpenAttempts({})
            case e.FanOut(send, limit, policy):
                return ledger.fan_out(send, limit, policy, now())
            case e.Take(messages):
                return _NOTHING_MORE if self.stopping() else self.pacing.take(messages)
            case e.PutBack(messages):
                return self.pacing.put_back(messages)
            case e.Hear(went_through, rest):
                return self.pacing.hear(went_through=went_through, rest=rest)
            case e.Claim(send, limit, wanted, only):
                claimed = ledger.claim(send, limit, wanted, now(), only)
                return replace(claimed, sender=self.inform(claimed.sender))
            case e.CommitAttempts(attempts, fences, settled, decisions):
                return ledger.commit_attempts(attempts, fences, settled, decisions, now())
            case e.Record(attempts, settled, last):
                return self._record(attempts, settled, last=last)
            case e.GiveBack(fences):
                return ledger.give_back(fences)
            case e.InFlight(send):
                return ledger.in_flight(send)
            case e.AskProvider(deliveries):
                return self._ask(deliveries)
            case e.Reconcile(found, absent, undecided, why, resend):
                return ledger.reconcile(found, absent, undecided, why, now(), resend)
            case e.Reopen(attempt, wanted):
                return ledger.reopen(attempt, wanted, now())
            case e.Reinstate(deliveries):
                return ledger.reinstate(deliveries, now())
            case e.Pause(send, why):
                return ledger.pause(send, why)
            case e.Finish(send):
                return ledger.finish(send, now())
            case _:
                raise TypeError(f"{type(effect).__name__} is no effect of the sending loop")

    def pieces(self, wait: e.Wait) -> Iterator[float]:
        """A wait in seconds at a time, so that ``beat`` is heard meanwhile; it ends early where the loop may end."""
        seconds = wait.seconds
        while seconds > 0 and (wait.in_hand or not self.stopping()):
            piece = min(seconds, _LOOKS_EVERY)
            yield piece
            seconds -= piece

    def is_late(self, lot: Lot) -> bool:
        """Whether a lot may no longer be begun: its approvals have expired, or its lease may have (D9)."""
        now = self.clock.now()
        return now >= lot.batch.expires or now >= lot.claimed_at + self.lease

    def renewing(self, lots: Sequence[Lot]) -> Callable[[], None]:
        """What keeps these lots from being doubted while their answers are awaited."""
        return partial(self.ledger.renew, [lot.attempt.id for lot in lots])

    def _record(self, attempts: Sequence[AttemptId], settled: Sequence[Settled], *, last: bool) -> str | None:
        """
        Write outcomes; what the store will not take is in the spool from the first try on, however this process ends.
        """
        try:
            self.ledger.record(attempts, settled, self.clock.now())
        except StoreFault as fault:
            if self.spool is not None and self.spool.keep(attempts, settled, self.clock.now()):
                fault.add_note("What was answered is kept, and recorded by the next run.")
            if last:
                raise
            return str(fault)  # what then is the loop's to decide (D7)
        if self.spool is not None:
            self.spool.drop(attempts)
        return None

    def _ask(self, deliveries: tuple[DeliveryId, ...]) -> frozenset[DeliveryId] | None:
        if not self.provider.capabilities.lists_deliveries:
            return None
        provider: ListingProvider = self.provider  # type: ignore[assignment]  # the capability says that it lists
        return provider.holds(deliveries)


class Performer:
    """
    Performs effects, one at a time; of several lots ``at_once``, each in a thread of its own. A context manager: at its
    end the threads are gone.
    """

    def __init__(self, ports: Ports, at_once: int = 1) -> None:
        self._ports = ports
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="hand-over")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()

    def __call__(self, effect: e.Effect[Any]) -> Any:
        """Do what the effect says and return its answer."""
        match effect:
            case e.HandOver(lots):
                with beating(self._ports.renewing(lots), self._ports.lease.total_seconds()):
                    return self._handed_over(lots)
            case e.Wait():
                for piece in self._ports.pieces(effect):
                    self._ports.clock.sleep(piece)
                    self._ports.beat()
                return None
            case _:
                return self._ports.perform(effect)

    def _handed_over(self, lots: tuple[Lot, ...]) -> tuple[_Outcomes | None, ...]:
        if len(lots) == 1:  # here, where an interrupt reaches it
            return (self._hand_over(lots[0]),)
        return tuple(self._threads.map(self._hand_over, lots))

    def _hand_over(self, lot: Lot) -> _Outcomes | None:
        if self._ports.is_late(lot):
            return None
        try:
            return self._ports.provider.hand_over(*lot)
        except Exception as unforeseen:  # noqa: BLE001 - D7: an exception nobody listed may have come after the bytes left
            return _nobody_knows(lot, unforeseen)


class AsyncPerformer:
    """The same for an event loop: the store is one hop to a thread per effect, hand-overs and waiting are awaited."""

    def __init__(
        self,
        ports: Ports,
        provider: AwaitedProvider,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ports = ports
        self._provider = provider
        self._sleep = sleep

    async def __call__(self, effect: e.Effect[Any]) -> Any:
        """Do what the effect says and return its answer."""
        match effect:
            case e.HandOver(lots):
                async with beating_async(self._ports.renewing(lots), self._ports.lease.total_seconds()):
                    return tuple(await asyncio.gather(*map(self._hand_over, lots)))
            case e.Wait():
                for piece in self._ports.pieces(effect):
                    await self._sleep(piece)
                    await asyncio.to_thread(self._ports.beat)
                return None
            case _:
                return await asyncio.to_thread(self._ports.perform, effect)

    async def _hand_over(self, lot: Lot) -> _Outcomes | None:
        if self._ports.is_late(lot):
            return None
        try:
            return await self._provider.hand_over(*lot)
        except Exception as unforeseen:  # noqa: BLE001 - D7: an exception nobody listed may have come after the bytes left
            return _nobody_knows(lot, unforeseen)


def _nobody_knows(lot: Lot, unforeseen: Exception) -> _Outcomes:
    return (Unknown(f"{type(unforeseen).__name__} while handing over"),) * len(lot.members)
