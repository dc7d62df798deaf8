"""Helpers: a large send is shared with another process, and nobody is missing or doubled, however it ends."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from migma_cli.helpers import LARGE, Helpers, _Helper, cores
from migma_runtime import Hold, Migma, Progress, Watch

from migma_core import Address, ContactDraft, DeliveryState, Intake, SendId, Status
from migma_core.delivery import effects as e
from migma_core.ports import Row
from tests.support.command_line import PROGRAM, run_alone
from tests.support.news import news

PEOPLE = 1_000
SECONDS = 60
HELPER = (sys.executable, "-m", "migma_cli.helper")

pytestmark = pytest.mark.usefixtures("place")


@pytest.fixture
def home(tmp_path: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with many people tagged ``news``, that sends in small batches."""
    monkeypatch.setenv("MIGMA_BATCH_SIZE", "50")
    return _with_people(shutil.copytree(prepared, tmp_path / "home"), PEOPLE)


def test_another_process_takes_its_part_of_a_large_send(home: Path) -> None:
    """Both hand over, the progress counts what either settled, and each mail is in the outbox once."""
    with Migma.open(home=home) as migma:
        send, seen, own = _queued(migma), Progress(), Progress()
        with Helpers(migma, send, home, PEOPLE // 2, workers=2) as helpers:
            both = _watching(helpers, seen)

            def watch(effect: e.Effect[Any], answer: Any) -> None:
                own(effect, answer)
                both(effect, answer)
                _until(lambda: _helped(helpers, effect, seen, own))

            answer = migma.sending.deliver(send, watch)

    assert answer.states[DeliveryState.ACCEPTED] == seen.settled == seen.planned
    assert own.settled < seen.settled
    assert not helpers.faults()
    _assert_each_once(home)


def test_a_helper_that_cannot_begin_is_told_and_costs_nothing(home: Path, tmp_path: Path) -> None:
    """The other process goes on by itself, and says what went wrong with it."""
    with Migma.open(home=home) as migma:
        send, seen = _queued(migma), Progress()
        with Helpers(migma, send, tmp_path / "nowhere", PEOPLE // 2, workers=2) as helpers:
            answer = migma.sending.deliver(send, _watching(helpers, seen))

    (fault,) = helpers.faults()
    assert "nowhere" in fault
    assert answer.states[DeliveryState.ACCEPTED] == seen.settled
    _assert_each_once(home)


def test_a_helper_that_cannot_be_started_stops_nobody(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system gives no process, what was just handed over is recorded, and the send goes on to its end."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(11, "no more processes")

    monkeypatch.setattr("migma_cli.helpers.subprocess.Popen", refuse)
    with Migma.open(home=home) as migma, Helpers(migma, send := _queued(migma), home, 1, workers=2) as helpers:
        answer = migma.sending.deliver(send, _watching(helpers, seen := Progress()))
    assert list(helpers.faults()) == ["it could not be started: no more processes"]
    assert answer.states[DeliveryState.ACCEPTED] == seen.settled
    _assert_each_once(home)


def test_a_helper_begins_nothing_that_was_not_begun(home: Path) -> None:
    """A draft, and a campaign that was paused, stay as they are: helping is no way around the one who decides."""
    with Migma.open(home=home) as migma:
        campaign = migma.campaigns.create(name="Autumn", **news(migma.store.projects.all()[0]))
        drafted = _help_for_as_long_as_it_likes(campaign.id)
        migma.campaigns.start(campaign)
        migma.campaigns.pause(campaign)
        paused = _help_for_as_long_as_it_likes(campaign.id)
        assert (drafted, paused) == (("", "", 0), ("", "", 0))
        assert not migma.campaigns.status(campaign).states
    assert not _taken(home)


@pytest.mark.parametrize(("workers", "large", "batch"), [(1, 1, "50"), (2, PEOPLE * 2, "50"), (2, 1, "1")])
def test_no_process_is_started_for_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, workers: int, large: int, batch: str
) -> None:
    """Not where one worker is wanted, not for a small send, and not where a hand-over is one message."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr("migma_cli.helpers.subprocess.Popen", refuse)
    monkeypatch.setenv("MIGMA_BATCH_SIZE", batch)
    with (
        Migma.open(home=home) as migma,
        Helpers(migma, send := _queued(migma), home, large, workers=workers) as helpers,
    ):
        both, stop = _watching(helpers, seen := Progress()), Event()

        def watch(effect: e.Effect[Any], answer: Any) -> None:
            both(effect, answer)
            if isinstance(effect, e.Record):
                stop.set()  # whoever is to help has been started by now

        answer = migma.sending.deliver(send, watch, hold=Hold(stop=stop))
    assert answer.states[DeliveryState.ACCEPTED] == seen.settled > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_helper_ends_with_its_standard_input(home: Path, number: int) -> None:
    """It claims nothing more then, has nothing in hand, and a signal that is meant for another does not stop it."""
    with Migma.open(home=home) as migma:
        send = _queued(migma)
        process = subprocess.Popen([*HELPER, send], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        first = int(process.stdout.readline())
        process.send_signal(number)
        second = int(process.stdout.readline())
        process.stdin.close()
        told = first + second + sum(map(int, process.stdout.read().split()))
        assert process.wait(SECONDS) == 0
        process.stdout.close()
        states = migma.sending.status(send).states

    assert states[DeliveryState.ACCEPTED] == told < PEOPLE
    assert states[DeliveryState.READY] + told == sum(
        rows for state, rows in states.items() if state is not DeliveryState.WITHHELD
    )


def test_a_helper_that_was_not_told_to_begin_does_nothing(home: Path) -> None:
    """Its standard input ends before it has heard a word: it ends as well, and everybody is left to the others."""
    with Migma.open(home=home) as migma:
        send = _queued(migma)
        done = subprocess.run([*HELPER, send], input="", capture_output=True, text=True, check=True, timeout=SECONDS)
        assert (done.stdout, done.stderr) == ("", "")
        assert migma.sending.status(send).states == {}


def test_helpers_begin_once_all_is_planned(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are started while the audience is planned, and told to begin at the first effect that is not planning."""
    told: list[str] = []

    class Started(_Helper):
        def go(self) -> None:
            told.append("begin")
            super().go()

    monkeypatch.setattr("migma_cli.helpers._Helper", Started)
    with Migma.open(home=home) as migma, Helpers(migma, send := _queued(migma), home, 1, workers=2) as helpers:
        both = _watching(helpers, Progress())

        def watch(effect: e.Effect[Any], answer: Any) -> None:
            told.append(type(effect).__name__)
            both(effect, answer)

        migma.sending.deliver(send, watch)
    assert told[: told.index("begin")] == ["FanOut", "InFlight"]


@pytest.mark.skipif(cores() == 1, reason="a send has as many workers as cores, and this machine has one")
def test_sigkill_ends_the_helper_as_well_and_the_same_command_goes_on(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large campaign whose process was killed at work leaves none behind, and ends with one mail for each."""
    monkeypatch.setenv("MIGMA_LEASE_SECONDS", "2")
    monkeypatch.setenv("MIGMA_BATCH_SIZE", "100")
    home = _with_people(shutil.copytree(prepared, tmp_path / "home"), LARGE + 2_000)
    with Migma.open(home=home) as migma:
        campaign = migma.campaigns.create(name="Autumn", **news(migma.store.projects.all()[0]))
    killed = subprocess.Popen([*PROGRAM, "campaigns", "send", "Autumn", "--json"], stdout=subprocess.DEVNULL)
    helper = _until(lambda: next(_children(killed.pid), None))
    _until(lambda: len(_taken(home)) > 500)
    killed.kill()
    killed.wait()
    _until(lambda: not Path(f"/proc/{helper}").exists())

    again = run_alone("campaigns", "send", campaign.id, "--json")

    assert again.code == 0, again.err
    assert again.json["states"]["accepted"] == len(_taken(home)) > LARGE
    _assert_each_once(home)


def _with_people(home: Path, people: int) -> Path:
    rows = (
        Row(n, ContactDraft(address=Address(f"reader{n}", "example.com"), tags=frozenset({"news"})))
        for n in range(people)
    )
    with Migma.open(home=home) as migma:
        project, now = migma.store.projects.all()[0], migma.parts.clock.now()
        migma.store.import_contacts(project.id, rows, Intake(Status.SUBSCRIBED, "checkout"), at=now)
    return home


def _queued(migma: Migma) -> SendId:
    return migma.sending.send(queue_only=True, **news(migma.store.projects.all()[0])).id


def _watching(helpers: Helpers, seen: Progress) -> Watch:
    def watch(effect: e.Effect[Any], answer: Any) -> None:
        seen(effect, answer)
        helpers.watch(effect, seen)

    return watch


def _help_for_as_long_as_it_likes(send: SendId) -> tuple[str, str, int]:
    """What a helper says, and its exit code, whose standard input stays open until it ends by itself."""
    with subprocess.Popen(
        [*HELPER, send], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write("\n")
        process.stdin.flush()
        return process.stdout.read(), process.stderr.read(), process.wait(SECONDS)


def _helped(helpers: Helpers, effect: e.Effect[Any], seen: Progress, own: Progress) -> bool:
    """Whether the other has settled something, waited for at the first hand-over."""
    helpers.watch(e.Take(0), seen)
    return seen.settled > own.settled or not isinstance(effect, e.HandOver)


def _until(happened: Callable[[], Any]) -> Any:
    """What it says, once it says something."""
    deadline = time.monotonic() + SECONDS
    while not (it := happened()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)
    return it


def _children(process: int) -> Iterator[int]:
    yield from map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())


def _taken(home: Path) -> Counter[str]:
    """Hand-overs per delivery id, as the outbox's own file names list them."""
    return Counter(path.name.rpartition(".")[2] for path in (home / "outbox").glob("new/*"))


def _assert_each_once(home: Path) -> None:
    assert set(_taken(home).values()) == {1}
