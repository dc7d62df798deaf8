"""Whole sends through a provider that misbehaves, judged by its own book (reliability §1, §15)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from migma_runtime import Migma, SendAnswer
from migma_sql import schema
from sqlalchemy import create_engine, select

from migma_core import Brand, CampaignStatus, ContactDraft, DeliveryState, Purpose, Status
from migma_core.audience import Address
from migma_core.ports import DeliveryRecord
from tests.support.http_worlds import KEY
from tests.support.invariants import Attempted, Denial, Row, Run, counts, violations
from tests.support.ledger_provider import CLEAR, TAKES, LedgerProvider, Manner, ledger_provider

PEOPLE = [Address(f"p{number}", "customers.example.com") for number in range(6)]
LEAVER = PEOPLE[0]
TOGETHER = 3
STOPS = frozenset({Manner.BAD_KEY, Manner.SUSPENDED})
HELD, ACCEPTED = DeliveryState.HELD, DeliveryState.ACCEPTED


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with six subscribers, one of whom has left since; copied for each test."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    with Migma.create(home=home) as migma:
        project = migma.start_project("Acme", Brand("Acme", "1 Main Street", "https://mail.example.com"))
        now = migma.parts.clock.now()
        migma.store.domains.add(project.account, "mail.example.com", now)
        migma.store.domains.verify(project.account, "mail.example.com", now)
        migma.store.tags.create(project.id, "news", now)
        for one in PEOPLE:
            draft = ContactDraft(address=one, status=Status.SUBSCRIBED, tags=frozenset({"news"}))
            contact = migma.contacts.add(project.id, draft)
            if one == LEAVER:
                migma.store.contacts.unsubscribe(contact.id, now, "link")
    return home


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Path:
    """A copy of the installation."""
    return Path(shutil.copytree(prepared, tmp_path / "home"))


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[LedgerProvider]:
    """The misbehaving one, with a book of its own."""
    with ledger_provider(tmp_path / "book") as running:
        yield running


def send(home: Path, provider: LedgerProvider, name: str, *, purpose: Purpose = Purpose.MARKETING) -> SendAnswer:
    """Send to all who hold the tag."""
    with (home / "keys.toml").open("a") as keys:
        keys.write(f'\n[providers.{name}]\napi_key = "{KEY}"\n')
    connected = f'base_url = "{provider.url}"\nallow_loopback = true\nconnect_seconds = 1.0\nwhole_seconds = 1.0\n'
    (home / "migma.toml").write_text(f"batch_size = {TOGETHER}\n[providers.{name}]\n{connected}")
    with Migma.open(home=home) as migma:
        project = migma.parts.project("Acme")
        transactional = purpose is Purpose.TRANSACTIONAL
        return migma.sending.send(
            project_id=project.id,
            recipient_type="tag",
            recipient_id="news",
            from_="news@mail.example.com",
            from_name="Acme",
            subject="Hello",
            template="<p>Hello</p>",
            provider_type=name,
            transactional=transactional,
            justification="an order was placed" if transactional else None,
        )


def run_of(home: Path, provider: LedgerProvider, answer: SendAnswer, doubts: int = 0) -> Run:
    """What the store says and what the provider's book says, side by side."""
    with Migma.open(home=home) as migma:
        log = migma.store.sends.log(answer.id)
        status = migma.store.sends.get(answer.id).status
    engine = create_engine(f"sqlite:///{home / 'migma.db'}")
    with engine.connect() as connection:
        made = connection.execute(select(schema.attempts.c.deliveries, schema.attempts.c.composed_at)).all()
    engine.dispose()
    attempted = [Attempted(one, row.composed_at.timestamp()) for row in made for one in row.deliveries]
    reachable = answer.purpose is Purpose.MARKETING
    return Run(
        answer.purpose,
        status,
        answer.why or "",
        frozenset(map(str, PEOPLE)),
        [Row(one.address, one.id, one.state, _why(one)) for one in log],
        attempted,
        provider.accepted(),
        [Denial(str(LEAVER), attempted[0].claimed_at - 1)] if reachable else (),
        doubts,
    )


def _why(one: DeliveryRecord) -> str:
    return one.why or ", ".join(one.reasons)


@pytest.mark.parametrize("manner", Manner)
def test_a_campaign_reaches_nobody_twice_and_loses_nobody(home: Path, provider: LedgerProvider, manner: Manner) -> None:
    """Whatever becomes of the first request: nobody twice, nobody who left, everybody settled with a reason."""
    provider.follow(manner)
    answer = send(home, provider, "sendgrid")
    run = run_of(home, provider, answer)
    assert violations(run) == []
    assert counts(run).duplicates == 0
    held = answer.states.get(HELD, 0)
    assert held == (TOGETHER if manner not in CLEAR else 0)
    if manner in STOPS:
        assert run.status is CampaignStatus.PAUSED


@pytest.mark.parametrize("manner", [Manner.ACCEPT_THEN_DROP, Manner.ACCEPT_THEN_500, Manner.UNAVAILABLE])
def test_a_provider_that_knows_repeats_settles_its_own_doubt(
    home: Path, provider: LedgerProvider, manner: Manner
) -> None:
    """The same octets under the same key are taken once: nobody is held, nobody has two."""
    provider.follow(manner)
    answer = send(home, provider, "resend")
    run = run_of(home, provider, answer)
    assert violations(run) == []
    assert answer.states == {ACCEPTED: 5, DeliveryState.WITHHELD: 1}
    assert (counts(run).duplicates, counts(run).forgotten) == (0, 0)


@pytest.mark.parametrize("manner", [Manner.ACCEPT_THEN_DROP, Manner.REFUSE_UNREAD])
def test_transactional_mail_in_doubt_goes_once_more(home: Path, provider: LedgerProvider, manner: Manner) -> None:
    """At least once, and at most one copy too many for each outcome that nobody knows, which is counted."""
    provider.follow(manner)
    answer = send(home, provider, "sendgrid", purpose=Purpose.TRANSACTIONAL)
    run = run_of(home, provider, answer, doubts=1)
    assert violations(run) == []
    assert answer.states == {ACCEPTED: 6}
    assert counts(run).duplicates == (TOGETHER if manner in TAKES else 0)
