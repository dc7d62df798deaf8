"""A server on loopback that counts requests, and misbehaves in the ways that networks do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["CountingServer", "Manner", "answering", "counting_server", "dripping", "dropping", "silent"]

Manner: TypeAlias = Callable[[socket.socket], None]
"""What is done on a connection once a whole request was read."""


@dataclass
class CountingServer:
    """Where it listens, and the requests it has read, each whole."""

    url: str
    requests: list[bytes] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many requests arrived."""
        return len(self.requests)


def answering(status: int, headers: str = "", body: bytes = b"", length: int | None = None) -> Manner:
    """Answer with this; a ``length`` beyond the body's is a promise that is not kept."""
    said = len(body) if length is None else length
    head = f"HTTP/1.1 {status} Whatever\r\n{headers}Content-Length: {said}\r\n\r\n".encode()

    def manner(connection: socket.socket) -> None:
        connection.sendall(head + body)
        if length is not None:
            connection.close()

    return manner


def dropping(connection: socket.socket) -> None:
    """Close without a word."""
    connection.close()


def silent(connection: socket.socket) -> None:
    """Say nothing until the other side gives up."""
    connection.settimeout(10)
    connection.recv(1)
    connection.close()


def dripping(connection: socket.socket) -> None:
    """A good status, and then a body that comes an octet at a time, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    try:
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.05)
    except OSError:
        connection.close()


@contextmanager
def counting_server(manner: Manner) -> Iterator[CountingServer]:
    """Serve on a free port of loopback until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = CountingServer(f"http://127.0.0.1:{listening.getsockname()[1]}")
        threading.Thread(target=_serve, args=(listening, server, manner), daemon=True).start()
        yield server


def _serve(listening: socket.socket, server: CountingServer, manner: Manner) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return  # the block has ended
        threading.Thread(target=_talk, args=(connection, server, manner), daemon=True).start()


def _talk(connection: socket.socket, server: CountingServer, manner: Manner) -> None:
    with connection:
        try:
            while (request := _read(connection)) is not None:
                server.requests.append(request)
                manner(connection)
        except OSError:
            return


def _read(connection: socket.socket) -> bytes | None:
    """One request, head and body; ``None`` where the connection ends."""
    read = b""
    while b"\r\n\r\n" not in read:
        if not (piece := connection.recv(65_536)):
            return None
        read += piece
    head, _, body = read.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < int(lengths[0] if lengths else 0):
        if not (piece := connection.recv(65_536)):
            return None
        body += piece
    return head + b"\r\n\r\n" + body
