"""The signer: what puts a signature in front of raw mail, such as DKIM (RFC 6376)."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Signer"]


class Signer(Protocol):
    """Signs for a sender's domain; asked before raw mail is handed to who does not sign it."""

    def sign(self, octets: bytes) -> bytes:
        """
        The RFC 5322 message, CRLF throughout, with a signature in front; the message itself unchanged, octet by octet.

        A marketing message's signature covers both one-click headers (RFC 8058 §4). The same message signs to the same
        octets. Raises `ValueError` for a message that must not bear the signature.
        """
        ...
