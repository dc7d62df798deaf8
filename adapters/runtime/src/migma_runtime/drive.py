"""The synchronous driver of the sending loop: it performs effects, and decides nothing (design D7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from migma_core.decision import Sender
from migma_core.delivery import effects as e
from migma_core.delivery.outcome import NotSent, Outcome, Unknown
from migma_core.delivery.steps import Steps
from migma_core.message import DeliveryId
from migma_core.ports import Clock, Ledger, ListingProvider, Provider

__all__ = ["Performer", "Watch", "drive"]

T = TypeVar("T")

Watch = Callable[[e.Effect[Any], Any], None]
"""Called after each effect with its answer: progress, logs."""


def drive(steps: Steps[T], perform: Callable[[e.Effect[Any]], Any], watch: Watch | None = None) -> T:
    """Run the steps to their end: perform each effect, send its answer back, and return what the steps return."""
    answer: Any = None
    while True:
        try:
            effect = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        answer = perform(effect)
        if watch is not None:
            watch(effect, answer)


def _as_it_is(sender: Sender) -> Sender:
    return sender


class Performer:
    """
    Performs effects on real ports. One effect, one call. ``inform`` adds to each claim what the store does not know of
    the sender's side: the providers that this installation is connected to.
    """

    def __init__(
        self, ledger: Ledger, provider: Provider, clock: Clock, inform: Callable[[Sender], Sender] = _as_it_is
    ) -> None:
        self._ledger = ledger
        self._provider = provider
        self._clock = clock
        self._inform = inform

    def __call__(self, effect: e.Effect[Any]) -> Any:  # noqa: PLR0911 - one line per effect
        """Do what the effect says and return its answer. Raises `TypeError` for an effect nobody knows."""
        ledger, now = self._ledger, self._clock.now
        match effect:
            case e.ReadAudience(send, limit, wanted):
                return ledger.read_audience(send, limit, wanted, now())
            case e.WriteDeliveries(send, rows, after):
                return ledger.write_deliveries(send, rows, after, now())
            case e.Claim(send, limit, wanted):
                claimed = ledger.claim(send, limit, wanted, now())
                return replace(claimed, sender=self._inform(claimed.sender))
            case e.CommitAttempt(attempt, fences, settled, decisions):
                return ledger.commit_attempt(attempt, fences, settled, decisions, now())
            case e.HandOver():
                return self._hand_over(effect)
            case e.Record(attempt_id, settled):
                return ledger.record(attempt_id, settled, now())
            case e.GiveBack(fences):
                return ledger.give_back(fences)
            case e.InFlight(send):
                return ledger.in_flight(send)
            case e.AskProvider(deliveries):
                return self._ask(deliveries)
            case e.Reconcile(found, absent, undecided, why):
                return ledger.reconcile(found, absent, undecided, why, now())
            case e.Pause(send, why):
                return ledger.pause(send, why)
            case e.Wait(seconds):
                return self._clock.sleep(seconds)
            case e.Finish(send):
                return ledger.finish(send, now())
            case _:
                raise TypeError(f"{type(effect).__name__} is no effect of the sending loop")

    def _hand_over(self, effect: e.HandOver) -> tuple[Outcome, ...]:
        batch = effect.batch
        if self._clock.now() >= batch.expires:  # D9: compared before the first byte
            return (NotSent("the approval expired before the first byte"),) * len(batch.messages)
        try:
            return self._provider.hand_over(batch, effect.parcel, effect.attempt)
        except Exception as unforeseen:  # noqa: BLE001 - D7: an exception nobody listed may have come after the bytes left
            return (Unknown(f"{type(unforeseen).__name__} while handing over"),) * len(batch.messages)

    def _ask(self, deliveries: tuple[DeliveryId, ...]) -> frozenset[DeliveryId] | None:
        if not self._provider.capabilities.lists_deliveries:
            return None
        provider: ListingProvider = self._provider  # type: ignore[assignment]  # the capability says that it lists
        return provider.holds(deliveries)
