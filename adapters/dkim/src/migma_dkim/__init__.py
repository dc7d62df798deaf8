"""DKIM: signatures for raw mail that cover both one-click headers (RFC 6376; RFC 8058 §4)."""

from __future__ import annotations

from .key import SigningKey
from .signer import CannotSign, DkimSigner

__all__ = ["CannotSign", "DkimSigner", "SigningKey"]
