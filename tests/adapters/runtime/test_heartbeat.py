"""Whoever waits for an answer keeps what it waits for: no second worker doubts it, however long that takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from migma_runtime import Migma, SendAnswer
from migma_runtime.heartbeat import beating, beating_async

from migma_core import DeliveryState, Project, SendId
from migma_core.ports import StoreBusy
from tests.support.smtp_servers import mail_server

LEASE, ANSWER = 0.6, 2.5  # seconds


class Slow:
    """A mail server that takes its time with the answer to a message."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take it, and say so much later."""
        self.taken += envelope.rcpt_tos
        await asyncio.sleep(ANSWER)
        return "250 2.0.0 Ok"


@pytest.fixture
def slow() -> Iterator[tuple[Slow, int]]:
    """One that listens, and its port."""
    handler = Slow()
    with mail_server(handler) as port:
        yield handler, port


def test_a_slow_answer_is_not_doubted_by_another_worker(
    home: Path,
    project: Project,
    imported: Callable[[str], None],
    slow: tuple[Slow, int],
) -> None:
    """An answer that takes four leases is awaited by one worker; another holds nothing, and sends nothing again."""
    imported("email,tags\na@example.com,news\n")
    (home / "migma.toml").write_text(
        f'lease_seconds = {LEASE}\n[providers.smtp]\nhost = "127.0.0.1"\nport = {slow[1]}\ntls = "none"\n'
    )
    seen = []
    with ThreadPoolExecutor(1) as pool, Migma.open(home=home) as second:
        send = second.sending.send(queue_only=True, **letter(project)).id
        running = pool.submit(delivered, home, send)
        while not slow[0].taken and not running.done():
            time.sleep(0.02)
        while not running.done():
            seen.append(second.sending.reconcile(send).states)
            time.sleep(LEASE / 4)
        assert running.result().states == {DeliveryState.ACCEPTED: 1}
    doubts = [states for states in seen if states not in ({DeliveryState.IN_FLIGHT: 1}, {DeliveryState.ACCEPTED: 1})]
    assert doubts == []
    assert len(seen) > 4 * (ANSWER / LEASE) / 2
    assert slow[0].taken == ["a@example.com"]


def delivered(home: Path, send: SendId) -> SendAnswer:
    """What a worker of its own makes of it."""
    with Migma.open(home=home) as worker:
        return worker.sending.deliver(send)


def letter(project: Project) -> Any:
    """To everybody with the tag."""
    return {
        "project_id": project.id,
        "recipient_type": "tag",
        "recipient_id": "news",
        "from_": "news@mail.example.com",
        "from_name": "Acme",
        "subject": "Hello",
        "template": "<p>Hello</p>",
        "provider_type": "smtp",
    }


def sync_beats(renew: Callable[[], None], lease: float, seconds: float) -> None:
    """Wait for so long, and beat."""
    with beating(renew, lease):
        time.sleep(seconds)


def async_beats(renew: Callable[[], None], lease: float, seconds: float) -> None:
    """The same in an event loop."""

    async def wait() -> None:
        async with beating_async(renew, lease):
            await asyncio.sleep(seconds)

    asyncio.run(wait())


@pytest.mark.parametrize("beat", [sync_beats, async_beats])
def test_a_beat_that_fails_is_followed_by_the_next(beat: Callable[..., None]) -> None:
    """A database that is busy for once costs one beat; none comes after the answer."""
    beats: list[float] = []

    def renew() -> None:
        beats.append(time.monotonic())
        if len(beats) == 1:
            raise StoreBusy("locked by others")

    beat(renew, 0.15, 0.5)
    counted = len(beats)
    time.sleep(0.2)
    assert 3 <= counted == len(beats)


@pytest.mark.parametrize("beat", [sync_beats, async_beats])
def test_a_quick_answer_costs_nothing(beat: Callable[..., None]) -> None:
    """Within a third of the lease the store is not asked."""
    beats: list[float] = []
    beat(lambda: beats.append(1.0), 30.0, 0.05)
    assert beats == []


def test_a_cancellation_that_comes_as_the_beats_end_is_not_lost() -> None:
    """Who is cancelled while the last beat is awaited is cancelled."""

    async def working() -> None:
        async with beating_async(lambda: None, 60.0):
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_soon(asyncio.current_task().cancel)  # type: ignore[union-attr]  # it is one

    async def is_cancelled() -> bool:
        task = asyncio.create_task(working())
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(is_cancelled())
