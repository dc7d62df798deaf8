"""
The ledger on SQL: every method one transaction, durable as the port says (D10); a claim reads in a second one, and
outcomes that do not all fit their rows are written in a second one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from sqlalchemy import Engine

from migma_core.decision.circumstances import Wanted
from migma_core.decision.policy import Policy
from migma_core.decision.record import Decision
from migma_core.delivery.attempt import Attempt, AttemptId
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.delivery.effects import Claimed, FannedOut, Finished, OpenAttempts, Reopened, Settled
from migma_core.message.token import DeliveryId
from migma_core.ports import StoreFault

from . import answering, claims, closing, committing, doubt, fan_out
from .engine import Durable, reading, writing
from .fan_out import Page
from .fresh_facts import read_facts, withhold_unaddressed

__all__ = ["SqlLedger"]


class SqlLedger:
    """
    Implements `migma_core.ports.Ledger` for the sends of one database.

    ``pepper`` keys the addresses of direct sends. Once a ``lease`` is over others may doubt the attempt: whoever waits
    for an answer for longer renews it (reliability §6). Raises `UnknownSend` for a send nobody accepted.
    """

    def __init__(self, engine: Engine, pepper: bytes, lease: timedelta) -> None:
        self._engine = engine
        self._pepper = pepper
        self._lease = lease // timedelta(microseconds=1)

    def fan_out(self, send: SendId, limit: int, policy: Policy, now: datetime) -> FannedOut:
        """Write a page of deliveries and the place reached; nobody once all are written, or the send stands still."""
        with writing(self._engine, Durable.SOON) as connection:
            return fan_out.write_page(connection, send, Page(limit, policy, self._pepper, now))

    def claim(
        self, send: SendId, limit: int, wanted: Wanted, now: datetime, only: Sequence[DeliveryId] = ()
    ) -> Claimed:
        """Take up to ``limit`` free rows for a lease, with fresh facts; of ``only`` those named, if any are."""
        terms = self._terms(wanted, now)
        with writing(self._engine, Durable.SOON) as connection:
            taken = claims.take(connection, send, limit, terms, only)
        with self._given_back_if_in_vain(taken):
            with reading(self._engine) as connection:
                read = read_facts(connection, taken, terms)
            if not read.gone:
                return read.claimed
            with writing(self._engine, Durable.SOON) as connection:
                return withhold_unaddressed(connection, read, taken, now)

    @contextmanager
    def _given_back_if_in_vain(self, taken: claims.Taken) -> Iterator[None]:
        """Whoever took rows and could not read about them lets others have them at once, not after a lease."""
        try:
            yield
        except BaseException:
            if taken.rows:
                with suppress(StoreFault):  # what went wrong first is told
                    self.give_back({row.delivery: row.fence for row in taken.rows})
            raise

    def _terms(self, wanted: Wanted, now: datetime) -> claims.Terms:
        return claims.Terms(self._lease, wanted, now, self._pepper)

    def commit_attempts(
        self,
        attempts: Sequence[Attempt],
        fences: Mapping[DeliveryId, int],
        settled: Sequence[Settled],
        decisions: Sequence[Decision],
        now: datetime,
    ) -> bool:
        """Put attempts on record; ``False`` where a fence was stale, and nothing is written."""
        with writing(self._engine) as connection:
            return committing.commit(connection, attempts, fences, settled, decisions, self._lease, now)

    def renew(self, attempts: Sequence[AttemptId]) -> None:
        """Begin leases anew while answers are awaited."""
        with writing(self._engine) as connection:
            committing.renew(connection, attempts, self._lease)

    def record(self, attempts: Sequence[AttemptId], settled: Sequence[Settled], now: datetime) -> None:
        """Write the outcomes of attempts, and count what was accepted for the sender's domain."""
        with writing(self._engine) as connection:
            if answering.record_all(connection, attempts, settled, now):
                return
        with writing(self._engine) as connection:
            answering.record(connection, attempts, settled, now)

    def give_back(self, fences: Mapping[DeliveryId, int]) -> None:
        """Return claimed rows untouched."""
        with writing(self._engine) as connection:
            committing.give_back(connection, fences)

    def in_flight(self, send: SendId) -> OpenAttempts:
        """What a crash left without an outcome."""
        with reading(self._engine) as connection:
            return doubt.in_flight(connection, send)

    def reconcile(
        self,
        found: Sequence[DeliveryId],
        absent: Sequence[DeliveryId],
        undecided: Sequence[DeliveryId],
        why: str,
        now: datetime,
        resend: Sequence[DeliveryId] = (),
    ) -> None:
        """
        Settle doubt: what the provider has is accepted, what it has not is ready, what it cannot say is held, or ready
        once more by the policy for what is unknown.
        """
        verdicts = {
            **dict.fromkeys(resend, DeliveryState.READY),
            **dict.fromkeys(undecided, DeliveryState.HELD),
            **dict.fromkeys(absent, DeliveryState.READY),
            **dict.fromkeys(found, DeliveryState.ACCEPTED),
        }
        with writing(self._engine) as connection:
            doubt.reconcile(connection, verdicts, frozenset(resend), why, now)

    def reopen(self, attempt: AttemptId, wanted: Wanted, now: datetime) -> Reopened | None:
        """Take an attempt in doubt for a lease, with fresh facts; ``None`` where nothing of it is in doubt."""
        with writing(self._engine) as connection:
            return doubt.reopen(connection, attempt, self._terms(wanted, now))

    def reinstate(self, deliveries: Sequence[DeliveryId], now: datetime) -> None:
        """Make refused rows ready again, for a fault that was the request's."""
        with writing(self._engine) as connection:
            answering.reinstate(connection, deliveries, now)

    def decide_held(
        self, send: SendId, deliveries: Sequence[DeliveryId], state: DeliveryState, why: str, now: datetime
    ) -> int:
        """Settle held rows by a person's word; a send that had ended is open again for those to be sent."""
        with writing(self._engine) as connection:
            return doubt.decide_held(connection, send, deliveries, state, why, now)

    def pause(self, send: SendId, why: str) -> None:
        """Stop the stream and say why."""
        with writing(self._engine) as connection:
            closing.pause(connection, send, why)

    def finish(self, send: SendId, now: datetime) -> Finished:
        """Close the send if every row is settled, and count them."""
        with writing(self._engine) as connection:
            return closing.finish(connection, send, now)
