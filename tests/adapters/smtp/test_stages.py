"""Every stage of a conversation, and everything that may be said at it: one exact outcome, at most one transaction."""

from __future__ import annotations

import hmac
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, suppress
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migma_smtp import Smtp, SmtpSettings

from migma_core import Accepted, Attachment, Batch, NotSent, Outcome, Rejected, Unknown
from tests.support.batches import attempt_for, batch_for, compiled_for, copied_batch
from tests.support.examples import few
from tests.support.smtp_servers import DROP, SILENT, Say, Scripted, free_port, scripted_server

QUICK: dict[str, Any] = {
    "host": "127.0.0.1",
    "tls": "none",
    "hello": "test.example",
    "reply_seconds": 0.3,
    "data_seconds": 0.3,
}
ONE = batch_for(compiled_for())
SEVERAL = batch_for(compiled_for(), [{}] * 6)


@pytest.fixture(scope="module")
def server() -> Iterator[Scripted]:
    """One server for all scripts."""
    with scripted_server() as made:
        yield made


def hand_over(port: int, batch: Batch = ONE, **options: Any) -> tuple[Outcome, ...]:
    """Hand the batch over by a provider that gives up soon, whatever comes of it."""
    with closing(Smtp.connect(SmtpSettings(**{**QUICK, "port": port, **options}))) as provider:
        parcel = provider.encode(batch)
        return provider.hand_over(batch, parcel, attempt_for(batch, parcel))


def shown(outcome: Outcome) -> str:
    """An outcome in a word."""
    return f"rejected {outcome.scope}" if isinstance(outcome, Rejected) else outcome.kind


STAGES = [
    # the greeting
    ("", "421 4.3.2 too many connections", "not_sent"),
    ("", "554 5.7.1 no service for you", "rejected account"),
    ("", "250 hello there", "not_sent"),
    ("", "hello", "not_sent"),
    ("EHLO", "421 4.3.2 later", "not_sent"),
    ("EHLO", "451 4.3.0 later", "not_sent"),
    ("EHLO", "502 5.5.1 what?", "rejected account"),
    ("EHLO", "550 5.7.1 you are not who you say", "rejected account"),
    # the envelope's sender
    ("MAIL", "421 4.7.0 too many messages", "not_sent"),
    ("MAIL", "451 4.3.0 local error", "not_sent"),
    ("MAIL", "452 4.3.1 disk full", "not_sent"),
    ("MAIL", "454 4.7.0 Daily message quota exceeded", "rejected account"),
    ("MAIL", "501 5.1.7 bad sender", "rejected account"),
    ("MAIL", "501 syntax", "rejected request"),
    ("MAIL", "503 5.5.1 sender already specified", "not_sent"),
    ("MAIL", "530 5.7.0 authentication required", "rejected account"),
    ("MAIL", "550 no such sender", "rejected account"),
    ("MAIL", "550 5.1.8 no such domain", "rejected account"),
    ("MAIL", "552 5.3.4 too large", "rejected request"),
    ("MAIL", "552 too large", "rejected request"),
    ("MAIL", "553 5.7.1 not owned by you", "rejected account"),
    ("MAIL", "555 5.5.4 unsupported parameter", "rejected request"),
    ("MAIL", "354 go on", "not_sent"),
    # the envelope's recipient
    ("RCPT", "421 4.7.0 bye", "not_sent"),
    ("RCPT", "450 4.7.1 greylisted", "not_sent 60"),
    ("RCPT", "451 4.3.0 local error", "not_sent 60"),
    ("RCPT", "452 4.2.2 mailbox full", "not_sent 60"),
    ("RCPT", "452 4.2.2 Quota exceeded (mailbox for user is full)", "not_sent 60"),
    ("RCPT", "550 5.4.5 Daily user sending limit exceeded", "rejected account"),
    ("RCPT", "554 5.3.2 not accepting messages", "rejected account"),
    ("RCPT", "452 4.5.3 too many recipients", "not_sent 60"),
    ("RCPT", "500 what?", "rejected request"),
    ("RCPT", "501 bad address", "rejected recipient"),
    ("RCPT", "503 5.5.1 no sender", "not_sent 60"),
    ("RCPT", "550 no such user", "rejected recipient"),
    ("RCPT", "550 5.1.1 no such user", "rejected recipient"),
    ("RCPT", "550 5.2.1 mailbox disabled", "rejected recipient"),
    ("RCPT", "551 not here", "rejected recipient"),
    ("RCPT", "552 5.2.2 mailbox full", "not_sent 60"),
    ("RCPT", "552 storage", "not_sent 60"),
    ("RCPT", "553 5.1.3 bad syntax", "rejected recipient"),
    ("RCPT", "554 5.7.1 relay access denied", "rejected account"),
    ("RCPT", "550 5.4.4 no such domain", "rejected recipient"),
    ("RCPT", "550 5.1 no such user", "rejected recipient"),
    ("RCPT", "550 4.1.1 which one is it", "rejected recipient"),
    # the word that it waits for the message
    ("DATA", "421 bye", "not_sent"),
    ("DATA", "451 4.3.0 later", "not_sent"),
    ("DATA", "503 5.5.1 no valid recipients", "not_sent"),
    ("DATA", "554 5.5.1 no valid recipients", "rejected request"),
    ("DATA", "550 5.7.1 not from here", "rejected account"),
    ("DATA", "250 as you like", "not_sent"),
    # after the final dot
    (".", "250", "accepted"),
    (".", "252 perhaps", "accepted"),
    (".", "421 4.3.2 shutting down", "unknown"),
    (".", "450 4.2.0 later", "not_sent"),
    (".", "451 4.3.0 queue file write error", "not_sent"),
    (".", "452 4.3.1 disk full", "not_sent"),
    (".", "454 Throttling failure: Maximum sending rate exceeded.", "not_sent"),
    (".", "454 Throttling failure: Daily message quota exceeded.", "rejected account"),
    (".", "452 4.2.2 Quota exceeded (mailbox for user is full)", "not_sent"),
    (".", "550 5.4.5 Daily SMTP relay sending limit exceeded", "rejected account"),
    (".", "503 5.5.1 what?", "unknown"),
    (".", "550 5.1.1 no such user after all", "rejected recipient"),
    (".", "550 5.7.1 you are on a list", "rejected account"),
    (".", "552 5.2.2 mailbox full", "not_sent"),
    (".", "552 5.3.4 too large", "rejected request"),
    (".", "554 5.6.0 bad content", "rejected request"),
    (".", "554 no", "rejected request"),
    (".", "354 more?", "unknown"),
    (".", "199 what", "unknown"),
    (".", "nonsense", "unknown"),
]


@pytest.mark.parametrize("pipelining", [True, False], ids=["at once", "one by one"])
@pytest.mark.parametrize(("verb", "reply", "expected"), STAGES)
def test_a_reply_has_one_outcome(server: Scripted, verb: str, reply: str, expected: str, pipelining: bool) -> None:
    """What a server says at a stage decides whose fault it is, or that nobody knows (reliability §14)."""
    hello = {} if pipelining else {"EHLO": Say.line("250 script.example")}
    server.says({**hello, verb: Say.line(reply)})
    (outcome,) = hand_over(server.port)
    word, _, wait = expected.partition(" ") if expected.startswith("not_sent") else (expected, "", "")
    assert shown(outcome) == word
    assert getattr(outcome, "retry_after", None) == (float(wait) if wait else None)
    assert server.transactions == (0 if verb in {"", "EHLO"} else 1)
    assert len(server.ended) == (1 if verb == "." else 0)


COPIED = copied_batch(cc=1, bcc=1)


def test_each_copy_is_a_transaction_of_its_own(server: Scripted) -> None:
    """The same octets to everybody in the envelope, the recipient first; no mail holds the blind address."""
    server.says({})
    assert [shown(one) for one in hand_over(server.port, COPIED)] == ["accepted"] * 3
    to = [mail.recipients for mail in server.ended]
    assert to[0] == ("person0@example.com",)
    assert sorted(to[1:]) == [("person1@example.com",), ("person2@example.com",)]
    assert len({mail.octets for mail in server.ended}) == 1
    assert b"person1@example.com" in server.ended[0].octets
    assert b"person2@example.com" not in server.ended[0].octets


@pytest.mark.parametrize(
    ("verb", "reply", "expected"),
    [
        ("RCPT", "550 5.1.1 no such user", "rejected recipient"),
        (".", "451 4.3.0 later", "not_sent"),
        (".", "nonsense", "unknown"),
    ],
)
def test_no_copy_is_begun_before_its_mail_is_accepted(server: Scripted, verb: str, reply: str, expected: str) -> None:
    """Whatever becomes of the mail becomes of its copies, and the server hears of one transaction."""
    server.says({verb: Say.line(reply)})
    assert [shown(one) for one in hand_over(server.port, COPIED)] == [expected] * 3
    assert server.transactions == 1


@pytest.mark.parametrize("fault", [DROP, SILENT], ids=["dropped", "silent"])
@pytest.mark.parametrize("verb", ["", "EHLO", "MAIL", "RCPT", "DATA", "."])
def test_silence_is_unknown_after_the_dot_and_only_then(server: Scripted, verb: str, fault: Say) -> None:
    """A server that leaves or says nothing: before the final dot nothing was sent, after it nobody knows."""
    server.says({verb: fault})
    (outcome,) = hand_over(server.port)
    assert isinstance(outcome, Unknown if verb == "." else NotSent)
    assert server.transactions == (0 if verb in {"", "EHLO"} else 1)


def test_nobody_there_is_not_sent() -> None:
    """A refused connection says where nobody was, and sends nothing."""
    port = free_port()
    assert hand_over(port) == (NotSent(f"no connection to 127.0.0.1:{port}: Connection refused"),)


def test_a_name_that_nobody_knows_is_not_sent() -> None:
    """A host without an address is told by the resolver's own words."""
    (outcome,) = hand_over(25, host="nowhere.invalid", allow_plaintext=True)
    assert isinstance(outcome, NotSent)
    assert outcome.why.startswith("no connection to nowhere.invalid:25: ")


def test_a_connection_lost_within_the_message_sent_nothing(server: Scripted) -> None:
    """Where the server leaves while it is being told the message, the dot was never written."""
    server.says({"DATA": Say.line("354 go on", closes=True)})
    large = batch_for(compiled_for(attachments=(Attachment("x.bin", b"x" * 9_000_000),)))
    (outcome,) = hand_over(server.port, large, data_seconds=5)
    assert isinstance(outcome, NotSent)
    assert "before the end of the message" in outcome.why


def test_the_servers_name_of_the_message_is_kept(server: Scripted) -> None:
    """Postfix, Exim and SES each have their way of saying it."""
    for said, name in (
        ("250 2.0.0 Ok: queued as 4F1B2C3D4E", "4F1B2C3D4E"),
        ("250 OK id=1rAbCd-0005Xy-1Z", "1rAbCd-0005Xy-1Z"),
        ("250 Ok 0100018f3c2a-1111-2222", "0100018f3c2a-1111-2222"),
        ("250 2.0.0 thank you", None),
    ):
        server.says({".": Say.line(said)})
        assert hand_over(server.port) == (Accepted(name),)


@pytest.mark.parametrize(
    ("early", "expected"),
    [
        ("250 2.0.0 Ok: queued as 4F1B2C3D4E", "not_sent"),
        ("354 more", "not_sent"),
        ("552 5.3.4 too large", "rejected request"),
        ("451 4.3.0 disk full", "not_sent"),
        ("421 4.3.2 going down", "not_sent"),
        ("nonsense", "not_sent"),
    ],
)
def test_a_yes_before_the_dot_is_none(server: Scripted, early: str, expected: str) -> None:
    """An answer that comes before its question is never taken for the message's own; a refusal half-way is one."""
    server.says({"DATA": Say(f"354 go on\r\n{early}\r\n".encode())})
    (outcome,) = hand_over(server.port)
    assert shown(outcome) == expected
    assert server.ended == []


TLS = Say(b"250-script.example\r\n250 STARTTLS\r\n")


@pytest.mark.parametrize(
    ("said", "expected", "why"),
    [
        (Say.line("454 4.7.0 not now"), "not_sent", "STARTTLS: 454 4.7.0 not now"),
        (Say.line("501 5.5.4 no"), "rejected account", "STARTTLS: 501 5.5.4 no"),
        (Say.line("250 what"), "not_sent", "STARTTLS: 250 what"),
        (DROP, "not_sent", "closed the connection"),
        (Say(b"220 go\r\n250 what you would have heard\r\n"), "not_sent", "spoke on before TLS had begun"),
        (Say.line("220 go", closes=True), "not_sent", "no conversation with"),
    ],
)
def test_without_tls_nothing_is_said(server: Scripted, said: Say, expected: str, why: str) -> None:
    """STARTTLS that is refused, broken off or injected into ends the conversation, before a password or a mail."""
    server.says({"EHLO": TLS, "STARTTLS": said})
    (outcome,) = hand_over(server.port, tls="starttls", user="ada", password="a password")
    assert shown(outcome) == expected
    assert why in getattr(outcome, "why", "")
    assert [one.upper() for one in server.commands] == ["EHLO TEST.EXAMPLE", "STARTTLS"]


def test_a_challenge_is_answered(server: Scripted) -> None:
    """CRAM-MD5 shows the password to nobody: what is said depends on the server's challenge (RFC 2195)."""
    challenge = b"<1896.697170952@script.example>"
    answer = b64encode(b"ada " + hmac.new(b"a password", challenge, "md5").hexdigest().encode()).decode()
    hello = Say(b"250-script.example\r\n250 AUTH CRAM-MD5 PLAIN\r\n")
    told = {
        "EHLO": hello,
        "AUTH": Say.line(f"334 {b64encode(challenge).decode()}"),
        answer.upper(): Say.line("235 yes"),
    }
    server.says(told)
    (outcome,) = hand_over(server.port, user="ada", password="a password")
    assert isinstance(outcome, Accepted)
    assert server.commands[1:3] == ["AUTH CRAM-MD5", answer]


def test_a_challenge_that_is_none_is_not_answered(server: Scripted) -> None:
    """What is no base64 ends the conversation, and nothing was sent."""
    server.says({"EHLO": Say(b"250-script.example\r\n250 AUTH CRAM-MD5\r\n"), "AUTH": Say.line("334 x")})
    (outcome,) = hand_over(server.port, user="ada", password="a password")
    assert isinstance(outcome, NotSent)
    assert server.transactions == 0


FLOODS = {
    "lines without end": b"250-x\r\n" * 200,
    "a line without end": b"250 " + b"x" * 100_000,
    "different codes": b"250-x\r\n550 y\r\n",
    "nul": b"\0" * 50 + b"\r\n",
    "a code of two digits": b"25 x\r\n",
    "digits of another script": "٢٥٠ x\r\n".encode(),
}


@pytest.mark.parametrize("verb", ["", "EHLO", "MAIL", "DATA", "."])
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_what_is_no_reply_is_not_read_to_its_end(server: Scripted, verb: str, flood: bytes) -> None:
    """Replies of any length, and what is none, end the conversation, with the outcome of a silence."""
    server.says({verb: Say(flood)})
    (outcome,) = hand_over(server.port)
    assert isinstance(outcome, Unknown if verb == "." else NotSent)
    assert len(outcome.why) < 300


def test_a_reply_that_drips_is_given_up(server: Scripted) -> None:
    """The time is for the whole reply: an octet now and then does not extend it."""

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            for _ in range(100):
                connection.sendall(b"2")
                sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=drip, args=(listening,), daemon=True).start()
        began = monotonic()
        (outcome,) = hand_over(listening.getsockname()[1])
        assert monotonic() - began < 2
    assert isinstance(outcome, NotSent)


REPLIES = st.sampled_from(
    [
        f"{code} {text}"
        for code in (220, 250, 354, 421, 450, 452, 500, 503, 535, 550, 552, 554)
        for text in ("", "5.7.1 x")
    ]
)
SAYS = st.one_of(
    REPLIES.map(Say.line), REPLIES.map(lambda one: Say.line(one, closes=True)), st.just(DROP), st.just(Say(b"\xff\r\n"))
)
SCRIPTS = st.dictionaries(st.sampled_from(["", "EHLO", "RSET", "MAIL", "RCPT", "DATA", "."]), SAYS, max_size=2)


@settings(max_examples=few(50))
@given(script=SCRIPTS)
def test_an_outcome_is_true(server: Scripted, script: dict[str, Say]) -> None:
    """
    Whatever a server says: what is accepted has ended there, what has ended there is never said to be lost on the way,
    and each message is told to it once at most.
    """
    server.says(script)
    outcomes = hand_over(server.port, SEVERAL, connections=2, reply_seconds=2, data_seconds=2)
    ended = [mail.recipients[0] for mail in server.ended]
    begun = [one.partition("<")[2].partition(">")[0] for one in server.commands if one.startswith("RCPT")]
    assert len(set(ended)) == len(ended)
    assert len(set(begun)) == len(begun)
    assert server.transactions <= len(outcomes)
    for outcome, message in zip(outcomes, SEVERAL.messages, strict=True):
        there = str(message.approval.address) in ended
        assert there or not isinstance(outcome, Accepted)
        assert there or not isinstance(outcome, Unknown) or script["DATA"].closes  # between the dot and its reading
        if there and not isinstance(outcome, Accepted | Unknown):
            assert script["."].octets[:1] in b"45"  # it said no in so many words
