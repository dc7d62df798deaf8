"""What is in hand: its lease is renewed while a send is carried out, and the send ends where it is another's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Event
from typing import Any

import pytest
from migma_runtime import Migma
from migma_runtime.awaiting import InThread
from migma_runtime.holding import Hold
from migma_runtime.jobs import work_of
from migma_runtime.performing import AsyncPerformer, Performer
from migma_sql.ledger import SqlLedger

from migma_core import AttemptId, DeliveryState, Project, SendId
from migma_core.delivery import effects as e
from migma_core.ports import StoreBusy
from tests.support.news import news

Import = Callable[[str], None]
Mails = Callable[[], list[bytes]]


@pytest.fixture
def accepted(migma: Migma, project: Project, imported: Import) -> SendId:
    """A send to four people that nobody has carried out."""
    imported("email,tags\n" + "".join(f"reader{number}@example.com,news\n" for number in range(4)))
    return migma.sending.send(queue_only=True, **news(project)).id


def test_a_lease_is_renewed_for_as_long_as_the_work_goes_on(migma: Migma, accepted: SendId, mails: Mails) -> None:
    """Asked in time, again and again; a long lease need not be renewed in a short run."""
    asked: list[str] = []

    def keep() -> bool:
        asked.append("kept")
        return True

    migma.sending.deliver(accepted, hold=Hold(keep, 3600))
    assert (asked, len(mails())) == ([], 4)
    migma.sending.deliver(accepted, hold=Hold(keep, 0))
    assert len(asked) > 3


@pytest.mark.parametrize("why", ["another took over", "it is to stop"])
def test_what_is_no_longer_ours_claims_nothing_more(migma: Migma, accepted: SendId, mails: Mails, why: str) -> None:
    """Nobody is planned and nothing leaves from then on, nothing is in hand, and whoever has it now goes on."""
    stop = Event()
    if why == "it is to stop":
        stop.set()
    hold = Hold(lambda: False, 0, stop) if why == "another took over" else Hold(lambda: True, 3600, stop)
    assert migma.sending.deliver(accepted, hold=hold).states == {}
    assert mails() == []
    assert migma.sending.deliver(accepted).sent_count == 4


def _away() -> bool:
    raise StoreBusy("away")


@pytest.fixture
def recording_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that cannot take outcomes at the first two tries."""
    record, tries = SqlLedger.record, [StoreBusy("away"), StoreBusy("away")]

    def late(ledger: SqlLedger, attempts: Sequence[AttemptId], settled: Sequence[e.Settled], now: datetime) -> None:
        if tries:
            raise tries.pop()
        record(ledger, attempts, settled, now)

    monkeypatch.setattr(SqlLedger, "record", late)


@pytest.mark.usefixtures("recording_late")
def test_an_answer_is_recorded_though_no_lease_can_be_renewed(migma: Migma, accepted: SendId, mails: Mails) -> None:
    """The same store is away for both: what a provider answered is offered to it again, and nothing is sent twice."""
    assert migma.sending.deliver(accepted, hold=Hold(_away, 0)).states == {DeliveryState.ACCEPTED: 4}
    assert len(mails()) == 4


@pytest.mark.usefixtures("recording_late")
def test_a_send_that_is_to_stop_still_waits_for_its_answers_to_be_written(migma: Migma, accepted: SendId) -> None:
    """Tries are as far apart as ever, and then it ends, with everybody who was handed over on record."""
    stop, waits, began = Event(), list[float](), time.monotonic()

    def watch(effect: e.Effect[Any], answer: Any) -> None:
        if isinstance(effect, e.HandOver):
            stop.set()
        if isinstance(effect, e.Wait):
            waits.append(effect.seconds)

    assert migma.sending.deliver(accepted, watch, hold=Hold(stop=stop)).states == {DeliveryState.ACCEPTED: 4}
    assert len(waits) == 2
    assert time.monotonic() - began >= sum(waits)


@pytest.mark.parametrize("colour", ["blocking", "awaited"])
def test_a_lease_is_renewed_while_it_waits(migma: Migma, accepted: SendId, colour: str) -> None:
    """A provider that rests for longer than a lease costs nobody what they hold."""
    beats: list[float] = []
    ports = replace(work_of(migma.parts, accepted).ports, beat=lambda: beats.append(time.monotonic()))
    if colour == "awaited":

        async def wait() -> None:
            await AsyncPerformer(ports, InThread(ports.provider))(e.Wait(1.2))

        asyncio.run(wait())
    else:
        Performer(ports)(e.Wait(1.2))
    assert len(beats) == 3


@pytest.mark.parametrize(("in_hand", "waited"), [(True, True), (False, False)])
def test_only_what_is_in_hand_is_waited_for_once_it_is_to_stop(
    migma: Migma, accepted: SendId, in_hand: bool, waited: bool
) -> None:
    """A rest of the provider's ends at once, a wait for the store to take an answer does not."""
    ports = replace(work_of(migma.parts, accepted).ports, stopping=lambda: True)
    began = time.monotonic()
    Performer(ports)(e.Wait(0.4, in_hand=in_hand))
    assert (time.monotonic() - began >= 0.4) is waited
