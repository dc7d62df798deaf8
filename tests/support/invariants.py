"""
The invariants of a send, as one function over what the store says, what the provider's own list says, and who left
when (reliability §15): nobody doubled, nobody lost, nobody denied, everything settled, everything on record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from migma_core import CampaignStatus, DeliveryState, Purpose
from migma_core.delivery.delivery import SETTLED
from tests.support.ledger_provider import Acceptance

__all__ = ["Attempted", "Counts", "Denial", "Kind", "Row", "Run", "Violation", "counts", "violations"]

MOST_SENDS: Final = 2
"""Of one transactional message whose outcome nobody knows (reliability §1)."""

APPROVED_SECONDS: Final = 60.0
"""The life of an approval: from claim to first byte (D10)."""

_ON_THE_WAY: Final = 5.0  # from the first byte to the book, on a busy machine
_ENDED: Final = frozenset({CampaignStatus.SENT, CampaignStatus.FAILED, CampaignStatus.CANCELLED})
_NOT_SENT: Final = {DeliveryState.READY, *SETTLED} - {DeliveryState.ACCEPTED, DeliveryState.HELD}


class Kind(StrEnum):
    """What can be wrong."""

    DOUBLED = "doubled"
    LOST = "lost"
    DENIED = "denied"
    UNSETTLED = "unsettled"
    UNRECORDED = "unrecorded"
    MISRECORDED = "misrecorded"
    STALE = "stale"


class Violation(NamedTuple):
    """One thing wrong, with whom."""

    kind: Kind
    address: str
    what: str


class Row(NamedTuple):
    """A delivery as the store has it. ``why`` is its reason in words, or its kinds."""

    address: str
    delivery: str
    state: DeliveryState
    why: str = ""


class Attempted(NamedTuple):
    """A delivery in an attempt on record, and when its claim read the facts, as Unix time."""

    delivery: str
    claimed_at: float


class Denial(NamedTuple):
    """Somebody left; ``committed_at`` is a moment at which that was on record, as Unix time."""

    address: str
    committed_at: float


@dataclass(frozen=True, slots=True)
class Run:
    """
    A send once everything has come to rest. ``audience`` are those it was for. ``doubts`` is how many outcomes can have
    been unknown: kills, lost answers, unclear answers; each excuses one transactional duplicate a person, and nothing
    else.
    """

    purpose: Purpose
    status: CampaignStatus
    why: str
    audience: frozenset[str]
    rows: Sequence[Row]
    attempted: Sequence[Attempted]
    accepted: Sequence[Acceptance]
    denials: Sequence[Denial] = ()
    doubts: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures of a run. ``forgotten`` are mails taken again by a provider that forgot a key it had promised."""

    people: int
    accepted: int
    duplicates: int
    forgotten: int
    states: Mapping[DeliveryState, int] = field(default_factory=dict)


def violations(run: Run) -> list[Violation]:
    """Everything wrong with a run; empty where the guarantee of reliability §1 was kept."""
    return [*_of_the_send(run), *_of_rows(run), *_of_mails(run)]


def counts(run: Run) -> Counts:
    """What is reported of a run, by the provider's own list."""
    sent = _sent(run)
    mails = Counter(one.address for one in run.accepted)
    return Counts(
        len(run.audience),
        len(mails),
        sum(times - 1 for times in sent.values()),
        mails.total() - sum(sent.values()),
        Counter(row.state for row in run.rows),
    )


def _of_the_send(run: Run) -> Iterator[Violation]:
    """It has ended, or stands still and says why; everybody has a row, once."""
    if run.status is CampaignStatus.PAUSED and not run.why:
        yield Violation(Kind.UNSETTLED, "", "the send is paused and does not say why")
    if run.status not in {*_ENDED, CampaignStatus.PAUSED}:
        yield Violation(Kind.UNSETTLED, "", f"the send is still {run.status}")
    rows = Counter(row.address for row in run.rows)
    if run.status is not CampaignStatus.PAUSED:
        missing = sorted(run.audience - rows.keys()) if run.status is not CampaignStatus.CANCELLED else ()
        yield from (Violation(Kind.LOST, one, "has no row") for one in missing)
    yield from (Violation(Kind.DOUBLED, one, f"has {times} rows") for one, times in rows.items() if times > 1)


def _of_rows(run: Run) -> Iterator[Violation]:
    """Each row is settled with a reason, and says what the provider's list says."""
    taken = {one.delivery for one in run.accepted}
    for row in run.rows:
        if row.state not in SETTLED and run.status is not CampaignStatus.PAUSED:
            yield Violation(Kind.UNSETTLED, row.address, f"is {row.state} in a send that is {run.status}")
        if row.state is DeliveryState.ACCEPTED and row.delivery not in taken:
            yield Violation(Kind.LOST, row.address, "is recorded as accepted, and the provider has nothing")
        if row.state in SETTLED - {DeliveryState.ACCEPTED, DeliveryState.CANCELLED} and not row.why:
            yield Violation(Kind.LOST, row.address, f"is {row.state} without a reason")
        # a transactional message may have been sent in doubt before it was refused for good
        if row.state in _NOT_SENT and row.delivery in taken and run.purpose is Purpose.MARKETING:
            yield Violation(Kind.MISRECORDED, row.address, f"is recorded as {row.state}, and the provider has it")


def _of_mails(run: Run) -> Iterator[Violation]:
    """Each mail taken was on record before, fresh, nobody's who had left, and no more than may be."""
    rows = {row.delivery: row for row in run.rows}
    claims: dict[str, list[float]] = {}
    for one in run.attempted:
        claims.setdefault(one.delivery, []).append(one.claimed_at)
    left = {one.address: one.committed_at for one in run.denials}
    for mail in run.accepted:
        row = rows.get(mail.delivery)
        before = [claimed for claimed in claims.get(mail.delivery, ()) if claimed <= mail.at]
        if row is None or row.address != mail.address or not before:
            yield Violation(Kind.UNRECORDED, mail.address, f"was accepted as {mail.delivery}, which is not on record")
        elif mail.at - max(before) > APPROVED_SECONDS + _ON_THE_WAY:
            yield Violation(Kind.STALE, mail.address, f"was accepted {mail.at - max(before):.0f} s after the claim")
        elif left.get(mail.address, mail.at) < min(before):
            yield Violation(Kind.DENIED, mail.address, "was accepted by a claim after the denial was on record")
    yield from _doubled(run)


def _doubled(run: Run) -> Iterator[Violation]:
    most = 1 if run.purpose is Purpose.MARKETING else min(MOST_SENDS, 1 + run.doubts)
    for address, times in _sent(run).items():
        if times > most:
            yield Violation(Kind.DOUBLED, address, f"was accepted {times} times, at most {most} may be")


def _sent(run: Run) -> Counter[str]:
    """How often each person was sent to; the same key again is the provider's promise, not another send."""
    once = {(one.address, one.key or str(one.request)) for one in run.accepted}
    return Counter(address for address, _ in once)
