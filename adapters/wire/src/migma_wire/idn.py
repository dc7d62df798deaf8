"""International domains: what people type, as the A-labels that the core and the wire take (compliance I-05)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import idna

from migma_core.audience.address import Address, InvalidAddress

__all__ = ["display", "to_address", "to_domain"]

_BLANKS = " \t\r\n\f\v"
_JOINERS = "\u200c\u200d"  # Persian and Hindi need them; IDNA checks where they stand
_VARIATIONS = range(0xFE00, 0xFE10)


def to_domain(text: str) -> str:
    """
    Convert a domain to lower-case A-labels: IDNA 2008 with the UTS 46 mapping, non-transitional.

    Raises `InvalidAddress`. The built-in codec is IDNA 2003 and would map ``faß.de`` to another domain.

    >>> to_domain("faß.de"), to_domain("FASS.de"), to_domain("例え。テスト")
    ('xn--fa-hia.de', 'fass.de', 'xn--r8jz45g.xn--zckzah')
    """
    if text.isascii() and "xn--" not in text.lower():
        return text.lower()
    if (hidden := _invisible(text)) is not None:
        raise InvalidAddress(text, f"the domain holds the invisible character {hidden}; remove it")
    return _encoded(text)


def to_address(text: str) -> Address:
    """
    Read what somebody typed: surrounding ASCII blanks are dropped, the domain is converted, nothing else is repaired.

    Raises `InvalidAddress` (compliance I-03, I-05).

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
    except idna.IDNAError:  # the core takes any label of letters, digits and hyphens
        return str(address)


@lru_cache(maxsize=4096)  # the people of a list share few domains
def _encoded(text: str) -> str:
    try:
        domain = idna.encode(text, uts46=True).decode()
        # an A-label that says nothing a U-label would be written as is another name for that domain, or for none
        return idna.encode(idna.decode(domain)).decode()
    except idna.IDNAError as wrong:
        raise InvalidAddress(text, f"{text[:80]!a} is no domain that can be registered ({wrong})") from None


def _invisible(text: str) -> str | None:
    """The first character nobody sees: the mapping would drop it, and mail would go to another domain than shown."""
    for char in text:
        unseen = unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"} or ord(char) in _VARIATIONS
        if unseen and char not in _JOINERS:
            return f"U+{ord(char):04X}"
    return None
