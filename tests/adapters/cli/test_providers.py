"""``migma send --provider``: settings from anywhere, real requests, and every error told in a sentence."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.adapters.cli.conftest import Ran, Run
from tests.support.counting_server import Manner, answering, counting_server, dropping
from tests.support.http_worlds import KEY
from tests.support.prism import prism

LETTER = (
    *("--from", "hello@mail.example.com", "--from-name", "Acme", "--subject", "Hello"),
    *("--html", "mail.html", "--to", "a@example.com"),
)
DESCRIPTIONS = {
    "mailgun": "mailgun-v3.prism.json",
    "resend": "resend.prism.json",
    "sendgrid": "sendgrid-mail-v3.prism.json",
    "ses": "ses-v2.prism.json",
}
OPTIONS = {"ses": {"region": "eu-central-1", "access_key_id": "AKIDEXAMPLE0123456789"}}
SECRET = {"ses": "secret_access_key"}
SCHEDULED = ("--deliver-at", f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}")


@pytest.fixture(scope="module", params=sorted(DESCRIPTIONS))
def counterpart(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A provider's name, and the URL of its official description served by Prism."""
    with prism(DESCRIPTIONS[request.param]) as url:
        yield request.param, url


def spoken(monkeypatch: pytest.MonkeyPatch, provider: str, **options: str) -> None:
    """Set options of a provider in the environment."""
    for name, value in options.items():
        monkeypatch.setenv(f"MIGMA_{provider}_{name}".upper(), value)


def check_secret(ran: Ran) -> Ran:
    """Whatever was printed, the key is not in it."""
    assert KEY not in ran.out + ran.err
    return ran


def test_a_mail_is_sent_with_settings_from_the_environment(
    ready: Run, counterpart: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One address and a whole tag, accepted by what the provider's own description asks for."""
    provider, url = counterpart
    options = {SECRET.get(provider, "api_key"): KEY, **OPTIONS.get(provider, {})}
    spoken(monkeypatch, provider, base_url=url, allow_loopback="true", **options)
    marks = ("--label", "receipt", "--metadata.order", "o-1", *(() if provider == "ses" else SCHEDULED))
    single = check_secret(ready("send", *LETTER, *marks, "--provider", provider, "--json"))
    assert single.code == 0, single.err
    assert single.json["states"] == {"accepted": 1}
    many = check_secret(ready("send", *LETTER[:-2], "--tag", "news", "--provider", provider, "--json"))
    assert many.code == 0, many.err
    assert many.json["states"] == {"accepted": 1, "withheld": 2}


def test_a_mail_is_sent_with_settings_from_files(ready: Run, counterpart: tuple[str, str], tmp_path: Path) -> None:
    """Where it lives in `migma.toml`, the key in `keys.toml`."""
    provider, url = counterpart
    table = f"[providers.{provider}]\n"
    options = "".join(f'{name} = "{value}"\n' for name, value in OPTIONS.get(provider, {}).items())
    (tmp_path / "home" / "migma.toml").write_text(f'{table}base_url = "{url}"\nallow_loopback = true\n{options}')
    with (tmp_path / "home" / "keys.toml").open("a") as keys:
        keys.write(f'\n{table}{SECRET.get(provider, "api_key")} = "{KEY}"\n')
    ran = check_secret(ready("send", *LETTER, "--provider", provider, "--json"))
    assert ran.code == 0, ran.err
    assert ran.json["status"] == "sent"


CREDITS = b'{"errors": [{"message": "Maximum credits exceeded", "field": null}]}'


@pytest.mark.parametrize(
    ("manner", "says"),
    [
        (answering(401, body=CREDITS), "HTTP 401: Maximum credits exceeded"),
        (answering(302, "Location: https://elsewhere.example/\r\n"), "a redirect, which is never followed"),
    ],
)
def test_a_refusal_pauses_and_says_why(ready: Run, manner: Manner, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account's fault is told in the provider's words; the row goes back; one request was made."""
    with counting_server(manner) as server:
        spoken(monkeypatch, "sendgrid", api_key=KEY, base_url=server.url, allow_loopback="1")
        ran = check_secret(ready("send", *LETTER, "--provider", "sendgrid", "--json"))
    assert ran.code == 1
    assert says in ran.json["why"]
    assert ran.json["states"] == {"ready": 1}
    assert server.count == 1


def test_a_message_refused_by_itself_is_the_rows_fault(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The send failed, in the provider's words, and the message was one request."""
    with counting_server(answering(413)) as server:
        spoken(monkeypatch, "sendgrid", api_key=KEY, base_url=server.url, allow_loopback="1")
        ran = check_secret(ready("send", *LETTER, "--provider", "sendgrid", "--json"))
    assert ran.code == 1
    assert "nobody was reached: 1 refused, the first with: HTTP 413" in ran.json["why"]
    assert ran.json["states"] == {"rejected": 1}
    assert server.count == 1


def test_what_nobody_knows_is_held(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Transactional mail whose answer is lost goes once more, and is held after that; each attempt is one request."""
    with counting_server(dropping) as server:
        spoken(monkeypatch, "sendgrid", api_key=KEY, base_url=server.url, allow_loopback="1")
        ran = check_secret(ready("send", *LETTER, "--provider", "sendgrid", "--json"))
    assert ran.json["states"] == {"held": 1}
    assert server.count == 2


def test_a_campaign_in_doubt_is_held_and_settled_by_hand(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A campaign's message is never sent twice unasked: it is listed as held until a person says what became of it."""
    audience = ("--tag", "news", "--provider", "sendgrid", "--name", "Autumn")
    with counting_server(dropping) as server:
        spoken(monkeypatch, "sendgrid", api_key=KEY, base_url=server.url, allow_loopback="1")
        assert ready("campaigns", "create", *LETTER[:-2], *audience).code == 0
        assert ready("campaigns", "send", "Autumn", "--json").json["states"] == {"held": 1, "withheld": 2}
        assert server.count == 1
        (held,) = ready("campaigns", "held", "Autumn", "--json").json
        stranger = ready("campaigns", "held", "Autumn", "--settle", "accepted", "--address", "x@example.com")
        assert stranger.code == 1
        assert "no message to x@example.com is held" in stranger.err
        settled = ready("campaigns", "held", "Autumn", "--settle", "again", "--address", held["address"])
        assert "Settled 1 as again. They go with the next: migma campaigns send Autumn" in settled.err + settled.out
        assert ready("campaigns", "send", "Autumn", "--json").json["states"] == {"held": 1, "withheld": 2}
        assert server.count == 2
    assert ready("campaigns", "held", "Autumn", "--settle", "accepted").code == 0
    assert ready("campaigns", "stats", "Autumn", "--json").json["states"] == {"accepted": 1, "withheld": 2}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"base_url": "https://api.example.com"}, "api_key: Field required"),
        ({"api_key": "short"}, "api_key: Value error, an API key has 8 to 512 characters"),
        ({"api_key": KEY, "base_url": "http://api.example.com"}, "it is not https"),
        ({"api_key": KEY, "base_url": "http://127.0.0.1:9"}, "say so with allow_loopback = true"),
        ({"api_key": KEY, "colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"api_key": KEY, "region": "mars"}, "region: Input should be 'global' or 'eu'"),
    ],
)
def test_faulty_settings_are_told(
    ready: Run, options: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong, what is allowed and where it is set, in a sentence; nothing is sent and nothing written."""
    spoken(monkeypatch, "sendgrid", **options)
    ran = check_secret(ready("send", *LETTER, "--provider", "sendgrid"))
    assert ran.code == 1
    assert "migma: the provider sendgrid cannot be connected: " in ran.err
    assert says in ran.err
    assert "set MIGMA_SENDGRID_<NAME>, or [providers.sendgrid] in migma.toml" in ran.err
    assert ready("suppressions", "list").code == 0  # what is wrong with one provider stops nothing else


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"api_key": KEY, "region": "mars"}, "region: Input should be 'us' or 'eu'"),
        ({"region": "eu", "domain": "Mg/x"}, "domain: Value error, it is no domain"),
    ],
)
def test_faulty_settings_of_mailgun_are_told(
    ready: Run, options: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for what Mailgun alone is told."""
    spoken(monkeypatch, "mailgun", **options)
    ran = check_secret(ready("send", *LETTER, "--provider", "mailgun"))
    assert ran.code == 1
    assert says in ran.err
    assert "set MIGMA_MAILGUN_<NAME>, or [providers.mailgun] in migma.toml" in ran.err


def test_what_mailgun_cannot_carry_is_told(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fourth label is refused before anything is accepted, written or sent."""
    with counting_server(answering(200)) as server:
        spoken(monkeypatch, "mailgun", api_key=KEY, base_url=server.url, allow_loopback="1")
        labels = [part for label in "abcd" for part in ("--label", label)]
        ran = check_secret(ready("send", *LETTER, *labels, "--provider", "mailgun", "--json"))
    assert ran.code == 1
    assert "the provider mailgun cannot carry so many labels" in ran.err
    assert server.count == 0


def test_a_missing_adapter_is_named(ready: Run, tmp_path: Path) -> None:
    """A provider that is chosen and without an adapter names the package to install."""
    (tmp_path / "home" / "migma.toml").write_text('provider = "pigeon"\n')
    ran = ready("send", *LETTER)
    assert ran.code == 1
    assert "install migma-pigeon" in ran.err


def test_a_provider_that_is_not_connected_says_so(ready: Run) -> None:
    """Without a word about it, nothing falls back in silence (R44)."""
    ran = ready("send", *LETTER, "--provider", "sendgrid")
    assert ran.code == 1
    assert "the provider sendgrid is not connected" in ran.err


def test_a_key_in_the_wrong_file_is_refused(ready: Run, tmp_path: Path) -> None:
    """The settings may be shown to anybody; a key in them is named as a fault, and not shown."""
    (tmp_path / "home" / "migma.toml").write_text(f'[providers.sendgrid]\napi_key = "{KEY}"\n')
    ran = check_secret(ready("send", *LETTER, "--provider", "sendgrid"))
    assert ran.code == 1
    assert "put it into keys.toml" in ran.err


@pytest.mark.parametrize(
    ("manner", "code", "says"),
    [
        (answering(200, body=b'[{"domain": "example.com", "valid": true}]'), 0, "example.com is verified."),
        (answering(200, body=b'[{"domain": "example.com"}]'), 1, "has not found the domain's DNS records"),
        (answering(200, body=b"[]"), 1, "SendGrid does not know the domain"),
        (answering(401), 1, "example.com is not verified: HTTP 401"),
        (dropping, 1, "example.com is not verified: no answer"),
    ],
)
def test_a_domain_is_verified_on_the_providers_word(
    ready: Run, manner: Manner, code: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked with the key, and marked as verified only where the provider says that it may send."""
    assert ready("domains", "add", "example.com").code == 0
    with counting_server(manner) as server:
        spoken(monkeypatch, "sendgrid", api_key=KEY, base_url=server.url, allow_loopback="1")
        ran = check_secret(ready("domains", "verify", "example.com", "--provider", "sendgrid"))
    assert ran.code == code
    assert says in ran.out + ran.err
    listed = {one["name"]: one["is_verified"] for one in ready("domains", "list", "--json").json}
    assert listed["example.com"] is (code == 0)


def test_mailgun_is_asked_about_its_tracking_as_well(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Active is not enough: with its own tracking of unsubscribes on, the domain stays unverified, and it says why."""
    told = (b'{"domain": {"state": "active"}}', b'{"tracking": {"unsubscribe": {"active": true}}}')
    manners = iter([answering(200, body=body) for body in told])

    def in_order(connection: socket.socket) -> None:
        next(manners)(connection)

    assert ready("domains", "add", "example.com").code == 0
    with counting_server(in_order) as server:
        spoken(monkeypatch, "mailgun", api_key=KEY, base_url=server.url, allow_loopback="1")
        ran = check_secret(ready("domains", "verify", "example.com", "--provider", "mailgun"))
    assert ran.code == 1
    assert "example.com is not verified: Mailgun's tracking of unsubscribes is on" in ran.out + ran.err
    assert [line.split()[1] for line in server.requests] == [
        b"/v4/domains/example.com",
        b"/v3/domains/example.com/tracking",
    ]


def test_who_cannot_tell_is_not_asked(ready: Run) -> None:
    """The outbox knows of no domains, and a provider without a key cannot be asked."""
    for provider, says in (("migma", "cannot tell whether a domain may send"), ("resend", "is not connected")):
        ran = ready("domains", "verify", "mail.example.com", "--provider", provider)
        assert ran.code == 1
        assert says in ran.err
