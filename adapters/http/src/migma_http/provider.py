"""The drivers: a codec and a transport make a provider, in either colour, with nothing to decide (design D7)."""

from __future__ import annotations

from returns.result import Success

from migma_core.delivery import Attempt, Outcome, Parcel
from migma_core.message import Batch
from migma_core.ports import Capabilities

from .codec import Codec, VerifyingCodec
from .domains import check_domain
from .exchange import Answer, HttpRequest
from .transport import AsyncTransport, Transport, unforeseen

__all__ = ["AsyncHttpProvider", "HttpProvider", "VerifyingHttpProvider"]


class HttpProvider:
    """A `migma_core.ports.Provider`: one hand-over is one HTTP request."""

    __slots__ = ("_transport", "codec")

    def __init__(self, codec: Codec, transport: Transport) -> None:
        self.codec = codec
        self._transport = transport

    @property
    def capabilities(self) -> Capabilities:
        """What it can carry."""
        return self.codec.capabilities

    def encode(self, batch: Batch, /) -> Parcel:
        """The body that will leave."""
        return self.codec.encode(batch)

    def hand_over(self, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> tuple[Outcome, ...]:
        """Ask once; one answer per message, in order."""
        return self.codec.decode(batch, self.ask(self.codec.request(batch, parcel, attempt)))

    def ask(self, request: HttpRequest, /) -> Answer:
        """One exchange with the provider; an exception of the transport is an answer that may have been sent."""
        try:
            return self._transport(request)
        except Exception as fault:  # noqa: BLE001 - D7: an exception nobody listed
            return unforeseen(fault)

    def close(self) -> None:
        """Close the transport's connections, if it keeps any."""
        getattr(self._transport, "close", _nothing)()

    def __repr__(self) -> str:
        return f"HttpProvider({self.codec!r})"


class VerifyingHttpProvider(HttpProvider):
    """A `migma_core.ports.VerifyingProvider`: it also says whether a domain may send."""

    __slots__ = ("_domains",)

    def __init__(self, codec: VerifyingCodec, transport: Transport) -> None:
        super().__init__(codec, transport)
        self._domains = codec

    def domain_fault(self, name: str, /) -> str | None:
        """Why mail from this domain cannot leave here, or why nobody can tell; ``None`` where it can."""
        found = check_domain(self._domains, self.ask, name)
        return found.map(lambda state: None if state.may_send else state.why).lash(Success).unwrap()


class AsyncHttpProvider:
    """The same for an event loop: `hand_over` and `ask` are awaited."""

    __slots__ = ("_transport", "codec")

    def __init__(self, codec: Codec, transport: AsyncTransport) -> None:
        self.codec = codec
        self._transport = transport

    @property
    def capabilities(self) -> Capabilities:
        """What it can carry."""
        return self.codec.capabilities

    def encode(self, batch: Batch, /) -> Parcel:
        """The body that will leave."""
        return self.codec.encode(batch)

    async def hand_over(self, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> tuple[Outcome, ...]:
        """Ask once; one answer per message, in order."""
        return self.codec.decode(batch, await self.ask(self.codec.request(batch, parcel, attempt)))

    async def ask(self, request: HttpRequest, /) -> Answer:
        """One exchange with the provider; an exception of the transport is an answer that may have been sent."""
        try:
            return await self._transport(request)
        except Exception as fault:  # noqa: BLE001 - D7: an exception nobody listed
            return unforeseen(fault)

    async def close(self) -> None:
        """Close the transport's connections, if it keeps any."""
        await getattr(self._transport, "close", _nothing_to_await)()

    def __repr__(self) -> str:
        return f"AsyncHttpProvider({self.codec!r})"


def _nothing() -> None:
    """A transport of the user's own may have nothing to close."""


async def _nothing_to_await() -> None:
    """The same, awaited."""
