"""The runner of an event loop: campaigns start once, are carried on, and stop no other, however it ends."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from migma_clock import SimulatedClock
from migma_runtime import AsyncMigma, Migma, Ran, SendAnswer
from migma_runtime.runner import LOOKS_EVERY

from migma_core import MIGMA, Action, CampaignStatus, DeliveryState, LocalTime, Project, SendId
from migma_core.delivery import effects as e
from migma_core.ports import SendRecord, StoreBusy
from tests.support.clock_jumps import jump
from tests.support.faulty import FAULTS, Faults
from tests.support.news import news

Import = Callable[[str], None]
Mails = Callable[[], list[bytes]]

PEOPLE = "email,time_zone,tags\nada@example.com,Europe/Berlin,news\nbo@example.com,America/New_York,news\n"
CROWD = "email,tags\n" + "".join(f"reader{number}@example.com,news\n" for number in range(20))
SOON, LEASE_OVER = timedelta(minutes=5), timedelta(seconds=31)


def due(migma: Migma, project: Project, database: Any, campaigns: int = 1, **more: Any) -> list[SendRecord]:
    """Campaigns whose time has come."""
    made = [migma.campaigns.create(name=f"News {number}", **news(project, **more)) for number in range(campaigns)]
    for one in made:
        migma.campaigns.schedule(one, migma.parts.clock.now() + SOON)
    jump(database, SOON)
    return made


def ran(migma: Migma) -> list[Ran]:
    """What a runner told, that ran in an event loop until nothing was due."""
    told: list[Ran] = []
    asyncio.run(AsyncMigma(migma).runner(told.append).run_due())
    return told


def changed(migma: Migma, **settings: Any) -> Migma:
    """The same installation with other settings."""
    return Migma(replace(migma.parts, settings=migma.parts.settings.model_copy(update=settings)))


def reached(mails: list[bytes]) -> Counter[bytes]:
    """Who got how many."""
    return Counter(re.search(rb"^To: (.*?)\r?$", mail, re.MULTILINE).group(1) for mail in mails)  # type: ignore[union-attr]  # each mail has one


def watched(migma: AsyncMigma, seen: Callable[[e.Effect[Any]], None]) -> None:
    """Have somebody watch each effect of the campaigns that are carried out."""
    delivering = migma.sending.deliver

    async def deliver(send: SendId, **more: Any) -> SendAnswer:
        return await delivering(send, lambda effect, _: seen(effect), **more)

    migma.sending.deliver = deliver  # type: ignore[method-assign, assignment]  # to watch it at work


def test_campaigns_start_once_beside_a_runner_of_the_other_colour(
    migma: Migma, project: Project, imported: Import, mails: Mails, database: Any
) -> None:
    """Two runners, one in threads and one in an event loop, share what is due, and nobody gets anything twice."""
    imported(PEOPLE)
    made = due(migma, project, database, campaigns=6)
    told: list[Ran] = []

    async def both_colours() -> None:
        async with await AsyncMigma.open(home=migma.parts.settings.home) as awaited:
            await asyncio.gather(
                asyncio.to_thread(migma.runner(told.append).run_due), awaited.runner(told.append).run_due()
            )

    asyncio.run(both_colours())

    assert sorted(one.id for one in told) == sorted(one.id for one in made)
    assert {(one.action, one.status) for one in told} == {(Action.SEND, CampaignStatus.SENT)}
    assert set(reached(mails()).values()) == {6}
    assert ran(migma) == []


def test_who_has_to_wait_is_written_to_when_their_time_comes(
    migma: Migma, project: Project, imported: Import, mails: Mails, database: Any
) -> None:
    """A campaign whose people wait is let go, and taken up again when the first of them may be written to."""
    imported(PEOPLE)
    now = migma.parts.clock.now()
    clock = SimulatedClock(now)
    evening = (now + timedelta(days=1)).astimezone(ZoneInfo("Europe/Berlin"))
    rule = LocalTime(evening.replace(tzinfo=None, fold=0), otherwise=ZoneInfo("UTC"))
    waiting = Migma(replace(migma.parts, clock=clock, policy=MIGMA.with_rules(rule, name="local")))
    due(waiting, project, database)
    clock.advance(SOON)

    (first,) = ran(waiting)
    assert first.answer is not None
    assert (first.status, first.answer.states) == (CampaignStatus.SENDING, {DeliveryState.READY: 2})
    assert ran(waiting) == []

    for span, status, written in ((timedelta(days=1), "sending", 1), (timedelta(hours=8), "sent", 2)):
        clock.advance(span)
        jump(database, span)
        assert [one.status for one in ran(waiting)] == [status]
        assert len(mails()) == written


def test_a_runner_that_is_stopped_leaves_nothing_in_hand(
    migma: Migma, project: Project, imported: Import, mails: Mails, database: Any
) -> None:
    """Stopped, it ends at the next claim, and the next runner goes on at once with the rest."""
    imported(CROWD)
    small = changed(migma, batch_size=5)
    (campaign,) = due(small, project, database)

    async def stopped() -> None:
        awaited = AsyncMigma(small)
        runner = awaited.runner()

        def seen(effect: e.Effect[Any]) -> None:
            if isinstance(effect, e.Record):
                runner.stop()

        watched(awaited, seen)
        await runner.run_forever()

    asyncio.run(stopped())
    assert small.campaigns.status(campaign).states == {DeliveryState.ACCEPTED: 5, DeliveryState.READY: 15}
    jump(database, timedelta(seconds=10))
    assert [one.status for one in ran(small)] == [CampaignStatus.SENT]
    assert len(mails()) == 20


@pytest.mark.parametrize("forever", [False, True], ids=["run_due", "run_forever"])
@pytest.mark.parametrize("place", [e.FanOut, e.Claim, e.CommitAttempts, e.HandOver, e.Record])
def test_after_a_runner_is_cancelled_the_next_goes_on(
    migma: Migma,
    project: Project,
    imported: Import,
    mails: Mails,
    database: Any,
    place: type[e.Effect[Any]],
    forever: bool,
) -> None:
    """Cancelled after any effect, it ends with all its campaigns, and another runner reaches everybody else once."""
    imported(CROWD)
    small = changed(migma, batch_size=5)
    due(small, project, database, campaigns=2)

    async def cancelled() -> set[asyncio.Task[Any]]:
        awaited = AsyncMigma(small)
        runner = awaited.runner()
        running = asyncio.ensure_future(runner.run_forever() if forever else runner.run_due())

        def seen(effect: e.Effect[Any]) -> None:
            if isinstance(effect, place):
                running.cancel()

        watched(awaited, seen)
        with pytest.raises(asyncio.CancelledError):
            await running
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(cancelled()) == set()
    assert len(mails()) < 40
    jump(database, LEASE_OVER)

    assert [one.status for one in ran(small)] == [CampaignStatus.SENT] * 2
    assert set(reached(mails()).values()) == {2}
    assert len(mails()) == 40


def test_a_campaign_that_somebody_cancels_is_left_to_its_lease(
    migma: Migma, project: Project, imported: Import, mails: Mails, database: Any
) -> None:
    """Whoever cancels one campaign's task ends neither the runner nor the other campaign, and the next finishes it."""
    imported(PEOPLE)
    made = due(migma, project, database, campaigns=2)
    told, cancelled = list[Ran](), list[bool]()

    async def one_of_them() -> None:
        def seen(effect: e.Effect[Any]) -> None:
            campaign = asyncio.current_task()
            if isinstance(effect, e.Claim) and not cancelled and campaign is not None:
                cancelled.append(campaign.cancel())

        awaited = AsyncMigma(migma)
        watched(awaited, seen)
        await awaited.runner(told.append).run_due()

    asyncio.run(one_of_them())
    jump(database, LEASE_OVER)
    later = ran(migma)

    assert (len(told), len(later), cancelled) == (1, 1, [True])
    assert {one.id for one in (*told, *later)} == {one.id for one in made}
    assert set(reached(mails()).values()) == {2}


def test_a_runner_whose_listener_fails_leaves_nothing_in_hand(
    migma: Migma, project: Project, imported: Import, mails: Mails, database: Any
) -> None:
    """What listens is called in the event loop, and raises to whoever awaits once the other campaigns have ended."""
    imported(CROWD)
    small = changed(migma, batch_size=5)
    due(small, project, database, campaigns=2)

    def fails(_: Ran) -> None:
        asyncio.get_running_loop()
        raise LookupError("nobody listens")

    with pytest.raises(LookupError, match="nobody listens"):
        asyncio.run(AsyncMigma(small).runner(fails).run_due())
    jump(database, timedelta(seconds=10))
    ran(small)

    assert set(reached(mails()).values()) == {2}
    assert len(mails()) == 40


@pytest.mark.parametrize("call", ["take", "leave"])
def test_run_due_raises_what_the_store_raises(
    migma: Migma,
    project: Project,
    imported: Import,
    mails: Mails,
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    """A store that fails is told to whoever awaits, and a later runner finds everything where it was left."""
    imported(PEOPLE)
    (campaign,) = due(migma, project, database)
    with monkeypatch.context() as patched:
        patched.setattr(migma.store, "schedules", Faults(FAULTS[0], named=call).of(migma.store.schedules))
        with pytest.raises(StoreBusy):
            ran(migma)
    jump(database, LEASE_OVER)

    ran(migma)

    assert (migma.campaigns.status(campaign).status, len(mails())) == ("sent", 2)


@pytest.mark.parametrize("call", ["take", "claim"])
def test_run_forever_outlives_a_store_that_fails(
    migma: Migma,
    project: Project,
    imported: Import,
    mails: Mails,
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    """Between campaigns or within one, it waits by the sleep that was given, and goes on where the store left it."""
    imported(PEOPLE)
    (campaign,) = due(migma, project, database)
    faults, slept, told = Faults(FAULTS[0], named=call), list[float](), list[Ran]()
    monkeypatch.setattr(migma.store, "schedules", faults.of(migma.store.schedules))
    monkeypatch.setattr(migma.store, "ledger", faults.of(migma.store.ledger))

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0.01)
        if faults.injected and faults.named:
            faults.named = None
            jump(database, LEASE_OVER)

    async def forever() -> None:
        def tell(one: Ran) -> None:
            told.append(one)
            runner.stop()

        runner = AsyncMigma(migma, sleep).runner(tell)
        await asyncio.wait_for(runner.run_forever(), 30)

    asyncio.run(forever())
    assert (set(slept), len(mails())) == ({LOOKS_EVERY}, 2)
    assert [(one.id, one.status) for one in told] == [(campaign.id, CampaignStatus.SENT)]


def test_never_more_campaigns_at_once_than_the_setting_says(
    migma: Migma, project: Project, imported: Import, database: Any
) -> None:
    """Of six that are due two are under way together, each time, and never a third."""
    imported(PEOPLE)
    two = changed(migma, campaigns_at_once=2)
    due(two, project, database, campaigns=6)
    under_way, most = set[SendId](), 0

    async def together() -> None:
        meeting, told = asyncio.Barrier(2), list[Ran]()
        awaited = AsyncMigma(two)
        delivering = awaited.sending.deliver

        async def deliver(send: SendId, **more: Any) -> SendAnswer:
            nonlocal most
            under_way.add(send)
            most = max(most, len(under_way))
            async with asyncio.timeout(20), meeting:
                answer = await delivering(send, **more)
            under_way.remove(send)
            return answer

        awaited.sending.deliver = deliver  # type: ignore[method-assign, assignment]  # to watch it at work
        await awaited.runner(told.append).run_due()
        assert [one.status for one in told] == [CampaignStatus.SENT] * 6

    asyncio.run(together())
    assert most == 2
