"""Mail servers on loopback: one that says what its script tells it to, aiosmtpd, and Postfix's smtp-sink."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any, Final, NamedTuple

from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.counterparts import needs

__all__ = [
    "DROP",
    "SILENT",
    "Certificate",
    "Mail",
    "Say",
    "Scripted",
    "certificate",
    "free_port",
    "mail_server",
    "scripted_server",
    "smtp_sink",
]


class Say(NamedTuple):
    """What a server says, and whether it leaves then."""

    octets: bytes
    closes: bool = False

    @classmethod
    def line(cls, text: str, *, closes: bool = False) -> Say:
        """One line of a reply."""
        return cls(text.encode() + b"\r\n", closes)


DROP: Final = Say(b"", closes=True)
SILENT: Final = Say(b"")


class Mail(NamedTuple):
    """What a server took: envelope and octets, dots taken out again."""

    sender: str
    recipients: tuple[str, ...]
    octets: bytes


USUAL: Final[Mapping[str, Say]] = {
    "": Say.line("220 script.example ESMTP"),
    "EHLO": Say(b"250-script.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n"),
    "AUTH": Say.line("235 2.7.0 welcome"),
    "RSET": Say.line("250 2.0.0 forgotten"),
    "MAIL": Say.line("250 2.1.0 from whom"),
    "RCPT": Say.line("250 2.1.5 to whom"),
    "DATA": Say.line("354 go on"),
    ".": Say.line("250 2.0.0 Ok: queued as 4F1B2C3D4E"),
    "QUIT": Say.line("221 2.0.0 bye"),
}


@dataclass
class Scripted:
    """
    A server of its script: for each command what it says, where that is not the usual; ``""`` is its greeting and
    ``.`` the end of a message. It counts what it is asked to do.
    """

    port: int
    script: Mapping[str, Say] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    ended: list[Mail] = field(default_factory=list)
    connections: int = 0

    @property
    def transactions(self) -> int:
        """How often somebody began one."""
        return sum(one.startswith("MAIL") for one in self.commands)

    def forgets(self) -> None:
        """Count anew, on the same connections."""
        self.commands.clear()
        self.ended.clear()

    def says(self, script: Mapping[str, Say]) -> Scripted:
        """Begin anew with another script; what is still said on older connections is counted no more."""
        self.script, self.commands, self.ended, self.connections = script, [], [], 0
        return self


@contextmanager
def scripted_server(script: Mapping[str, Say] | None = None) -> Iterator[Scripted]:
    """Serve on a free port of loopback until the block ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        server = Scripted(listening.getsockname()[1], script or {})
        Thread(target=_serve, args=(listening, server), daemon=True).start()
        yield server


def _serve(listening: socket.socket, server: Scripted) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return  # the block has ended
        server.connections += 1
        Thread(target=_talk, args=(connection, server), daemon=True).start()


def _talk(connection: socket.socket, server: Scripted) -> None:
    with connection, suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _Conversation(connection, server).run()


class _Conversation:
    def __init__(self, connection: socket.socket, server: Scripted) -> None:
        self._connection, self._server = connection, server
        self._commands, self._ended = server.commands, server.ended
        self._lines = connection.makefile("rb")
        self._sender, self._recipients = "", list[str]()

    def run(self) -> None:
        with self._lines:
            go_on = self._say("")
            while go_on and (line := self._lines.readline()):
                go_on = self._answer(line.decode().rstrip("\r\n"))

    def _answer(self, command: str) -> bool:
        self._commands.append(command)
        verb = command.partition(" ")[0].upper()
        is_yes = self._said(verb).startswith(b"2")
        if verb == "MAIL":
            self._sender, self._recipients = _within(command) if is_yes else "", []
        elif verb not in self._server.script and not {"RCPT": self._sender, "DATA": self._recipients}.get(verb, True):
            return self._tell(Say.line("503 5.5.1 one after the other"))
        elif verb == "RCPT":
            self._recipients += [_within(command)] if is_yes else []
        elif verb == "DATA":
            takes = self._said("DATA").startswith(b"354")  # asked first: once it has spoken, its script may change
            return self._say("DATA") and (not takes or self._take())
        return self._say(verb) and verb != "QUIT"

    def _take(self) -> bool:
        octets = b""
        while (line := self._lines.readline()) != b".\r\n":
            if not line:
                return False
            octets += line[1:] if line.startswith(b".") else line
        self._ended.append(Mail(self._sender, tuple(self._recipients), octets))
        return self._say(".")

    def _said(self, verb: str) -> bytes:
        return self._server.script.get(verb, USUAL.get(verb, Say.line("500 what?"))).octets

    def _say(self, verb: str) -> bool:
        return self._tell(self._server.script.get(verb, USUAL.get(verb, Say.line("500 what?"))))

    def _tell(self, said: Say) -> bool:
        if said.octets:
            self._connection.sendall(said.octets)
        if said.closes:
            self._connection.close()
        return not said.closes


def _within(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]


class Certificate(NamedTuple):
    """A certificate for localhost and 127.0.0.1 that signs itself: its file, and the context of a server with it."""

    file: Path
    context: ssl.SSLContext


def certificate(folder: Path) -> Certificate:
    """Make one, good for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, secret = folder / "localhost.pem", folder / "localhost.key"
    file.write_bytes(signed.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return Certificate(file, context)


@contextmanager
def mail_server(handler: object, **options: Any) -> Iterator[int]:
    """aiosmtpd with a handler of ours and its own options (``ssl_context``, ``tls_context``, …); its port."""
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop(no_assert=True)


@contextmanager
def smtp_sink(*options: str, sessions: int = 100) -> Iterator[int]:
    """Postfix's smtp-sink, and its port. Skips where Postfix is not installed; in CI that is a failure."""
    program = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    needs(program is not None, "smtp-sink is not installed: it comes with the package postfix")
    assert program is not None
    port = free_port()
    becomes = ("-u", "nobody") if os.geteuid() == 0 else ()  # as root it must
    command = [program, *becomes, *options, f"127.0.0.1:{port}", str(sessions)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait(running, port)
        yield port
    finally:
        running.terminate()
        running.communicate(timeout=20)


def free_port() -> int:
    """A port that nobody listens on, most likely."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def _wait(running: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(200):
        if running.poll() is not None:
            raise RuntimeError(f"smtp-sink ended: {running.communicate()[1].decode()}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("smtp-sink does not answer")
