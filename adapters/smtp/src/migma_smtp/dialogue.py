"""Dialogue: smtplib's commands on a socket, with replies that are bounded in time, lines and octets."""

from __future__ import annotations

import re
import select
import smtplib
import socket
import ssl
from time import monotonic

__all__ = ["Dialogue", "Unreadable"]

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_LONGEST_LINE = 4_096
_MOST_LINES = 100
_PIECE = 16_384
_ABOUT = 1.05  # times so close are not worth a call of the system


class Unreadable(smtplib.SMTPException):
    """What came is no reply, or too much of one."""


class Dialogue(smtplib.SMTP):
    """
    A connection and what is said on it. ``patience`` is how many seconds a whole reply, or a whole write, may take.

    smtplib reads replies of any number of lines, each within its time; here a server that drips or floods is given up.
    """

    def __init__(self, connection: socket.socket, hello: str, patience: float) -> None:
        super().__init__(local_hostname=hello)  # without a host it connects nowhere
        self.sock: socket.socket = connection
        self.patience = patience
        self._unread = b""
        self._timeout: float | None = None

    def getreply(self) -> tuple[int, bytes]:
        """The next reply: its code, and its lines without it. Raises `Unreadable`, and `OSError` where none came."""
        deadline = monotonic() + self.patience
        lines: list[bytes] = []
        codes = set[bytes]()
        for _ in range(_MOST_LINES):
            found = _LINE.fullmatch(self._line(deadline))
            if found is None:
                raise Unreadable("what the server said is no reply of SMTP")
            codes.add(found[1])
            lines.append(found[3] or b"")
            if found[2] != b"-":
                break
        else:
            raise Unreadable(f"a reply has more than {_MOST_LINES} lines")
        if len(codes) > 1:
            raise Unreadable("the lines of one reply have different codes (RFC 5321 §4.2.1)")
        return int(codes.pop()), b"\n".join(lines)

    def write(self, octets: bytes) -> None:
        """Write all of it, within the patience. Raises `OSError`."""
        self._wait_at_most(self.patience)
        self.sock.sendall(octets)

    def over_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on over TLS, with everything forgotten that was said before (RFC 3207 §4.2). Raises `OSError`."""
        if self._unread:
            raise Unreadable("the server, or somebody on the way, spoke on before TLS had begun")
        self.sock = context.wrap_socket(self.sock, server_hostname=host)
        self._timeout = None
        self.ehlo_resp, self.helo_resp, self.does_esmtp = None, None, False
        self.esmtp_features = {}

    @property
    def is_quiet(self) -> bool:
        """Whether nothing was said unasked, such as 421 and the end of the connection."""
        return not self._unread and (not self._is_readable() or self._reads_nothing())

    def _is_readable(self) -> bool:
        if not hasattr(select, "poll"):
            return bool(select.select([self.sock], [], [], 0)[0])
        asked = select.poll()
        asked.register(self.sock, select.POLLIN)
        return bool(asked.poll(0))

    def _reads_nothing(self) -> bool:
        """Whether what came was TLS's own affair, such as a ticket for another session."""
        self.sock.settimeout(0)
        try:
            self._unread += self.sock.recv(_PIECE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        finally:
            self.sock.settimeout(self.patience)
            self._timeout = self.patience
        return False

    def _line(self, deadline: float) -> bytes:
        while (end := self._unread.find(b"\n")) < 0:
            if len(self._unread) > _LONGEST_LINE:
                raise Unreadable(f"a reply has a line of more than {_LONGEST_LINE} octets")
            self._wait_at_most(min(self.patience, deadline - monotonic()))
            piece = self.sock.recv(_PIECE)
            if not piece:
                raise ConnectionResetError("the server closed the connection")
            self._unread += piece
        line, self._unread = self._unread[:end].removesuffix(b"\r"), self._unread[end + 1 :]
        return line

    def _wait_at_most(self, seconds: float) -> None:
        if seconds <= 0:
            raise TimeoutError("the server did not answer in time")
        if self._timeout is None or not seconds <= self._timeout <= seconds * _ABOUT:
            self.sock.settimeout(seconds)
            self._timeout = seconds
