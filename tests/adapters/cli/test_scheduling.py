"""``migma campaigns schedule`` and ``migma run``: real processes on one database, and each campaign started once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from migma_runtime import Migma
from migma_sql.engine import connect

from migma_core import Brand, Intake, Status
from tests.adapters.cli.conftest import Run
from tests.support.clock_jumps import jump
from tests.support.postgresql import empty_database

PEOPLE = 60
DRAFT = (
    *("campaigns", "create", "--name", "Autumn", "--tag", "news", "--html", "mail.html", "--subject", "Hi"),
    *("--from", "news@mail.example.com", "--from-name", "Acme"),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def many(request: pytest.FixtureRequest, place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation with many people on either database; its processes are told so by their environment."""
    if request.param == "sqlite":
        yield _prepared(place, f"sqlite:///{place / 'migma.db'}", monkeypatch)
        return
    with empty_database(request.getfixturevalue("postgres_server")) as url:
        yield _prepared(place, url, monkeypatch)


def _prepared(place: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIGMA_DATABASE", url)
    monkeypatch.setenv("MIGMA_BATCH_SIZE", "7")
    people = place / "people.csv"
    people.write_text("email,tags\n" + "".join(f"reader{number}@example.com,news\n" for number in range(PEOPLE)))
    (place / "mail.html").write_text("<p>Hello</p>")
    with Migma.create(home=place / "home") as migma:
        project = migma.start_project("Acme", Brand("Acme", "1 Main Street", "https://mail.example.com"))
        now = migma.parts.clock.now()
        migma.store.domains.add(project.account, "mail.example.com", now)
        migma.store.domains.verify(project.account, "mail.example.com", now)
        migma.contacts.import_csv(project.id, people, Intake(Status.SUBSCRIBED, "checkout"))
    return place


def _runner() -> subprocess.Popen[str]:
    """A process that runs for ever; it is listening when this returns."""
    command = [sys.executable, "-m", "migma_cli", "run", "--forever"]
    made = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert made.stdout is not None
    assert "from now on" in made.stdout.readline()
    return made


def _mails(place: Path) -> list[str]:
    new = place / "home" / "outbox" / "new"
    return [path.name.rpartition(".")[2] for path in new.iterdir()] if new.exists() else []


def _soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def _let_pass(span: timedelta) -> None:
    """So much time passes, by the database's clock."""
    with Migma.open() as migma:
        engine = connect(migma.parts.settings.database_url)
    jump(engine, span)
    engine.dispose()


def _wait_until(mails: int, place: Path) -> None:
    until = time.monotonic() + 60
    while len(_mails(place)) < mails:
        assert time.monotonic() < until, f"only {len(_mails(place))} mails have come"
        time.sleep(0.05)


def _wait_until_sent(run: Run) -> None:
    """Until the campaign is over, which is a moment after the last mail has come."""
    until = time.monotonic() + 60
    while (status := run("campaigns", "stats", "Autumn", "--json").json["status"]) != "sent":
        assert time.monotonic() < until, f"it is still {status}"
        time.sleep(0.05)


def test_two_runners_start_one_campaign_once(many: Path, run: Run) -> None:
    """Two processes wait for it together: one starts it, everybody has one mail, and both end when asked to."""
    assert run(*DRAFT).code == 0
    scheduled = run("campaigns", "schedule", "Autumn", "--at", _soon(600), "--zone", "Europe/Berlin")
    assert scheduled.code == 0, scheduled.err
    runners = [_runner() for _ in range(2)]
    try:
        assert _mails(many) == []
        _let_pass(timedelta(seconds=600))
        _wait_until_sent(run)
    finally:
        for one in runners:
            one.send_signal(signal.SIGTERM)
        told = [one.communicate(timeout=60) for one in runners]

    assert [one.returncode for one in runners] == [0, 0], told
    assert "".join(out for out, _ in told) == f"Autumn is sent: {PEOPLE} accepted\n"
    held = _mails(many)
    assert (len(held), len(set(held))) == (PEOPLE, PEOPLE)
    shown = run("campaigns", "stats", "Autumn", "--json").json
    assert (shown["status"], shown["states"]) == ("sent", {"accepted": PEOPLE})


def test_a_runner_that_was_killed_is_taken_over(many: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL in the middle of a campaign: once the lease is over the next runner carries it on, and nobody has two."""
    monkeypatch.setenv("MIGMA_LEASE_SECONDS", "1.5")
    monkeypatch.setenv("MIGMA_PACE", json.dumps({"outbox": {"per_second": 20, "burst": 7}}))
    assert run(*DRAFT).code == 0
    assert run("campaigns", "schedule", "Autumn", "--at", _soon(600)).code == 0
    _let_pass(timedelta(seconds=600))
    killed = _runner()
    _wait_until(10, many)
    killed.kill()
    killed.communicate(timeout=60)
    assert run("campaigns", "stats", "Autumn", "--json").json["status"] == "sending"

    with _runner() as other:
        _wait_until_sent(run)
        other.send_signal(signal.SIGINT)
        out, err = other.communicate(timeout=60)

    assert other.returncode == 0, err
    assert out.endswith(f"Autumn is sent: {PEOPLE} accepted\n")
    held = _mails(many)
    assert (len(held), len(set(held))) == (PEOPLE, PEOPLE)


def test_a_schedule_from_its_beginning_to_its_end(ready: Run, place: Path) -> None:
    """Scheduled, listed, scheduled anew, taken off, scheduled again, and run when it is due."""
    ready(*DRAFT)
    made = ready("campaigns", "schedule", "Autumn", "--at", "2098-12-01T09:00", "--zone", "Europe/Berlin")
    assert made.code == 0, made.err
    assert "Autumn starts at 2098-12-01 09:00 Europe/Berlin (08:00 UTC)" in made.out
    assert ready("run").out == ""
    listed = ready("campaigns", "list")
    assert "scheduled" in listed.out
    assert "2098-12-01 09:00 Europe/Berlin (08:00 UTC)" in listed.out
    gap = ("--at", "2097-03-31T02:30", "--zone", "Europe/Berlin", "--gap", "back", "--json")
    skipped = ready("campaigns", "schedule", "Autumn", *gap)
    assert (skipped.json["start"]["reading"], skipped.json["start"]["instant"]) == ("skipped", "2097-03-31T00:30:00Z")
    assert ready("campaigns", "unschedule", "Autumn", "--json").json["status"] == "draft"
    assert ready("campaigns", "schedule", "Autumn", "--at", _soon(600)).code == 0
    _let_pass(timedelta(seconds=600))
    done = ready("run")
    assert (done.code, done.out) == (0, "Autumn is sent: 1 accepted, 2 withheld\n")
    assert len(_mails(place)) == 1
    again = ready("campaigns", "schedule", "Autumn", "--at", "2098-12-01T09:00")
    assert (again.code, "that is sent cannot schedule" in again.err) == (1, True)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--at", "tomorrow"), "'tomorrow' is no time: give ISO 8601"),
        (("--at", "2098-12-01"), "'2098-12-01' is no time"),
        (("--at", "2098-12-31T23:59:60Z"), "is no time"),
        (("--at", "2020-12-01T09:00"), "2020-12-01 09:00 UTC is past"),
        (("--at", "2098-12-01T09:00", "--zone", "Berlin"), "no time zone is named 'Berlin'"),
    ],
)
def test_a_time_that_means_nothing_is_refused(ready: Run, options: tuple[str, ...], says: str) -> None:
    """What was given, what is allowed; the campaign is the draft it was (R53)."""
    ready(*DRAFT)
    refused = ready("campaigns", "schedule", "Autumn", *options)
    assert refused.code == 1
    assert says in refused.err
    assert ready("campaigns", "stats", "Autumn", "--json").json["status"] == "draft"


def test_a_campaign_that_was_missed_is_an_error(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Later than the setting allows, `migma run` warns, says what can be done, and exits with 1."""
    ready(*DRAFT)
    monkeypatch.setenv("MIGMA_GRACE_HOURS", "0")
    assert ready("campaigns", "schedule", "Autumn", "--at", _soon(600)).code == 0
    _let_pass(timedelta(seconds=601))
    missed = ready("run")
    assert missed.code == 1
    assert "Autumn is draft: it was to start at" in missed.err
    assert "schedule it anew, or cancel it" in missed.err
    assert ready("run").code == 0
