"""Real processes killed and stopped by real signals, judged by the provider's own book (reliability §15)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from signal import SIGCONT, SIGKILL, SIGSTOP, Signals
from typing import Final, TypeAlias

import pytest
from migma_runtime import Migma

from migma_core import DeliveryState, Purpose, SendId
from tests.support.examples import is_thorough
from tests.support.installations import Installation, prepare
from tests.support.invariants import Run, counts, violations
from tests.support.ledger_provider import Manner, ledger_provider
from tests.support.postgresql import empty_database
from tests.support.workshop import Worker, Workshop, workshop

FEW, MANY = 4, 25
WRITTEN, COMMITTED, HANDED_OVER = 1, 5, 6
"""The effects, counted from 0, after which a crash leaves the most to settle."""

STORES: Final = ("sqlite", "postgresql") if is_thorough() else ("sqlite",)
SENT_AS: Final = [
    ("sendgrid", Purpose.MARKETING),
    ("sendgrid", Purpose.TRANSACTIONAL),
    ("resend", Purpose.MARKETING),
]
"""A provider that cannot say what it took, for either purpose, and one that knows repeats."""

EACH: Final = pytest.mark.parametrize(
    ("name", "purpose"), SENT_AS if is_thorough() else SENT_AS[:1], ids=lambda one: getattr(one, "word", one)
)
Opened: TypeAlias = Callable[..., "Place"]
Told: TypeAlias = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where sends are carried out and interrupted."""

    ours: Installation
    migma: Migma
    workers: Workshop

    def begin(self, send: SendId, does: Signals | None = None, at: int = 0) -> Worker:
        """A process that carries the send out, and may interrupt itself."""
        return self.workers.begin(self.ours.home, send, does, at)

    def end(self, send: SendId, doubts: int) -> Run:
        """Let whoever was interrupted lose its claims, run the command once more, and judge what came of it."""
        self.ours.leases_end(self.migma)
        assert self.begin(send).wait()
        run = self.ours.run_of(self.migma, send, doubts)
        assert violations(run) == []
        told = counts(run)
        assert told.forgotten == 0
        assert told.duplicates <= (0 if run.purpose is Purpose.MARKETING else self.ours.unknown(self.migma, send))
        if self.ours.name == "resend":
            assert set(told.states) <= {DeliveryState.ACCEPTED, DeliveryState.WITHHELD}
        return run


@pytest.fixture(scope="session")
def workers() -> Iterator[Workshop]:
    """Where processes are begun."""
    with workshop() as open_for_the_run:
        yield open_for_the_run


@pytest.fixture(params=STORES)
def opened(request: pytest.FixtureRequest, workers: Workshop, tmp_path: Path) -> Iterator[Opened]:
    """Call it with a provider's name, a number of people and settings, for an installation on each database."""
    with ExitStack() as closing:

        def place(name: str, people: int, *settings: str, seconds: float = 1.0) -> Place:
            url = "sqlite:///migma.db"
            if request.param == "postgresql":
                url = closing.enter_context(empty_database(request.getfixturevalue("postgres_server")))
            provider = closing.enter_context(ledger_provider(tmp_path / "book"))
            ours = Installation(prepare(tmp_path / "home", people, url), people, provider, name)
            ours.settle_in(*settings, seconds=seconds)
            return Place(ours, closing.enter_context(Migma.open(home=ours.home)), workers)

        yield place


@EACH
def test_a_process_killed_after_any_effect_is_resumed(opened: Opened, name: str, purpose: Purpose, told: Told) -> None:
    """SIGKILL after each effect in turn, its answer unseen: the same command ends what was begun."""
    here, killed = opened(name, FEW), 0
    for at in range(100) if is_thorough() else (WRITTEN, COMMITTED, HANDED_OVER):
        if here.begin(send := here.ours.queue(here.migma, purpose), SIGKILL, at).wait():
            break
        here.end(send, doubts=1)
        killed += 1
    assert killed >= (11 if is_thorough() else 3)
    told("processes killed, all survived", killed)


@EACH
def test_a_process_stopped_beyond_its_lease_undoes_nothing(
    opened: Opened, name: str, purpose: Purpose, told: Told
) -> None:
    """SIGSTOP after an effect, others go on, SIGCONT: what it claimed is no longer its own, what it knows counts."""
    here, stopped = opened(name, FEW), 0
    for at in range(100) if is_thorough() else (COMMITTED,):
        send = here.ours.queue(here.migma, purpose)
        zombie = here.begin(send, SIGSTOP, at)
        if not zombie.wait_until_stopped():
            break
        here.ours.leases_end(here.migma)
        assert here.begin(send).wait()
        zombie.send(SIGCONT)
        assert zombie.wait()
        here.end(send, doubts=1)
        stopped += 1
    assert stopped >= (11 if is_thorough() else 1)
    told("processes stopped beyond their lease", stopped)


@EACH
@pytest.mark.parametrize("does", [SIGSTOP, SIGKILL] if is_thorough() else [SIGSTOP], ids=lambda does: does.name)
def test_a_request_is_on_its_way(opened: Opened, name: str, purpose: Purpose, does: Signals) -> None:
    """Killed or stopped once the provider has it and before it answers; an answer heard in the end is believed."""
    here = opened(name, FEW, seconds=20.0)
    here.ours.provider.follow(Manner.ACCEPT_THEN_DELAY, seconds=0.5)
    worker = here.begin(send := here.ours.queue(here.migma, purpose))
    while not here.ours.provider.accepted():
        assert not worker.is_over(0.005)
    worker.send(does)
    if does is SIGSTOP:
        here.ours.leases_end(here.migma)
        assert here.begin(send).wait()
        worker.send(SIGCONT)
    assert worker.wait() is (does is SIGSTOP)
    run = here.end(send, doubts=1)
    held = counts(run).states.get(DeliveryState.HELD, 0)
    knows = does is SIGSTOP or name == "resend" or purpose is Purpose.TRANSACTIONAL
    assert held == (0 if knows else FEW - 1)


@EACH
@pytest.mark.parametrize("crew", range(1, 9) if is_thorough() else [3])
def test_processes_killed_at_random_times(
    opened: Opened, name: str, purpose: Purpose, crew: int, told: Told, request: pytest.FixtureRequest
) -> None:
    """One to eight at work on one send, any of them killed at any time and replaced: nobody twice, nobody lost."""
    sends, kills = (3, 8) if is_thorough() else (1, 4)
    here, draw = opened(name, MANY, "lease_seconds = 2.0"), Random(request.node.nodeid)  # noqa: S311 - repeats itself
    here.ours.provider.follow(shares={Manner.ACCEPT_THEN_DELAY: 1.0}, seconds=0.05)
    for _ in range(sends):
        send = here.ours.queue(here.migma, purpose)
        team = [here.begin(send) for _ in range(crew)]
        for _ in range(kills):
            time.sleep(draw.uniform(0.05, 0.5))
            victim = draw.randrange(crew)
            team[victim].send(SIGKILL)
            team[victim].wait()
            team[victim] = here.begin(send)
        for worker in team:
            assert worker.wait()
        run = here.end(send, doubts=kills)
        told(f"processes killed at random, {purpose.word}", kills)
        told(f"duplicates, {purpose.word}", counts(run).duplicates)
