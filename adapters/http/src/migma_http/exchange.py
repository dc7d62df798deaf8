"""Exchanges: a request, and what came of it, as values. No answer is one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

__all__ = ["Answer", "Header", "HttpRequest", "HttpResponse", "NoAnswer", "Sent"]

Header: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest:
    """
    One request. It prints without headers, query and body: these hold keys and people.

    Raises `ValueError`, without the value, for a header that would break the request.

    >>> HttpRequest("POST", "https://api.example.com/send?key=1", (("Authorization", "Bearer 1"),), b"{}")
    <POST https://api.example.com/send, 1 header, 2 octets>
    """

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    url: str
    headers: tuple[Header, ...] = ()
    body: bytes = b""

    def __post_init__(self) -> None:
        for name, value in self.headers:
            if not (value.isascii() and value.isprintable()):
                raise ValueError(f"the header {name} holds something else than printable ASCII, which no request may")

    def __repr__(self) -> str:
        parts = urlsplit(self.url)
        headers = f"{len(self.headers)} header{'s' if len(self.headers) != 1 else ''}"
        return f"<{self.method} {parts.scheme}://{parts.netloc}{parts.path}, {headers}, {len(self.body)} octets>"


@dataclass(frozen=True, slots=True, repr=False)
class HttpResponse:
    """
    An answer, whatever it holds; ``body`` is as much of it as arrived within the limits. It prints its status alone:
    providers repeat addresses, and sometimes keys, in what they say.

    >>> HttpResponse(429, (("Retry-After", "7"),)).all("retry-after")
    ['7']
    """

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""

    def all(self, name: str) -> list[str]:
        """Every value of a header, by its name in any case."""
        return list(_named(self.headers, name.lower()))

    def one(self, name: str) -> str | None:
        """The value of a header that stands exactly once."""
        found = self.all(name)
        return found[0] if len(found) == 1 else None

    def __repr__(self) -> str:
        return f"<HTTP {self.status}, {len(self.body)} octets>"


class Sent(StrEnum):
    """How much of a request may have left, where no answer came."""

    NOTHING = "nothing"
    """Certainly not a byte: the name was not found, the connection not made, the certificate not trusted."""
    MAYBE = "maybe"
    """Anything else: servers act on a complete body whatever becomes of the connection (reliability §2)."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """
    No status ever arrived. ``why`` names the kind of fault, never a value.

    >>> NoAnswer(Sent.MAYBE, "it took too long").sent.value
    'maybe'
    """

    sent: Sent
    why: str
    kind: Literal["no_answer"] = field(default="no_answer", kw_only=True, repr=False)


Answer: TypeAlias = HttpResponse | NoAnswer
"""What came of a request."""


def _named(headers: Sequence[Header], name: str) -> Iterator[str]:
    return (value for known, value in headers if known.lower() == name)
