"""Settings: what is unsafe, or cannot be, is refused before anything is sent, in a sentence that shows no secret."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from migma_dkim import SigningKey
from migma_smtp import Credentials, Security, Smtp, SmtpSettings
from pydantic import ValidationError

PASSWORD = "a pass phrase of 42 words"


def settings(**options: Any) -> SmtpSettings:
    """Settings as files and the environment give them."""
    return SmtpSettings.model_validate({"host": "mail.example.com", **options})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"host": ""}, "host is empty"),
        ({"host": "mail example.com"}, "is no host"),
        ({"host": "mail.example.com\r\nRCPT"}, "is no host"),
        ({"host": "bücher.example"}, "in A-labels"),
        ({"host": "https://mail.example.com"}, "is no host"),
        ({"port": 0}, "greater than or equal to 1"),
        ({"port": "smtp"}, "valid integer"),
        ({"tls": "maybe"}, "'implicit', 'starttls' or 'none'"),
        ({"tls": "none"}, "allow_plaintext = true"),
        ({"tls": "none", "host": "10.0.0.1"}, "allow_plaintext = true"),
        (
            {"tls": "none", "allow_plaintext": True, "user": "u", "password": PASSWORD},
            "allow_plaintext_password = true",
        ),
        ({"user": "u"}, "user and password go together"),
        ({"password": PASSWORD}, "user and password go together"),
        ({"user": "u", "password": f"{PASSWORD}\n"}, "look for a line break"),
        ({"user": "ü", "password": PASSWORD}, "the user is printable ASCII"),
        ({"user": "u", "password": "pässword"}, "the password is printable ASCII"),
        ({"hello": "me\r\nMAIL"}, "is no host"),
        ({"ca_file": "/nowhere/ca.pem"}, "cannot be read as certificates in PEM"),
        ({"return_path": "bounces"}, "there is no @"),
        ({"return_path": f"{'b' * 40}@example.com"}, "at most 31 ASCII characters"),
        ({"return_path": "b@example.com", "return_path_separator": "~"}, "one of + - ="),
        ({"dkim_domain": "example.com"}, "give all three, or none"),
        (
            {"dkim_domain": "example.com", "dkim_selector": "s", "dkim_key_file": "/nowhere"},
            "dkim_key_file cannot be read",
        ),
        ({"connections": 0}, "greater than or equal to 1"),
        ({"begin_seconds": 61}, "less than or equal to 50"),
        ({"data_seconds": "inf"}, "less than or equal to 3600"),
        ({"api_key": PASSWORD}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], says: str) -> None:
    """Each with what is allowed or how to mend it, and never with the password."""
    with pytest.raises(ValidationError) as refused:
        settings(**options)
    said = str(refused.value)
    assert says in said
    assert "pass phrase" not in said
    assert "pässword" not in said


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_may_be_spoken_to_in_plain_text(host: str) -> None:
    """Nobody is on the way to loopback."""
    made = settings(host=host, tls="none", user="u", password=PASSWORD)
    assert made.server.security is Security.NONE
    assert made.server.context is None


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("implicit", 465), ("none", 25)])
def test_the_usual_port_follows_from_tls(tls: str, port: int) -> None:
    """Unless another is given; without a word it is STARTTLS, which is then never done without."""
    assert settings(tls=tls, allow_plaintext=True).server.port == port
    assert settings(tls=tls, port="2525", allow_plaintext=True).server.port == 2525
    assert settings().tls is Security.STARTTLS


def test_certificates_are_verified() -> None:
    """Host name and chain, always; no option turns that off."""
    import ssl

    context = settings().server.context
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_no_secret_prints_itself() -> None:
    """Neither settings, nor what is made of them, nor a provider shows the password; and it is not pickled."""
    made = settings(user="u", password=PASSWORD)
    provider = Smtp.connect(made)
    for shown in (made, made.server, provider, Smtp.connect_async(made), made.server.credentials):
        assert PASSWORD not in f"{shown!r} {shown!s}"
    credentials = made.server.credentials
    assert credentials is not None
    assert credentials.password() == PASSWORD
    with pytest.raises(TypeError, match="not written down"):
        pickle.dumps(credentials)


def test_a_password_is_taken_out_of_what_is_told_back() -> None:
    """Plain, and in both forms that AUTH sends it in."""
    from base64 import b64encode

    credentials = Credentials("ada", PASSWORD)
    forms = (PASSWORD, b64encode(PASSWORD.encode()).decode(), b64encode(f"\0ada\0{PASSWORD}".encode()).decode())
    assert credentials.out_of(f"no: {' '.join(forms)}") == "no: *** *** ***"


def test_dkim_signs_by_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signer is found by its entry point; where none is, the package to install is named."""
    (tmp_path / "dkim.pem").write_bytes(SigningKey.generate().pem)
    options = {"dkim_domain": "example.com", "dkim_selector": "s", "dkim_key_file": str(tmp_path / "dkim.pem")}
    assert repr(settings(**options).mailing.signer) == "DkimSigner(s._domainkey.example.com)"
    (tmp_path / "dkim.pem").write_bytes(b"no key")
    with pytest.raises(ValidationError, match="no private key in PEM"):
        settings(**options)
    monkeypatch.setattr("migma_smtp.settings.entry_points", lambda **_: ())
    with pytest.raises(ValidationError, match="install migma-dkim"):
        settings(**options)


def test_ehlo_names_this_machine_or_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full name where there is one; else an address, since a bare name is refused by many servers."""
    for name, said in (("Host.Example.COM", "host.example.com"), ("laptop", "[127.0.0.1]")):
        monkeypatch.setattr("socket.getfqdn", lambda name=name: name)
        assert settings().server.hello == said
    assert settings(hello="out.example.com").server.hello == "out.example.com"
