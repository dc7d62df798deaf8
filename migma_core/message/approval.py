"""Approval: proof that one address may be written to, for one purpose, under one policy, for a minute."""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from ..audience.address import Address
from ..audience.contact import ContactId
from ..decision.eligibility import decide
from ..decision.facts import Facts
from ..decision.policy import Policy
from ..decision.purpose import Purpose, classify
from ..decision.verdict import Deferred, Mailable, Withheld
from ..request.send_request import SendRequest
from .sealed import Sealed, writers

__all__ = ["APPROVAL_LIFE", "Approval", "approve", "approving"]

APPROVAL_LIFE: Final = timedelta(seconds=60)
"""From the claim to the first byte at most (design D10)."""


class Approval(Sealed):
    """Only `approve` makes one, by deciding again."""

    __slots__ = ("address", "contact", "expires", "policy", "purpose", "request")

    address: Address
    contact: ContactId | None
    purpose: Purpose
    policy: str
    request: SendRequest
    expires: datetime

    def __repr__(self) -> str:
        return f"<Approval {self.purpose.word} to {self.address.masked} until {self.expires:%H:%M:%S}>"


def approve(policy: Policy, facts: Facts, request: SendRequest, now: datetime) -> Approval | Withheld | Deferred:
    """
    Decide from fresh facts and, if nothing stands against it, mint the approval. No verdict is taken on trust.

    ``now`` is aware. Raises `ValueError` where the facts were gathered for another purpose, topic or address than the
    request's, since deciding on them would decide about something else.
    """
    return approving(policy, request, now)(facts)


def approving(policy: Policy, request: SendRequest, now: datetime) -> _Approving:
    """
    `approve` for all recipients of a request at one moment: what is the same for everybody is asked once, and each is
    decided about from facts of their own.
    """
    if now.tzinfo is None:
        raise ValueError("an approval's time needs a zone: pass an aware datetime")
    purpose, expires = classify(request).purpose, now + APPROVAL_LIFE
    addressees = frozenset(one.canonical for one in request.addressees)

    def approve_one(facts: Facts) -> Approval | Withheld | Deferred:
        _check_same_question(facts, request, purpose, addressees)
        verdict = decide(facts, policy, now)
        return _mint(policy, facts, request, purpose, expires) if isinstance(verdict, Mailable) else verdict

    return approve_one


_Approving: TypeAlias = Callable[[Facts], Approval | Withheld | Deferred]


def _check_same_question(facts: Facts, request: SendRequest, purpose: Purpose, addressees: Set[str]) -> None:
    if facts.purpose is not purpose:
        raise ValueError(f"the facts are about {facts.purpose.word} mail, the request is {purpose.word}")
    if purpose is Purpose.MARKETING and facts.topic != request.topic:
        raise ValueError("the facts are about another topic than the request's")
    if addressees and facts.address.canonical not in addressees:
        raise ValueError("the facts are about another address than the request's")


def _mint(policy: Policy, facts: Facts, request: SendRequest, purpose: Purpose, expires: datetime) -> Approval:
    approval = object.__new__(Approval)
    _write_address(approval, facts.address)
    _write_contact(approval, facts.contact)
    _write_purpose(approval, purpose)
    _write_policy(approval, policy.fingerprint)
    _write_request(approval, request)
    _write_expires(approval, expires)
    return approval


_write_address, _write_contact, _write_purpose, _write_policy, _write_request, _write_expires = writers(
    Approval, "address", "contact", "purpose", "policy", "request", "expires"
)
