"""Domains: whether one may send at Mailgun, and whether Mailgun keeps out of its opt-outs."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from migma_http import Answer, DomainState, HttpResponse, NextPage, Secret, read_json, usual_outcome
from returns.result import Failure, Result

from .outcomes import words_of
from .wire import DomainAnswer, SendingDomain, Tracking

__all__ = ["TRACKING", "question", "read"]

TRACKING: Final = "tracking"
"""The second question about a domain: what Mailgun tracks in its mail."""

_OK, _NOT_FOUND = 200, 404


def question(domain: str, after: str | None) -> str:
    """The path that asks what a domain is, and after that what is tracked in its mail."""
    named = quote(domain, safe="")
    return f"/v3/domains/{named}/tracking" if after == TRACKING else f"/v4/domains/{named}"


def read(name: str, through: str, answer: Answer, key: Secret) -> Result[DomainState | NextPage, str]:
    """What the answer says of mail from the domain ``name`` that leaves through the domain ``through``."""
    if not _aligned(name, through):
        why = f"mail leaves through {through}, which is neither above nor below {name}: DMARC would not know it"
        return Result.from_value(DomainState(name, may_send=False, why=why))
    if isinstance(answer, HttpResponse) and answer.status == _NOT_FOUND:
        why = f"Mailgun does not know {through} in this region: add it there, or mend the region"
        return Result.from_value(DomainState(name, may_send=False, why=why))
    if not isinstance(answer, HttpResponse) or answer.status != _OK:
        words = words_of(answer, key) if isinstance(answer, HttpResponse) else ""
        return Failure(getattr(usual_outcome(answer, words), "why", "the answer says nothing of the domain"))
    return read_json(DomainAnswer, answer.body).bind(lambda told: _state(name, told))


def _state(name: str, told: DomainAnswer) -> Result[DomainState | NextPage, str]:
    if told.domain is not None:
        return Result.from_value(_of_the_domain(name, told.domain))
    if told.tracking is not None:
        return Result.from_value(_of_its_tracking(name, told.tracking))
    return Failure("the answer says nothing of the domain")


def _of_the_domain(name: str, domain: SendingDomain) -> DomainState | NextPage:
    if domain.is_disabled or domain.state == "disabled":
        return DomainState(name, may_send=False, why="the domain is disabled at Mailgun: ask its support why")
    if domain.state == "unverified":
        return DomainState(name, may_send=False, why="Mailgun has not found the domain's DNS records")
    if domain.state != "active":
        return DomainState(name, may_send=False, why=f"Mailgun says of the domain: {domain.state[:40] or 'nothing'}")
    return NextPage(TRACKING)


def _of_its_tracking(name: str, tracking: Tracking) -> DomainState:
    """With it on, Mailgun adds its own link and header to everything, receipts included (compliance Q-08, C-10)."""
    if not tracking.unsubscribe.active:
        return DomainState(name, may_send=True)
    why = "Mailgun's tracking of unsubscribes is on and would add a link of its own: switch it off for the domain"
    return DomainState(name, may_send=False, why=why)


def _aligned(name: str, through: str) -> bool:
    """Relaxed alignment as far as it shows without a list of public suffixes (RFC 7489 §3.1.1)."""
    return name == through or through.endswith(f".{name}") or name.endswith(f".{through}")
