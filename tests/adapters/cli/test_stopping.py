"""Stopping a send from outside: what is under way is answered and on record first, unless one insists."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from migma_cli.stopping import Stopping
from migma_runtime import Migma

from migma_core import MIGMA, Address, ContactDraft, DeliveryState, Intake, SendId, Status
from migma_core.delivery import effects as e
from migma_core.ports import Row
from tests.support.command_line import PROGRAM, run_alone
from tests.support.counting_server import CountingServer, answering, counting_server
from tests.support.http_worlds import KEY
from tests.support.news import news

PEOPLE, TOGETHER, SECONDS = 60, 20, 30
TAGS = frozenset({"all"})
AGAIN = "go on with: migma campaigns send Autumn"


@pytest.fixture
def campaign(place: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch) -> SendId:
    """A draft to sixty people through SendGrid, twenty in a request."""
    given = {"SENDGRID_API_KEY": KEY, "SENDGRID_ALLOW_LOOPBACK": "1", "BATCH_SIZE": str(TOGETHER)}
    for name, value in given.items():
        monkeypatch.setenv(f"MIGMA_{name}", value)
    people = (Row(n, ContactDraft(address=Address(f"reader{n}", "mail.net"), tags=TAGS)) for n in range(PEOPLE))
    with Migma.open(home=shutil.copytree(prepared, place / "home")) as migma:
        project, now = migma.store.projects.all()[0], migma.parts.clock.now()
        migma.store.import_contacts(project.id, people, Intake(Status.SUBSCRIBED, "checkout"), at=now)
        return migma.campaigns.create(name="Autumn", **news(project, provider_type="sendgrid", recipient_id="all")).id


@contextmanager
def sending(
    manner: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[subprocess.Popen[str], CountingServer]]:
    """A command whose first request has arrived, and the server at which it has."""
    with counting_server(manner) as server:
        monkeypatch.setenv("MIGMA_SENDGRID_BASE_URL", server.url)
        command = subprocess.Popen([*PROGRAM, "campaigns", "send", "Autumn"], stderr=subprocess.PIPE, text=True)
        with command:
            try:
                deadline = time.monotonic() + SECONDS
                while not server.count:
                    assert command.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                yield command, server
            finally:
                command.kill()


def told(command: subprocess.Popen[str]) -> str:
    """What it said on stderr, once it has ended as one that was interrupted."""
    _, said = command.communicate(timeout=SECONDS)
    assert command.returncode == 130
    return said


def states(campaign: SendId, home: Path) -> dict[DeliveryState, int]:
    """Where its rows stand, but for those who were never to be written to."""
    with Migma.open(home=home) as migma:
        found = migma.sending.status(campaign).states
    return {state: rows for state, rows in found.items() if state is not DeliveryState.WITHHELD}


NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
BUSY, IDLE = e.HandOver(()), [e.FanOut(SendId("5" * 32), 1, MIGMA), e.Wait(1)]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_signal_asks_and_another_later_insists(number: int) -> None:
    """While something is under way the first sets the event; one that comes with it is the same wish."""
    with Stopping() as stopping:
        stopping.watch(BUSY)
        signal.raise_signal(number)
        signal.raise_signal(number)
        assert stopping.event.is_set()
        time.sleep(0.6)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


@pytest.mark.parametrize("effect", [None, *IDLE], ids=["before all", "planning", "resting"])
def test_where_nothing_is_under_way_the_first_is_enough(effect: e.Effect[Any] | None) -> None:
    """Nobody waits for an answer, so that nobody is left in doubt."""
    with Stopping() as stopping:
        if effect is not None:
            stopping.watch(BUSY)
            stopping.watch(effect)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_an_answer_that_waits_to_be_written_is_under_way() -> None:
    """A store that is away is waited for: nobody else knows what the provider said."""
    with Stopping() as stopping:
        stopping.watch(e.Wait(1, in_hand=True))
        signal.raise_signal(signal.SIGINT)
        assert stopping.event.is_set()


def test_signals_go_where_they_went_before() -> None:
    """Handlers are put back, and what was ignored, as by nohup, stays so."""
    before = signal.getsignal(signal.SIGHUP)
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with Stopping() as stopping:
            stopping.watch(BUSY)
            signal.raise_signal(signal.SIGHUP)
            assert not stopping.event.is_set()
            assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_what_is_under_way_is_answered_and_on_record_before_a_send_ends(
    campaign: SendId, place: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Nobody is left in doubt, the command that goes on is told, and with it everybody has one mail."""
    answer = Event()

    def slowly(connection: socket.socket) -> None:
        answer.wait(SECONDS)
        answering(202)(connection)

    with sending(slowly, monkeypatch) as (command, server):
        command.send_signal(number)
        time.sleep(0.5)
        assert command.poll() is None
        answer.set()
        assert AGAIN in told(command)
        assert states(campaign, place / "home") == {
            DeliveryState.ACCEPTED: TOGETHER,
            DeliveryState.READY: PEOPLE - TOGETHER,
        }
        done = run_alone("campaigns", "send", "Autumn")
        assert done.code == 0, done.err
    bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in server.requests]
    reached = Counter(one["to"][0]["email"] for body in bodies for one in body["personalizations"])
    assert len(reached) == PEOPLE
    assert set(reached.values()) == {1}


def test_whoever_insists_need_not_wait(campaign: SendId, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second Ctrl-C breaks the request off: those in it are in doubt, and nobody else is."""
    never = Event()

    def silently(_: socket.socket) -> None:
        never.wait(SECONDS)

    with sending(silently, monkeypatch) as (command, _):
        command.send_signal(signal.SIGINT)
        time.sleep(0.7)
        assert command.poll() is None
        command.send_signal(signal.SIGINT)
        said = told(command)
        never.set()
        assert AGAIN in said
        assert "migma: interrupted" in said
        found = states(campaign, place / "home")
    assert found.pop(DeliveryState.READY) == PEOPLE - TOGETHER
    assert sum(found.values()) == TOGETHER
    assert DeliveryState.ACCEPTED not in found


def test_a_send_that_waits_ends_at_once(campaign: SendId, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the provider rests nothing is under way: one Ctrl-C is enough, and all are ready."""
    with sending(answering(429, "Retry-After: 60\r\n"), monkeypatch) as (command, _):
        time.sleep(1)
        asked = time.monotonic()
        command.send_signal(signal.SIGINT)
        assert AGAIN in told(command)
        assert time.monotonic() - asked < SECONDS / 2
    assert states(campaign, place / "home") == {DeliveryState.READY: PEOPLE}
