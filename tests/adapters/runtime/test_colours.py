"""The service in both colours: the same words, the same ledger, the same octets; nothing is decided twice."""

from __future__ import annotations

import asyncio
import inspect
import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import pytest
from migma_runtime import (
    AsyncMigma,
    AsyncRunner,
    Campaigns,
    HeldVerdict,
    KeyConflict,
    KeyInProgress,
    Migma,
    Runner,
    SendAnswer,
    SendRefused,
    SendWords,
)
from migma_runtime.async_campaigns import AsyncCampaigns
from migma_runtime.async_sending import AsyncSending
from migma_runtime.sending import Sending
from migma_sql.engine import connect, reading
from sqlalchemy import text

from migma_core import Action, CampaignConflict, DeliveryState, Intake, Status
from migma_core.delivery import effects as e
from migma_core.ports import SendRecord
from tests.adapters.conftest import BRAND, start_acme
from tests.support.counting_server import Manner, answering, counting_server
from tests.support.http_worlds import KEY

PEOPLE = "email,first_name,status,tags\n" + "".join(
    f"reader{number}@example.com,R{number},{status},news\n"
    for number, status in enumerate(["subscribed"] * 12 + ["unsubscribed", "bounced", "non-subscribed"])
)
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
LEDGER = {
    "sends": "status, why, finished_at",
    "deliveries": "ref, address_key, cell, denials, reasons, state, why, attempt_id, attempts, doubts, fence",
    "attempt_members": 'attempt_id, deliveries, "values"',
    "attempts": "provider, content, token_key, composed_at, body_digest, finished_at",
    "pace": "provider, failures, openings, sent_today",
    "idempotency_keys": "key, digest, fence, made, result, finished_at",
}
Colour: TypeAlias = Callable[[Path, str, str], SendAnswer]


def words(project: str, provider: str) -> SendWords:
    """A campaign to everyone tagged news."""
    return SendWords(
        recipient_type="tag",
        recipient_id="news",
        from_="news@mail.example.com",
        from_name="Acme",
        subject="News",
        template="<p>Hello {{first_name|you}}</p>",
        project_id=project,
        provider_type=provider,
    )


@pytest.fixture(scope="module")
def prepared(installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with people of every kind, to be copied: the same ids in each copy."""
    home = Path(shutil.copytree(installation, tmp_path_factory.mktemp("colours") / "home"))
    (home / "people.csv").write_text(PEOPLE)
    with Migma.open(home=home) as migma:
        project = start_acme(migma, BRAND)
        migma.contacts.import_csv(project.id, home / "people.csv", Intake(Status.SUBSCRIBED, "checkout"))
    return home


@pytest.fixture
def copies(prepared: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Two installations that are alike to the last octet."""
    one, other = (Path(shutil.copytree(prepared, tmp_path / name)) for name in ("one", "other"))
    return one, other


@pytest.fixture
def alike(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it before each run: the same references are made, and it is the same time."""

    def begin() -> None:
        numbers, lock = count(1), threading.Lock()

        def reference(*_: int) -> str:
            with lock:
                return f"{next(numbers):032x}"

        monkeypatch.setattr("secrets.token_hex", reference)
        monkeypatch.setattr("secrets.token_bytes", lambda octets: Random(reference()).randbytes(octets))  # noqa: S311 - alike
        monkeypatch.setattr("migma_clock.SystemClock.now", lambda _: NOW)

    return begin


def blocking(home: Path, provider: str, action: str) -> SendAnswer:
    """The one colour."""
    with Migma.open(home=home, batch_size=5, at_once=3) as migma:
        campaign = migma.campaigns.create(name="News", **words("Acme", provider))
        if action == "test":
            (tried,) = migma.campaigns.test_send(campaign, ["reader0@example.com"])
            return migma.sending.status(tried.id)
        if action == "key":
            return migma.sending.send(idempotency_key="k1", **words("Acme", provider))
        return migma.campaigns.send(campaign)


def awaited(home: Path, provider: str, action: str) -> SendAnswer:
    """The other."""

    async def go() -> SendAnswer:
        async with await AsyncMigma.open(home=home, batch_size=5, at_once=3) as migma:
            campaign = await migma.campaigns.create(name="News", **words("Acme", provider))
            if action == "test":
                (tried,) = await migma.campaigns.test_send(campaign, ["reader0@example.com"])
                return await migma.sending.status(tried.id)
            if action == "key":
                return await migma.sending.send(idempotency_key="k1", **words("Acme", provider))
            return await migma.campaigns.send(campaign)

    return asyncio.run(go())


def ledger(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything the ledger says, but when by the database's own clock."""
    engine = connect(f"sqlite:///{home / 'migma.db'}")
    with reading(engine) as connection:
        found = {
            table: [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY 1, 2"))]  # noqa: S608 - our own names
            for table, columns in LEDGER.items()
        }
    engine.dispose()
    return found


@pytest.mark.parametrize("action", ["send", "test", "key"])
def test_both_colours_leave_the_same_ledger(copies: tuple[Path, Path], alike: Callable[[], None], action: str) -> None:
    """Through the outbox, which has one colour: every row and every octet is the same."""
    answers = []
    for home, colour in zip(copies, (blocking, awaited), strict=True):
        alike()
        answers.append(colour(home, "migma", action))

    assert answers[0] == answers[1]
    assert answers[0].sent_count == (1 if action == "test" else 12)
    assert ledger(copies[0]) == ledger(copies[1])
    mails = [sorted(path.read_bytes() for path in (home / "outbox" / "new").iterdir()) for home in copies]
    assert mails[0] == mails[1]


@pytest.mark.parametrize(
    ("provider", "manner"),
    [
        ("sendgrid", answering(202)),
        ("sendgrid", answering(401)),
        ("sendgrid", answering(500)),
        ("mailgun", answering(200, body=b'{"id": "<1@mail.example.com>", "message": "Queued."}')),
        ("mailgun", answering(400, body=b'{"message": "no"}')),
        ("resend", answering(200, body=b'{"data": []}')),
        ("resend", answering(429, "Retry-After: 3600\r\n")),
    ],
    ids=[
        "sendgrid accepts",
        "sendgrid refuses the account",
        "sendgrid breaks",
        "mailgun accepts",
        "mailgun refuses the request",
        "resend accepts",
        "resend throttles",
    ],
)
def test_both_colours_say_the_same_to_a_provider_and_make_the_same_of_its_answers(
    copies: tuple[Path, Path],
    alike: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    provider: str,
    manner: Manner,
) -> None:
    """Over real sockets, each with its own transport: the same requests, and the same rows whatever comes back."""
    monkeypatch.setenv(f"MIGMA_{provider.upper()}_API_KEY", KEY)
    monkeypatch.setenv(f"MIGMA_{provider.upper()}_ALLOW_LOOPBACK", "1")
    if provider == "mailgun":
        monkeypatch.setenv("MIGMA_MAILGUN_DOMAIN", "mail.example.com")
    answers, bodies = [], []
    for home, colour in zip(copies, (blocking, awaited), strict=True):
        alike()
        with counting_server(manner) as server:
            monkeypatch.setenv(f"MIGMA_{provider.upper()}_BASE_URL", server.url)
            answers.append(colour(home, provider, "send"))
            bodies.append(Counter(one.partition(b"\r\n\r\n")[2] for one in server.requests))

    assert answers[0] == answers[1]
    assert ledger(copies[0]) == ledger(copies[1])
    assert bodies[0] == bodies[1]
    assert bodies[0].total() >= 1


OPERATIONS = {
    Campaigns: {"start", "to_try", "tried"},
    Sending: {"is_to_go_on", "hold_of", "answered", "let_go", "reopen", "check"},
    Runner: set(),
}
NEVER_WAIT = {"stop"}


@pytest.mark.parametrize(
    ("blocks", "awaits"), [(Campaigns, AsyncCampaigns), (Sending, AsyncSending), (Runner, AsyncRunner)]
)
def test_both_colours_have_the_same_operations(blocks: type, awaits: type) -> None:
    """But for the halves that the other colour is made of, each operation is there with the same parameters."""
    ours = {name: one for name, one in vars(blocks).items() if inspect.isfunction(one) and not name.startswith("_")}
    theirs = {name: one for name, one in vars(awaits).items() if inspect.isfunction(one) and not name.startswith("_")}
    assert ours.keys() - theirs.keys() == OPERATIONS[blocks]
    assert theirs.keys() <= ours.keys()
    for name, one in theirs.items():
        assert inspect.iscoroutinefunction(one) is (name not in NEVER_WAIT), name
        parameters = list(inspect.signature(one).parameters)
        blocking_ones = list(inspect.signature(ours[name]).parameters)
        assert parameters == [given for given in blocking_ones if given != "under"], name


def run(home: Path, claim: Callable[[AsyncMigma], Coroutine[Any, Any, None]]) -> None:
    """Run a claim on an installation, in an event loop of its own."""

    async def go() -> None:
        async with await AsyncMigma.open(home=home) as migma:
            await claim(migma)

    asyncio.run(go())


def test_a_campaign_lives_in_an_event_loop(copies: tuple[Path, Path]) -> None:
    """Created, found, previewed, scheduled, taken off, sent, paused, cancelled, explained: all awaited."""

    async def claim(migma: AsyncMigma) -> None:
        made = await migma.campaigns.create(name="News", **words("Acme", "migma"))
        found: SendRecord = await migma.campaigns.find("Acme", "News")
        assert found == made
        assert (await migma.campaigns.preview(made)).partition.mailable == 12
        assert (await migma.sending.preview(made.request)).partition.total == 15
        soon = datetime.now(UTC) + timedelta(hours=1)
        await migma.campaigns.schedule(made, soon)
        appointment = await migma.campaigns.appointment(made)
        assert appointment is not None
        assert appointment.start.instant == soon
        with pytest.raises(CampaignConflict):
            await migma.campaigns.pause(made)
        assert (await migma.campaigns.unschedule(made)).status == "draft"
        assert (await migma.campaigns.send(made)).status == "sent"
        assert "Sent" in (await migma.campaigns.explain(made, "reader0@example.com")).words
        assert (await migma.campaigns.held(made), await migma.campaigns.settle_held(made, HeldVerdict.AGAIN)) == ((), 0)
        assert await migma.campaigns.reconcile(made) == await migma.campaigns.status(made)
        other = await migma.campaigns.create(name="Other", **words("Acme", "migma"))
        assert (await migma.campaigns.cancel(other)).status == "cancelled"

    run(copies[0], claim)


def test_a_paused_campaign_goes_on_in_an_event_loop(copies: tuple[Path, Path]) -> None:
    """Paused from another task in the middle; resumed, everybody has one."""

    async def claim(migma: AsyncMigma) -> None:
        made = await migma.campaigns.create(name="News", **words("Acme", "migma"))

        def pausing(effect: e.Effect[Any], _answer: Any) -> None:
            if isinstance(effect, e.FanOut):
                migma.blocking.store.sends.change_status(made.id, Action.PAUSE, datetime.now(UTC))

        assert (await migma.campaigns.send(made, pausing)).status == "paused"
        assert (await migma.campaigns.resume(made)).states[DeliveryState.ACCEPTED] == 12

    run(copies[0], claim)


def test_a_direct_send_in_an_event_loop_is_one_send_under_its_key(copies: tuple[Path, Path]) -> None:
    """Repeated, at once, or with other words, as in the other colour (R63)."""

    async def claim(migma: AsyncMigma) -> None:
        asked = words("Acme", "migma")
        told = await asyncio.gather(
            *(migma.sending.send(idempotency_key="k1", **asked) for _ in range(8)), return_exceptions=True
        )
        answers = [one for one in told if isinstance(one, SendAnswer)]
        assert answers == [answers[0]] * len(answers)
        assert all(isinstance(one, SendAnswer | KeyInProgress) for one in told)
        with pytest.raises(KeyConflict):
            await migma.sending.send(idempotency_key="k1", **(asked | {"subject": "Other"}))
        with pytest.raises(SendRefused):
            await migma.sending.send(**(asked | {"recipient_id": "nobody"}))
        queued = await migma.sending.send(queue_only=True, **asked)
        assert (queued.status, (await migma.sending.resume(queued.id)).sent_count) == ("queued", 12)
        request = await migma.sending.request(**asked)
        waiting = await migma.sending.queue(request)
        assert (await migma.sending.deliver(waiting.id)).status == "sent"
        assert (await migma.sending.reconcile(waiting.id)).status == (await migma.sending.status(waiting.id)).status

    run(copies[0], claim)


def test_hand_overs_are_under_way_together_and_the_event_loop_goes_on(
    copies: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a provider is slow to answer, others are asked, and other tasks have their turn."""
    monkeypatch.setenv("MIGMA_SENDGRID_API_KEY", KEY)
    monkeypatch.setenv("MIGMA_SENDGRID_ALLOW_LOOPBACK", "1")
    meeting = threading.Barrier(2, timeout=20)

    def together(connection: Any) -> None:
        meeting.wait()
        answering(202)(connection)

    async def claim(migma: AsyncMigma) -> None:
        asked = words("Acme", "sendgrid")
        turns = 0

        async def ticking() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0.001)
                turns += 1

        ticker = asyncio.create_task(ticking())
        both = await asyncio.gather(migma.sending.send(**asked), migma.sending.send(**asked))
        ticker.cancel()
        assert [one.sent_count for one in both] == [12, 12]
        assert turns > 5

    with counting_server(together) as server:
        monkeypatch.setenv("MIGMA_SENDGRID_BASE_URL", server.url)
        run(copies[0], claim)


def test_waiting_is_awaited(copies: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """What rests is waited for by the sleep that the installation was given."""
    monkeypatch.setenv("MIGMA_PACE", json.dumps({"outbox": {"per_second": 4, "burst": 10}}))
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(seconds)

    async def go() -> SendAnswer:
        async with AsyncMigma(Migma.open(home=copies[0]), sleep) as migma:
            return await migma.sending.send(**words("Acme", "migma"))

    assert asyncio.run(go()).sent_count == 12
    assert slept
