"""International domains: what people type, as the A-labels that the core and the wire take (compliance I-05)."""

from __future__ import annotations

import idna

from migma_core.audience.address import Address, InvalidAddress

__all__ = ["display", "to_address", "to_domain"]

_BLANKS = " \t\r\n"


def to_domain(text: str) -> str:
    """
    Convert a domain to lower-case A-labels: IDNA 2008 with the UTS 46 mapping, non-transitional.

    Raises `InvalidAddress`. The built-in codec is IDNA 2003 and would map ``faß.de`` to another domain.

    >>> to_domain("faß.de"), to_domain("FASS.de"), to_domain("例え。テスト")
    ('xn--fa-hia.de', 'fass.de', 'xn--r8jz45g.xn--zckzah')
    """
    if text.isascii() and "xn--" not in text.lower():
        return text.lower()
    try:
        return idna.encode(text, uts46=True, transitional=False).decode()
    except (idna.IDNAError, UnicodeError) as wrong:
        raise InvalidAddress(text, f"{text[:80]!a} is no domain that can be registered ({wrong})") from None


def to_address(text: str) -> Address:
    """
    Read what somebody typed: surrounding blanks are dropped, the domain is converted, and nothing else is repaired.

    >>> str(to_address(" Ada@Bücher.example "))
    'Ada@xn--bcher-kva.example'
    """
    local, at, domain = text.strip(_BLANKS).rpartition("@")
    if not at:
        raise InvalidAddress(text, "there is no @; write local-part@domain")
    try:
        return Address(local, to_domain(domain))
    except InvalidAddress as wrong:
        raise InvalidAddress(text, wrong.why) from None


def display(address: Address) -> str:
    """
    An address for people: the domain in its own script. Never for sending.

    >>> display(Address("ada", "xn--bcher-kva.example"))
    'ada@bücher.example'
    """
    try:
        return f"{address.local}@{idna.decode(address.domain)}"
    except (idna.IDNAError, UnicodeError):
        return str(address)
