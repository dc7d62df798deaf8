"""``migma send`` and ``migma sync`` against a stand-in for Migma: settings from anywhere, opt-outs both ways."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from migma_platform.testing import Counterpart, Fault, counterpart

from tests.adapters.cli.conftest import Ran, Run

LETTER = (
    *("--from", "hello@mail.example.com", "--from-name", "Acme", "--subject", "Hello"),
    *("--html", "mail.html", "--provider", "migma", "--json"),
)
TO_ONE, TO_NEWS = ("--to", "a@example.com"), ("--tag", "news")


@pytest.fixture
def there() -> Iterator[Counterpart]:
    """A stand-in with the sender's domain verified."""
    with counterpart() as running:
        running.world.domain("mail.example.com")
        yield running


@pytest.fixture
def their_project(there: Counterpart) -> str:
    """A project there."""
    return there.world.start_project()


@pytest.fixture
def bound(ready: Run, there: Counterpart, their_project: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """An installation whose built-in provider is Migma's own API, by the environment alone."""
    options = {"API_KEY": there.key, "BASE_URL": there.url, "ALLOW_LOOPBACK": "1", "PROJECT_ID": their_project}
    monkeypatch.setenv("MIGMA_PROVIDER", "platform")
    for name, value in options.items():
        monkeypatch.setenv(f"MIGMA_PLATFORM_{name}", value)
    return ready


def checked(ran: Ran, there: Counterpart) -> Ran:
    """Whatever was printed, the key is not in it."""
    assert there.key not in ran.out + ran.err
    return ran


def test_marketing_waits_for_the_first_pass_and_then_leaves(bound: Run, there: Counterpart, their_project: str) -> None:
    """A receipt does not wait; the newsletter does, says why, and goes to whoever is left after the pass."""
    receipt = checked(bound("send", *LETTER, *TO_ONE), there)
    assert (receipt.code, receipt.json["status"]) == (0, "sent"), receipt.err
    early = checked(bound("send", *LETTER, *TO_NEWS), there)
    assert early.code == 1
    assert "opt-outs at platform are not known yet" in early.err
    assert "run: migma sync" in early.err
    assert bound("sync", "status").code == 0  # nothing is connected yet

    there.world.person(their_project, "left@example.com", "unsubscribed")
    synced = checked(bound("sync", "--json"), there)
    assert synced.code == 0, synced.err
    assert synced.json["counts"]["people_added_there"] == 1
    assert bound("contacts", "list", "--status", "unsubscribed").out.count("left@example.com") == 1
    assert "in step" in bound("sync", "status").out

    many = checked(bound("send", *LETTER, *TO_NEWS), there)
    assert many.json["states"] == {"accepted": 1, "withheld": 2}, many.err
    receipt_there, news = there.world.mails
    assert (receipt_there.marketing, news.marketing) == (False, True)
    assert news.html.lower().count("unsubscribe") == 1


def test_an_opt_out_there_is_kept_by_the_next_pass(bound: Run, there: Counterpart, their_project: str) -> None:
    """The link in the mail that Migma sent leads to Migma; the next pass says so here, and nobody is written to."""
    assert bound("sync").code == 0
    assert bound("send", *LETTER, *TO_NEWS).json["states"]["accepted"] == 1
    there.world.click_unsubscribe(there.world.mails[0])
    assert "denied here" in bound("sync").out
    assert bound("send", *LETTER, *TO_NEWS).json["states"] == {"withheld": 3}
    assert "Nothing had changed" not in bound("sync").out  # it saw people
    assert len(there.world.mails) == 1


def test_settings_come_from_files_as_well(ready: Run, there: Counterpart, their_project: str, tmp_path: Path) -> None:
    """Where it lives in `migma.toml`, the key in `keys.toml`."""
    home = tmp_path / "home"
    (home / "migma.toml").write_text(
        'provider = "platform"\n[providers.platform]\n'
        f'base_url = "{there.url}"\nallow_loopback = true\nproject_id = "{their_project}"\nsync_hours = 1\n'
    )
    with (home / "keys.toml").open("a") as keys:
        keys.write(f'\n[providers.platform]\napi_key = "{there.key}"\n')
    assert checked(ready("sync"), there).code == 0
    state = ready("sync", "status", "--json")
    assert state.json[0]["bound"] == "PT1H"
    assert state.json[0]["overdue"] is False
    assert checked(ready("send", *LETTER, *TO_NEWS), there).json["states"]["accepted"] == 1


def test_a_pass_that_cannot_go_on_is_told_and_resumed(bound: Run, there: Counterpart) -> None:
    """In a sentence, with what to do; the same command goes on."""
    there.faults.append(Fault(401, body=b'{"success": false, "error": "Invalid API key"}'))
    ran = checked(bound("sync"), there)
    assert ran.code == 1
    assert "migma: Migma says HTTP 401 to GET domains: Invalid API key; the key is wrong or was revoked" in ran.err
    assert bound("sync", "status").code == 1  # connected, and not whole
    assert bound("sync").code == 0
    assert bound("sync", "end").out.strip() == "Disconnected."
    assert bound("sync", "end").out.strip() == "Nothing was connected."


def test_without_migma_behind_it_there_is_nothing_to_keep(ready: Run) -> None:
    """The outbox keeps no audience, and the way to Migma is named."""
    ran = ready("sync")
    assert ran.code == 1
    assert "bound to outbox" in ran.err
    assert "MIGMA_PROVIDER=platform" in ran.err


def test_what_it_cannot_carry_is_refused_before_anything_is_sent(bound: Run, there: Counterpart) -> None:
    """Labels and headers of one's own, and an opt-out placed in the template beside Migma's own."""
    assert bound("sync").code == 0
    marked = bound("send", *LETTER, *TO_ONE, "--label", "receipt", "--header.X-Campaign", "spring")
    assert marked.code == 1
    assert "cannot carry headers of your own" in marked.err
    assert "cannot carry labels and metadata" in marked.err
    assert there.world.log == []


def test_a_domain_is_verified_on_its_word(bound: Run, there: Counterpart) -> None:
    """As with any provider that can be asked."""
    assert bound("domains", "add", "news.example.com").code == 0
    there.world.domain("news.example.com", verified=False)
    ran = bound("domains", "verify", "news.example.com", "--provider", "migma")
    assert ran.code == 1
    assert "Migma says of the domain: pending" in ran.err
    there.world.domain("news.example.com")
    assert bound("domains", "verify", "news.example.com", "--provider", "migma").code == 0
