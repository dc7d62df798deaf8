"""``migma resume``: a direct send that was stopped goes on under the id it was accepted as, and doubles nobody."""

from __future__ import annotations

import pytest
from migma_sql.ledger import SqlLedger

from migma_core.ports import StoreUnreachable
from tests.adapters.cli.conftest import Run
from tests.support.counting_server import answering, counting_server
from tests.support.http_worlds import KEY

LETTER = (
    *("--from", "hello@mail.example.com", "--from-name", "Acme", "--subject", "Hello"),
    *("--html", "mail.html", "--to", "a@example.com"),
)


def test_a_send_that_was_paused_goes_on_once_its_reason_is_gone(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account was refused, and works again: the id that was told takes it up, and its one message goes once."""
    monkeypatch.setenv("MIGMA_SENDGRID_API_KEY", KEY)
    monkeypatch.setenv("MIGMA_SENDGRID_ALLOW_LOOPBACK", "1")
    with counting_server(answering(401)) as refusing:
        monkeypatch.setenv("MIGMA_SENDGRID_BASE_URL", refusing.url)
        stopped = ready("send", *LETTER, "--provider", "sendgrid", "--json")
    assert (stopped.code, stopped.json["status"]) == (1, "paused")
    again = f"migma resume {stopped.json['id']}"
    assert f"go on with: {again}" in stopped.err
    with counting_server(answering(202)) as taking:
        monkeypatch.setenv("MIGMA_SENDGRID_BASE_URL", taking.url)
        done = ready(*again.split()[1:], "--json")
    assert (done.code, done.json["states"]) == (0, {"accepted": 1})
    assert taking.count == 1
    ended = ready("resume", stopped.json["id"])
    assert ended.code == 1
    assert "that is sent cannot send" in ended.err


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), StoreUnreachable("the database went away")])
def test_a_send_that_was_stopped_says_how_it_goes_on(
    ready: Run, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    """Whoever stops it, or loses the database, is told the command that takes it up; its message goes once."""

    def stopping(*_: object) -> None:
        raise stop

    monkeypatch.setenv("MIGMA_LEASE_SECONDS", "0.5")  # the claim it left behind is over soon
    with monkeypatch.context() as broken:
        broken.setattr(SqlLedger, "commit_attempts", stopping)
        stopped = ready("send", *LETTER)
    assert stopped.code == (130 if isinstance(stop, KeyboardInterrupt) else 1)
    (told,) = (line for line in stopped.err.splitlines() if "go on with: migma resume " in line)
    send_id = told.rpartition(" ")[2]
    assert f"Accepted as {send_id}." in stopped.out
    done = ready("resume", send_id, "--json")
    assert (done.code, done.json["states"]) == (0, {"accepted": 1})


def test_a_campaign_has_its_own_way(ready: Run) -> None:
    """A draft is never begun by its id alone, and an id that nobody knows is told."""
    audience = ("--tag", "news", "--name", "Autumn", "--json")
    made = ready("campaigns", "create", *LETTER[:-2], *audience).json
    refused = ready("resume", made["id"])
    assert refused.code == 1
    assert f"take it up with: migma campaigns send {made['id']}" in refused.err
    assert ready("campaigns", "stats", "Autumn", "--json").json["status"] == "draft"
    assert "there is no send 'nobody'" in ready("resume", "nobody").err


def test_a_command_repeated_under_its_key_sends_once(ready: Run) -> None:
    """The same command has the same answer and no second mail; another request under the key is told so (R63)."""
    told = [ready("send", *LETTER, "--idempotency-key", "order-1042", "--json") for _ in range(2)]
    assert [one.code for one in told] == [0, 0]
    assert told[0].json == told[1].json
    other = ready("send", *LETTER[:-1], "b@example.com", "--idempotency-key", "order-1042")
    assert (other.code, "was used for another request" in other.err) == (1, True)


def test_a_command_that_was_stopped_goes_on_under_its_key(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeated word for word it carries the same send on, and its message goes once."""

    def stopping(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("MIGMA_LEASE_SECONDS", "0.5")  # the claim it left behind is over soon
    with monkeypatch.context() as broken:
        broken.setattr(SqlLedger, "commit_attempts", stopping)
        stopped = ready("send", *LETTER, "--idempotency-key", "order-1042")
    assert stopped.code == 130
    done = ready("send", *LETTER, "--idempotency-key", "order-1042", "--json")
    assert (done.code, done.json["states"]) == (0, {"accepted": 1})
    assert f"migma resume {done.json['id']}" in stopped.err
