"""The codec: v3 mail/send, up to a thousand people in one request, and the question whether a domain may send."""

from __future__ import annotations

from typing import ClassVar, Final
from urllib.parse import quote

from migma_http import Answer, DomainState, HttpRequest, HttpResponse, NextPage, Secret, read_json, usual_outcome
from returns.result import Failure, Result

from migma_core.delivery import Attempt, Outcome, Parcel
from migma_core.message import Batch
from migma_core.ports import Capabilities

from .body import encode
from .limits import CAPABILITIES
from .outcomes import outcomes_of
from .wire import AuthenticatedDomains

__all__ = ["BASE_URL", "EU_URL", "SendGridCodec"]

BASE_URL: Final = "https://api.sendgrid.com"
EU_URL: Final = "https://api.eu.sendgrid.com"
"""For subusers of the EU region, with keys of their own; the other host does not know them."""


class SendGridCodec:
    """A `migma_http.Codec` and `migma_http.DomainCodec`."""

    __slots__ = ("_base", "_headers", "_key")

    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, key: Secret, base_url: str = BASE_URL) -> None:
        self._key, self._base = key, base_url
        self._headers = (
            ("Authorization", f"Bearer {key.reveal()}"),
            ("Content-Type", "application/json"),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "migma-core"),
        )

    def encode(self, batch: Batch, /) -> Parcel:
        """One body for all. Raises `CannotCarry`."""
        return Parcel((encode(batch),))

    def request(self, _batch: Batch, parcel: Parcel, _attempt: Attempt, /) -> HttpRequest:
        """The one request; SendGrid knows no idempotency key."""
        return HttpRequest("POST", f"{self._base}/v3/mail/send", self._headers, parcel.bodies[0])

    def decode(self, batch: Batch, answer: Answer, /) -> tuple[Outcome, ...]:
        """One outcome per message, for whatever came."""
        return outcomes_of(len(batch.messages), answer, self._key)

    def domain_request(self, name: str, _after: str | None = None, /) -> HttpRequest:
        """Search the account's authenticated domains."""
        return HttpRequest("GET", f"{self._base}/v3/whitelabel/domains?domain={quote(name)}", self._headers)

    def read_domain(self, name: str, answer: Answer, /) -> Result[DomainState | NextPage, str]:
        """Whether mail from the domain is signed for it."""
        if not isinstance(answer, HttpResponse) or answer.status != 200:  # noqa: PLR2004 - RFC 9110 §15.3.1
            return Failure(getattr(usual_outcome(answer), "why", "the answer holds no list of domains"))
        return read_json(AuthenticatedDomains, answer.body).map(lambda read: _state(name, read))

    def __repr__(self) -> str:
        return f"SendGridCodec({self._key!r}, {self._base!r})"


def _state(name: str, read: AuthenticatedDomains) -> DomainState | NextPage:
    found = [one for one in read.root if one.domain.lower() == name]
    if not found:
        return DomainState(name, may_send=False, why="SendGrid does not know the domain: authenticate it there")
    if not any(one.valid for one in found):
        return DomainState(name, may_send=False, why="SendGrid has not found the domain's DNS records")
    return DomainState(name, may_send=True)
