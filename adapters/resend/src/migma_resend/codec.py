"""The codec: up to a hundred finished mails in one request, each answered, and whether a domain may send."""

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
from .wire import Domain, Domains

__all__ = ["BASE_URL", "ResendCodec"]

BASE_URL: Final = "https://api.resend.com"
"""For all regions: the region belongs to the domain."""

# the valid mails of a batch are sent, and the others named: one bad address costs nobody else an attempt
_ANSWER_EACH: Final = ("x-batch-validation", "permissive")


class ResendCodec:
    """A `migma_http.Codec` and `migma_http.DomainCodec`."""

    __slots__ = ("_base", "_headers", "_key")

    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, key: Secret, base_url: str = BASE_URL) -> None:
        self._key, self._base = key, base_url
        self._headers = (
            ("Authorization", f"Bearer {key.reveal()}"),
            ("Content-Type", "application/json"),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "migma-core"),  # without one, Resend answers 403
        )

    def encode(self, batch: Batch, /) -> Parcel:
        """One body for all. Raises `CannotCarry`."""
        return Parcel((encode(batch),))

    def request(self, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> HttpRequest:
        """The one request, under the attempt's own key: handed over again within a day, it is sent once."""
        key = ("Idempotency-Key", attempt.idempotency_key)
        if len(batch.messages) == 1:
            return HttpRequest("POST", f"{self._base}/emails", (*self._headers, key), parcel.bodies[0])
        return HttpRequest("POST", f"{self._base}/emails/batch", (*self._headers, key, _ANSWER_EACH), parcel.bodies[0])

    def decode(self, batch: Batch, answer: Answer, /) -> tuple[Outcome, ...]:
        """One outcome per message, for whatever came."""
        return outcomes_of(len(batch.messages), answer, self._key)

    def domain_request(self, _name: str, after: str | None = None, /) -> HttpRequest:
        """A page of the team's domains; needs a key with full access."""
        page = "?limit=100" if after is None else f"?limit=100&after={quote(after, safe='')}"
        return HttpRequest("GET", f"{self._base}/domains{page}", self._headers)

    def read_domain(self, name: str, answer: Answer, /) -> Result[DomainState | NextPage, str]:
        """Whether the domain is verified and may send, or where the next page begins."""
        if not isinstance(answer, HttpResponse) or answer.status != 200:  # noqa: PLR2004 - RFC 9110 §15.3.1
            return Failure(getattr(usual_outcome(answer), "why", "the answer holds no list of domains"))
        return read_json(Domains, answer.body).map(lambda read: _state(name, read))

    def __repr__(self) -> str:
        return f"ResendCodec({self._key!r}, {self._base!r})"


def _state(name: str, read: Domains) -> DomainState | NextPage:
    found = [one for one in read.data if one.name.lower() == name]
    if not found:
        if read.has_more and read.data:
            return NextPage(read.data[-1].id)
        return DomainState(name, may_send=False, why="Resend does not know the domain: add it there")
    return next((DomainState(name, may_send=True) for one in found if _may_send(one)), _not_yet(name, found[0]))


def _may_send(domain: Domain) -> bool:
    return domain.status == "verified" and domain.capabilities.sending in {None, "enabled"}


def _not_yet(name: str, domain: Domain) -> DomainState:
    if domain.status == "verified":
        return DomainState(name, may_send=False, why="sending is switched off for the domain at Resend")
    return DomainState(name, may_send=False, why=f"Resend says of the domain: {domain.status[:40] or 'nothing'}")
