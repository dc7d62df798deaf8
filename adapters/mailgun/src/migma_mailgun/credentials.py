"""Credentials: the key as a request carries it (RFC 7617), and kept out of every text."""

from __future__ import annotations

import base64

from migma_http import Secret

__all__ = ["authorization", "out_of"]


def authorization(key: Secret) -> str:
    """The value of the header: everybody's user is ``api``."""
    return f"Basic {_basic(key)}"


def out_of(key: Secret, said: str) -> str:
    """
    A text without the key, as it is and as the header has it.

    >>> out_of(Secret("key-0123456789"), "no: key-0123456789 (Basic YXBpOmtleS0wMTIzNDU2Nzg5)")
    'no: *** (Basic ***)'
    """
    return key.out_of(said).replace(_basic(key), "***")


def _basic(key: Secret) -> str:
    return base64.b64encode(f"api:{key.reveal()}".encode()).decode()
