"""Campaigns that start at a time: once, in their zone, across restarts, new zone data and clocks that jump."""

from __future__ import annotations

import asyncio
import shutil
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from migma_clock import SimulatedClock
from migma_runtime import AsyncMigma, Migma, Ran, SendRefused
from migma_runtime.scheduling import read_zones_anew

from migma_core import (
    MIGMA,
    Action,
    CampaignConflict,
    CampaignStatus,
    DeliveryState,
    Fold,
    Gap,
    LocalTime,
    Policy,
    Project,
    SendId,
)
from migma_core.delivery import effects as e
from migma_core.ports import SendRecord
from tests.support.clock_jumps import jump
from tests.support.news import news

Import = Callable[[str], None]
Mails = Callable[[], list[bytes]]

PEOPLE = "email,time_zone,tags\nada@example.com,Europe/Berlin,news\nbo@example.com,America/New_York,news\n"
SOON = timedelta(minutes=5)


@pytest.fixture
def tz_files(tmp_path: Path) -> Iterator[Callable[[str, str], None]]:
    """Call it to have this process read Berlin's clocks from another zone's rules, as of some release."""

    def install(rules_of: str, release: str) -> None:
        folder = tmp_path / release
        (folder / "Europe").mkdir(parents=True)
        source = next(Path(one, rules_of) for one in before if Path(one, rules_of).is_file())
        shutil.copy(source, folder / "Europe" / "Berlin")
        (folder / "tzdata.zi").write_text(f"# version {release}\n")
        zoneinfo.reset_tzpath([str(folder), *before])

    before = zoneinfo.TZPATH
    yield install
    zoneinfo.reset_tzpath(before)


def draft(migma: Migma, project: Project, **more: Any) -> SendRecord:
    """A draft to them."""
    return migma.campaigns.create(name="News", **news(project, **more))


def ran(migma: Migma) -> list[Ran]:
    """What a runner told, that ran until nothing was due."""
    told: list[Ran] = []
    migma.runner(told.append).run_due()
    return told


def ran_awaited(migma: Migma) -> list[Ran]:
    """The same of the runner of an event loop."""
    told: list[Ran] = []
    asyncio.run(AsyncMigma(migma).runner(told.append).run_due())
    return told


def soon(migma: Migma) -> datetime:
    """A moment a little ahead."""
    return migma.parts.clock.now() + SOON


def under(migma: Migma, policy: Policy) -> Migma:
    """The same installation under another policy."""
    return Migma(replace(migma.parts, policy=policy))


def test_a_campaign_starts_at_its_time_and_once(
    migma: Migma, project: Project, imported: Import, mails: Mails, database: Any
) -> None:
    """Not before, then by itself, and no second runner starts it again; it is found by who is there then (R54)."""
    imported(PEOPLE)
    campaign = draft(migma, project)
    migma.campaigns.schedule(campaign, soon(migma))
    assert (ran(migma), mails()) == ([], [])
    imported("email,tags\nlate@example.com,news\n")

    jump(database, SOON)
    (told,) = ran(migma)

    assert (told.id, told.action, told.status) == (campaign.id, Action.SEND, CampaignStatus.SENT)
    assert told.answer is not None
    assert told.answer.states == {DeliveryState.ACCEPTED: 3}
    assert (ran(migma), len(mails())) == ([], 3)


@pytest.mark.parametrize("hours", [-24.0, -1.0, 1.0, 24.0])
def test_no_jump_of_a_machines_clock_starts_anything(
    migma: Migma, project: Project, imported: Import, mails: Mails, hours: float
) -> None:
    """The store's clock counts: a runner whose own is an hour or a day off starts nothing early, nor twice."""
    imported(PEOPLE)
    clock = SimulatedClock(migma.parts.clock.now())
    skewed = Migma(replace(migma.parts, clock=clock))
    skewed.campaigns.schedule(draft(skewed, project), soon(migma))
    clock.set(clock.now() + timedelta(hours=hours), back=True)
    assert (ran(skewed), mails()) == ([], [])


@pytest.mark.parametrize("hours", [-24.0, -1.0, 1.0, 5.0])
def test_no_jump_of_the_stores_clock_starts_a_campaign_twice_or_skips_it(
    migma: Migma, project: Project, imported: Import, mails: Mails, database: Any, hours: float
) -> None:
    """It starts once, when that clock says so, and set back or on afterwards it does not start again."""
    imported(PEOPLE)
    campaign = draft(migma, project)
    migma.campaigns.schedule(campaign, soon(migma))
    jump(database, timedelta(hours=hours))
    jump(database, timedelta(hours=-hours))
    assert ran(migma) == []
    jump(database, SOON)
    assert [one.status for one in ran(migma)] == [CampaignStatus.SENT]
    for jumped in (hours, -2 * hours):
        jump(database, timedelta(hours=jumped))
        assert ran(migma) == []
    assert len(mails()) == 2


def test_what_is_too_late_waits_for_a_person(
    migma: Migma, project: Project, imported: Import, mails: Mails, database: Any
) -> None:
    """After an outage longer than the grace it is a draft that says why; scheduled anew it is sent."""
    imported(PEOPLE)
    campaign = draft(migma, project)
    migma.campaigns.schedule(campaign, soon(migma), "Europe/Berlin")
    jump(database, timedelta(hours=9))

    (told,) = ran(migma)

    assert (told.action, told.status, mails()) == (Action.MISS, CampaignStatus.DRAFT, [])
    assert "nobody was there to start it until 8.9 hours later" in (told.why or "")
    assert migma.campaigns.status(campaign).why == told.why
    migma.campaigns.schedule(campaign, soon(migma))
    assert migma.campaigns.status(campaign).why is None
    jump(database, SOON)
    assert [one.status for one in ran(migma)] == [CampaignStatus.SENT]


def test_who_has_a_morning_of_their_own_is_written_to_when_it_comes(
    migma: Migma, project: Project, imported: Import, mails: Mails, database: Any
) -> None:
    """Deferred, their row rests until then; the runner lets the campaign go, and takes it up for them (D3, D10)."""
    imported(PEOPLE)
    now = migma.parts.clock.now()
    clock = SimulatedClock(now)
    evening = (now + timedelta(days=1)).astimezone(ZoneInfo("Europe/Berlin"))
    rule = LocalTime(evening.replace(tzinfo=None, fold=0), otherwise=ZoneInfo("UTC"))
    waiting = under(Migma(replace(migma.parts, clock=clock)), MIGMA.with_rules(rule, name="local"))
    campaign = draft(waiting, project)
    waiting.campaigns.schedule(campaign, now + SOON)
    both(clock, database, SOON)

    (first,) = ran(waiting)
    assert first.answer is not None
    assert (first.status, first.answer.states) == (CampaignStatus.SENDING, {DeliveryState.READY: 2})
    assert ran(waiting) == []

    both(clock, database, timedelta(days=1))
    (second,) = ran(waiting)
    assert second.answer is not None
    assert second.answer.states == {DeliveryState.ACCEPTED: 1, DeliveryState.READY: 1}
    assert b"ada@example.com" in mails()[0]

    both(clock, database, timedelta(hours=8))  # New York is five or six hours behind
    assert [one.status for one in ran(waiting)] == [CampaignStatus.SENT]
    assert len(mails()) == 2


def both(clock: SimulatedClock, database: Any, span: timedelta) -> None:
    """Time passes, for the machine and for the store."""
    clock.advance(span)
    jump(database, span)


def test_newer_zone_data_move_a_start_to_come(
    migma: Migma, project: Project, imported: Import, tz_files: Callable[[str, str], None]
) -> None:
    """Berlin gives up its winter time: nine o'clock there is another instant, found before it starts, once."""
    imported(PEOPLE)
    campaign = draft(migma, project)
    tz_files("Europe/Berlin", "2098a")
    nine = datetime.fromisoformat("2098-12-01T09:00")
    made = migma.campaigns.schedule(campaign, nine, "Europe/Berlin")
    assert (made.start.zone_data, made.start.instant) == ("2098a", datetime(2098, 12, 1, 8, tzinfo=UTC))

    tz_files("Africa/Maputo", "2098b")  # two hours ahead of UTC all the year
    assert (read_zones_anew(migma.parts), read_zones_anew(migma.parts)) == (1, 0)

    moved = migma.campaigns.appointment(campaign)
    assert moved is not None
    assert (moved.start.zone_data, moved.start.instant) == ("2098b", datetime(2098, 12, 1, 7, tzinfo=UTC))
    assert moved.schedule.at == nine
    assert "09:00 Europe/Berlin" in moved.words
    tz_files("Europe/Berlin", "2097z")
    assert read_zones_anew(migma.parts) == 0, "a machine with older data takes it back"


def test_an_instant_stays_where_it_is_whatever_becomes_of_the_zone(
    migma: Migma, project: Project, imported: Import, tz_files: Callable[[str, str], None]
) -> None:
    """With an offset the zone is only for display (R53, A12)."""
    imported(PEOPLE)
    at = datetime(2098, 12, 1, 9, tzinfo=UTC)
    made = migma.campaigns.schedule(draft(migma, project), at, "Europe/Berlin")
    tz_files("Africa/Maputo", "2098b")
    assert read_zones_anew(migma.parts) == 1
    (found,) = migma.store.schedules.waiting()
    assert (made.start.instant, found.start.instant, found.start.zone_data) == (at, at, "2098b")


@pytest.mark.parametrize(
    ("at", "policy", "instant", "words"),
    [
        ("2097-03-31T02:30", {}, "2097-03-31T01:30Z", "03:30 Europe/Berlin (01:30 UTC); its clocks skip 02:30"),
        (
            "2097-03-31T02:30",
            {"gap": Gap.BACK},
            "2097-03-31T00:30Z",
            "01:30 Europe/Berlin (00:30 UTC); its clocks skip",
        ),
        ("2097-10-27T02:30", {}, "2097-10-27T00:30Z", "the first of the two: its clocks read 02:30 twice"),
        ("2097-10-27T02:30", {"fold": Fold.SECOND}, "2097-10-27T01:30Z", "the second of the two"),
    ],
)
def test_a_time_that_the_clocks_skip_or_repeat_is_told(
    migma: Migma, project: Project, imported: Import, at: str, policy: dict[str, Any], instant: str, words: str
) -> None:
    """The appointment says what was made of it, and the policy decides."""
    imported(PEOPLE)
    made = migma.campaigns.schedule(draft(migma, project), datetime.fromisoformat(at), "Europe/Berlin", **policy)
    assert made.start.instant == datetime.fromisoformat(instant)
    assert words in made.words


@pytest.mark.parametrize(
    ("at", "zone", "says"),
    [
        ("2026-01-01T09:00", "UTC", "is past; give a time to come"),
        ("2026-01-01T09:00+01:00", "Europe/Berlin", "is past"),
        ("2098-01-01T09:00", "Berlin", "no time zone is named 'Berlin'"),
        ("2098-01-01T09:00", "../etc/passwd", "no time zone is named"),
        ("2098-01-01T09:00", "Europe", "no time zone is named"),
    ],
)
def test_a_time_that_cannot_be_kept_is_refused(
    migma: Migma, project: Project, imported: Import, at: str, zone: str, says: str
) -> None:
    """A time that is past, a zone nobody knows: the draft stays a draft (R53)."""
    imported(PEOPLE)
    campaign = draft(migma, project)
    with pytest.raises(ValueError, match=says):
        migma.campaigns.schedule(campaign, datetime.fromisoformat(at), zone)
    assert migma.campaigns.status(campaign).status == "draft"
    assert migma.campaigns.appointment(campaign) is None


def test_only_what_may_be_sent_is_scheduled_and_only_from_where_it_may(
    migma: Migma, project: Project, imported: Import
) -> None:
    """A refused request and a campaign that has ended are no more schedulable than sendable (R55)."""
    imported(PEOPLE)
    campaign, sent = draft(migma, project), draft(migma, project)
    migma.campaigns.send(sent)
    with pytest.raises(CampaignConflict, match="sent cannot schedule"):
        migma.campaigns.schedule(sent, soon(migma))
    migma.store.domains.suspend(project.account, "mail.example.com")
    with pytest.raises(SendRefused, match="suspended"):
        migma.campaigns.schedule(campaign, soon(migma))
    assert [migma.campaigns.status(one).status for one in (campaign, sent)] == ["draft", "sent"]


def test_taken_off_or_cancelled_it_does_not_start(
    migma: Migma, project: Project, imported: Import, mails: Mails, database: Any
) -> None:
    """A draft again, or gone; the time passes, and nobody is written to."""
    imported(PEOPLE)
    off, gone = draft(migma, project), draft(migma, project)
    for one in (off, gone):
        migma.campaigns.schedule(one, soon(migma))
    assert migma.campaigns.unschedule(off).status == "draft"
    assert migma.campaigns.cancel(gone).status == "cancelled"
    jump(database, SOON)
    assert (ran(migma), mails()) == ([], [])
    with pytest.raises(CampaignConflict, match="cancelled cannot unschedule"):
        migma.campaigns.unschedule(gone)


@pytest.mark.parametrize("run", [ran, ran_awaited])
def test_what_one_campaign_lacks_stops_no_other(
    migma: Migma,
    project: Project,
    imported: Import,
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[[Migma], list[Ran]],
) -> None:
    """One whose provider is no longer connected is paused with the reason; the other goes out (reliability §9)."""
    imported(PEOPLE)
    with monkeypatch.context() as environment:
        environment.setenv("MIGMA_SENDGRID_API_KEY", "SG.0123456789")
        with Migma.open(home=migma.parts.settings.home) as connected:
            broken = draft(connected, project, provider_type="sendgrid")
            connected.campaigns.schedule(broken, soon(migma))
    sound = draft(migma, project)
    migma.campaigns.schedule(sound, soon(migma))
    jump(database, SOON)

    told = {one.id: one for one in run(migma)}

    assert told[sound.id].status is CampaignStatus.SENT
    assert (told[broken.id].status, told[broken.id].answer) == (CampaignStatus.PAUSED, None)
    assert "could not be carried out: the provider sendgrid is not connected" in (told[broken.id].why or "")


def test_a_request_that_may_no_longer_go_out_is_paused_with_its_faults(
    migma: Migma, project: Project, imported: Import, mails: Mails, database: Any
) -> None:
    """The claim asks again: a domain suspended since then stops it, and sending goes on once that is mended (D3)."""
    imported(PEOPLE)
    campaign = draft(migma, project)
    migma.campaigns.schedule(campaign, soon(migma))
    migma.store.domains.suspend(project.account, "mail.example.com")
    jump(database, SOON)

    (told,) = ran(migma)

    assert (told.status, mails()) == (CampaignStatus.PAUSED, [])
    assert "suspended" in (told.why or "")
    assert migma.campaigns.status(campaign).why == told.why


def test_a_runner_that_is_stopped_leaves_nothing_in_hand(
    migma: Migma, project: Project, imported: Import, mails: Mails, database: Any
) -> None:
    """It ends at the next claim; the next runner goes on with the rest, and nobody has two."""
    imported("email,tags\n" + "".join(f"reader{number}@example.com,news\n" for number in range(20)))
    small = Migma(replace(migma.parts, settings=migma.parts.settings.model_copy(update={"batch_size": 5})))
    campaign = draft(small, project)
    small.campaigns.schedule(campaign, soon(migma))
    jump(database, SOON)
    told: list[Ran] = []
    runner = small.runner(told.append)
    delivering = small.sending.deliver

    def stopping(send: SendId, **more: Any) -> Any:
        def seen(effect: e.Effect[Any], _answer: Any) -> None:
            if isinstance(effect, e.Record):
                runner.stop()

        return delivering(send, seen, **more)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(small.sending, "deliver", stopping)
        runner.run_due()
    states = small.campaigns.status(campaign).states
    assert states == {DeliveryState.ACCEPTED: 5, DeliveryState.READY: 15}
    jump(database, timedelta(seconds=10))
    assert [one.status for one in ran(small)] == [CampaignStatus.SENT]
    assert len(mails()) == 20
