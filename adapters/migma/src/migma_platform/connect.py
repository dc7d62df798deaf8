"""Connecting: the provider made of settings; found by entry point (group ``migma.provider``, name ``platform``)."""

from __future__ import annotations

from collections.abc import Mapping

from migma_http import (
    AiohttpTransport,
    AsyncHttpProvider,
    AsyncTransport,
    Transport,
    Urllib3Transport,
    VerifyingHttpProvider,
)

from migma_core.audience import TopicId

from .codec import MigmaCodec
from .settings import PlatformSettings

__all__ = ["AsyncPlatformProvider", "MigmaPlatform", "PlatformProvider"]


class PlatformProvider(VerifyingHttpProvider):
    """A `migma_core.ports.VerifyingProvider` that passes topics on under Migma's ids of them."""

    __slots__ = ("_codec", "_through")

    def __init__(self, codec: MigmaCodec, transport: Transport) -> None:
        super().__init__(codec, transport)
        self._codec, self._through = codec, transport

    def knowing(self, topics: Mapping[TopicId, str]) -> PlatformProvider:
        """The same, with these topics known; it shares the connections."""
        return PlatformProvider(self._codec.knowing(topics), self._through)


class AsyncPlatformProvider(AsyncHttpProvider):
    """The same for an event loop."""

    __slots__ = ("_codec", "_through")

    def __init__(self, codec: MigmaCodec, transport: AsyncTransport) -> None:
        super().__init__(codec, transport)
        self._codec, self._through = codec, transport

    def knowing(self, topics: Mapping[TopicId, str]) -> AsyncPlatformProvider:
        """The same, with these topics known; it shares the connections."""
        return AsyncPlatformProvider(self._codec.knowing(topics), self._through)


class MigmaPlatform:
    """Migma's own API as a provider: `connect` for the loop, `connect_async` for an event loop."""

    Settings = PlatformSettings

    @staticmethod
    def connect(settings: PlatformSettings, transport: Transport | None = None) -> PlatformProvider:
        """A `migma_core.ports.Provider`; without a transport, urllib3 with the settings' limits."""
        return PlatformProvider(_codec(settings), transport or Urllib3Transport(settings.limits))

    @staticmethod
    def connect_async(settings: PlatformSettings, transport: AsyncTransport | None = None) -> AsyncPlatformProvider:
        """The same, awaited; without a transport, aiohttp with the settings' limits. Whoever connects it closes it."""
        return AsyncPlatformProvider(_codec(settings), transport or AiohttpTransport(settings.limits))


def _codec(settings: PlatformSettings) -> MigmaCodec:
    return MigmaCodec(settings.api, settings.project_id, provider=settings.provider_type)
