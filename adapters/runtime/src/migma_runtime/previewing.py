"""Previewing: who would be written to and who would not, counted by the predicate that sends (design §2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migma_core.decision import (
    Authorized,
    Decision,
    Partition,
    Purpose,
    Refused,
    Sender,
    authorize,
    classify,
    count,
    record,
    tally,
)
from migma_core.request import SendRequest

from .parts import Parts

__all__ = ["Preview", "preview", "sender_of"]

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Preview:
    """How the audience would divide right now, and whether the request may go out at all."""

    partition: Partition
    answer: Authorized | Refused


def preview(parts: Parts, request: SendRequest) -> Preview:
    """Count everybody, by their standings where a policy reads nothing else."""
    purpose = classify(request).purpose
    answer = authorize(request, sender_of(parts, request), parts.policy)
    if parts.policy.outside:
        return Preview(tally(_decisions(parts, request, purpose)), answer)
    standings = parts.store.sends.count_standings(request, purpose, parts.clock.now())
    return Preview(count(parts.policy, standings), answer)


def sender_of(parts: Parts, request: SendRequest) -> Sender:
    """What is known of the sender's side, and what a connected provider can carry."""
    sender = parts.store.sends.sender(request)
    return parts.informed(sender, request, parts.store.projects.get(request.project).account)


def _decisions(parts: Parts, request: SendRequest, purpose: Purpose) -> Iterator[Decision]:
    """Decide about everyone, page by page: rules outside the table judge people, not standings (design D4)."""
    policy, now, after = parts.policy, parts.clock.now(), 0
    while True:
        page = parts.store.sends.audience_page(request, purpose, after, _PAGE, policy.wanted, now)
        for row in page.rows:
            yield record(row.standing, policy, now, row.circumstances)
        if page.after is None:
            return
        after = page.after
