"""The provider: the usual driver, which also knows that a domain may send by one above it, and what is left to send."""

from __future__ import annotations

from migma_http import AsyncHttpProvider, AsyncTransport, Transport, VerifyingHttpProvider, check_domain_async

from migma_core.ports import Quota

from .codec import SesCodec
from .identities import UNKNOWN_HERE, covering, fault_of, told_of

__all__ = ["AsyncSesProvider", "SesProvider"]


class SesProvider(VerifyingHttpProvider):
    """A `migma_core.ports.VerifyingProvider` and `migma_core.ports.MeteredProvider`."""

    __slots__ = ("_ses",)

    def __init__(self, codec: SesCodec, transport: Transport) -> None:
        super().__init__(codec, transport)
        self._ses = codec

    def domain_fault(self, name: str, /) -> str | None:
        """
        Why mail from this domain cannot leave here, or why nobody can tell; ``None`` where it can.

        One request for each domain that SES does not know, up to the one that was registered: it takes one a second.
        """
        for domain in covering(name):
            fault = super().domain_fault(domain)
            if fault != UNKNOWN_HERE:
                return told_of(domain, name, fault)
        return UNKNOWN_HERE

    def quota(self) -> Quota | str:
        """What the account may send in this region, or why nobody can tell."""
        return self._ses.read_quota(self.ask(self._ses.quota_request()))


class AsyncSesProvider(AsyncHttpProvider):
    """The same for an event loop: `hand_over`, `ask`, `domain_fault` and `quota` are awaited."""

    __slots__ = ("_ses",)

    def __init__(self, codec: SesCodec, transport: AsyncTransport) -> None:
        super().__init__(codec, transport)
        self._ses = codec

    async def domain_fault(self, name: str, /) -> str | None:
        """Why mail from this domain cannot leave here, or why nobody can tell; ``None`` where it can."""
        for domain in covering(name):
            fault = fault_of(await check_domain_async(self._ses, self.ask, domain))
            if fault != UNKNOWN_HERE:
                return told_of(domain, name, fault)
        return UNKNOWN_HERE

    async def quota(self) -> Quota | str:
        """What the account may send in this region, or why nobody can tell."""
        return self._ses.read_quota(await self.ask(self._ses.quota_request()))
