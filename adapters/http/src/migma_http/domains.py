"""Domains: is this sender's domain verified at the provider? Asked page by page, without a colour (design D7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from returns.result import Failure, Result, Success

from .exchange import Answer, HttpRequest

__all__ = ["DomainCodec", "DomainState", "NextPage", "check_domain", "check_domain_async"]

_MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class DomainState:
    """What the provider says of a domain; ``why`` is the reason where it may not send."""

    name: str
    may_send: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class NextPage:
    """The domain is not on this page of the provider's list; the next one begins after this."""

    after: str


class DomainCodec(Protocol):
    """The requests that ask, and what their answers say. Pure, and total like `Codec.decode`."""

    def domain_request(self, name: str, after: str | None = None, /) -> HttpRequest: ...

    def read_domain(self, name: str, answer: Answer, /) -> Result[DomainState | NextPage, str]: ...


_Steps: TypeAlias = Generator[HttpRequest, Answer, Result[DomainState, str]]


def check_domain(codec: DomainCodec, ask: Callable[[HttpRequest], Answer], name: str) -> Result[DomainState, str]:
    """Ask a provider about a domain, with its ``ask``; the failure says why it could not tell."""
    steps = _steps(codec, name)
    request = next(steps)
    while True:
        try:
            request = steps.send(ask(request))
        except StopIteration as end:
            found: Result[DomainState, str] = end.value
            return found


async def check_domain_async(
    codec: DomainCodec, ask: Callable[[HttpRequest], Awaitable[Answer]], name: str
) -> Result[DomainState, str]:
    """The same, awaited."""
    steps = _steps(codec, name)
    request = next(steps)
    while True:
        try:
            request = steps.send(await ask(request))
        except StopIteration as end:
            found: Result[DomainState, str] = end.value
            return found


def _steps(codec: DomainCodec, name: str) -> _Steps:
    after: str | None = None
    for _ in range(_MOST_PAGES):
        answer = yield codec.domain_request(name, after)
        read = codec.read_domain(name, answer)
        if not isinstance(page := read.value_or(None), NextPage):
            return read.bind(_found)
        after = page.after
    return Failure(f"{name} is not on the first {_MOST_PAGES} pages of the provider's list")


def _found(read: DomainState | NextPage) -> Result[DomainState, str]:
    return Success(read) if isinstance(read, DomainState) else Failure("there are more pages")
