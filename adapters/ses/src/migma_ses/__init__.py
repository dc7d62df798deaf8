"""Amazon SES: one signed request for each message, in the form that holds it; 50 at once where that is asked for."""

from __future__ import annotations

from .chain import NoCredentials, chain
from .codec import SesCodec, base_url_of
from .connect import Ses, SesSettings
from .credentials import Credentials, CredentialSource
from .encoder import Encoder
from .limits import BULK_CAPABILITIES, CAPABILITIES, CannotCarry
from .provider import AsyncSesProvider, SesProvider
from .signer import Signer
from .sigv4 import signed

__all__ = [
    "BULK_CAPABILITIES",
    "CAPABILITIES",
    "AsyncSesProvider",
    "CannotCarry",
    "CredentialSource",
    "Credentials",
    "Encoder",
    "NoCredentials",
    "Ses",
    "SesCodec",
    "SesProvider",
    "SesSettings",
    "Signer",
    "base_url_of",
    "chain",
    "signed",
]
