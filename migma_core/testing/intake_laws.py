"""
The law books of what a store keeps beside people and sends: `InboxLaws`, `IdempotencyLaws`, `PaceLaws`.

Subclass each with the hooks of `migma_core.testing.storage.StorageLaws`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep

import pytest
from hypothesis import strategies as st

from ..decision.policy import MIGMA
from ..decision.purpose import Purpose
from ..ports import (
    Breaker,
    CallerKey,
    Conflicting,
    Fresh,
    InProgress,
    KeyHold,
    KeyLost,
    Rate,
    ReceivedEvent,
    Replayed,
    Stream,
)
from ..request.recipients import TagHolders
from . import strategies as some
from .law import law
from .storage import LONG, OVER, StorageLaws, request_to, some_project, some_send

__all__ = ["IdempotencyLaws", "InboxLaws", "PaceLaws"]

_EVENTS = st.lists(st.builds(ReceivedEvent, st.sampled_from("abcde"), st.binary(max_size=9)), max_size=8)
_KEY = CallerKey("project", "send", "k1")
_STREAM = Stream("account", "ses", "example.com")
_TICK = 0.002  # seconds after which every clock has moved: a database's may count in milliseconds
_STEADY = Rate(0.001, 5)  # so slow that nothing comes back while a law runs


class InboxLaws(StorageLaws):
    """Every event once, in the order it came, whatever becomes of the others."""

    @law("reliability §10", "a complaint counted 46 times", deliveries=st.lists(_EVENTS, max_size=4))
    def test_an_event_is_kept_once_however_often_it_comes(self, deliveries: list[list[ReceivedEvent]]) -> None:
        """The first body of each key and provider is kept, in order, octet by octet; new ones are counted."""
        inbox = self.open().inbox
        new = sum(inbox.receive("ses", events, self.now) for events in deliveries)
        first: dict[str, ReceivedEvent] = {}
        for event in (one for events in deliveries for one in events):
            first.setdefault(event.key, event)
        assert [one.event for one in inbox.waiting()] == list(first.values())
        assert new == len(first)
        assert inbox.receive("resend", list(first.values()), self.now) == len(first)

    @law("reliability §10", "two copies at once that both took effect")
    def test_two_copies_at_once_are_one_event(self) -> None:
        """However many deliver the same event at the same time, one of them is told that it is new."""
        self.open()
        inboxes = [self.again(LONG).inbox for _ in range(3)]
        with ThreadPoolExecutor(len(inboxes)) as pool:
            new = pool.map(lambda one: one.receive("ses", [ReceivedEvent("a", b"x")], self.now), inboxes)
        assert sorted(new) == [0, 0, 1]

    @law(
        "reliability §9",
        "one bad event that held up a thousand",
        fates=st.lists(st.sampled_from(("handled", "bad", "waits")), max_size=6),
    )
    def test_each_event_has_its_own_fate(self, fates: list[str]) -> None:
        """Handled events are gone and stay known, bad ones stand aside with why, and come back when released."""
        inbox = self.open().inbox
        inbox.receive("ses", [ReceivedEvent(f"e{n}", b"%d" % n) for n in range(len(fates))], self.now)
        for one, fate in zip(inbox.waiting(), fates, strict=True):
            if fate == "handled":
                inbox.handled(one.number, self.now)
            elif fate == "bad":
                inbox.quarantine(one.number, "no such type", self.now)
        aside = inbox.quarantined()
        assert [one.event.key for one in aside] == [f"e{n}" for n, fate in enumerate(fates) if fate == "bad"]
        assert all(one.why == "no such type" for one in aside)
        assert all(inbox.release(one.number) and not inbox.release(one.number) for one in aside)
        rest = [f"e{n}" for n, fate in enumerate(fates) if fate != "handled"]
        assert [one.event.key for one in inbox.waiting()] == rest
        assert inbox.receive("ses", [ReceivedEvent("e0", b"again")], self.now) == (0 if fates else 1)

    @law("reliability §10", "a memory of events that grew for ever, or forgot what still waits", days=st.integers(0, 2))
    def test_only_what_was_handled_long_ago_is_forgotten(self, days: int) -> None:
        """What waits or stands aside is never dropped."""
        inbox = self.open().inbox
        inbox.receive("ses", [ReceivedEvent(key, b"") for key in "abc"], self.now)
        first, second, _ = inbox.waiting()
        inbox.handled(first.number, self.now)
        inbox.quarantine(second.number, "bad", self.now)
        assert inbox.forget(self.now + timedelta(days=days)) == int(days > 0)
        assert len(inbox.waiting()) == len(inbox.quarantined()) == 1


class IdempotencyLaws(StorageLaws):
    """A request repeated after a lost answer is carried out once (R63)."""

    @law(
        "reliability §5",
        "an order confirmed twice",
        result=st.text(max_size=40).filter(lambda told: "\0" not in told),
    )
    def test_the_first_result_is_every_result(self, result: str) -> None:
        """Running it is told as such, then every repetition gets the first result; other parameters are a conflict."""
        keys = self.open().idempotency_keys
        begun = keys.begin(_KEY, "digest", self.now)
        assert begun == Fresh(1)
        running = keys.begin(_KEY, "digest", self.now)
        assert isinstance(running, InProgress)
        assert 0 < running.seconds <= LONG.total_seconds()
        assert keys.begin(_KEY, "another", self.now) == Conflicting()
        assert keys.finish(_KEY, 1, result, self.now)
        assert keys.begin(_KEY, "digest", self.now) == Replayed(result)
        assert keys.begin(_KEY, "another", self.now) == Conflicting()
        assert not keys.finish(_KEY, 1, "changed", self.now)
        assert not keys.release(_KEY, 1)

    @law("reliability §5", "one caller's key that answered another's", scope=some.names(), operation=some.names())
    def test_a_key_is_one_of_its_scope_and_operation(self, scope: str, operation: str) -> None:
        """The same word elsewhere is another key."""
        keys = self.open().idempotency_keys
        assert keys.begin(_KEY, "digest", self.now) == Fresh(1)
        other = CallerKey(scope, operation, _KEY.key)
        assert other == _KEY or keys.begin(other, "digest", self.now) == Fresh(1)

    @law("reliability §5", "a refused request whose key was used up")
    def test_a_released_key_is_free(self) -> None:
        """A request that failed validation does not occupy the key, for whatever parameters come next."""
        keys = self.open().idempotency_keys
        keys.begin(_KEY, "digest", self.now)
        assert keys.release(_KEY, 1)
        assert keys.begin(_KEY, "another", self.now) == Fresh(1)

    @law("reliability §5, §6", "a key that a killed process held for ever")
    def test_a_run_that_died_is_taken_over_under_the_next_fence(self) -> None:
        """Once the lease is over another may run it, and the first can no longer finish or release it."""
        self.open()
        keys = self.again(OVER).idempotency_keys
        assert [keys.begin(_KEY, "digest", self.now) for _ in range(2)] == [Fresh(1), Fresh(2)]
        assert not keys.finish(_KEY, 1, "late", self.now)
        assert not keys.release(_KEY, 1)
        assert keys.finish(_KEY, 2, "done", self.now)
        assert keys.begin(_KEY, "digest", self.now) == Replayed("done")

    @law("R63, reliability §3", "a send that its key forgot in a crash, and that was made again")
    def test_what_was_made_under_a_key_is_told_to_who_takes_over(self) -> None:
        """The send is on record with the key: after a crash, and let go, the same request carries on with it."""
        store, send = self.open(), some_send()
        request = request_to(some_project(store).id, TagHolders("all"))
        hasty, steady = self.again(OVER).idempotency_keys, self.again(LONG).idempotency_keys
        assert hasty.begin(_KEY, "digest", self.now) == Fresh(1)
        store.sends.accept(send, request, Purpose.MARKETING, MIGMA, None, self.now, under=KeyHold(_KEY, 1))
        assert steady.begin(_KEY, "digest", self.now) == Fresh(2, send)
        assert (hasty.keep(_KEY, 1), steady.keep(_KEY, 2)) == (False, True)
        assert isinstance(steady.begin(_KEY, "digest", self.now), InProgress)
        assert steady.begin(_KEY, "another", self.now) == Conflicting()
        assert steady.release(_KEY, 2)
        assert steady.begin(_KEY, "another", self.now) == Conflicting()
        assert steady.begin(_KEY, "digest", self.now) == Fresh(3, send)

    @law("R63, reliability §6", "two sends of one request, by a run that was slow and one that took over")
    def test_nothing_is_made_under_a_key_that_is_anothers(self) -> None:
        """Of a run that lost its key, or made its send already, not a row is written."""
        store, late, again = self.open(), some_send(), some_send()
        request = request_to(some_project(store).id, TagHolders("all"))
        hasty = self.again(OVER).idempotency_keys
        assert [hasty.begin(_KEY, "digest", self.now) for _ in range(2)] == [Fresh(1), Fresh(2)]
        made = some_send()
        store.sends.accept(made, request, Purpose.MARKETING, MIGMA, None, self.now, under=KeyHold(_KEY, 2))
        for send, fence in ((late, 1), (again, 2)):
            with pytest.raises(KeyLost, match="taken this idempotency key over"):
                store.sends.accept(send, request, Purpose.MARKETING, MIGMA, None, self.now, under=KeyHold(_KEY, fence))
            with pytest.raises(LookupError):
                store.sends.get(send)
        assert store.sends.get(made).id == made

    @law("reliability §5, §6", "two copies of a request at once that were both carried out")
    def test_of_many_at_once_one_runs(self) -> None:
        """Exactly one of all who begin at the same time is told to go ahead."""
        self.open()
        many = [self.again(LONG).idempotency_keys for _ in range(3)]
        with ThreadPoolExecutor(len(many)) as pool:
            begun = list(pool.map(lambda one: one.begin(_KEY, "digest", self.now), many))
        assert sum(isinstance(one, Fresh) for one in begun) == 1
        assert all(isinstance(one, Fresh | InProgress) for one in begun)

    @law("reliability §5", "a memory of keys that forgot what still runs")
    def test_only_what_is_finished_is_forgotten(self) -> None:
        """A result is kept until then; a run in progress is never dropped."""
        keys = self.open().idempotency_keys
        keys.begin(_KEY, "digest", self.now)
        assert keys.forget(self.now + LONG) == 0
        keys.finish(_KEY, 1, "done", self.now)
        assert (keys.forget(self.now), keys.forget(self.now + LONG)) == (0, 1)


class PaceLaws(StorageLaws):
    """Nobody goes faster than the stream may, however many workers there are."""

    @law(
        "reliability §6, design D11",
        "every worker with a rate limit of its own",
        asked=st.lists(st.integers(0, 9), max_size=6),
    )
    def test_the_bucket_is_shared(self, asked: list[int]) -> None:
        """Whatever is asked, by whichever worker, no more than the burst is granted, and all of it to those who ask."""
        store = self.open()
        workers = [store.pace, self.again(LONG).pace]
        granted = [workers[turn % 2].take(_STREAM, wanted, _STEADY) for turn, wanted in enumerate(asked)]
        assert sum(one.messages for one in granted) == min(sum(asked), _STEADY.burst)
        assert all((one.wait > 0) is (one.messages < wanted) for one, wanted in zip(granted, asked, strict=True))
        assert store.pace.take(_STREAM._replace(domain="other.example"), 1, _STEADY).messages == 1

    @law("reliability §6", "a bucket that two workers emptied twice")
    def test_workers_at_once_are_granted_the_burst_and_no_more(self) -> None:
        """Asking all at the same time is as asking one after the other."""
        self.open()
        workers = [self.again(LONG).pace for _ in range(4)]
        with ThreadPoolExecutor(len(workers)) as pool:
            granted = pool.map(lambda one: one.take(_STREAM, 2, _STEADY).messages, workers)
        assert sum(granted) == _STEADY.burst

    @law(
        "reliability §7",
        "a 429 that slowed one row and not the others",
        seconds=st.lists(st.integers(0, 99), min_size=1, max_size=3),
    )
    def test_a_rest_is_the_streams_and_only_grows(self, seconds: list[int]) -> None:
        """The longest rest asked for holds, for this stream alone."""
        pace = self.open().pace
        for one in seconds:
            pace.rest(_STREAM, one)
        granted = pace.take(_STREAM, 1, _STEADY)
        longest = max(seconds)
        assert (granted.messages == 0 and longest - 30 < granted.wait <= longest) or longest == 0
        assert pace.take(Stream("account", "ses"), 1, _STEADY).messages == 1

    @law("reliability §8", "every worker probing a provider that was down", failures=st.integers(1, 4))
    def test_an_open_breaker_lets_one_probe_through(self, failures: int) -> None:
        """It opens at the last failure in a row, grants one message of all workers, and closes on success."""
        store = self.open()
        breaker = Breaker(failures, rest=1e-6, longest=1.0)
        opened = [store.pace.failed(_STREAM, breaker) for _ in range(failures)]
        assert opened == [False] * (failures - 1) + [True]
        sleep(_TICK)
        granted = [one.take(_STREAM, 3, _STEADY).messages for one in (self.again(LONG).pace, store.pace)]
        assert granted == [1, 0]
        store.pace.succeeded(_STREAM)
        assert store.pace.take(_STREAM, 5, _STEADY).messages == _STEADY.burst
        assert store.pace.failed(_STREAM, breaker) is (failures == 1)

    @law("reliability §8", "a breaker that never let go", rest=st.integers(10, 100))
    def test_each_opening_rests_twice_as_long_up_to_the_longest(self, rest: int) -> None:
        """Failures while it rests do not lengthen it; nothing goes through meanwhile."""
        pace = self.open().pace
        breaker = Breaker(1, rest=rest, longest=2 * rest)
        assert all(pace.failed(_STREAM, breaker) for _ in range(3))
        granted = pace.take(_STREAM, 1, _STEADY)
        assert granted.messages == 0
        assert rest - 5 < granted.wait <= rest

    @law("reliability §6", "tokens that were lost with rows nobody had", asked=st.lists(st.integers(1, 10), max_size=6))
    def test_what_is_put_back_can_be_granted_again(self, asked: list[int]) -> None:
        """Whatever is granted and put back leaves the bucket as full as it was."""
        pace = self.open().pace
        for messages in asked:
            pace.put_back(_STREAM, pace.take(_STREAM, messages, _STEADY).messages)
        assert pace.take(_STREAM, _STEADY.burst, _STEADY).messages == _STEADY.burst

    @law(
        "reliability §7",
        "a young domain that sent more than its warm-up allows",
        cap=st.integers(0, 12),
        asked=st.lists(st.integers(1, 10), max_size=6),
    )
    def test_a_day_has_its_cap(self, cap: int, asked: list[int]) -> None:
        """In a day no more goes than its cap, however it is asked for; the wait is for the next day of UTC."""
        pace, rate = self.open().pace, Rate(1e9, 10**9, per_day=cap)
        granted = [pace.take(_STREAM, messages, rate) for messages in asked]
        assert sum(one.messages for one in granted) == min(cap, sum(asked))
        last = pace.take(_STREAM, cap + 1, rate)
        assert 0 < last.wait <= timedelta(days=1).total_seconds()

    @law("reliability §8", "a breaker that nobody could ever close again")
    def test_a_probe_that_was_not_made_is_anothers(self) -> None:
        """A probe put back, since there was no row for it, may be made by the next worker."""
        pace, breaker = self.open().pace, Breaker(1, rest=1e-6, longest=1.0)
        assert pace.failed(_STREAM, breaker)
        sleep(_TICK)
        assert pace.take(_STREAM, 5, _STEADY).probe
        assert pace.take(_STREAM, 5, _STEADY).messages == 0
        pace.put_back(_STREAM, 1)
        assert pace.take(_STREAM, 5, _STEADY).probe
