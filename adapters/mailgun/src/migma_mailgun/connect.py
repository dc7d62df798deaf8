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
from pydantic import Field, field_validator, model_validator

from migma_core.audience.address import is_a_label_domain

from .codec import BASE_URL, EU_URL, MailgunCodec
from .limits import KEPT_DAYS

__all__ = ["Mailgun", "MailgunSettings"]

_Region: TypeAlias = Literal["us", "eu"]


class MailgunSettings(HttpSettings):
    """A key of the account, or one that only sends; the region of its domains, and what the plan allows."""

    region: _Region = "us"
    domain: str | None = Field(None, description="The domain that mail leaves through, where it is not the sender's.")
    kept_days: int = Field(KEPT_DAYS, ge=1, le=7, description="How long the plan keeps mail until its time.")
    base_url: str = Field("", description="Another place than the region's, such as a stand-in in tests.")

    @model_validator(mode="before")
    @classmethod
    def _of_the_region(cls, given: dict[str, object]) -> dict[str, object]:
        return {"base_url": EU_URL if given.get("region") == "eu" else BASE_URL, **given}

    @field_validator("domain")
    @classmethod
    def _is_a_domain(cls, domain: str | None) -> str | None:
        if domain is not None and not is_a_label_domain(domain):
            raise ValueError("it is no domain; write for example mg.example.com, in lower case and A-labels")
        return domain

    @property
    def codec(self) -> MailgunCodec:
        """What speaks for these settings."""
        return MailgunCodec(self.key, self.base_url, self.domain, self.kept_days)


class Mailgun:
    """Mailgun as a provider: `connect` for the loop, `connect_async` for an event loop."""

    Settings = MailgunSettings

    @staticmethod
    def connect(settings: MailgunSettings, transport: Transport | None = None) -> VerifyingHttpProvider:
        """A `migma_core.ports.Provider`; without a transport, urllib3 with the settings' limits."""
        return VerifyingHttpProvider(settings.codec, transport or Urllib3Transport(settings.limits))

    @staticmethod
    def connect_async(settings: MailgunSettings, transport: AsyncTransport | None = None) -> AsyncHttpProvider:
        """The same, awaited; without a transport, aiohttp with the settings' limits. Whoever connects it closes it."""
        return AsyncHttpProvider(settings.codec, transport or AiohttpTransport(settings.limits))
