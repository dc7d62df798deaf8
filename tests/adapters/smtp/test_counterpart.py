"""aiosmtpd and smtp-sink: servers that were not written for us, with TLS, AUTH, limits, and a fault at every stage."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import dkim
import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from migma_dkim import SigningKey
from migma_smtp import ReturnPath, Smtp, SmtpProvider, SmtpSettings

from migma_core import Accepted, Address, Attachment, Batch, NotSent, Outcome, Rejected, Scope, Unknown
from tests.support.batches import NOW, attempt_for, batch_for, compiled_for, delivery_id, message_for
from tests.support.smtp_servers import Certificate, Mail, certificate, mail_server, smtp_sink

USER, PASSWORD = "ada@acme.example.com", "a pass phrase of 42 words"
ONE = batch_for(compiled_for())


class Handler:
    """
    Keeps what arrives. ``faults`` says what to do at a stage instead: a reply, or ``None`` to leave without a word.
    """

    def __init__(self, faults: dict[str, str | None] | None = None) -> None:
        self.faults = faults or {}
        self.mails: list[Mail] = []
        self.options: list[list[str]] = []
        self.begun = 0
        self.logins: list[bool] = []

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's names
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Greet, unless told otherwise."""
        session.host_name = hostname
        return [self._fault(server, "EHLO")] if "EHLO" in self.faults else responses

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's names
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Begin a transaction."""
        self.begun += 1
        if "MAIL" in self.faults:
            return self._fault(server, "MAIL")
        envelope.mail_from, envelope.mail_options = address, options
        self.options.append(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take a recipient."""
        if "RCPT" in self.faults:
            return self._fault(server, "RCPT")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's names
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Take the message."""
        octets = envelope.original_content or b""
        self.mails.append(Mail(envelope.mail_from, tuple(envelope.rcpt_tos), octets))
        if "DATA" in self.faults:
            return self._fault(server, "DATA")
        return f"250 2.0.0 Ok: queued as {len(self.mails):010}"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        """One user, one password; told back where it is wrong."""
        assert isinstance(data, LoginPassword)
        good = (data.login.decode(), data.password.decode()) == (USER, PASSWORD) and "AUTH" not in self.faults
        self.logins.append(session.ssl is not None)
        fault = self.faults.get("AUTH") or f"535 5.7.8 not {data.password.decode()}"
        return AuthResult(success=good, handled=False, message=None if good else fault)

    def _fault(self, server: Any, stage: str) -> str:
        reply = self.faults[stage]
        if reply is None:
            server.transport.abort()
            return "451 gone"
        return reply


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate that the client is told to trust."""
    return certificate(tmp_path_factory.mktemp("tls"))


def provider(port: int, **options: Any) -> SmtpProvider:
    """One for a server on loopback."""
    plain = {"host": "localhost", "port": port, "hello": "test.example", "tls": "none", "reply_seconds": 5}
    return Smtp.connect(SmtpSettings(**{**plain, **options}))


def hand_over(port: int, batch: Batch = ONE, **options: Any) -> tuple[Outcome, ...]:
    """Hand the batch over once."""
    with closing(provider(port, **options)) as made:
        parcel = made.encode(batch)
        return made.hand_over(batch, parcel, attempt_for(batch, parcel))


def secured(ours: Certificate, handler: Handler, kind: str) -> dict[str, Any]:
    """aiosmtpd with TLS and AUTH."""
    tls = (
        {"ssl_context": ours.context} if kind == "implicit" else {"tls_context": ours.context, "require_starttls": True}
    )
    # it takes TLS that was there from the beginning for none
    required = {"auth_required": kind == "starttls", "auth_require_tls": kind == "starttls"}
    return {**tls, **required, "authenticator": handler.authenticate}


@pytest.mark.parametrize("kind", ["implicit", "starttls"])
def test_a_mail_goes_over_tls_with_a_password(ours: Certificate, kind: str) -> None:
    """Both ways of TLS, the certificate verified, one login a connection, and the octets arrive as they were."""
    handler, batch = Handler(), batch_for(compiled_for(), [{"name": f"Person {n}"} for n in range(20)])
    with mail_server(handler, **secured(ours, handler, kind)) as port:
        outcomes = hand_over(port, batch, tls=kind, ca_file=ours.file, user=USER, password=PASSWORD, connections=3)
    assert all(isinstance(one, Accepted) for one in outcomes)
    assert len({one.provider_id for one in outcomes if isinstance(one, Accepted)}) == 20
    assert 1 <= len(handler.logins) <= 3
    with closing(provider(9)) as unused:
        sent = dict(
            zip((str(one.approval.address) for one in batch.messages), unused.encode(batch).bodies, strict=True)
        )
    assert {mail.recipients: mail.octets for mail in handler.mails} == {(to,): octets for to, octets in sent.items()}
    assert {mail.sender for mail in handler.mails} == {"news@acme.example.com"}


@pytest.mark.parametrize("kind", ["implicit", "starttls"])
@pytest.mark.parametrize(
    ("stage", "reply", "expected"),
    [
        ("EHLO", "421 later", NotSent),
        ("EHLO", None, NotSent),
        ("AUTH", "535 5.7.8 no", Rejected),
        ("AUTH", "454 4.7.0 the directory is away", NotSent),
        ("MAIL", "550 5.7.1 not yours", Rejected),
        ("MAIL", "421 4.7.0 enough", NotSent),
        ("MAIL", None, NotSent),
        ("RCPT", "450 4.2.0 greylisted", NotSent),
        ("RCPT", "550 5.1.1 nobody", Rejected),
        ("RCPT", None, NotSent),
        ("DATA", "451 4.3.0 later", NotSent),
        ("DATA", "554 5.6.0 no", Rejected),
        ("DATA", "421 4.3.2 going down", Unknown),
        ("DATA", None, Unknown),
    ],
)
def test_a_fault_at_every_stage_over_tls(
    ours: Certificate, kind: str, stage: str, reply: str | None, expected: type[Outcome]
) -> None:
    """The same outcomes over both ways of TLS, for one transaction at most, and never a password in the reason."""
    handler = Handler({stage: reply})
    with mail_server(handler, **secured(ours, handler, kind)) as port:
        (outcome,) = hand_over(port, tls=kind, ca_file=ours.file, user=USER, password=PASSWORD)
    assert isinstance(outcome, expected)
    assert handler.begun == (1 if stage in {"MAIL", "RCPT", "DATA"} else 0)
    assert "pass phrase" not in repr(outcome)


def test_a_wrong_password_is_told_once(ours: Certificate) -> None:
    """For a whole batch one connection tries, the account is refused for everybody, and nobody's attempt is used up."""
    handler, batch = Handler(), batch_for(compiled_for(), [{}] * 10)
    with mail_server(handler, **secured(ours, handler, "starttls")) as port:
        outcomes = hand_over(port, batch, tls="starttls", ca_file=ours.file, user=USER, password="some other words")
    assert set(outcomes) == {Rejected(Scope.ACCOUNT, "AUTH: 535 5.7.8 not ***")}
    assert len(outcomes) == 10
    assert 1 <= len(handler.logins) <= 2  # PLAIN and LOGIN, on one connection


def test_a_password_is_never_told_without_tls(ours: Certificate) -> None:
    """A server, or somebody on the way, that takes STARTTLS out of the greeting hears neither password nor mail."""
    handler = Handler()
    with mail_server(handler, authenticator=handler.authenticate, auth_require_tls=False) as port:
        (outcome,) = hand_over(port, tls="starttls", ca_file=ours.file, user=USER, password=PASSWORD)
    assert isinstance(outcome, Rejected)
    assert outcome.scope is Scope.ACCOUNT
    assert "offers no STARTTLS" in outcome.why
    assert (handler.logins, handler.begun) == ([], 0)


@pytest.mark.parametrize("kind", ["implicit", "starttls"])
def test_a_certificate_that_is_not_trusted_ends_it(ours: Certificate, kind: str) -> None:
    """Without the authority named, nothing is said over such a connection, and the answer says what to set."""
    handler = Handler()
    with mail_server(handler, **secured(ours, handler, kind)) as port:
        (outcome,) = hand_over(port, tls=kind, user=USER, password=PASSWORD)
    assert isinstance(outcome, NotSent)
    assert "is not to be trusted" in outcome.why
    assert "ca_file" in outcome.why
    assert (handler.logins, handler.begun) == ([], 0)


def test_tls_spoken_to_a_port_without_it_is_not_sent(ours: Certificate) -> None:
    """The likeliest slip of all is told as what it is."""
    with mail_server(Handler()) as port:
        (outcome,) = hand_over(port, tls="implicit", ca_file=ours.file)
    assert isinstance(outcome, NotSent)
    assert "is the port one that speaks it?" in outcome.why


def test_a_server_without_auth_is_not_written_to() -> None:
    """Credentials that nobody asks for are a fault of the settings."""
    with mail_server(Handler()) as port:
        (outcome,) = hand_over(port, user=USER, password=PASSWORD)
    assert isinstance(outcome, Rejected)
    assert outcome.scope is Scope.ACCOUNT
    assert "CRAM-MD5, PLAIN, LOGIN" in outcome.why


def test_the_servers_size_is_respected() -> None:
    """A message beyond the server's limit is refused before it is begun; one within says its size."""
    handler = Handler()
    large = batch_for(compiled_for(attachments=(Attachment("x.bin", b"x" * 20_000),)))
    with mail_server(handler, data_size_limit=9_000) as port:
        (no,) = hand_over(port, large)
        (yes,) = hand_over(port)
        size = len(provider(9).encode(ONE).bodies[0])
    assert isinstance(no, Rejected)
    assert no.scope is Scope.REQUEST
    assert "the server takes 9000" in no.why
    assert isinstance(yes, Accepted)
    assert handler.begun == 1
    assert handler.options == [[f"SIZE={size}"]]


@pytest.mark.parametrize("speaks", [True, False])
@pytest.mark.parametrize("where", ["recipient", "reply-to"])
def test_an_international_address_needs_a_server_that_speaks_it(speaks: bool, where: str) -> None:
    """With SMTPUTF8 it arrives as it was, in envelope and header; without, nothing is begun and it says why."""
    handler, them = Handler(), Address("jürgen", "example.com")
    compiled = compiled_for(reply_to=them if where == "reply-to" else None)
    message = message_for(compiled, address=them if where == "recipient" else None)
    batch = Batch.of(compiled, [message], NOW)
    with mail_server(handler, enable_SMTPUTF8=speaks) as port:
        (outcome,) = hand_over(port, batch)
    if speaks:
        assert isinstance(outcome, Accepted)
        assert handler.options[0][-2:] == ["BODY=8BITMIME", "SMTPUTF8"]
        assert "jürgen@example.com".encode() in handler.mails[0].octets
        assert handler.mails[0].recipients == (str(message.approval.address),)
    else:
        assert isinstance(outcome, Rejected)
        assert outcome.scope is (Scope.RECIPIENT if where == "recipient" else Scope.REQUEST)
        assert "no SMTPUTF8" in outcome.why
        assert handler.begun == 0


def test_a_bounce_finds_its_delivery() -> None:
    """Each envelope names its delivery, and can be read back; the From header stays as it is."""
    handler, batch = Handler(), batch_for(compiled_for(), [{}, {}, {}])
    with mail_server(handler) as port:
        hand_over(port, batch, return_path="bounces@mail.acme.example.com")
    path = ReturnPath(Address("bounces", "mail.acme.example.com"))
    assert {mail.recipients[0]: path.delivery_of(mail.sender) for mail in handler.mails} == {
        f"person{n}@example.com": delivery_id(n) for n in range(3)
    }
    assert all(b"\r\nFrom: Acme <news@acme.example.com>" in b"\r\n" + mail.octets for mail in handler.mails)


def test_what_arrives_is_signed(tmp_path: Path) -> None:
    """With a DKIM key, what the server took verifies with the record to publish, and is what stands in the parcel."""
    key, file = SigningKey.generate(), tmp_path / "dkim.pem"
    file.write_bytes(key.pem)
    handler, batch = Handler(), batch_for(compiled_for(html="<p>{{x}}</p>"), [{"x": ".\n.\r\n.."}] * 2)
    options = {"dkim_domain": "acme.example.com", "dkim_selector": "s2026", "dkim_key_file": file}
    with mail_server(handler) as port:
        hand_over(port, batch, **options)
        with closing(provider(port, **options)) as made:
            assert sorted(made.encode(batch).bodies) == sorted(mail.octets for mail in handler.mails)
    for mail in handler.mails:
        assert dkim.verify(mail.octets, dnsfunc=lambda *_, **__: key.dns_record.encode())


def test_the_awaited_colour_sends_the_same() -> None:
    """In an event loop, several hand-overs at once, each message once."""
    handler, batches = Handler(), [batch_for(compiled_for(f"Nr {n}"), [{}] * 5) for n in range(4)]

    async def all_of_them(port: int) -> Sequence[tuple[Outcome, ...]]:
        made = Smtp.connect_async(SmtpSettings(host="localhost", port=port, tls="none", hello="test.example"))
        parcels = [made.encode(one) for one in batches]
        ready = (made.hand_over(one, p, attempt_for(one, p)) for one, p in zip(batches, parcels, strict=True))
        try:
            return await asyncio.gather(*ready)
        finally:
            await made.close()

    with mail_server(handler) as port:
        outcomes = asyncio.run(all_of_them(port))
    assert [type(one) for batch in outcomes for one in batch] == [Accepted] * 20
    assert set(Counter(mail.recipients for mail in handler.mails).values()) == {4}


def test_a_hundred_go_through_smtp_sink() -> None:
    """Postfix's own sink, which pipelines, takes each message once, and writes down what it read."""
    batch = batch_for(compiled_for(), [{"name": f"Person {n}"} for n in range(100)])
    with tempfile.TemporaryDirectory() as folder, smtp_sink("-d", f"{folder}/%M.") as port:
        Path(folder).chmod(0o777)  # it writes as nobody
        outcomes = hand_over(port, batch, host="127.0.0.1")
        written = [path.read_bytes() for path in Path(folder).iterdir()]
    assert all(isinstance(one, Accepted) for one in outcomes)
    assert Counter(line for one in written for line in one.split(b"\n") if line.startswith(b"X-Rcpt-Args:")) == Counter(
        f"X-Rcpt-Args: <person{n}@example.com>".encode() for n in range(100)
    )


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (("-r", "MAIL"), NotSent),
        (("-r", "RCPT"), NotSent),
        (("-r", "DATA"), NotSent),
        (("-r", "."), NotSent),
        (("-f", "MAIL"), Rejected),
        (("-f", "RCPT"), Rejected),
        (("-f", "DATA"), Rejected),
        (("-f", "."), Rejected),
        (("-q", "MAIL"), NotSent),
        (("-q", "RCPT"), NotSent),
        (("-q", "DATA"), NotSent),
        (("-q", "."), Unknown),
        (("-p",), Accepted),
    ],
)
def test_smtp_sink_refuses_at_every_stage(option: tuple[str, ...], expected: type[Outcome]) -> None:
    """Soft errors, hard errors and a closed connection, as Postfix words them; and without PIPELINING."""
    with smtp_sink(*option) as port:
        outcomes = hand_over(port, batch_for(compiled_for(), [{}] * 3), host="127.0.0.1")
    assert {type(one) for one in outcomes} == {expected}
