"""The codec: one signed request for each message, and questions about domains and the account."""

from __future__ import annotations

from typing import Final

from migma_http import Answer, DomainState, Header, HttpRequest, NextPage
from returns.result import Result

from migma_core.delivery import Attempt, Outcome, Parcel
from migma_core.message import Batch
from migma_core.ports import Capabilities, Quota

from .account import ACCOUNT_PATH, read_quota
from .encoder import Encoder
from .identities import identity_path, read_identity
from .outcomes import outcomes_of
from .signer import Signer

__all__ = ["SesCodec", "base_url_of"]

_SINGLE: Final = "/v2/email/outbound-emails"
_BULK: Final = "/v2/email/outbound-bulk-emails"
_HEADERS: Final[tuple[Header, ...]] = (("Accept-Encoding", "identity"), ("User-Agent", "migma-core"))
_SUFFIXES: Final = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}  # clouds of their own
_OF_JSON: Final[tuple[Header, ...]] = (("Content-Type", "application/json"), *_HEADERS)


def base_url_of(region: str) -> str:
    """Where SES lives in a region; identities, quotas and suppressions are each region's own.

    >>> base_url_of("eu-central-1")
    'https://email.eu-central-1.amazonaws.com'
    """
    return f"https://email.{region}.{_SUFFIXES.get(region.partition('-')[0], 'amazonaws.com')}"


class SesCodec:
    """A `migma_http.Codec` and `migma_http.DomainCodec`."""

    __slots__ = ("_base", "_encode", "_signer")

    def __init__(self, signer: Signer, encode: Encoder, base_url: str | None = None) -> None:
        self._signer, self._encode = signer, encode
        self._base = base_url or base_url_of(signer.region)

    @property
    def capabilities(self) -> Capabilities:
        """One message a request, or 50 where bulk is asked for."""
        return self._encode.capabilities

    def encode(self, batch: Batch, /) -> Parcel:
        """One body. Raises `CannotCarry`."""
        return Parcel((self._encode(batch),))

    def request(self, batch: Batch, parcel: Parcel, _attempt: Attempt, /) -> HttpRequest:
        """The one request, signed as of now; SES knows no idempotency key."""
        path = _SINGLE if len(batch.messages) == 1 else _BULK
        return self._signer.sign(HttpRequest("POST", f"{self._base}{path}", _OF_JSON, parcel.bodies[0]))

    def decode(self, batch: Batch, answer: Answer, /) -> tuple[Outcome, ...]:
        """One outcome per message, for whatever came."""
        return outcomes_of(batch, answer, self._signer)

    def domain_request(self, name: str, _after: str | None = None, /) -> HttpRequest:
        """Ask for the identity of exactly this domain."""
        return self._get(identity_path(name))

    def read_domain(self, name: str, answer: Answer, /) -> Result[DomainState | NextPage, str]:
        """Whether it is verified for sending."""
        return read_identity(name, answer)

    def quota_request(self) -> HttpRequest:
        """Ask what the account may send."""
        return self._get(ACCOUNT_PATH)

    def read_quota(self, answer: Answer, /) -> Quota | str:
        """What it may send and has sent, or why nobody can tell."""
        return read_quota(answer)

    def _get(self, path: str) -> HttpRequest:
        return self._signer.sign(HttpRequest("GET", f"{self._base}{path}", _HEADERS))

    def __repr__(self) -> str:
        return f"SesCodec({self._signer!r}, {self._base!r})"
