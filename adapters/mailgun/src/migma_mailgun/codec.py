"""The codec: up to a thousand people in one request, and the question whether a domain may send."""

from __future__ import annotations

from typing import ClassVar, Final
from urllib.parse import quote

from migma_http import Answer, DomainState, HttpRequest, NextPage, Secret
from returns.result import Result

from migma_core.delivery import Attempt, Outcome, Parcel
from migma_core.message import Batch
from migma_core.ports import Capabilities

from .body import encode, is_finished_mime
from .credentials import authorization
from .domains import question, read
from .form import content_type
from .limits import CAPABILITIES, KEPT_DAYS
from .outcomes import outcomes_of

__all__ = ["BASE_URL", "EU_URL", "MailgunCodec"]

BASE_URL: Final = "https://api.mailgun.net"
EU_URL: Final = "https://api.eu.mailgun.net"
"""For domains of the EU region; each host answers for the other's as if they did not exist."""


class MailgunCodec:
    """
    A `migma_http.Codec` and `migma_http.DomainCodec`.

    Mail leaves through ``domain``, or through the sender's own; ``kept_days`` is how long the plan keeps mail until its
    time.
    """

    __slots__ = ("_base", "_domain", "_headers", "_kept_days", "_key")

    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def __init__(
        self, key: Secret, base_url: str = BASE_URL, domain: str | None = None, kept_days: int = KEPT_DAYS
    ) -> None:
        self._key, self._base, self._domain, self._kept_days = key, base_url, domain, kept_days
        self._headers = (
            ("Authorization", authorization(key)),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "migma-core"),
        )

    def encode(self, batch: Batch, /) -> Parcel:
        """One body for all. Raises `CannotCarry`, and `HeaderRefused` for a text with a variable of Mailgun's."""
        return Parcel((encode(batch, self._kept_days),))

    def request(self, batch: Batch, parcel: Parcel, _attempt: Attempt, /) -> HttpRequest:
        """The one request; Mailgun knows no idempotency key."""
        (body,) = parcel.bodies
        through = quote(self._through(batch.compiled.request.sender.domain), safe="")
        place = "messages.mime" if is_finished_mime(batch) else "messages"
        headers = (*self._headers, ("Content-Type", content_type(body)))
        return HttpRequest("POST", f"{self._base}/v3/{through}/{place}", headers, body)

    def decode(self, batch: Batch, answer: Answer, /) -> tuple[Outcome, ...]:
        """One outcome per message, for whatever came."""
        return outcomes_of(batch, answer, self._key)

    def domain_request(self, name: str, after: str | None = None, /) -> HttpRequest:
        """Ask what the domain is, then what is tracked in its mail; a key that only sends may not ask."""
        return HttpRequest("GET", f"{self._base}{question(self._through(name), after)}", self._headers)

    def read_domain(self, name: str, answer: Answer, /) -> Result[DomainState | NextPage, str]:
        """Whether it is active and its opt-outs are left alone, or what to ask next."""
        return read(name, self._through(name), answer, self._key)

    def _through(self, name: str) -> str:
        return self._domain or name

    def __repr__(self) -> str:
        return f"MailgunCodec({self._key!r}, {self._base!r})"
