"""``migma send --provider ses``: an account of moto's, credentials from anywhere, and every error in a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.session import Session

from tests.adapters.cli.conftest import Run
from tests.adapters.cli.test_providers import LETTER, check_secret, spoken
from tests.support.counting_server import Manner, answering, counting_server
from tests.support.http_worlds import KEY
from tests.support.moto import moto, sent_mails

KEY_ID, REGION = "AKIDEXAMPLE0123456789", "eu-central-1"
KEYS = {"region": REGION, "access_key_id": KEY_ID, "secret_access_key": KEY}
SES = ("--provider", "ses")


@pytest.fixture(scope="module")
def account() -> Iterator[str]:
    """An account that has verified the domain of these letters."""
    with moto() as url:
        keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": KEY}
        client = Session().create_client("sesv2", region_name=REGION, endpoint_url=url, **keys)
        client.create_email_identity(EmailIdentity="mail.example.com")
        yield url


def test_a_mail_arrives_with_credentials_of_botocores_chain(
    ready: Run, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS's own variables are enough, once they are asked for; the opt-out link is in what moto keeps."""
    spoken(monkeypatch, "ses", region=REGION, credentials="botocore", base_url=account, allow_loopback="true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    ran = check_secret(ready("send", *LETTER[:-2], "--tag", "news", *SES, "--json"))
    assert ran.code == 0, ran.err
    assert ran.json["states"] == {"accepted": 1, "withheld": 2}
    (mail,) = sent_mails(account, "Message")
    assert mail["destinations"] == {"ToAddresses": ["a@example.com"]}
    assert "https://mail.example.com/u/" in mail["body"]


def told(kind: str, message: str, status: int = 400) -> Manner:
    """An answer of SES's that refuses."""
    return answering(status, f"x-amzn-ErrorType: {kind}\r\n", json.dumps({"message": message}).encode())


@pytest.mark.parametrize(
    ("manner", "says"),
    [
        (
            told("MessageRejected", "Email address is not verified. The following identities failed: a@example.com"),
            "in the sandbox, SES asks for every recipient's address as well",
        ),
        (told("SignatureDoesNotMatch", f"you gave {KEY}", 403), "look at the secret key, the region, and the clock"),
    ],
)
def test_a_refusal_pauses_and_says_why(ready: Run, manner: Manner, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account's fault is told with what to do; the row goes back; one message was attempted."""
    with counting_server(manner) as server:
        spoken(monkeypatch, "ses", base_url=server.url, allow_loopback="1", **KEYS)
        ran = check_secret(ready("send", *LETTER, *SES, "--json"))
    assert ran.code == 1
    assert says in ran.json["why"]
    assert ran.json["states"] == {"ready": 1}
    assert [one.split(b" ", 2)[0] for one in server.requests] == [b"GET", b"POST"]  # the quota, and the message


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"region": "Frankfurt"}, "region: Value error, a region is named such as eu-central-1"),
        ({"region": REGION, "credentials": "botocore", "profile": "nobody"}, "cannot get credentials: ProfileNotFound"),
    ],
)
def test_faulty_settings_are_told(
    ready: Run, options: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is wrong, what is allowed and where it is set, in a sentence; nothing is sent and nothing written."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    spoken(monkeypatch, "ses", **options)
    ran = check_secret(ready("send", *LETTER, *SES))
    assert ran.code == 1
    assert "migma: the provider ses cannot be connected: " in ran.err
    assert says in ran.err
    assert "set MIGMA_SES_<NAME>, or [providers.ses] in migma.toml" in ran.err


def test_what_ses_cannot_carry_is_refused_before_sending(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time of delivery is refused by name, and nobody is asked."""
    with counting_server(answering(200)) as server:
        spoken(monkeypatch, "ses", base_url=server.url, allow_loopback="1", **KEYS)
        ran = check_secret(ready("send", *LETTER, "--deliver-at", "2026-12-01T09:00:00", *SES))
    assert ran.code == 1
    assert "the provider ses cannot carry time of delivery" in ran.err
    assert server.count == 0


def test_a_domain_is_verified_on_sess_word(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked in its region, and marked as verified where SES says that it may send."""
    assert ready("domains", "add", "example.com").code == 0
    with counting_server(answering(200, body=b'{"VerifiedForSendingStatus": true}')) as server:
        spoken(monkeypatch, "ses", base_url=server.url, allow_loopback="1", **KEYS)
        ran = check_secret(ready("domains", "verify", "example.com", *SES))
    assert ran.code == 0, ran.err
    assert "example.com is verified." in ran.out
    assert server.requests[0].startswith(b"GET /v2/email/identities/example.com HTTP/1.1\r\n")
