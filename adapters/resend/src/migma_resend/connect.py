"""Connecting: settings, and the provider made of them; found by entry point (group ``migma.provider``)."""

from __future__ import annotations

from migma_http import (
    AiohttpTransport,
    AsyncHttpProvider,
    AsyncTransport,
    HttpSettings,
    Transport,
    Urllib3Transport,
    VerifyingHttpProvider,
)
from pydantic import Field

from .codec import BASE_URL, ResendCodec

__all__ = ["Resend", "ResendSettings"]


class ResendSettings(HttpSettings):
    """A key with the right to send (full access, for asking about domains)."""

    base_url: str = Field(BASE_URL, description="Another place than Resend's own, such as a stand-in in tests.")


class Resend:
    """Resend as a provider: `connect` for the loop, `connect_async` for an event loop."""

    Settings = ResendSettings

    @staticmethod
    def connect(settings: ResendSettings, transport: Transport | None = None) -> VerifyingHttpProvider:
        """A `migma_core.ports.Provider`; without a transport, urllib3 with the settings' limits."""
        codec = ResendCodec(settings.key, settings.base_url)
        return VerifyingHttpProvider(codec, transport or Urllib3Transport(settings.limits))

    @staticmethod
    def connect_async(settings: ResendSettings, transport: AsyncTransport | None = None) -> AsyncHttpProvider:
        """The same, awaited; without a transport, aiohttp with the settings' limits. Whoever connects it closes it."""
        return AsyncHttpProvider(
            ResendCodec(settings.key, settings.base_url), transport or AiohttpTransport(settings.limits)
        )
