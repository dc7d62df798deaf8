"""The signer: one signature in front of a message, over what nobody on the way may change or add to."""

from __future__ import annotations

import re
from email.parser import BytesHeaderParser
from email.utils import parseaddr, parsedate_to_datetime
from typing import Final

import dkim

from migma_core.audience.address import is_a_label_domain

from .key import SigningKey

__all__ = ["CannotSign", "DkimSigner"]

# Each once more than it is there, so that a copy added on the way breaks the signature (RFC 6376 §8.15; C-09)
_GUARDED: Final = (
    *(b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"cc"),
    *(b"list-unsubscribe", b"list-unsubscribe-post", b"list-id"),
)
_COVERED: Final = (
    *(b"mime-version", b"content-type", b"content-transfer-encoding"),
    *(b"feedback-id", b"auto-submitted", b"x-migma-delivery"),
)
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")


class CannotSign(ValueError):
    """A message that must not bear this signature; says what to mend."""


class DkimSigner:
    """
    Signs RFC 5322 octets for one domain: rsa-sha256, relaxed in headers and body, no ``l=`` (RFC 6376 §8.2).

    The signature's time is the message's own Date, so that the same message always signs to the same octets. Raises
    `ValueError` for a domain or selector that no record could stand under.
    """

    __slots__ = ("_domain", "_key", "_selector")

    def __init__(self, domain: str, selector: str, key: SigningKey) -> None:
        if not is_a_label_domain(domain):
            raise ValueError(f"{domain[:80]!a} is no domain to sign for; write it in lower-case A-labels")
        if not _SELECTOR.fullmatch(selector):
            raise ValueError(f"{selector[:80]!a} is no selector; it is a name below _domainkey, such as s2026")
        self._domain = domain
        self._selector = selector
        self._key = key

    @classmethod
    def from_pem(cls, domain: str, selector: str, pem: bytes) -> DkimSigner:
        """Made of its parts as settings hold them: for who finds it by entry point, ``dkim`` in ``migma.signer``."""
        return cls(domain, selector, SigningKey(pem))

    @property
    def record_name(self) -> str:
        """Where `SigningKey.dns_record` is published."""
        return f"{self._selector}._domainkey.{self._domain}"

    def sign(self, octets: bytes) -> bytes:
        """
        The message with its signature in front. Raises `CannotSign` for bare line ends, for From at a domain that does
        not align (RFC 7489 §3.1.1), and for what is signed for this domain already.
        """
        head = BytesHeaderParser().parsebytes(octets)
        if _BARE.search(octets):
            raise CannotSign("a line is not ended by CRLF; a relay would change it and break the signature")
        self._check(head.get_all("From", []), head.get_all("DKIM-Signature", []))
        present = [name.lower().encode() for name in head]
        signature = _AsOfItsDate(octets, _moment(str(head.get("Date", ""))))
        named = [name for name in present if name in {*_GUARDED, *_COVERED}]
        field = signature.sign(
            self._selector.encode(),
            self._domain.encode(),
            self._key.pem,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[*named, *_GUARDED],
        )
        return bytes(field) + octets

    def _check(self, senders: list[str], signatures: list[str]) -> None:
        if len(senders) != 1:
            raise CannotSign(f"the message has {len(senders)} From headers; a signature is for one sender")
        domain = parseaddr(str(senders[0]))[1].rpartition("@")[2].lower()
        if domain != self._domain and not domain.endswith(f".{self._domain}"):
            raise CannotSign(f"From is at {domain[:80]!a}, which does not align with {self._domain}; sign for that one")
        if any(re.search(rf"\bd\s*=\s*{re.escape(self._domain)}\s*(?:;|$)", str(one)) for one in signatures):
            raise CannotSign(f"the message is signed for {self._domain} already")

    def __repr__(self) -> str:
        return f"DkimSigner({self.record_name})"


class _AsOfItsDate(dkim.DKIM):  # type: ignore[misc]  # dkimpy has no types
    """dkimpy's signature with a time that is given, not read off a clock."""

    def __init__(self, octets: bytes, moment: int) -> None:
        super().__init__(octets)
        self._moment = moment

    def gen_header(self, fields: list[tuple[bytes, bytes]], *rest: object, **more: object) -> bytes:
        fields[:] = [(tag, str(self._moment).encode() if tag == b"t" else value) for tag, value in fields]
        return bytes(super().gen_header(fields, *rest, **more))


def _moment(date: str) -> int:
    try:
        return int(parsedate_to_datetime(date).timestamp())
    except ValueError as error:
        raise CannotSign("the message has no Date, which a signature must cover; add one") from error
