"""Opening a connection: TCP, TLS, greeting, EHLO, STARTTLS, AUTH; at each step an exact outcome where it ends."""

from __future__ import annotations

import smtplib
import socket
import ssl
from typing import NoReturn

from migma_core.delivery import NotSent, Rejected, Scope

from .dialogue import Dialogue
from .outcomes import EXPECTED, outcome_of
from .reply import Reply, Stage, said
from .server import Credentials, Security, Server

__all__ = ["CannotOpen", "fault_of", "open_dialogue", "reply_of"]


_KNOWN = ("CRAM-MD5", "PLAIN", "LOGIN")


class CannotOpen(Exception):
    """There is no connection to send on, so nothing was sent; ``outcome`` says whose fault that is."""

    def __init__(self, outcome: Rejected | NotSent) -> None:
        super().__init__(outcome.why)
        self.outcome = outcome


def open_dialogue(server: Server) -> Dialogue:
    """
    Connect, secure, greet, and log in. Raises `CannotOpen`.

    A server that lacks what the settings ask for, STARTTLS or AUTH, is never spoken to without (RFC 3207 §6).
    """
    dialogue = Dialogue(_connected(server), server.hello, server.reply_seconds)
    try:
        if server.security is Security.IMPLICIT:
            _secure(dialogue, server)
        _expect(Stage.GREETING, dialogue.getreply(), server)
        _expect(Stage.EHLO, dialogue.ehlo(), server)
        if server.security is Security.STARTTLS:
            _start_tls(dialogue, server)
        if server.credentials is not None:
            _log_in(dialogue, server.credentials)
    except CannotOpen:
        dialogue.close()
        raise
    except Exception as fault:  # noqa: BLE001 - whatever it is, nothing is sent without a connection
        dialogue.close()
        why = fault_of(fault)
        if server.credentials is not None:
            why = server.credentials.out_of(why)  # smtplib's words may hold what the server said
        raise CannotOpen(NotSent(f"no conversation with {server}: {why}")) from None
    return dialogue


def fault_of(fault: Exception) -> str:
    """What went wrong, in words that hold no address, no secret and no path."""
    if isinstance(fault, TimeoutError):
        return "it did not answer in time"
    if isinstance(fault, ssl.SSLCertVerificationError):
        why = said(str(getattr(fault, "verify_message", "")))
        return f"its certificate is not to be trusted ({why}): name the host as it does, or its authority with ca_file"
    if isinstance(fault, ssl.SSLError):
        return f"TLS could not be agreed on ({fault.reason or type(fault).__name__}); is the port one that speaks it?"
    if isinstance(fault, OSError) and fault.strerror:
        return said(fault.strerror)
    return said(str(fault)) or type(fault).__name__


def reply_of(code: int, text: bytes, credentials: Credentials | None) -> Reply:
    """What smtplib read, made fit for a log."""
    words = text.decode("utf-8", "replace")
    return Reply(code, said(credentials.out_of(words) if credentials else words))


def _connected(server: Server) -> socket.socket:
    try:
        connection = socket.create_connection((server.host, server.port), server.connect_seconds)
    except OSError as fault:
        raise CannotOpen(NotSent(f"no connection to {server}: {fault_of(fault)}")) from fault
    # the final dot is a write of its own, and must not wait until what precedes it is acknowledged
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _secure(dialogue: Dialogue, server: Server) -> None:
    dialogue.sock.settimeout(server.connect_seconds)
    assert server.context is not None  # noqa: S101 - there is one wherever TLS is wanted
    dialogue.over_tls(server.context, server.host)


def _start_tls(dialogue: Dialogue, server: Server) -> None:
    if not dialogue.has_extn("starttls"):
        raise CannotOpen(
            Rejected(
                Scope.ACCOUNT,
                f"{server} offers no STARTTLS, so it is told nothing: set tls = implicit and its port (465), or find "
                "out who took it away",
            )
        )
    _expect(Stage.STARTTLS, dialogue.docmd("STARTTLS"), server)
    _secure(dialogue, server)
    _expect(Stage.EHLO, dialogue.ehlo(), server)


def _log_in(dialogue: Dialogue, credentials: Credentials) -> None:
    if not {*_KNOWN} & {*dialogue.esmtp_features.get("auth", "").split()}:
        why = f"the server offers none of {', '.join(_KNOWN)}: leave user and password out, or ask who runs it"
        raise CannotOpen(Rejected(Scope.ACCOUNT, f"AUTH: {why}"))
    try:
        dialogue.login(credentials.user, credentials.password())
    except smtplib.SMTPAuthenticationError as refused:
        text = refused.smtp_error
        told = text if isinstance(text, bytes) else text.encode()
        _refuse(Stage.AUTH, reply_of(refused.smtp_code, told, credentials))
    finally:
        dialogue.user = dialogue.password = ""  # smtplib keeps them


def _expect(stage: Stage, answer: tuple[int, bytes], server: Server) -> None:
    code, text = answer
    if code != EXPECTED.get(stage, 250):
        _refuse(stage, reply_of(code, text, server.credentials))


def _refuse(stage: Stage, reply: Reply) -> NoReturn:
    outcome = outcome_of(stage, reply)
    assert isinstance(outcome, Rejected | NotSent)  # noqa: S101 - nothing is accepted before it was handed over
    raise CannotOpen(outcome)
