"""Records: what is kept of a decision, enough to make it again as of its own instant (compliance A-10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from .circumstances import Circumstances
from .eligibility import answers_outside
from .policy import Policy
from .reasons import STRENGTH, ReasonKind
from .standing import Standing
from .verdict import Deferred, latest_deferral

__all__ = ["Decision", "Replay", "record", "replay"]


class Decision(NamedTuple):
    """
    One decision and all it was made from: what a ledger keeps, beside the person it is about.

    Without ``reasons`` the person was mailable; with an ``until`` they were deferred, else withheld. ``policy`` is the
    fingerprint, ``circumstances`` only what its rules outside the table read. A light tuple: a fan-out makes one for
    everybody.
    """

    standing: Standing
    reasons: tuple[ReasonKind, ...]
    at: datetime
    policy: str
    until: datetime | None = None
    circumstances: Circumstances | None = None

    @property
    def is_mailable(self) -> bool:
        """Whether nothing stood against it."""
        return not self.reasons


def record(standing: Standing, policy: Policy, at: datetime, circumstances: Circumstances | None = None) -> Decision:
    """
    Decide from a standing, as a store packs it, and keep what it was decided from. ``at`` is aware.

    >>> from datetime import UTC
    >>> from migma_core import MIGMA, Denials
    >>> record(Standing(0, Denials.MANUAL), MIGMA, datetime(2026, 5, 1, tzinfo=UTC)).reasons
    (<ReasonKind.MANUAL: 'manual'>,)
    """
    kinds = policy.kinds(policy.code(standing))
    if not policy.outside:
        return Decision(standing, kinds, at, policy.fingerprint)
    kept = None if circumstances is None else circumstances.only(policy.wanted.names)
    answers = answers_outside(standing, kept, policy, at)
    against = {*kinds, *(one.kind for one in answers if not isinstance(one, Deferred))}
    if against or not answers:
        told = tuple(sorted(against, key=STRENGTH.__getitem__))
        return Decision(standing, told, at, policy.fingerprint, None, kept)
    latest = latest_deferral(answers)
    return Decision(standing, (latest.reason.kind,), at, policy.fingerprint, latest.until, kept)


@dataclass(frozen=True, slots=True)
class Replay:
    """
    A decision made again from its record. ``agrees`` is false where the answer differs; ``is_same_policy`` says whether
    that can be the policy's doing.
    """

    again: Decision
    agrees: bool
    is_same_policy: bool


def replay(decision: Decision, policy: Policy) -> Replay:
    """
    Make a recorded decision again, as of its instant, under this policy.

    Under the policy it was made by it must agree: if not, the record was tampered with, or a rule is not pure. Under
    another policy it says what that one would have decided then.

    >>> from datetime import UTC
    >>> from migma_core import MIGMA, STRICT
    >>> made = record(Standing(0), MIGMA, datetime(2026, 5, 1, tzinfo=UTC))
    >>> replay(made, MIGMA).agrees
    True
    """
    again = record(decision.standing, policy, decision.at, decision.circumstances)
    return Replay(
        again,
        agrees=(again.reasons, again.until) == (decision.reasons, decision.until),
        is_same_policy=decision.policy == policy.fingerprint,
    )
