"""The server: reads a request, writes what it takes into the book, and only then answers, as the script says."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import time
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import ClassVar, Final

from .book import Book, Entry, Mail, read
from .manners import TAKES, Manner, Script
from .shapes import SHAPES, Answer, Shape, conflict

__all__ = ["LedgerServer"]

_GARBAGE: Final = b'\x00<html>{"data": [{"id": \xff'
_HANG_UP: Final = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time, so that closing resets the connection


class LedgerServer(ThreadingHTTPServer):
    """A provider on a free port of loopback; what it remembers outlives it, in its book."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, book: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        known = read(book)
        self._book, self._lock = Book(book), Lock()
        self._next = max((entry.request for entry in known), default=0) + 1
        self._script, self._first = Script(), self._next
        self._refused: set[str] = set()
        self._keys: dict[str, Entry] = {}
        for entry in known:
            self._remember(entry)

    def follow(self, script: Script) -> None:
        """From the next request on."""
        with self._lock:
            self._script, self._first, self._refused = script, self._next, set(script.refused)

    def meet(self) -> tuple[int, Manner, Script]:
        """The number of a new request, and what becomes of it."""
        with self._lock:
            number, self._next = self._next, self._next + 1
            return number, self._script.manner(number - self._first), self._script

    def note(self, number: int, manner: Manner) -> None:
        """Write down a request of which nothing is taken."""
        with self._lock:
            self._book.write(Entry(number, time.time(), manner.name))

    def take(self, number: int, manner: Manner, asked: Asked) -> Answer:
        """Take what can be taken, or know the request again by its key; on the disk when this returns."""
        with self._lock:
            if manner is Manner.FORGET_KEYS:
                self._keys.clear()
            first = self._keys.get(asked.key or "")
            entry = self._fresh(number, manner, asked) if first is None else _known(number, manner, asked, first)
            self._book.write(entry)
            self._remember(entry)
        if first is None:
            return asked.shape.accepted(entry.request, len(asked.mails), entry.places)
        if first.digest != asked.digest:
            return conflict()
        return asked.shape.accepted(first.request, len(asked.mails), first.places)

    def _fresh(self, number: int, manner: Manner, asked: Asked) -> Entry:
        if manner is Manner.REFUSE_ONE:
            self._refused.add(asked.mails[0].address)
        places = tuple(place for place, one in enumerate(asked.mails) if one.address in self._refused)
        taken = [one for place, one in enumerate(asked.mails) if place not in places]
        if places and not asked.takes_others:
            taken = []
        return Entry(number, time.time(), manner.name, tuple(taken), places, asked.key, asked.digest)

    def _remember(self, entry: Entry) -> None:
        if entry.manner == Manner.FORGET_KEYS.name:
            self._keys.clear()
        if entry.key is not None and entry.answers is None and (entry.accepted or entry.places):
            self._keys[entry.key] = entry


class Asked:
    """One request, read."""

    __slots__ = ("digest", "key", "mails", "shape", "takes_others")

    def __init__(self, shape: Shape, mails: Sequence[Mail], body: bytes, key: str | None, takes_others: bool) -> None:
        self.shape, self.mails, self.takes_others = shape, mails, takes_others
        self.key = key if shape.takes_keys else None
        self.digest = hashlib.sha256(body).hexdigest()


def _known(number: int, manner: Manner, asked: Asked, first: Entry) -> Entry:
    """A request whose key was seen before: nothing is taken."""
    return Entry(number, time.time(), manner.name, key=asked.key, digest=asked.digest, answers=first.request)


class _Handler(BaseHTTPRequestHandler):
    server: LedgerServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize: ClassVar[int] = -1  # head and body leave together

    def do_PUT(self) -> None:
        """A script."""
        self.server.follow(Script.from_json(json.loads(self._body())))
        self._say(Answer(HTTPStatus.OK))

    def do_POST(self) -> None:
        """Mail."""
        number, manner, script = self.server.meet()
        if manner is Manner.REFUSE_UNREAD:
            self.server.note(number, manner)
            self._hang_up()
        elif manner in TAKES:
            self._answer(manner, script, self.server.take(number, manner, self._asked()))
        else:
            self._body()
            self.server.note(number, manner)
            self._say(self._no(manner, script))

    def log_message(self, *_: object) -> None:
        """The book says it all."""

    def _asked(self) -> Asked:
        shape, body = SHAPES[self.path], self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Asked(shape, shape.mails(body), body, headers.get("idempotency-key"), shape.takes_others(headers))

    def _no(self, manner: Manner, script: Script) -> Answer:
        shape = SHAPES[self.path]
        if manner is not Manner.THROTTLE_FOR:
            return shape.refused(manner)
        answer = shape.refused(Manner.THROTTLE)
        return answer._replace(headers=(*answer.headers, ("Retry-After", script.retry_after)))

    def _answer(self, manner: Manner, script: Script, answer: Answer) -> None:
        match manner:
            case Manner.ACCEPT_THEN_DROP:
                self._hang_up()
            case Manner.ACCEPT_THEN_DELAY:
                time.sleep(script.seconds)
                self._say(answer)
            case Manner.ACCEPT_THEN_500:
                self._say(Answer(500, b"<html>internal error</html>"))
            case Manner.ACCEPT_GARBAGE:
                self._say(answer._replace(body=_GARBAGE))
            case Manner.ACCEPT_HALF_A_BODY:
                self._say(answer._replace(body=(answer.body or b"{}")[: len(answer.body) // 2 + 1]), missing=100)
                self.close_connection = True
            case _:
                self._say(answer)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _say(self, answer: Answer, missing: int = 0) -> None:
        self.send_response(answer.status)
        for name, value in (*answer.headers, ("Content-Length", str(len(answer.body) + missing))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    def _hang_up(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HANG_UP)
        self.close_connection = True
