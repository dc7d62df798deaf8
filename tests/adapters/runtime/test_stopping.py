"""Stopping a send from within a program: it ends at its next claim, in both colours, and goes on when asked to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest
from migma_runtime import AsyncMigma, Migma, SendAnswer

from migma_core import DeliveryState, Project
from migma_core.delivery import effects as e
from tests.support.counting_server import answering, counting_server
from tests.support.http_worlds import KEY
from tests.support.news import news

WAYS = ["campaign", "direct", "under a key", "taken up"]


@pytest.fixture
def people(home: Path, project: Project, imported: Callable[[str], None]) -> Project:
    """Ten people, three to a hand-over."""
    imported("email,tags\n" + "".join(f"reader{number}@example.com,news\n" for number in range(10)))
    (home / "migma.toml").write_text("batch_size = 3\n")
    return project


def blocking(home: Path, project: Project, way: str, stop: Event, watch: Callable[[e.Effect[Any], Any], None]) -> Any:
    """Send in that way until it is to stop; where it stands then, and after it went on."""
    with Migma.open(home=home) as migma:
        words = news(project)
        match way:
            case "campaign":
                found = migma.campaigns.create(name="Autumn", **words)
                return migma.campaigns.send(found, watch, stop=stop), migma.campaigns.resume(found)
            case "taken up":
                send = migma.sending.send(queue_only=True, **words).id
                return migma.sending.resume(send, watch, stop=stop), migma.sending.resume(send)
            case _:
                key = "k1" if way == "under a key" else None
                stopped = migma.sending.send(watch=watch, stop=stop, idempotency_key=key, **words)
                again = migma.sending.send(idempotency_key=key, **words) if key else migma.sending.resume(stopped.id)
                return stopped, again


async def awaited(
    home: Path, project: Project, way: str, stop: Event, watch: Callable[[e.Effect[Any], Any], None]
) -> Any:
    """The same in an event loop."""
    async with await AsyncMigma.open(home=home) as migma:
        words = news(project)
        match way:
            case "campaign":
                found = await migma.campaigns.create(name="Autumn", **words)
                return await migma.campaigns.send(found, watch, stop=stop), await migma.campaigns.resume(found)
            case "taken up":
                send = (await migma.sending.send(queue_only=True, **words)).id
                return await migma.sending.resume(send, watch, stop=stop), await migma.sending.resume(send)
            case _:
                key = "k1" if way == "under a key" else None
                stopped = await migma.sending.send(watch=watch, stop=stop, idempotency_key=key, **words)
                if key:
                    return stopped, await migma.sending.send(idempotency_key=key, **words)
                return stopped, await migma.sending.resume(stopped.id)


def _ran(outcome: Any) -> tuple[SendAnswer, SendAnswer]:
    done: tuple[SendAnswer, SendAnswer] = asyncio.run(outcome) if isinstance(outcome, Coroutine) else outcome
    return done


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("colour", [blocking, awaited], ids=["blocking", "awaited"])
def test_a_send_ends_at_its_next_claim_and_goes_on(home: Path, people: Project, colour: Any, way: str) -> None:
    """Set at the first hand-over, the event ends the send with that one on record; asked again, it reaches the rest."""
    stop = Event()

    def watch(effect: e.Effect[Any], answer: Any) -> None:
        if isinstance(effect, e.HandOver):
            stop.set()

    stopped, whole = _ran(colour(home, people, way, stop, watch))
    assert (stopped.status, stopped.states) == ("sending", {DeliveryState.ACCEPTED: 3, DeliveryState.READY: 7})
    assert whole.states == {DeliveryState.ACCEPTED: 10}
    assert whole.id == stopped.id
    assert len(list((home / "outbox" / "new").iterdir())) == 10


@pytest.mark.parametrize("colour", [blocking, awaited], ids=["blocking", "awaited"])
def test_a_wait_ends_as_well(home: Path, people: Project, monkeypatch: pytest.MonkeyPatch, colour: Any) -> None:
    """A provider that rests for a minute is not waited for once the send is to stop."""
    monkeypatch.setenv("MIGMA_SENDGRID_API_KEY", KEY)
    monkeypatch.setenv("MIGMA_SENDGRID_ALLOW_LOOPBACK", "1")
    stop, began = Event(), time.monotonic()

    def watch(effect: e.Effect[Any], answer: Any) -> None:
        if isinstance(effect, e.Wait):
            Timer(0.2, stop.set).start()

    with counting_server(answering(429, "Retry-After: 60\r\n")) as server:
        monkeypatch.setenv("MIGMA_SENDGRID_BASE_URL", server.url)
        stopped = _sent(colour, home, people, stop, watch)
    assert stopped.states == {DeliveryState.READY: 10}
    assert time.monotonic() - began < 30


def _sent(
    colour: Any, home: Path, project: Project, stop: Event, watch: Callable[[e.Effect[Any], Any], None]
) -> SendAnswer:
    words = news(project, provider_type="sendgrid")

    async def go() -> SendAnswer:
        async with await AsyncMigma.open(home=home) as migma:
            return await migma.sending.send(watch=watch, stop=stop, **words)

    if colour is awaited:
        return asyncio.run(go())
    with Migma.open(home=home) as migma:
        return migma.sending.send(watch=watch, stop=stop, **words)
