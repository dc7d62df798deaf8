"""``python -m tests.support.mail_takers.platform BOOK``: the stand-in for Migma, keeping a book, until it is killed."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from migma_platform.testing import Mail, World, counterpart

from tests.support.ledger_provider import Entry
from tests.support.ledger_provider import Mail as Written
from tests.support.ledger_provider.book import Book


class _Mails(list[Mail]):
    """The world's mails, each on the disk before its request is answered."""

    def __init__(self, book: Path) -> None:
        super().__init__()
        self._book = Book(book)

    def append(self, mail: Mail) -> None:
        """Write it down as well."""
        one_click = mail.headers.get("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
        self._book.write(Entry(len(self) + 1, time.time(), "ACCEPT", (Written(mail.to, "", one_click),)))
        super().append(mail)


if __name__ == "__main__":
    with counterpart(World(mails=_Mails(Path(sys.argv[1])))) as there:
        there.world.domain("mail.example.com")
        said = {"url": there.url, "key": there.key, "project": there.world.start_project()}
        print(json.dumps(said), flush=True)
        threading.Event().wait()
