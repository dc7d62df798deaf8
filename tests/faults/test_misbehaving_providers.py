"""Whole sends through a provider that misbehaves, judged by its own book (reliability §1, §15)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from migma_runtime import Migma, SendAnswer

from migma_core import CampaignStatus, DeliveryState, Purpose
from tests.support.examples import is_thorough
from tests.support.installations import TOGETHER, Installation, prepare
from tests.support.invariants import Run, counts, violations
from tests.support.ledger_provider import CLEAR, TAKES, LedgerProvider, Manner, ledger_provider

PEOPLE = 6
STOPS = frozenset({Manner.BAD_KEY, Manner.SUSPENDED})
EARLIER = pytest.mark.parametrize(
    "earlier",
    [[], [Manner.ACCEPT]] if is_thorough() else [[]],
    ids=lambda earlier: f"request {len(earlier) + 1}",
)
HELD, ACCEPTED = DeliveryState.HELD, DeliveryState.ACCEPTED


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six people, copied for each test."""
    return prepare(tmp_path_factory.mktemp("prepared") / "home", PEOPLE)


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Path:
    """A copy of the installation."""
    return Path(shutil.copytree(prepared, tmp_path / "home"))


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[LedgerProvider]:
    """The misbehaving one, with a book of its own."""
    with ledger_provider(tmp_path / "book") as running:
        yield running


def sent(
    home: Path, provider: LedgerProvider, name: str, purpose: Purpose = Purpose.MARKETING, doubts: int = 0
) -> tuple[SendAnswer, Run]:
    """Send to all who hold the tag: what the command says, and what became of it."""
    ours = Installation(home, PEOPLE, provider, name)
    ours.settle_in()
    with Migma.open(home=home) as migma:
        answer = migma.sending.deliver(ours.queue(migma, purpose))
        return answer, ours.run_of(migma, answer.id, doubts)


@EARLIER
@pytest.mark.parametrize("manner", Manner)
def test_a_campaign_reaches_nobody_twice_and_loses_nobody(
    home: Path, provider: LedgerProvider, manner: Manner, earlier: list[Manner]
) -> None:
    """Whatever becomes of a request: nobody twice, nobody who left, everybody settled with a reason."""
    provider.follow(*earlier, manner)
    answer, run = sent(home, provider, "sendgrid")
    assert violations(run) == []
    assert counts(run).duplicates == 0
    held = answer.states.get(HELD, 0)
    assert held == (PEOPLE - 1 - TOGETHER if earlier else TOGETHER) * (manner not in CLEAR)
    if manner in STOPS:
        assert run.status is CampaignStatus.PAUSED


@EARLIER
@pytest.mark.parametrize(
    "manner",
    [Manner.ACCEPT_THEN_DROP, *([Manner.ACCEPT_THEN_500, Manner.UNAVAILABLE] if is_thorough() else [])],
)
def test_a_provider_that_knows_repeats_settles_its_own_doubt(
    home: Path, provider: LedgerProvider, manner: Manner, earlier: list[Manner]
) -> None:
    """The same octets under the same key are taken once: nobody is held, nobody has two."""
    provider.follow(*earlier, manner)
    answer, run = sent(home, provider, "resend")
    assert violations(run) == []
    assert answer.states == {ACCEPTED: 5, DeliveryState.WITHHELD: 1}
    assert (counts(run).duplicates, counts(run).forgotten) == (0, 0)


@EARLIER
@pytest.mark.parametrize("manner", [Manner.ACCEPT_THEN_DROP, Manner.REFUSE_UNREAD])
def test_transactional_mail_in_doubt_goes_once_more(
    home: Path, provider: LedgerProvider, manner: Manner, earlier: list[Manner]
) -> None:
    """At least once, and at most one copy too many for each outcome that nobody knows, which is counted."""
    provider.follow(*earlier, manner)
    answer, run = sent(home, provider, "sendgrid", Purpose.TRANSACTIONAL, doubts=1)
    assert violations(run) == []
    assert answer.states == {ACCEPTED: 6}
    assert counts(run).duplicates == (TOGETHER if manner in TAKES else 0)
