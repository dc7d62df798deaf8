"""Connecting: settings, and the provider made of them; found by entry point (group ``migma.provider``)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from migma_http import (
    AiohttpTransport,
    AsyncHttpProvider,
    AsyncTransport,
    HttpSettings,
    Transport,
    Urllib3Transport,
    VerifyingHttpProvider,
)
from pydantic import Field, model_validator

from .codec import BASE_URL, EU_URL, SendGridCodec

__all__ = ["SendGrid", "SendGridSettings"]

_Region: TypeAlias = Literal["global", "eu"]


class SendGridSettings(HttpSettings):
    """A key with the right to send (and to read domains, for asking about them), and the region it belongs to."""

    region: _Region = "global"
    base_url: str = Field("", description="Another place than the region's, such as a stand-in in tests.")

    @model_validator(mode="before")
    @classmethod
    def _of_the_region(cls, given: dict[str, object]) -> dict[str, object]:
        return {"base_url": EU_URL if given.get("region") == "eu" else BASE_URL, **given}


class SendGrid:
    """SendGrid as a provider: `connect` for the loop, `connect_async` for an event loop."""

    Settings = SendGridSettings

    @staticmethod
    def connect(settings: SendGridSettings, transport: Transport | None = None) -> VerifyingHttpProvider:
        """A `migma_core.ports.Provider`; without a transport, urllib3 with the settings' limits."""
        codec = SendGridCodec(settings.key, settings.base_url)
        return VerifyingHttpProvider(codec, transport or Urllib3Transport(settings.limits))

    @staticmethod
    def connect_async(settings: SendGridSettings, transport: AsyncTransport | None = None) -> AsyncHttpProvider:
        """The same, awaited; without a transport, aiohttp with the settings' limits. Whoever connects it closes it."""
        return AsyncHttpProvider(
            SendGridCodec(settings.key, settings.base_url), transport or AiohttpTransport(settings.limits)
        )
