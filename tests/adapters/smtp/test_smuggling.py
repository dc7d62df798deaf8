"""What is put into a mail stays in that mail: no new header, line, recipient or message, whoever reads it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migma_smtp import CannotCarry, Mailing, Security, Server, Smtp, SmtpProvider, SmtpSettings

from migma_core import Accepted, Address, Attachment, Batch, Outcome, Parcel, Rejected, Scalar, Scope
from migma_core.testing.mail import batches, plain_batch
from migma_core.testing.strategies import addresses
from tests.adapters.smtp.test_counterpart import Handler
from tests.support.batches import attempt_for, batch_for, compiled_for
from tests.support.examples import few
from tests.support.smtp_servers import Scripted, mail_server, scripted_server, smtp_sink

# Ends of a message as one server or another has been seen to read them, and what would follow (SMTP smuggling; G-04)
ENDS = (
    "\n.\n",
    "\n.\r\n",
    "\r.\r",
    "\r\n.\n",
    "\r\n.\r",
    "\r.\r\n",
    "\r.\n",
    "\n\n.\n",
    "\r\r\n.\r\r\n",
    "\0\r\n.\0\r\n",
)
NEXT = "MAIL FROM:<ceo@example.com>\r\nRCPT TO:<all@example.com>\r\nDATA\r\nSubject: forged\r\n\r\nforged"
CORPUS = (
    *(f"harmless{end}{NEXT}{end}" for end in ENDS),
    *(".", "..", ".\r\n", "\r\n.", "\r\n.\r\n", "\r\n..\r\n", ".hidden\r\n..dots\r\n...", "\r\n.\r\nQUIT\r\n"),
    *("x\r\nBcc: all@example.com", "x\nBcc: all@example.com", "x\rBcc: all@example.com", "x\r\n\r\n<p>body</p>"),
    *("x\u2028Bcc: all@example.com", "x\x85Bcc: all@example.com", "x\x0bBcc: a@b.c", "=?utf-8?q?x=0D=0ABcc:_all?="),
    *("--=_migma_alternative_0--\r\n", "From x\r\n>From y", "x" * 2_000, "é" * 2_000, " \r\n \r\n\t\r\n", "=\r\n.\r\n"),
)


class Real(NamedTuple):
    """aiosmtpd at work, and a provider that speaks to it."""

    handler: Handler
    provider: SmtpProvider


@pytest.fixture(scope="module")
def real() -> Iterator[Real]:
    """One for all."""
    handler = Handler()
    with mail_server(handler, enable_SMTPUTF8=True) as port, closing(connected(port)) as provider:
        yield Real(handler, provider)


@pytest.fixture(scope="module")
def scripted() -> Iterator[tuple[Scripted, SmtpProvider]]:
    """A server that pipelines, and a provider that speaks to it."""
    with scripted_server() as server, closing(connected(server.port)) as provider:
        yield server, provider


def connected(port: int) -> SmtpProvider:
    """A provider for a server on loopback."""
    return Smtp.connect(SmtpSettings(host="127.0.0.1", port=port, tls=Security.NONE, hello="test.example"))


def hand_over(provider: SmtpProvider, batch: Batch, parcel: Parcel | None = None) -> tuple[Outcome, ...]:
    """Hand the batch over; another parcel takes the encoder's place."""
    parcel = parcel or provider.encode(batch)
    return provider.hand_over(batch, parcel, attempt_for(batch, parcel))


def header_names(octets: bytes) -> list[str]:
    """The names of all headers, of the mail and of its parts, as another parser sees them."""
    parts = message_from_bytes(octets, policy=SMTP).walk()
    return [name for part in parts for name, _ in part.items()]


def check_arrived(real: Real, batch: Batch) -> None:
    """Each message is there once, to its one recipient, octet by octet."""
    real.handler.mails.clear()
    outcomes = hand_over(real.provider, batch)
    assert all(isinstance(one, Accepted) for one in outcomes)
    sent = real.provider.encode(batch).bodies
    to = [(str(message.approval.address),) for message in batch.messages]
    arrived = {mail.recipients: mail.octets for mail in real.handler.mails}
    assert len(real.handler.mails) == len(batch.messages)
    assert arrived == dict(zip(to, sent, strict=True))


@settings(max_examples=40)
@given(batch=batches(most=3, whole=True))
def test_every_mail_arrives_as_it_was_meant(real: Real, batch: Batch) -> None:
    """Hostile values, names, files and headers: as many mails as messages, each as it was encoded."""
    check_arrived(real, batch)


def hostile() -> Batch:
    """Everybody's values are one of the corpus."""
    people: list[dict[str, Scalar]] = [{"x": text} for text in CORPUS]
    compiled = compiled_for(
        "Hello", "<p title='{{x}}'>{{x}}</p>", "{{x}}\n{{x}}", attachments=(Attachment("a", b"\n.\n"),)
    )
    return batch_for(compiled, people)


def test_the_corpus_adds_nothing(real: Real) -> None:
    """Every text that ends messages elsewhere: one mail each, with the headers of a harmless one."""
    batch, harmless = hostile(), batch_for(hostile().compiled, [{"x": "harmless"}])
    check_arrived(real, batch)
    (plain,) = real.provider.encode(harmless).bodies
    for mail in real.handler.mails:
        assert header_names(mail.octets) == header_names(plain)
        assert b"\r\n.\r\n" not in mail.octets
        assert mail.octets.count(b"\n") == mail.octets.count(b"\r") == mail.octets.count(b"\r\n")


def test_the_corpus_adds_nothing_where_commands_are_pipelined() -> None:
    """Postfix's sink counts as many messages and recipients as were meant, and none that was forged."""
    batch = hostile()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)  # it writes as nobody
        with smtp_sink("-d", f"{folder}/%M.") as port, closing(connected(port)) as provider:
            assert all(isinstance(one, Accepted) for one in hand_over(provider, batch))
        lines = [line for path in Path(folder).iterdir() for line in path.read_bytes().split(b"\n")]
    for start in (b"X-Mail-Args:", b"X-Rcpt-Args:"):
        assert sum(line.startswith(start) for line in lines) == len(CORPUS)
    assert not any(b"ceo@example.com" in line and line.startswith(b"X-") for line in lines)


LINES = st.lists(
    st.sampled_from([b"", b".", b"..", b".x", b"x", b"QUIT", b"RSET", NEXT.encode().split(b"\r\n")[0], b"x" * 998])
    | st.binary(max_size=30).map(lambda one: bytes(octet for octet in one if octet not in b"\r\n\0")),
    max_size=8,
)


@settings(max_examples=few(50))
@given(lines=LINES, ends=st.booleans())
def test_any_lines_arrive(scripted: tuple[Scripted, SmtpProvider], lines: list[bytes], ends: bool) -> None:
    """Dots at the beginning of lines, alone on one, or first of all: they arrive as they were, and end nothing."""
    server, provider = scripted
    octets = b"\r\n".join(lines) + (b"\r\n" if ends else b"")
    server.forgets()
    assert isinstance(hand_over(provider, plain_batch(1), Parcel((octets,)))[0], Accepted)
    (mail,) = server.ended
    assert mail.octets == (octets if octets.endswith(b"\r\n") else octets + b"\r\n")
    assert server.transactions == 1


@settings(max_examples=few(50))
@given(address=addresses())
def test_any_address_is_one_recipient(scripted: tuple[Scripted, SmtpProvider], address: Address) -> None:
    """Whatever an address may hold: one recipient, and that one."""
    server, provider = scripted
    server.forgets()
    assert isinstance(hand_over(provider, plain_batch(1, address=address))[0], Accepted)
    assert [mail.recipients for mail in server.ended] == [(str(address),)]


@pytest.mark.parametrize("end", [*ENDS, "\0", "\r", "\n", "x" * 999], ids=ascii)
def test_octets_that_servers_read_differently_are_refused(scripted: tuple[Scripted, SmtpProvider], end: str) -> None:
    """From a signer, or in a parcel of another's making: nothing is begun, and the encoder says what is wrong."""
    server, provider = scripted
    octets = f"Subject: x\r\n\r\nharmless{end}{NEXT}{end}".encode()

    class Careless:
        def sign(self, _: bytes) -> bytes:
            return octets

    signing = SmtpProvider(Server("127.0.0.1", server.port, Security.NONE), Mailing(Careless()))
    with pytest.raises(CannotCarry, match=r"CRLF|NUL|998"):
        signing.encode(plain_batch(1))
    server.forgets()
    (outcome,) = hand_over(provider, plain_batch(1), Parcel((octets,)))
    assert isinstance(outcome, Rejected)
    assert outcome.scope is Scope.REQUEST
    assert (server.transactions, server.ended) == (0, [])
