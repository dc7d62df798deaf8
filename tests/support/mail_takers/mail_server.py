"""``python -m tests.support.mail_takers.mail_server BOOK``: aiosmtpd that keeps a book, until it is killed."""

from __future__ import annotations

import json
import sys
import threading
import time
from email import message_from_bytes
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.ledger_provider import Entry, Mail
from tests.support.ledger_provider.book import Book
from tests.support.smtp_servers import mail_server


class _Handler:
    """Writes each mail down, with the delivery that its return path names, and says yes then."""

    def __init__(self, book: Path) -> None:
        self._book, self._numbers = Book(book), count(1)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take the message."""
        number = next(self._numbers)
        headers = message_from_bytes(envelope.content)
        one_click = headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        delivery = envelope.mail_from.partition("+")[2].partition("@")[0]
        mails = tuple(Mail(address, delivery, one_click) for address in envelope.rcpt_tos)
        self._book.write(Entry(number, time.time(), "ACCEPT", mails))
        return f"250 2.0.0 Ok: queued as {number:010}"


if __name__ == "__main__":
    with mail_server(_Handler(Path(sys.argv[1])), data_size_limit=0) as port:
        print(json.dumps({"port": port}), flush=True)
        threading.Event().wait()
