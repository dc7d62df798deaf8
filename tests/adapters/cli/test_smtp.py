"""``migma send --provider smtp``: settings from anywhere, a real server, and every error told in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from migma_dkim import SigningKey

from tests.adapters.cli.conftest import Ran, Run
from tests.adapters.smtp.test_counterpart import PASSWORD, USER, Handler, secured
from tests.support.smtp_servers import Certificate, Say, certificate, free_port, mail_server, scripted_server

LETTER = (
    *("--from", "hello@mail.example.com", "--from-name", "Acme", "--subject", "Hello"),
    *("--html", "mail.html", "--to", "a@example.com"),
)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate that the client is told to trust."""
    return certificate(tmp_path_factory.mktemp("tls"))


def spoken(monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
    """Set options in the environment."""
    for name, value in options.items():
        monkeypatch.setenv(f"MIGMA_SMTP_{name}".upper(), str(value))


def check_secret(ran: Ran) -> Ran:
    """Whatever was printed, the password is not in it."""
    assert PASSWORD not in ran.out + ran.err
    return ran


def test_a_mail_is_sent_with_settings_from_the_environment(
    ready: Run, ours: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One address and a whole tag, over STARTTLS and with a password; a bounce would find its delivery."""
    handler = Handler()
    with mail_server(handler, **secured(ours, handler, "starttls")) as port:
        spoken(monkeypatch, host="localhost", port=port, ca_file=ours.file, user=USER, password=PASSWORD)
        spoken(monkeypatch, return_path="bounces@mail.example.com")
        single = check_secret(ready("send", *LETTER, "--label", "receipt", "--provider", "smtp", "--json"))
        many = check_secret(ready("send", *LETTER[:-2], "--tag", "news", "--provider", "smtp", "--json"))
    assert single.code == 0, single.err
    assert single.json["status"] == "sent"
    assert many.json["states"] == {"accepted": 1, "withheld": 2}
    assert [mail.recipients for mail in handler.mails] == [("a@example.com",)] * 2
    assert all(mail.sender.startswith("bounces+") for mail in handler.mails)
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in handler.mails[1].octets


def test_a_mail_is_sent_with_settings_from_files(ready: Run, ours: Certificate, tmp_path: Path) -> None:
    """The server and the DKIM key's place in `migma.toml`, the password in `keys.toml`; what leaves is signed."""
    (tmp_path / "dkim.pem").write_bytes(SigningKey.generate().pem)
    handler = Handler()
    with mail_server(handler, **secured(ours, handler, "implicit")) as port:
        (tmp_path / "home" / "migma.toml").write_text(
            f'[providers.smtp]\nhost = "localhost"\nport = {port}\ntls = "implicit"\nca_file = "{ours.file}"\n'
            f'user = "{USER}"\ndkim_domain = "mail.example.com"\ndkim_selector = "s1"\n'
            f'dkim_key_file = "{tmp_path / "dkim.pem"}"\n'
        )
        with (tmp_path / "home" / "keys.toml").open("a") as keys:
            keys.write(f'\n[providers.smtp]\npassword = "{PASSWORD}"\n')
        ran = check_secret(ready("send", *LETTER, "--provider", "smtp", "--json"))
    assert ran.code == 0, ran.err
    assert len(handler.logins) == 1
    assert handler.mails[0].octets.startswith(b"DKIM-Signature: ")


def test_the_built_in_provider_is_bound_to_a_server(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With MIGMA_PROVIDER=smtp, mail without a provider named leaves by it (design D16)."""
    with scripted_server() as server:
        monkeypatch.setenv("MIGMA_PROVIDER", "smtp")
        spoken(monkeypatch, host="127.0.0.1", port=server.port, tls="none")
        ran = ready("send", *LETTER, "--json")
    assert ran.code == 0, ran.err
    assert [mail.recipients for mail in server.ended] == [("a@example.com",)]


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ({"AUTH": Say.line("535 5.7.8 bad credentials")}, "the provider refused the account: AUTH: 535 5.7.8 bad"),
        ({"EHLO": Say.line("250 script.example")}, "the server offers none of CRAM-MD5, PLAIN, LOGIN"),
    ],
)
def test_a_refusal_pauses_and_says_why(
    ready: Run, script: dict[str, Say], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account's fault is told in the server's words; the row goes back."""
    with scripted_server(script) as server:
        spoken(monkeypatch, host="127.0.0.1", port=server.port, tls="none", user=USER, password=PASSWORD)
        ran = check_secret(ready("send", *LETTER, "--provider", "smtp", "--json"))
    assert ran.code == 1
    assert says in ran.json["why"]
    assert ran.json["states"] == {"ready": 1}


def test_a_refused_recipient_and_a_doubt_are_told_apart(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    No such mailbox, or a message too large, rejects the row in one transaction; where a connection is lost after the
    dot, transactional mail goes once more, and is held after that (reliability §1).
    """
    for script, state, transactions in (
        ({"RCPT": Say.line("550 5.1.1 no such user")}, "rejected", 1),
        ({"MAIL": Say.line("552 5.3.4 too large")}, "rejected", 1),
        ({".": Say(b"", closes=True)}, "held", 2),
    ):
        with scripted_server(script) as server:
            spoken(monkeypatch, host="127.0.0.1", port=server.port, tls="none")
            ran = ready("send", *LETTER, "--provider", "smtp", "--json")
        assert ran.json["states"] == {state: 1}
        assert server.transactions == transactions


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"port": 25}, "host: Field required"),
        ({"host": "mail.example.com", "tls": "none"}, "say so with allow_plaintext = true"),
        ({"host": "mail.example.com", "password": PASSWORD, "user": "ada", "colour": "red"}, "colour: Extra inputs"),
    ],
)
def test_faulty_settings_are_told(
    ready: Run, options: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong, what is allowed and where it is set, in a sentence; nothing is sent."""
    spoken(monkeypatch, **options)
    ran = check_secret(ready("send", *LETTER, "--provider", "smtp"))
    assert ran.code == 1
    assert "migma: the provider smtp cannot be connected: " in ran.err
    assert says in ran.err
    assert "set MIGMA_SMTP_<NAME>, or [providers.smtp] in migma.toml; keys belong in keys.toml" in ran.err


def test_a_server_does_not_verify_domains(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """SMTP has no way of asking, so a domain is verified on the operator's word alone, as for the outbox."""
    spoken(monkeypatch, host="127.0.0.1", port=free_port(), tls="none")
    ran = ready("domains", "verify", "mail.example.com", "--provider", "smtp")
    assert ran.code == 1
    assert "the provider smtp cannot tell whether a domain may send; leave it out" in ran.err
    assert ready("domains", "verify", "mail.example.com").code == 0


def test_a_server_that_nobody_named_is_not_connected(ready: Run) -> None:
    """Without a word about it, nothing falls back in silence (R44)."""
    ran = ready("send", *LETTER, "--provider", "smtp")
    assert ran.code == 1
    assert "the provider smtp is not connected" in ran.err
