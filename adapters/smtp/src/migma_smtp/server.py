"""The server: where it is, how it is spoken to, and who we are there."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Credentials", "Security", "Server"]


class Security(StrEnum):
    """How a connection is protected."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


class Credentials:
    """
    A user and a password. Only `password` gives it away, to the one command it is for.

    >>> key = Credentials("ada", "correct horse")
    >>> f"{key} {key!r}", key.out_of("535 no: Y29ycmVjdCBob3JzZQ==, correct horse")
    ('*** Credentials(***)', '535 no: ***, ***')
    """

    __slots__ = ("_password", "user")

    def __init__(self, user: str, password: str) -> None:
        self.user, self._password = user, password

    def password(self) -> str:
        """The password itself."""
        return self._password

    def out_of(self, said: str) -> str:
        """A text with the password taken out, plain or as AUTH writes it: servers have been seen to repeat it."""
        plain = f"\0{self.user}\0{self._password}"
        for form in (*(base64.b64encode(one.encode()).decode() for one in (plain, self._password)), self._password):
            said = said.replace(form, "***")
        return said

    def __reduce__(self) -> str:
        raise TypeError("credentials are not written down")

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Credentials(***)"


@dataclass(frozen=True, slots=True)
class Server:
    """
    One server. Times are in seconds: for connecting, for a reply, and for a message's octets and then their answer.

    ``hello`` is what EHLO says of us; ``context`` is there unless ``security`` is none. Settings see to it that
    credentials are used in plain text only where that is allowed.
    """

    host: str
    port: int
    security: Security
    context: ssl.SSLContext | None = field(default=None, repr=False)
    credentials: Credentials | None = None
    hello: str = "[127.0.0.1]"
    connect_seconds: float = 10.0
    reply_seconds: float = 60.0
    data_seconds: float = 600.0

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
