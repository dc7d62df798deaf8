"""The signer: requests of ours with a signature of now; what it knows to be secret it takes out of any text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from migma_http import HttpRequest

from .credentials import CredentialSource
from .sigv4 import signed

__all__ = ["Signer"]


def _utc() -> datetime:
    return datetime.now(UTC)


class Signer:
    """Credentials, a region and a clock: AWS takes a signature for five minutes, by its own."""

    __slots__ = ("_credentials", "_last", "_now", "region")

    def __init__(self, credentials: CredentialSource, region: str, now: Callable[[], datetime] = _utc) -> None:
        self._credentials, self.region, self._now = credentials, region, now
        self._last = credentials()

    def sign(self, request: HttpRequest) -> HttpRequest:
        """The request, signed with the credentials of now."""
        self._last = self._credentials()
        return signed(request, self._last, self.region, self._now())

    def out_of(self, said: str) -> str:
        """A text without the credentials that were used last."""
        return self._last.out_of(said)

    def __repr__(self) -> str:
        return f"Signer({self.region!r})"
