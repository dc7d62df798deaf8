"""The key: an RSA key to sign with, and the record that tells the world of it."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

__all__ = ["SigningKey"]

_SHORTEST = 2048


class SigningKey:
    """
    An RSA key of 2,048 bits or more (RFC 8301 §3.2), read from PEM, PKCS #1 or #8, without a password.

    It never prints itself. Raises `ValueError` for anything else, without showing what was given.

    >>> key = SigningKey.generate()
    >>> key.dns_record.startswith("v=DKIM1; k=rsa; p=MII"), repr(key)
    (True, 'SigningKey(<2048 bits>)')
    """

    __slots__ = ("_key", "pem")

    def __init__(self, pem: bytes) -> None:
        try:
            key = load_pem_private_key(pem, password=None)
        except (TypeError, ValueError) as error:
            raise ValueError("the DKIM key is no private key in PEM without a password; make one anew") from error
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("the DKIM key is not RSA, which is what every receiver verifies; make one with openssl")
        if key.key_size < _SHORTEST:
            raise ValueError(f"the DKIM key has {key.key_size} bits; receivers want at least {_SHORTEST} (RFC 8301)")
        self._key = key
        self.pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())

    @classmethod
    def generate(cls) -> SigningKey:
        """Make a new key; keep its ``pem`` where only the sender reads it."""
        key = generate_private_key(public_exponent=65537, key_size=_SHORTEST)
        return cls(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    @property
    def dns_record(self) -> str:
        """What to publish as TXT at ``<selector>._domainkey.<domain>`` (RFC 6376 §3.6.1)."""
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"

    def __repr__(self) -> str:
        return f"SigningKey(<{self._key.key_size} bits>)"
