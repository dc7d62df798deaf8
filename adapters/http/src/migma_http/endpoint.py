"""Endpoints: where a provider lives, and the settings that every provider behind HTTP has."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from .secret import Secret
from .transport import Limits

__all__ = ["EndpointSettings", "HttpSettings", "base_url_fault"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def base_url_fault(url: str, *, allow_loopback: bool = False) -> str | None:
    """
    What keeps a key from being sent there; ``None`` where nothing does.

    >>> base_url_fault("https://api.example.com")
    >>> base_url_fault("http://api.example.com")
    'it is not https, and would show the key and the mail to everybody on the way'
    >>> base_url_fault("http://127.0.0.1:4010", allow_loopback=True)
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "it is no URL"
    if not host or not (url.isascii() and url.isprintable()) or " " in url:
        return "it is no URL with a host"
    if parts.username or parts.password or parts.query or parts.fragment:
        return "it holds a user, a query or a fragment"
    if parts.scheme == "https" or (parts.scheme == "http" and allow_loopback and host in _LOOPBACK):
        return None
    if parts.scheme == "http" and host in _LOOPBACK:
        return "plain http is for a stand-in on this machine: say so with allow_loopback = true"
    return "it is not https, and would show the key and the mail to everybody on the way"


class EndpointSettings(BaseModel):
    """
    Where a provider lives, and how long it may take; for one whose credentials are more than a key.

    ``allow_loopback`` permits plain http to this machine, for stand-ins in tests; nothing permits it elsewhere.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str = Field(..., description="Where its API lives.")
    allow_loopback: bool = False
    connect_seconds: float = Field(5.0, gt=0, le=60)
    whole_seconds: float = Field(20.0, gt=0, le=60)

    @field_validator("base_url")  # of whatever field a provider puts in its place, too
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if (fault := base_url_fault(self.base_url, allow_loopback=self.allow_loopback)) is not None:
            raise ValueError(f"the base URL {self.base_url[:120]!a} cannot be used: {fault}")
        _ = self.limits
        return self

    @property
    def limits(self) -> Limits:
        """How long an exchange may take."""
        return Limits(self.connect_seconds, self.whole_seconds)


class HttpSettings(EndpointSettings):
    """What a provider is told: its key, and where it lives."""

    api_key: SecretStr

    @field_validator("api_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr) -> SecretStr:
        Secret(key.get_secret_value())
        return key

    @property
    def key(self) -> Secret:
        """The key, for the codec."""
        return Secret(self.api_key.get_secret_value())
