"""Settings: which server, how it is protected, who we are there, how mail leaves; checked before anything is sent."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from migma_core.audience import Address
from migma_core.audience.address import is_a_label_domain
from migma_core.ports import Signer

from .pool import PoolLimits
from .provider import Mailing
from .return_path import ReturnPath
from .server import Credentials, Security, Server

__all__ = ["SmtpSettings"]

_PORTS: Final = {Security.STARTTLS: 587, Security.IMPLICIT: 465, Security.NONE: 25}
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?", re.IGNORECASE)
_LONGEST_HOST = 253
_Seconds = Annotated[float, Field(gt=0, le=3600)]


class SmtpSettings(BaseModel):
    """
    What is told about a server. Nothing is said in plain text, and no password, unless the server is this machine or
    the settings say so. Raises `ValueError` with every fault that can be found without connecting.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str
    port: int | None = Field(None, ge=1, le=65_535, description="587 for starttls, 465 for implicit, 25 for none.")
    tls: Security = Security.STARTTLS
    ca_file: Path | None = Field(None, description="Whom to trust instead of the system's authorities.")
    allow_plaintext: bool = False
    user: str = ""
    password: SecretStr = SecretStr("")
    allow_plaintext_password: bool = False
    hello: str = Field("", description="What EHLO says of us; this machine's full name where empty.")
    return_path: str = Field("", description="Mailbox that bounces go to, each with its delivery's id in the address.")
    return_path_separator: str = "+"
    dkim_domain: str = ""
    dkim_selector: str = ""
    dkim_key_file: Path | None = None
    connections: int = Field(8, ge=1, le=64)
    messages_per_connection: int = Field(100, ge=1, le=10_000)
    idle_seconds: _Seconds = 30.0
    connect_seconds: _Seconds = 10.0
    reply_seconds: _Seconds = 60.0
    data_seconds: _Seconds = Field(600.0, description="For a message, and for its answer (RFC 5321 §4.5.3.2.6).")
    begin_seconds: float = Field(20.0, gt=0, le=50, description="No message of a hand-over is begun later.")

    @field_validator("host", "hello")
    @classmethod
    def _is_a_host(cls, host: str) -> str:
        if host and not _is_host(host):
            raise ValueError(f"{host[:80]!a} is no host: write a name in A-labels, such as mail.example.com, or an IP")
        return host

    @field_validator("user")
    @classmethod
    def _is_a_user(cls, user: str) -> str:
        return _speakable("the user", user)

    @field_validator("password")
    @classmethod
    def _is_a_password(cls, password: SecretStr) -> SecretStr:
        _speakable("the password", password.get_secret_value())
        return password

    @model_validator(mode="after")
    def _is_safe(self) -> SmtpSettings:
        if not self.host:
            raise ValueError("host is empty: name the mail server")
        if bool(self.user) is not bool(self.password.get_secret_value()):
            raise ValueError("user and password go together: give both, or neither")
        if self.tls is Security.NONE and not self._is_here:
            if not self.allow_plaintext:
                raise ValueError(
                    f"tls = none would show every mail to everybody on the way to {self.host}: use starttls or "
                    "implicit, or say so with allow_plaintext = true"
                )
            if self.user and not self.allow_plaintext_password:
                raise ValueError(
                    "the password would travel in plain text: use starttls or implicit, or say so with "
                    "allow_plaintext_password = true"
                )
        _ = self.mailing, self.ca_file and _context(self.ca_file)  # what cannot be read is told now
        return self

    @property
    def server(self) -> Server:
        """The server, for a session."""
        password = self.password.get_secret_value()
        return Server(
            self.host,
            self.port or _PORTS[self.tls],
            self.tls,
            None if self.tls is Security.NONE else _context(self.ca_file),
            Credentials(self.user, password) if self.user else None,
            self.hello or _our_name(),
            self.connect_seconds,
            self.reply_seconds,
            self.data_seconds,
        )

    @property
    def mailing(self) -> Mailing:
        """What is done to mail before it leaves."""
        path = ReturnPath(Address.parse(self.return_path), self.return_path_separator) if self.return_path else None
        return Mailing(_signer(self.dkim_domain, self.dkim_selector, self.dkim_key_file), path)

    @property
    def limits(self) -> PoolLimits:
        """How connections are used."""
        return PoolLimits(self.connections, self.messages_per_connection, self.idle_seconds, self.begin_seconds)

    @property
    def _is_here(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text.removeprefix("[").removesuffix("]").removeprefix("IPv6:"))
    except ValueError:
        return len(text) <= _LONGEST_HOST and all(_LABEL.fullmatch(one) for one in text.split("."))
    return True


def _speakable(what: str, text: str) -> str:
    """AUTH by smtplib is ASCII, and a line break at the end of a secret is a slip of the editor's."""
    if not (text.isascii() and text.isprintable()):
        raise ValueError(f"{what} is printable ASCII; look for a line break at its end")
    return text


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as fault:
        raise ValueError(f"ca_file {str(ca_file)!a} cannot be read as certificates in PEM: {fault.strerror}") from fault


def _our_name() -> str:
    """This machine's full name, or an address where it has none (RFC 5321 §4.1.3)."""
    name = socket.getfqdn().lower()
    return name if is_a_label_domain(name) else "[127.0.0.1]"


def _signer(domain: str, selector: str, key_file: Path | None) -> Signer | None:
    """DKIM by whichever installed package signs. Raises `ValueError`."""
    if not (domain or selector or key_file):
        return None
    if not (domain and selector and key_file):
        raise ValueError("dkim_domain, dkim_selector and dkim_key_file go together: give all three, or none")
    found = next(iter(entry_points(group="migma.signer", name="dkim")), None)
    if found is None:
        raise ValueError("nothing here signs mail: install migma-dkim, or leave the dkim options out")
    try:
        pem = key_file.read_bytes()
    except OSError as fault:
        raise ValueError(f"dkim_key_file cannot be read: {fault.strerror}") from fault
    signer: Signer = found.load().from_pem(domain, selector, pem)
    return signer
