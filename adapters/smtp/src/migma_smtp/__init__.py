"""SMTP: mail over pooled connections to one server, with an exact outcome at each stage."""

from __future__ import annotations

from .connect import Smtp
from .letter import CannotCarry
from .provider import CAPABILITIES, AsyncSmtpProvider, Mailing, SmtpProvider
from .return_path import ReturnPath
from .server import Credentials, Security, Server
from .settings import SmtpSettings

__all__ = [
    "CAPABILITIES",
    "AsyncSmtpProvider",
    "CannotCarry",
    "Credentials",
    "Mailing",
    "ReturnPath",
    "Security",
    "Server",
    "Smtp",
    "SmtpProvider",
    "SmtpSettings",
]
