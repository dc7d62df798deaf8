"""SMTP as a provider: one transaction for each message of a batch, in either colour."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from migma_core.delivery import Accepted, Attempt, Outcome, Parcel
from migma_core.message import Batch, DeliveryId, Message, mime_messages
from migma_core.ports import Capabilities, Signer

from .letter import CannotCarry, Letter, check_octets
from .pool import Pool, PoolLimits
from .return_path import ReturnPath
from .server import Server
from .session import Session
from .spreading import spread

__all__ = ["CAPABILITIES", "AsyncSmtpProvider", "Mailing", "SmtpProvider"]

CAPABILITIES: Final = Capabilities("smtp", most_messages=100, international_local_parts=True, copies=True)
"""100 transactions in one hand-over; what a single server cannot carry, it says in its greeting."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """What is done to mail before it leaves: signed, and given a return path that names its delivery."""

    signer: Signer | None = None
    return_path: ReturnPath | None = None


class SmtpProvider:
    """
    A `migma_core.ports.Provider` over pooled connections to one server; safe to use from several threads at once.

    No letter is begun later than ``begin_seconds`` after its hand-over began.
    """

    __slots__ = ("_begin_seconds", "_limits", "_mailing", "_pool", "_server")

    def __init__(
        self,
        server: Server,
        mailing: Mailing | None = None,
        limits: PoolLimits | None = None,
        begin_seconds: float = 20.0,
    ) -> None:
        self._server = server
        self._mailing = mailing or Mailing()
        self._limits = limits or PoolLimits()
        self._begin_seconds = begin_seconds
        self._pool = Pool(lambda: Session(server), self._limits)

    @property
    def capabilities(self) -> Capabilities:
        """What it can carry."""
        return CAPABILITIES

    def encode(self, batch: Batch, /) -> Parcel:
        """One RFC 5322 message per body, in order, signed where there is a signer. Raises `ValueError`."""
        if len(batch.messages) > CAPABILITIES.most_messages:
            raise CannotCarry(f"SMTP takes {CAPABILITIES.most_messages} messages at once here; divide the batch")
        if batch.compiled.request.deliver_at is not None:
            raise CannotCarry("a mail server keeps no mail until its time; leave deliver_at out")
        for message in batch.messages:
            for delivery in message.deliveries:
                self._sender(message, delivery)
        signer = self._mailing.signer
        bodies = mime_messages(batch) if signer is None else tuple(map(signer.sign, mime_messages(batch)))
        return Parcel(tuple(map(check_octets, bodies)))

    def hand_over(self, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> tuple[Outcome, ...]:  # noqa: ARG002 - the port's
        """
        One transaction with one recipient for each delivery; one answer per delivery, in order. Copies follow once
        their mail is accepted, and share its answer otherwise: then none of them was begun.
        """
        if len(parcel.bodies) != len(batch.messages):
            raise ValueError("a parcel has one body for each message of its batch")
        mails = [self._letters(message, octets) for message, octets in zip(batch.messages, parcel.bodies, strict=True)]
        outcomes = self._spread([mail for mail, *_ in mails])
        if len(batch.deliveries) == len(mails):
            return outcomes
        (outcome,), (_, *copies) = outcomes, mails[0]  # what is copied goes to one person
        return (outcome, *(self._spread(copies) if isinstance(outcome, Accepted) else (outcome,) * len(copies)))

    def close(self) -> None:
        """Leave the server, on every connection."""
        self._pool.close()

    def _spread(self, letters: Sequence[Letter]) -> tuple[Outcome, ...]:
        return spread(letters, self._pool, self._limits.connections, self._begin_seconds)

    def _letters(self, message: Message, octets: bytes) -> list[Letter]:
        """The same octets to everybody in the envelope, the recipient first."""
        envelope = zip(message.deliveries, message.envelope, strict=True)
        return [Letter(self._sender(message, delivery), address, octets) for delivery, address in envelope]

    def _sender(self, message: Message, delivery: DeliveryId) -> str:
        path = self._mailing.return_path
        return str(message.approval.request.sender) if path is None else path.of(delivery)

    def __repr__(self) -> str:
        return f"SmtpProvider({self._server})"


class AsyncSmtpProvider:
    """The same for an event loop: `hand_over` is awaited while a thread does the talking."""

    __slots__ = ("_provider",)

    def __init__(self, provider: SmtpProvider) -> None:
        self._provider = provider

    @property
    def capabilities(self) -> Capabilities:
        """What it can carry."""
        return self._provider.capabilities

    def encode(self, batch: Batch, /) -> Parcel:
        """The octets that will leave."""
        return self._provider.encode(batch)

    async def hand_over(self, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> tuple[Outcome, ...]:
        """Hand the parcel over once. Cancelled, it goes on in its thread, and nobody knows what became of it."""
        return await asyncio.to_thread(self._provider.hand_over, batch, parcel, attempt)

    async def close(self) -> None:
        """Leave the server, on every connection."""
        await asyncio.to_thread(self._provider.close)

    def __repr__(self) -> str:
        return f"Async{self._provider!r}"
