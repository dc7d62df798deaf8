"""A wire to PostgreSQL that breaks: a proxy that is cut at a chosen moment, on either side of the server's answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import make_url

__all__ = ["Wire", "lossy_wire"]

_SOCKET = ".s.PGSQL.5432"
_AT_ONCE = 65_536


@dataclass(slots=True)
class Wire:
    """
    What passes from client to server, packet by packet. ``breaks_at`` is asked of each; once it says yes the wire is
    cut, before the server hears the packet or (``heard``) after the server has answered it, and no answer arrives.
    """

    url: str
    packets: int = 0
    breaks_at: Callable[[int, bytes], bool] = field(default=lambda number, packet: False)
    heard: bool = False
    broken: int = 0


@contextmanager
def lossy_wire(server: str, folder: Path) -> Iterator[Wire]:
    """A wire to the server at this URL, which has a socket in the folder that its ``host`` names."""
    real = make_url(server)
    host = str(real.query["host"])
    url = real.update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)
    wire = Wire(url)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(folder / _SOCKET))
        door.listen()
        threading.Thread(target=_serve, args=(door, f"{host}/{_SOCKET}", wire), daemon=True).start()
        yield wire


def _serve(door: socket.socket, server: str, wire: Wire) -> None:
    with suppress(OSError):  # the door is closed: the test is over
        while True:
            client, _ = door.accept()
            threading.Thread(target=_carry, args=(client, server, wire), daemon=True).start()


def _carry(client: socket.socket, server: str, wire: Wire) -> None:
    with client, socket.socket(socket.AF_UNIX) as there, suppress(OSError):
        there.connect(server)
        lost = threading.Event()
        answers = threading.Thread(target=_answer, args=(there, client, lost), daemon=True)
        answers.start()
        while packet := client.recv(_AT_ONCE):
            wire.packets += 1
            if wire.breaks_at(wire.packets, packet):
                wire.broken += 1
                lost.set()
                _cut(client, there, packet if wire.heard else b"", answers)
                return
            there.sendall(packet)
        there.shutdown(socket.SHUT_RDWR)


def _cut(client: socket.socket, there: socket.socket, last: bytes, answers: threading.Thread) -> None:
    """The server hears the last packet, if any, and ends what it says to do; then the client finds the wire cut."""
    if last:
        there.sendall(last)
    there.shutdown(socket.SHUT_WR)
    answers.join()  # until the server has read to the end and hung up
    client.shutdown(socket.SHUT_RDWR)


def _answer(there: socket.socket, client: socket.socket, lost: threading.Event) -> None:
    with suppress(OSError):
        while answer := there.recv(_AT_ONCE):
            with suppress(OSError):
                if not lost.is_set():
                    client.sendall(answer)
