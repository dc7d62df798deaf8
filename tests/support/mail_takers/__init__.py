"""
Those who take mail from `migma` in tests of whole campaigns: one for each provider, in a process of its own that
nothing kills, whose own list is the only truth about who was reached (reliability §15).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.support.counterparts import ROOT
from tests.support.http_worlds import KEY
from tests.support.ledger_provider import Entry, Manner, ledger_provider
from tests.support.ledger_provider.book import read

from .account import REGION, Account
from .account import account as ses_account
from .reading import Growing

__all__ = ["DOMAIN", "TAKERS", "Taken", "Taker"]

DOMAIN: Final = "mail.example.com"
"""Where mail comes from."""


class Taken(NamedTuple):
    """One mail that was taken; ``delivery`` is our id, where the provider keeps one."""

    address: str
    delivery: str | None = None


@dataclass(frozen=True, slots=True)
class Taker:
    """
    A running one. ``environment`` is what `migma` is told of it, ``count`` how many mails it has taken so far,
    ``taken`` which. ``knows_repeats`` says that it settles its own doubt; ``stalls`` makes it answer one request
    (counted from 0) too late to be heard, after it took what was in it.
    """

    provider: str
    environment: Mapping[str, str]
    count: Callable[[], int]
    taken: Callable[[], list[Taken]]
    knows_repeats: bool = False
    stalls: Callable[[int], None] | None = None


@contextmanager
def _http(provider: str, folder: Path) -> Iterator[Taker]:
    """SendGrid, Resend or Mailgun, by the ledger provider."""
    book = folder / "book"
    with ledger_provider(book) as running:

        def stalls(request: int) -> None:
            running.follow(*[Manner.ACCEPT] * request, Manner.ACCEPT_THEN_DELAY, seconds=3_600)

        told = _told(provider, api_key=KEY, base_url=running.url, allow_loopback="1")
        yield Taker(provider, told, Growing(book).count, partial(_of_book, book), provider == "resend", stalls)


@contextmanager
def _ses(provider: str, folder: Path) -> Iterator[Taker]:
    """moto's account; it keeps mails in memory, and lives as long as the test."""
    del folder
    with ses_account(DOMAIN) as there:
        keys = {"region": REGION, "access_key_id": there.key_id, "secret_access_key": there.secret}
        told = _told(provider, base_url=there.url, allow_loopback="1", **keys)
        yield Taker(provider, told, there.count, partial(_of_account, there))


@contextmanager
def _smtp(provider: str, folder: Path) -> Iterator[Taker]:
    """aiosmtpd, which writes each mail down before it says yes."""
    book = folder / "book"
    with _process("mail_server", book) as said:
        told = _told(provider, host="127.0.0.1", port=said["port"], tls="none", return_path=f"bounces@{DOMAIN}")
        yield Taker(provider, told, Growing(book).count, partial(_of_book, book))


@contextmanager
def _platform(provider: str, folder: Path) -> Iterator[Taker]:
    """The stand-in for Migma, which writes each mail down before it answers; its mails bear no id of ours."""
    book = folder / "book"
    with _process("platform", book) as said:
        told = _told(
            "platform", api_key=said["key"], base_url=said["url"], allow_loopback="1", project_id=said["project"]
        )
        environment = {"MIGMA_PROVIDER": "platform", **told}
        yield Taker(provider, environment, Growing(book).count, partial(_of_book, book), knows_repeats=True)


TAKERS: Final[Mapping[str, Callable[[Path], AbstractContextManager[Taker]]]] = {
    **{name: partial(_http, name) for name in ("mailgun", "resend", "sendgrid")},
    "migma": partial(_platform, "migma"),
    "ses": partial(_ses, "ses"),
    "smtp": partial(_smtp, "smtp"),
}
"""By the name that requests use."""


def _of_book(book: Path) -> list[Taken]:
    entries: list[Entry] = read(book)
    return [Taken(one.address, one.delivery or None) for entry in entries for one in entry.accepted]


def _of_account(there: Account) -> list[Taken]:
    return [Taken(address) for address in there.addresses()]


def _told(provider: str, **options: object) -> dict[str, str]:
    return {f"MIGMA_{provider}_{name}".upper(): str(value) for name, value in options.items()}


@contextmanager
def _process(module: str, book: Path) -> Iterator[dict[str, Any]]:
    """A module of this package in a process of its own; it says in its first line where it listens."""
    command = [sys.executable, "-m", f"tests.support.mail_takers.{module}", str(book)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as running:
        assert running.stdout is not None
        try:
            yield json.loads(running.stdout.readline())
        finally:
            running.kill()
