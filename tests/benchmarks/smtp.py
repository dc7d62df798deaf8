"""SMTP: how fast mail leaves over pooled connections, against bare smtplib, and how often a server is asked."""

from __future__ import annotations

import asyncio
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from threading import Lock, Thread

from migma_smtp import AsyncSmtpProvider, Smtp, SmtpProvider, SmtpSettings

from migma_core import Accepted, Attempt, Batch, Parcel
from tests.adapters.smtp.test_stages import QUICK, STAGES
from tests.benchmarks.composing import HTML, SUBJECT, TEXT, values
from tests.benchmarks.measuring import Figure, ceiling, floor, ratio_of
from tests.support.batches import attempt_for, batch_for, compiled_for
from tests.support.smtp_servers import DROP, SILENT, Say, free_port, scripted_server, smtp_sink

__all__ = ["figures"]

CONNECTIONS = 8
_REPEATS = 3


def figures() -> list[Figure]:
    """Every figure of SMTP: over Postfix's sink, which pipelines, and over aiosmtpd, which does not."""
    hundred = batch_for(compiled_for(SUBJECT, HTML, TEXT), [values(n) for n in range(100)])
    with smtp_sink("-c") as sink, _aiosmtpd() as python:
        return [
            ceiling("SMTP transactions of one attempt, at most, under every fault, both colours", _most(), 1.0),
            floor("SMTP, 100 over 8 connections, of smtplib in 8 threads: smtp-sink", _ratio(sink, hundred), 0.8),
            floor("SMTP, 100 over 8 connections, of smtplib in 8 threads: aiosmtpd", _ratio(python, hundred), 0.8),
            floor("SMTP, 100 over one connection, of smtplib: smtp-sink", _ratio(sink, hundred, 1), 0.8),
        ]


def _ratio(port: int, batch: Batch, width: int = CONNECTIONS) -> float:
    """Ours against smtplib, with the same octets, both with their connections open already."""
    options = {
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "connections": width,
        "messages_per_connection": 10_000,
    }
    with ExitStack() as closing_all:
        ours = closing_all.enter_context(closing(Smtp.connect(SmtpSettings.model_validate(options))))
        bare = [closing_all.enter_context(smtplib.SMTP("127.0.0.1", port)) for _ in range(width)]
        parcel = ours.encode(batch)
        attempt = attempt_for(batch, parcel)
        return ratio_of(partial(_bare, bare, batch, parcel), partial(_ours, ours, batch, parcel, attempt), rounds=9)


def _ours(provider: SmtpProvider, batch: Batch, parcel: Parcel, attempt: Attempt) -> None:
    for _ in range(_REPEATS):
        outcomes = provider.hand_over(batch, parcel, attempt)
        assert all(isinstance(one, Accepted) for one in outcomes)


def _bare(connections: list[smtplib.SMTP], batch: Batch, parcel: Parcel) -> None:
    for _ in range(_REPEATS):
        mails = iter([(str(m.approval.address), o) for m, o in zip(batch.messages, parcel.bodies, strict=True)])
        lock = Lock()
        threads = [Thread(target=_send, args=(one, mails, lock)) for one in connections]
        for one in threads:
            one.start()
        for one in threads:
            one.join()


def _send(connection: smtplib.SMTP, mails: Iterator[tuple[str, bytes]], lock: Lock) -> None:
    while True:
        with lock:
            mail = next(mails, None)
        if mail is None:
            return
        assert connection.sendmail("news@acme.example.com", [mail[0]], mail[1]) == {}


def _most() -> float:
    """The most transactions that a server has seen of one attempt, whatever it said and at whichever stage."""
    replies = [(verb, Say.line(text)) for verb, text, _ in STAGES]
    silences = [(verb, fault) for verb in ("", "EHLO", "MAIL", "RCPT", "DATA", ".") for fault in (DROP, SILENT)]
    one, counts = batch_for(compiled_for()), list[int]()
    with scripted_server() as server:
        settings = SmtpSettings(**{**QUICK, "port": server.port})
        for verb, said in [*replies, *silences]:
            for awaited in (False, True):
                server.says({verb: said})
                with closing(Smtp.connect(settings)) as provider:
                    parcel = provider.encode(one)
                    _hand_over(provider, one, parcel, awaited=awaited)
                counts.append(server.transactions)
    assert counts.count(1) > len(counts) / 2
    return float(max(counts))


def _hand_over(provider: SmtpProvider, batch: Batch, parcel: Parcel, *, awaited: bool) -> None:
    attempt = attempt_for(batch, parcel)
    if awaited:
        asyncio.run(AsyncSmtpProvider(provider).hand_over(batch, parcel, attempt))
    else:
        provider.hand_over(batch, parcel, attempt)


@contextmanager
def _aiosmtpd() -> Iterator[int]:
    """aiosmtpd, keeping nothing, in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink", "-l", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
        try:
            for _ in range(100):
                with suppress(OSError), smtplib.SMTP("127.0.0.1", port):
                    break
                time.sleep(0.1)
            yield port
        finally:
            running.terminate()


if __name__ == "__main__":
    for figure in figures():
        print(figure)
