"""
The ledger provider: a stand-in for SendGrid, Resend and Mailgun in a process of its own, whose book is the only truth
about what was accepted (reliability §15). It keeps every acceptance on the disk before it answers, and misbehaves by
script.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.counterparts import ROOT

from .book import Acceptance, Entry, Mail, acceptances, read
from .manners import CLEAR, TAKES, Manner, Script

__all__ = ["CLEAR", "TAKES", "Acceptance", "Entry", "LedgerProvider", "Mail", "Manner", "Script", "ledger_provider"]


@dataclass(frozen=True, slots=True)
class LedgerProvider:
    """A running one: where it listens, and its book."""

    url: str
    book: Path

    def follow(self, *manners: Manner, **words: Any) -> None:
        """Follow a script from the next request on, see `Script`; without words every request is accepted."""
        body = json.dumps(Script(manners, **words).to_json()).encode()
        request = urllib.request.Request(f"{self.url}/script", body, method="PUT")  # noqa: S310 - our own loopback
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - likewise
            pass

    def entries(self) -> list[Entry]:
        """Every request, in order."""
        return read(self.book)

    def accepted(self) -> list[Acceptance]:
        """Every mail it took, in order."""
        return acceptances(self.entries())


@contextmanager
def ledger_provider(book: Path) -> Iterator[LedgerProvider]:
    """Serve until the block ends, and go on with a book that is there already. The end is SIGKILL: nothing is lost."""
    command = [sys.executable, "-m", "tests.support.ledger_provider", str(book)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as running:
        assert running.stdout is not None
        try:
            yield LedgerProvider(f"http://127.0.0.1:{int(running.stdout.readline())}", book)
        finally:
            running.kill()
