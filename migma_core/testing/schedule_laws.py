"""
The law book of schedules: campaigns start once, at their time, whoever asks and however often.

    from migma_core.testing import ScheduleLaws

    class TestOurSchedules(ScheduleLaws):
        def open(self):
            return OurStore.empty()

        def again(self, lease):
            return OurStore.on_the_same_rows(lease)
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st

from ..decision.policy import MIGMA
from ..decision.purpose import Purpose
from ..delivery.campaign import Action, CampaignConflict, CampaignStatus
from ..delivery.delivery import SendId
from ..delivery.schedule import Fold, Gap, Reading, Schedule, StartTime
from ..ports import Due, Scheduled, Store
from ..request.recipients import TagHolders
from .law import law
from .storage import LONG, OVER, StorageLaws, request_to, some_project, some_send

__all__ = ["ScheduleLaws"]

# what is past and what is to come by any clock that a machine may have
_PAST, _FUTURE = datetime(2001, 1, 1, 9, tzinfo=UTC), datetime(2999, 1, 1, 9, tzinfo=UTC)
_ANY_LATENESS, _NO_LATENESS = timedelta(days=365 * 1000), timedelta(0)
_walls = st.datetimes(_PAST.replace(tzinfo=None), _FUTURE.replace(tzinfo=None))
_schedules = st.builds(
    Schedule,
    _walls.map(lambda at: at.replace(fold=0)) | st.just(_FUTURE),
    st.sampled_from(("UTC", "Europe/Berlin", "America/St_Johns")),
    st.sampled_from(Gap),
    st.sampled_from(Fold),
)
_starts = st.builds(
    StartTime,
    _walls.map(lambda at: at.replace(tzinfo=UTC, fold=0)),
    st.sampled_from(Reading),
    st.sampled_from(("2026a", "2026b")),
)


class ScheduleLaws(StorageLaws):
    """Every law of when campaigns start, and in whose hands they are."""

    @law("R52, R53", "a schedule that came back as another time", schedule=_schedules, start=_starts)
    def test_what_was_said_comes_back(self, schedule: Schedule, start: StartTime) -> None:
        """The wall time, zone, policies, instant and version of the data are read as they were written."""
        store = self.open()
        send = _draft(store)
        assert store.schedules.of(send) is None
        store.schedules.put(send, schedule, start, self.now)
        found = Scheduled(send, schedule, start)
        assert (store.schedules.of(send), tuple(store.schedules.waiting())) == (found, (found,))
        assert store.sends.get(send).status is CampaignStatus.SCHEDULED

    @law("R55", "a campaign that started at the time it was taken off")
    def test_the_last_word_counts(self) -> None:
        """Scheduled again it has the new time alone; taken off or cancelled it has none, and never starts."""
        store = self.open()
        send, other = _scheduled(store, _FUTURE), _scheduled(store, _FUTURE)
        store.schedules.put(send, Schedule(_PAST), _at(_PAST), self.now)
        assert [one.send for one in store.schedules.waiting()] == [send, other]
        assert store.sends.change_status(send, Action.UNSCHEDULE, self.now) is CampaignStatus.DRAFT
        assert store.sends.change_status(other, Action.CANCEL, self.now) is CampaignStatus.CANCELLED
        assert [store.schedules.of(one) for one in (send, other)] == [None, None]
        assert (store.schedules.take(_ANY_LATENESS, self.now), store.schedules.next_due()) == (None, None)

    @law("R55", "a campaign scheduled while it was being sent")
    def test_only_a_draft_or_a_scheduled_one_is_scheduled(self) -> None:
        """From any other state it is a conflict, and nothing has changed; a schedule without a time is none."""
        store = self.open()
        send = _draft(store)
        with pytest.raises(ValueError, match="time"):
            store.sends.change_status(send, Action.SCHEDULE, self.now)
        for step in (Action.SEND, Action.PAUSE, Action.CANCEL):
            status = store.sends.change_status(send, step, self.now)
            with pytest.raises(CampaignConflict):
                store.schedules.put(send, Schedule(_PAST), _at(_PAST), self.now)
            assert (store.sends.get(send).status, store.schedules.of(send)) == (status, None)
        with pytest.raises(LookupError):
            store.schedules.put(some_send(), Schedule(_PAST), _at(_PAST), self.now)

    @law("reliability §12", "a campaign sent a day early")
    def test_nothing_starts_before_its_time(self) -> None:
        """What lies ahead is not handed out, and the store says how long it has."""
        store = self.open()
        send = _scheduled(store, _FUTURE)
        assert store.schedules.take(_ANY_LATENESS, self.now) is None
        assert store.sends.get(send).status is CampaignStatus.SCHEDULED
        assert (store.schedules.next_due() or 0) > LONG.total_seconds()

    @law("reliability §12", "the newsletter of the morning, sent at night after an outage")
    def test_what_is_too_late_is_a_draft_again_and_says_why(self) -> None:
        """Later than the grace it is missed, once: not sent, not lost, and no longer scheduled."""
        store = self.open()
        send = _scheduled(store, _PAST)
        assert store.schedules.next_due() == 0
        missed = store.schedules.take(_NO_LATENESS, self.now)
        assert missed is not None
        assert (missed.send, missed.action) == (send, Action.MISS)
        found = store.sends.get(send)
        assert (found.status, found.started_at) == (CampaignStatus.DRAFT, None)
        assert "2001-01-01 09:00" in (found.why or "")
        assert store.schedules.take(_ANY_LATENESS, self.now) is None

    @law("reliability §12, §6", "two schedulers that each started the campaign")
    def test_of_many_at_once_one_starts_it(self) -> None:
        """Of all who ask at the same time one is handed each campaign; it is being sent from that moment on."""
        store = self.open()
        sends = {_scheduled(store, _PAST + timedelta(days=number)) for number in range(2)}
        many = [self.again(LONG).schedules for _ in range(4)]
        with ThreadPoolExecutor(len(many)) as pool:
            # one that stands in another's way is told that nothing is due, and asks again
            taken = [
                *pool.map(lambda one: one.take(_ANY_LATENESS, self.now), many),
                *(one.take(_ANY_LATENESS, self.now) for one in many),
            ]
        started = [one for one in taken if one is not None]
        assert {(one.send, one.action, one.fence) for one in started} == {(one, Action.SEND, 1) for one in sends}
        assert len(started) == len(sends)
        for one in sends:
            assert store.sends.get(one).status is CampaignStatus.SENDING
            assert store.sends.get(one).started_at == self.now

    @law("reliability §6", "a campaign that a killed process held for ever")
    def test_who_died_is_taken_over_under_the_next_fence(self) -> None:
        """Once the lease is over another carries on; the first holds nothing any more, and lets nothing go."""
        send = _scheduled(self.open(), _PAST)
        hasty, steady = self.again(OVER).schedules, self.again(LONG).schedules
        assert hasty.take(_ANY_LATENESS, self.now) == Due(send, Action.SEND, 1)
        assert steady.take(_ANY_LATENESS, self.now) == Due(send, Action.SEND, 2)
        assert (hasty.keep(send, 1), steady.keep(send, 2)) == (False, True)
        hasty.leave(send, 1, timedelta(0))
        assert steady.take(_ANY_LATENESS, self.now) is None

    @law("design D10", "a campaign whose people waited for a morning that nobody kept")
    def test_what_rests_is_handed_out_again(self) -> None:
        """Let go, it rests for as long as was said at least, and comes back under a new fence; never once it ended."""
        send = _scheduled(self.open(), _PAST)
        store = self.again(LONG)
        assert store.schedules.take(_ANY_LATENESS, self.now) == Due(send, Action.SEND, 1)
        store.schedules.leave(send, 1, LONG)
        assert store.schedules.take(_ANY_LATENESS, self.now) is None
        assert 0 < (store.schedules.next_due() or 0) <= LONG.total_seconds()
        store.schedules.leave(send, 1, timedelta(0))
        assert store.schedules.take(_ANY_LATENESS, self.now) == Due(send, Action.SEND, 2)
        store.schedules.leave(send, 2, timedelta(0))
        for step, due in ((Action.PAUSE, False), (Action.SEND, True), (Action.CANCEL, False)):
            store.sends.change_status(send, step, self.now)
            taken = store.schedules.take(_ANY_LATENESS, self.now)
            assert (taken is not None) is due
            if taken is not None:
                store.schedules.leave(send, taken.fence, timedelta(0))

    @law("reliability §12", "nine o'clock under the rules of last year", start=_starts)
    def test_newer_zone_data_move_what_was_seen_and_nothing_else(self, start: StartTime) -> None:
        """Found anew it starts then; what was scheduled otherwise meanwhile, or has started, is left alone."""
        store = self.open()
        send = _scheduled(store, _FUTURE)
        (seen,) = store.schedules.waiting()
        assert store.schedules.move(seen, start)
        assert store.schedules.of(send) == replace(seen, start=start)
        assert store.schedules.move(seen, _at(_PAST)) is (start == seen.start)
        store.schedules.put(send, Schedule(_PAST), _at(_PAST), self.now)
        (seen,) = store.schedules.waiting()
        store.sends.change_status(send, Action.SEND, self.now)
        assert not store.schedules.move(seen, start)


def _draft(store: Store) -> SendId:
    send = some_send()
    project = store.projects.all()[0] if store.projects.all() else some_project(store)
    request = request_to(project.id, TagHolders("all"))
    store.sends.accept(send, request, Purpose.MARKETING, MIGMA, None, StorageLaws.now, name=send)
    return send


def _scheduled(store: Store, instant: datetime) -> SendId:
    send = _draft(store)
    store.schedules.put(send, Schedule(instant), _at(instant), StorageLaws.now)
    return send


def _at(instant: datetime) -> StartTime:
    return StartTime(instant, Reading.EXACT, "2026a")
