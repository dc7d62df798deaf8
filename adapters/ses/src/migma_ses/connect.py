"""Connecting: settings, and the provider made of them; found by entry point (group ``migma.provider``)."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from migma_http import AiohttpTransport, AsyncTransport, EndpointSettings, Secret, Transport, Urllib3Transport
from pydantic import Field, SecretStr, field_validator, model_validator

from .chain import chain
from .codec import SesCodec, base_url_of
from .credentials import LONGEST_TOKEN, Credentials, CredentialSource
from .encoder import Encoder
from .provider import AsyncSesProvider, SesProvider
from .signer import Signer

__all__ = ["Ses", "SesSettings"]

_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]{2,12}){1,2}-[0-9]{1,2}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class SesSettings(EndpointSettings):
    """
    A region, and who asks: an access key here, or ``credentials = "botocore"`` for its chain (with the extra), of
    ``profile`` where one is named.
    """

    region: str
    credentials: Literal["settings", "botocore"] = "settings"
    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None
    profile: str | None = None
    configuration_set: str | None = None
    bulk: bool = False
    base_url: str = Field("", description="Another place than the region's, such as a FIPS host or a stand-in.")

    @model_validator(mode="before")
    @classmethod
    def _of_the_region(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {"base_url": base_url_of(str(given.get("region", ""))), **given}

    @field_validator("region")
    @classmethod
    def _is_a_region(cls, region: str) -> str:
        if not _REGION.fullmatch(region):
            raise ValueError("a region is named such as eu-central-1")
        return region

    @field_validator("configuration_set")
    @classmethod
    def _is_a_name(cls, name: str | None) -> str | None:
        if name is not None and not _NAME.fullmatch(name):
            raise ValueError("a configuration set has 1 to 64 ASCII letters, digits, - and _")
        return name

    @field_validator("secret_access_key", "session_token")
    @classmethod
    def _fits_a_header(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None:
            Secret(given.get_secret_value(), LONGEST_TOKEN)
        return given

    @model_validator(mode="after")
    def _has_credentials(self) -> Self:
        given = [one for one in ("access_key_id", "secret_access_key", "session_token") if getattr(self, one)]
        if self.credentials == "botocore":
            if given:
                raise ValueError(f"credentials = botocore finds them itself: leave {', '.join(given)} out")
            return self
        if self.profile is not None:
            raise ValueError("a profile is read by botocore: set credentials = botocore, or leave it out")
        _ = self.given
        return self

    @property
    def given(self) -> Credentials:
        """The access key of these settings. Raises `ValueError` where there is none."""
        if self.access_key_id is None or self.secret_access_key is None:
            raise ValueError("give access_key_id and secret_access_key, or set credentials = botocore")
        token = self.session_token
        return Credentials(
            self.access_key_id.get_secret_value(),
            Secret(self.secret_access_key.get_secret_value(), LONGEST_TOKEN),
            None if token is None else Secret(token.get_secret_value(), LONGEST_TOKEN),
        )


class Ses:
    """Amazon SES as a provider: `connect` for the loop, `connect_async` for an event loop."""

    Settings = SesSettings

    @staticmethod
    def connect(settings: SesSettings, transport: Transport | None = None) -> SesProvider:
        """
        A `migma_core.ports.Provider`; without a transport, urllib3 with the settings' limits.

        Raises `NoCredentials` where botocore's chain is asked for and has none.
        """
        return SesProvider(_codec(settings), transport or Urllib3Transport(settings.limits))

    @staticmethod
    def connect_async(settings: SesSettings, transport: AsyncTransport | None = None) -> AsyncSesProvider:
        """The same, awaited; without a transport, aiohttp with the settings' limits. Whoever connects it closes it."""
        return AsyncSesProvider(_codec(settings), transport or AiohttpTransport(settings.limits))


def _codec(settings: SesSettings) -> SesCodec:
    signer = Signer(_source(settings), settings.region)
    return SesCodec(signer, Encoder(settings.configuration_set, bulk=settings.bulk), settings.base_url)


def _source(settings: SesSettings) -> CredentialSource:
    if settings.credentials == "botocore":
        return chain(settings.profile)
    given = settings.given
    return lambda: given
