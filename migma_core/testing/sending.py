"""A send as the law books of the ledger need it: its audience, its claims, its attempts, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..audience.address import Address
from ..audience.contact import Status
from ..audience.intake import ContactDraft
from ..decision.circumstances import Wanted
from ..decision.policy import MIGMA
from ..decision.purpose import Purpose
from ..decision.record import Decision, record
from ..decision.standing import Standing
from ..delivery.attempt import Attempt, AttemptId
from ..delivery.delivery import DeliveryState, SendId
from ..delivery.effects import Claimed, Settled
from ..message.token import DeliveryId
from ..ports import Ledger, Store
from ..request.project import Project
from ..request.recipients import TagHolders
from .storage import StorageLaws, put, request_to, some_project, some_send

__all__ = [
    "ENDS",
    "EVIDENCE",
    "NOTHING",
    "WAYS",
    "accepted",
    "all_settled",
    "attempt_on",
    "audience",
    "claims",
    "decisions_on",
    "fan_out",
    "fences",
    "in_flight",
    "ready",
    "reconcile",
    "send_all",
]

NOTHING = Wanted()
WAYS: Mapping[str, Mapping[str, Any]] = {
    "accepted": {"state": DeliveryState.ACCEPTED, "provider_id": "p"},
    "rejected": {"state": DeliveryState.REJECTED, "why": "no such mailbox"},
    "again": {"state": DeliveryState.READY, "keeps_attempt": False, "spends": True},
    "held": {"state": DeliveryState.HELD},
    "refused": {"state": DeliveryState.REJECTED, "spends": True},
    "unknown": {"state": DeliveryState.UNKNOWN, "spends": True, "doubts": True},
    "rests": {"state": DeliveryState.READY, "wait": 60.0, "keeps_attempt": False},
}
ENDS = ("accepted", "again", "held", "rejected")
EVIDENCE = ("found", "absent", "undecided")


def audience(laws: StorageLaws, people: int) -> tuple[Store, Project]:
    """An empty store with so many subscribers who hold the tag ``all``."""
    store = laws.open()
    project = some_project(store)
    addresses = [Address(f"p{number}", "customers.migma.email") for number in range(people)]
    held = frozenset({"all"})
    put(store, project.id, *(ContactDraft(address=a, status=Status.SUBSCRIBED, tags=held) for a in addresses))
    return store, project


def fan_out(ledger: Ledger, send: SendId, limit: int = 100) -> None:
    """Write a row for everybody."""
    while ledger.fan_out(send, limit, MIGMA, StorageLaws.now).goes_on:
        pass


def fences(claimed: Claimed) -> dict[DeliveryId, int]:
    """The fences of a claim."""
    return {row.delivery: row.fence for row in claimed.rows}


def accepted(store: Store, project: Project) -> SendId:
    """A send to everybody, as it was accepted."""
    send = some_send()
    request = request_to(project.id, TagHolders("all"))
    store.sends.accept(send, request, Purpose.MARKETING, MIGMA, None, StorageLaws.now)
    return send


def ready(store: Store, project: Project) -> SendId:
    """A send to everybody, fanned out."""
    send = accepted(store, project)
    fan_out(store.ledger, send)
    return send


def claims(ledger: Ledger, send: SendId, limit: int) -> Iterator[dict[DeliveryId, int]]:
    """Claim until nothing is free, and yield the fences of each claim."""
    while held := fences(ledger.claim(send, limit, NOTHING, StorageLaws.now)):
        yield held


def attempt_on(send: SendId, held: Mapping[DeliveryId, int]) -> Attempt:
    """An attempt for these rows."""
    values = tuple({"email": str(one)} for one in held)
    made = AttemptId(str(some_send()))
    return Attempt(made, send, "migma", tuple(held), "content", 1, 1, StorageLaws.now, "digest", values)


def decisions_on(held: Mapping[DeliveryId, int]) -> list[Decision]:
    """A decision for each of these rows."""
    return [record(Standing(0), MIGMA, StorageLaws.now)] * len(held)


def in_flight(ledger: Ledger, send: SendId, limit: int) -> tuple[Attempt, dict[DeliveryId, int]]:
    """Claim rows and put an attempt for all of them on record."""
    held = fences(ledger.claim(send, limit, NOTHING, StorageLaws.now))
    attempt = attempt_on(send, held)
    assert ledger.commit_attempts([attempt], held, (), decisions_on(held), StorageLaws.now)
    return attempt, held


def all_settled(held: Mapping[DeliveryId, int], way: str) -> list[Settled]:
    """The same outcome for every row."""
    return [Settled(one, fence, **WAYS[way]) for one, fence in held.items()]


def reconcile(ledger: Ledger, send: SendId, evidence: Sequence[str]) -> None:
    """Settle what is in doubt, each as the evidence says."""
    doubtful = list(zip(ledger.in_flight(send).deliveries, evidence, strict=False))
    found, absent, undecided = (tuple(one for one, how in doubtful if how == kind) for kind in EVIDENCE)
    ledger.reconcile(found, absent, undecided, "asked", StorageLaws.now)


def send_all(ledger: Ledger, send: SendId, outcomes: Sequence[str], limit: int) -> None:
    """Claim and attempt everything that is ready, each row with the next outcome."""
    rest = iter(outcomes)
    for held in claims(ledger, send, limit):
        attempt = attempt_on(send, held)
        assert ledger.commit_attempts([attempt], held, (), decisions_on(held), StorageLaws.now)
        settled = [Settled(one, fence, **WAYS[next(rest, "accepted")]) for one, fence in held.items()]
        ledger.record([attempt.id], settled, StorageLaws.now)
