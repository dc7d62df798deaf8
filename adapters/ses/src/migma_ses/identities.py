"""Identities: whether a domain may send in this region, by itself or by a domain above it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from migma_http import Answer, DomainState, HttpResponse, NextPage, read_json, usual_outcome
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from .wire import Identity

__all__ = ["UNKNOWN_HERE", "covering", "fault_of", "identity_path", "read_identity", "told_of"]

UNKNOWN_HERE: Final = "SES does not know the domain in this region: add it there"

_NOT_FOUND: Final = 404
_LABELS_OF_A_DOMAIN: Final = 2


def covering(name: str) -> Iterator[str]:
    """
    The domains whose identity lets this one send, nearest first: SES takes one for all domains below it.

    >>> list(covering("news.mail.example.com"))
    ['news.mail.example.com', 'mail.example.com', 'example.com']
    """
    labels = name.split(".")
    yield name
    yield from (".".join(labels[at:]) for at in range(1, len(labels) - _LABELS_OF_A_DOMAIN + 1))


def identity_path(name: str) -> str:
    """Where an identity is asked for."""
    return f"/v2/email/identities/{quote(name, safe='')}"


def read_identity(name: str, answer: Answer) -> Result[DomainState | NextPage, str]:
    """Whether mail from the domain leaves, or why nobody can tell."""
    if isinstance(answer, HttpResponse) and answer.status == _NOT_FOUND:
        return Success(DomainState(name, may_send=False, why=UNKNOWN_HERE))
    if not isinstance(answer, HttpResponse) or answer.status != 200:  # noqa: PLR2004 - RFC 9110 §15.3.1
        return Failure(getattr(usual_outcome(answer), "why", "the answer holds no identity"))
    return read_json(Identity, answer.body).map(lambda read: _state(name, read))


def fault_of(found: Result[DomainState, str]) -> str | None:
    """Why the domain may not send, or why nobody can tell; ``None`` where it may."""
    if not is_successful(found):
        return found.failure()
    state = found.unwrap()
    return None if state.may_send else state.why


def told_of(domain: str, name: str, fault: str | None) -> str | None:
    """The fault of the domain that decides for a name, which may be one above it."""
    return fault if fault is None or domain == name else f"{domain}, which covers it: {fault}"


def _state(name: str, read: Identity) -> DomainState:
    if not read.verified_for_sending_status:
        why = read.verification_status[:40] or "nothing"
        return DomainState(name, may_send=False, why=f"SES has not verified the domain for sending; it says: {why}")
    envelope = read.mail_from_attributes
    if (
        envelope
        and envelope.behavior_on_mx_failure == "REJECT_MESSAGE"
        and envelope.mail_from_domain_status != "SUCCESS"
    ):
        why = "its MAIL FROM domain has no MX record that SES finds, and SES is told to refuse mail without one"
        return DomainState(name, may_send=False, why=why)
    return DomainState(name, may_send=True)
