"""E-mail addresses: valid from construction, and the canonical key that finds denials and duplicates."""

from __future__ import annotations

import hmac
import re
import unicodedata
from dataclasses import dataclass
from typing import NewType

__all__ = [
    "RESERVED_NAMES",
    "Address",
    "AddressKey",
    "InvalidAddress",
    "address_key",
    "hidden_characters",
    "is_a_label_domain",
    "is_reserved_name",
]

AddressKey = NewType("AddressKey", bytes)
"""A keyed hash (16 octets) of a canonical address: finds a person without naming them."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+")
# the usual local parts in ASCII and domains whose last label is letters: where both are short, nothing that the rules
# below could refuse. Nothing is tried twice (the doubled plus), since each text can be read in one way only
_USUAL = re.compile(r"[A-Za-z0-9_+-]++(?:\.[A-Za-z0-9_+-]++)*+@(?:[a-z0-9]++(?:-++[a-z0-9]++)*+\.)++[a-z]++")
_SHORT = 64
_BIDI = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
RESERVED_NAMES = (
    "example",
    "example.com",
    "example.net",
    "example.org",
    "invalid",
    "local",
    "localhost",
    "onion",
    "test",
)
"""Names that no mail reaches: set aside for documents, tests and local use (RFC 2606, 6761, 6762, 7686)."""

# RFC 2142 and common practice: mailboxes that belong to a function, not to a person.
_ROLES = frozenset(
    [
        "abuse",
        "admin",
        "administrator",
        "billing",
        "contact",
        "help",
        "hostmaster",
        "info",
        "mailer-daemon",
        "marketing",
        "no-reply",
        "noreply",
        "office",
        "postmaster",
        "root",
        "sales",
        "security",
        "spam",
        "support",
        "sysadmin",
        "webmaster",
    ]
)


class InvalidAddress(ValueError):
    """The text is not one usable address. ``given`` is the text, ``why`` says what to mend."""

    def __init__(self, given: str, why: str) -> None:
        super().__init__(f"{given[:80]!a} is not a usable address: {why}")
        self.given = given
        self.why = why


def hidden_characters(text: str) -> str | None:
    """
    Name the first character that no header, name or address may hold, or ``None``.

    Line breaks forge headers, the rest breaks parsers or reorders what a reader sees: C0, DEL, C1, U+2028/9, surrogates
    and bidirectional controls (compliance G-01, G-09). Joiners stay: Persian and family emoji need them.

    >>> hidden_characters("Ada\\nBcc: everyone@example.com")
    'U+000A'
    >>> hidden_characters("Ada Lovelace") is None
    True
    """
    if text.isascii() and text.isprintable():
        return None
    bad = (c for c in text if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} or c in _BIDI)
    return next((f"U+{ord(c):04X}" for c in bad), None)


def is_a_label_domain(domain: str) -> bool:
    """
    Whether this is a lower-case domain of A-labels that mail can be addressed to.

    >>> is_a_label_domain("xn--fa-hia.de"), is_a_label_domain("faß.de"), is_a_label_domain("localhost")
    (True, False, False)
    """
    labels = domain.split(".")
    return (
        len(domain) <= 253  # noqa: PLR2004 - RFC 5321 §4.5.3.1.2, less the dot of the root
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )


def is_reserved_name(domain: str) -> bool:
    """
    Whether the domain is one of `RESERVED_NAMES` or lies below one (compliance I-02).

    >>> is_reserved_name("mail.example.com"), is_reserved_name("example.de")
    (True, False)
    """
    return domain in RESERVED_NAMES or domain.endswith(_BELOW_RESERVED)


_BELOW_RESERVED = tuple(f".{name}" for name in RESERVED_NAMES)


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """
    One mailbox: a local part kept exactly as given, and a domain in lower-case A-labels.

    Construction refuses what cannot be mailed safely (RFC 5321 §4.1.2; compliance I-01 to I-03, I-07). The core takes
    domains as A-labels only; ``migma_wire.to_address`` converts what people type.

    Its `repr` is masked, since it ends in logs and tracebacks (O-08); `str` is the address itself.

    >>> Address.parse("Ada.Lovelace+news@Example.COM")
    <Address A***@example.com>
    >>> str(Address("ada", "example.com"))
    'ada@example.com'
    """

    local: str
    domain: str

    def __post_init__(self) -> None:
        local, domain = self.local, self.domain
        if len(local) <= _SHORT and len(domain) <= _SHORT and _USUAL.fullmatch(f"{local}@{domain}"):
            return  # as nearly every address is
        if (why := _fault_in_detail(local, domain)) is not None:
            raise InvalidAddress(f"{local}@{domain}", why)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read one bare address. Raises `InvalidAddress`; nothing is trimmed or repaired (compliance I-03, G-11)."""
        local, at, domain = text.rpartition("@")
        if not at:
            raise InvalidAddress(text, "there is no @; write local-part@domain")
        return cls(local, domain.lower())

    @property
    def canonical(self) -> str:
        """
        NFC and lower case; dots and plus tags stay (compliance J-01 to J-03). For finding, never for sending.

        Composed once more after lowering: ``H`` with a line below has no composed form, ``h`` with one has.

        >>> Address.parse("Ada+News@Example.com").canonical
        'ada+news@example.com'
        """
        if self.local.isascii():  # as nearly every one is
            return f"{self.local.lower()}@{self.domain}"
        lowered = unicodedata.normalize("NFC", self.local).lower()
        return f"{unicodedata.normalize('NFC', lowered)}@{self.domain}"

    @property
    def masked(self) -> str:
        """
        For logs, pages and error messages (compliance F-05, O-08).

        >>> Address("ada", "example.com").masked
        'a***@example.com'
        """
        return f"{self.local[0]}***@{self.domain}"

    @property
    def is_role(self) -> bool:
        """Whether the mailbox belongs to a function such as ``postmaster`` (compliance I-08)."""
        return self.local.partition("+")[0].lower() in _ROLES

    @property
    def is_international(self) -> bool:
        """Whether only a provider that speaks SMTPUTF8 can carry it (RFC 6531 §3.4)."""
        return not self.local.isascii()

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    def __repr__(self) -> str:
        return f"<Address {self.masked}>"


def address_key(address: Address, pepper: bytes) -> AddressKey:
    """
    Hash the canonical address with a secret (HMAC-SHA-256, 16 octets kept; compliance J-04).

    The pepper (32 octets or more) lives outside the database: a plain hash of an address can be guessed back. Raises
    `ValueError` for a short pepper.

    >>> key = address_key(Address("ada", "example.com"), b"p" * 32)
    >>> key == address_key(Address("ADA", "example.com"), b"p" * 32), len(key)
    (True, 16)
    """
    if len(pepper) < 32:  # noqa: PLR2004 - E-03: 256 bits
        raise ValueError(f"the pepper has {len(pepper)} octets; give at least 32 from a random source")
    return AddressKey(hmac.digest(pepper, address.canonical.encode(), "sha256")[:16])


def _fault_in_detail(local: str, domain: str) -> str | None:
    """What is wrong with these two parts, or ``None``."""
    if (hidden := hidden_characters(local + domain)) is not None:
        return f"it holds the invisible character {hidden}; remove it"
    if local.startswith('"'):
        return "quoted local parts break at several providers; ask for another address"
    if not all(_ATOM.fullmatch(atom) for atom in local.split(".")):
        return "the part before @ may hold letters, digits, single dots and !#$%&'*+/=?^_`{|}~- only"
    if any(unicodedata.category(c) in {"Zs", "Cf"} for c in local):
        return "the part before @ holds a blank or an invisible character; remove it"
    if not is_a_label_domain(domain):
        return f"{domain[:80]!a} is no domain in A-labels with a dot; convert it first (migma_wire.to_address does)"
    octets = len(local.encode())
    # RFC 5321 §4.5.3.1.1 and RFC 3696 erratum 1690
    if octets > 64 or octets + 1 + len(domain) > 254:  # noqa: PLR2004 - the RFCs' own numbers
        return "it is longer than 64 octets before the @, or 254 in all"
    return None
