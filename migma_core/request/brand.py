"""The brand: who is writing, as every marketing message must say."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ..audience.address import hidden_characters, is_a_label_domain

__all__ = ["Brand"]

_LONGEST_BASE = 120


@dataclass(frozen=True, slots=True)
class Brand:
    """
    The sender's name, postal address and the https address under which opt-out links live.

    ``base_url`` is refused unless one-click mail clients will follow it (RFC 8058 §3.1; compliance C-02): https, a host
    name, no user, port, query or fragment. ``postal_address`` may be empty; marketing is refused then (N-01).
    ``advertisement`` is a line such as "This is an advertisement." that all marketing then carries: for senders whose
    recipients have not all affirmatively consented (15 USC 7704(a)(5)(A)(i), (B); N-04). Empty adds none.

    >>> Brand("Acme", "1 Main Street, Springfield", "https://mail.example.com/").link("u", "abc")
    'https://mail.example.com/u/abc'
    """

    name: str
    postal_address: str
    base_url: str
    advertisement: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip() or hidden_characters(self.name):
            raise ValueError("a brand needs a name of visible characters")
        if any(hidden_characters(line) for line in self.postal_address.splitlines()):
            raise ValueError("the postal address has visible characters and line breaks only")
        if hidden_characters(self.advertisement):
            raise ValueError("the line that names an advertisement is one line of visible characters")
        if (why := _fault_of(self.base_url)) is not None:
            raise ValueError(f"base_url {self.base_url[:_LONGEST_BASE]!a} cannot carry one-click links: {why}")

    def link(self, room: str, token: str) -> str:
        """The address of a page for a token."""
        return f"{self.base_url.rstrip('/')}/{room}/{token}"


def _fault_of(url: str) -> str | None:
    if not url.isascii() or hidden_characters(url) or set(url) & set(' <>,"[\\]^`{|}'):
        return "it holds characters that no link in a header may hold"
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return "it does not begin with https://"
    if not is_a_label_domain(host) or host.endswith(".localhost"):
        return "it needs a public host name"
    if "@" in parts.netloc or ":" in parts.netloc:
        return "it holds a user or a port"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "it holds a query or a fragment"
    return f"it is longer than {_LONGEST_BASE} characters" if len(url) > _LONGEST_BASE else None
