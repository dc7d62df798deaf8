"""What a crash or a lost answer leaves in doubt is told in sentences, and settled by commands that these name."""

from __future__ import annotations

from pathlib import Path

import pytest
from migma_sql.ledger import SqlLedger

from migma_core.ports import StoreUnreachable
from tests.adapters.cli.conftest import Run
from tests.adapters.cli.test_providers import LETTER, spoken
from tests.support.counting_server import answering, counting_server, dropping
from tests.support.http_worlds import KEY

CAMPAIGN = (*LETTER[:-2], "--tag", "news", "--provider", "sendgrid", "--name", "Autumn")


def test_a_campaign_says_what_is_held_and_takes_a_list(
    ready: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The send ends with the command that lists them; a file settles those it names, and an empty one nobody."""
    with counting_server(dropping) as server:
        spoken(monkeypatch, "sendgrid", api_key=KEY, base_url=server.url, allow_loopback="1")
        ready("campaigns", "create", *CAMPAIGN)
        sent = ready("campaigns", "send", "Autumn")
    assert "1 message is held: nobody knows whether sendgrid took it" in sent.err
    assert "migma campaigns held Autumn" in sent.err
    listed = ready("campaigns", "held", "Autumn").out
    assert "a@example.com" in listed
    for verdict in ("accepted", "again", "rejected"):
        assert f"migma campaigns held Autumn --settle {verdict}" in listed
    (tmp_path / "found.txt").write_text("\n")
    empty = ready("campaigns", "held", "Autumn", "--settle", "accepted", "--addresses", "found.txt")
    assert (empty.code, "names nobody" in empty.err) == (1, True)
    (tmp_path / "found.txt").write_text("\ufeffa@example.com\r\n\r\n", encoding="utf-8")
    found = ready("campaigns", "held", "Autumn", "--settle", "accepted", "--addresses", "found.txt")
    assert "Settled 1 as accepted." in found.out
    assert "Nothing is held." in ready("campaigns", "held", "Autumn").out


def test_a_direct_send_is_settled_under_its_id(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody knows of a direct send is listed and settled as that of a campaign, and goes on with resume."""
    with counting_server(dropping) as server:
        spoken(monkeypatch, "sendgrid", api_key=KEY, base_url=server.url, allow_loopback="1")
        sent = ready("send", *LETTER, "--provider", "sendgrid", "--json")
    send = sent.json["id"]
    assert f"migma campaigns held {send}" in sent.err
    assert [one["address"] for one in ready("campaigns", "held", send, "--json").json] == ["a@example.com"]
    assert "1 message is held" in ready("campaigns", "reconcile", send).err
    again = ready("campaigns", "held", send, "--settle", "again")
    assert f"They go with the next: migma resume {send}" in again.out
    with counting_server(answering(202)) as server:
        spoken(monkeypatch, "sendgrid", base_url=server.url)
        assert ready("resume", send, "--json").json["states"] == {"accepted": 1}
    assert "there is no send 'nobody'" in ready("campaigns", "held", "nobody").err


def test_a_send_that_is_taken_up_says_where_it_goes_on(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """How much is done and to do, and what is still in the hands of whoever stopped; nothing of it where JSON is."""

    def stopping(*_: object) -> None:
        raise StoreUnreachable("the database went away")

    monkeypatch.setenv("MIGMA_LEASE_SECONDS", "5")
    ready("campaigns", "create", *LETTER[:-2], "--tag", "news", "--name", "Autumn")
    with monkeypatch.context() as broken:
        broken.setattr(SqlLedger, "record", stopping)
        first = ready("campaigns", "send", "Autumn")
    assert "Taking up" not in first.err  # there was nothing to take up
    assert "1 message is in the hands of a worker" in ready("campaigns", "reconcile", "Autumn").err
    again = ready("campaigns", "send", "Autumn")
    assert again.code == 0
    assert "Taking up where it stopped: 0 accepted so far, 0 to go. 1 message is in the hands of a worker" in again.err
    assert "accepted" in again.out
