"""Laws of the sending loop, driven by a ledger and a provider small enough to be read: nobody lost, nobody doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias, assert_never
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migma_core import (
    MIGMA,
    Accepted,
    Address,
    Attempt,
    AttemptId,
    Batch,
    Brand,
    Cell,
    ContactId,
    Content,
    DeliveryId,
    DeliveryState,
    Denials,
    Facts,
    Job,
    Mailable,
    NotSent,
    Outcome,
    Parcel,
    Policy,
    ProjectId,
    Purpose,
    Rejected,
    Scalar,
    Scope,
    Sender,
    SendId,
    SendingDomain,
    SendRequest,
    Standing,
    TagHolders,
    TokenKeys,
    Unknown,
    compile_content,
    decide,
    send_steps,
)
from migma_core.decision.circumstances import Circumstances
from migma_core.decision.outside import LocalTime
from migma_core.decision.record import record
from migma_core.decision.standing import StatusFact, TopicFact
from migma_core.delivery import Evidence
from migma_core.delivery import effects as e
from migma_core.delivery.delivery import DELIVERY_TRANSITIONS, SETTLED, read_state
from migma_core.delivery.next_state import MOST_ATTEMPTS, MOST_DOUBTS
from migma_core.delivery.pace import Granted
from migma_core.testing.strategies import cells, denials, standings

READY, CLAIMED, HELD = DeliveryState.READY, DeliveryState.CLAIMED, DeliveryState.HELD
START = datetime(2026, 5, 1, 12, tzinfo=UTC)
LEASE = 90.0
MOST_EFFECTS = 1000
SEND = SendId("5" * 32)
BRAND = Brand("Acme", "1 Main Street, Springfield", "https://mail.example.com")
DOMAIN = SendingDomain("example.com", is_verified=True)
AUTHORIZED = Sender(DOMAIN, postal_address=BRAND.postal_address)
MARKETING = SendRequest(
    project=ProjectId("a" * 32),
    sender=Address("news", "example.com"),
    sender_name="Acme",
    recipients=TagHolders("beta"),
    content=Content("Hello {{first_name|you}}", "<p>News</p>"),
)
TRANSACTIONAL = replace(MARKETING, transactional=True)
GOOD = Standing(0)
UNSUBSCRIBED = Standing(0, Denials.UNSUBSCRIBED)
KNOWN = Cell(Purpose.TRANSACTIONAL, StatusFact.SUBSCRIBED).packed
STRANGER = Cell(Purpose.TRANSACTIONAL, StatusFact.NO_CONTACT).packed

Script: TypeAlias = Callable[[DeliveryId, int], Outcome]
"""What the provider answers about a delivery, and on which occasion; the first is 1."""


class Crash(Exception):
    """The machine stopped."""


@dataclass
class Row:
    """One delivery as a store keeps it."""

    person: int
    state: DeliveryState
    fence: int = 0
    attempts: int = 0
    attempt: AttemptId | None = None
    lease_until: float = 0.0
    not_before: float = 0.0
    why: str = ""
    reasons: tuple[str, ...] = ()
    standing: Standing | None = None
    provider_id: str | None = None
    doubts: int = 0


@dataclass
class World:
    """
    A ledger, a provider and a clock in memory, answering effects one by one, and refusing what must not happen.

    ``people`` are the facts of the audience, and may change between fan-out and claim. ``accepted`` lists what the
    provider took, in order, repetitions included. ``seen`` lists the effects that were carried out.
    """

    people: list[Facts]
    request: SendRequest = MARKETING
    policy: Policy = MIGMA
    sender: Sender = AUTHORIZED
    script: Script = lambda delivery, occasion: Accepted()
    evidence: Evidence = Evidence.LISTS
    pace: Callable[[World, int], Granted] = lambda world, messages: Granted(messages)
    heard: list[e.Hear] = field(default_factory=list)
    refuses: Callable[[set[DeliveryId]], str | None] = lambda batch: None
    remembered: set[AttemptId] = field(default_factory=set)
    forgets: bool = False
    values: Mapping[int, Mapping[str, Scalar]] = field(default_factory=dict)
    rows: dict[DeliveryId, Row] = field(default_factory=dict)
    attempts: dict[AttemptId, Attempt] = field(default_factory=dict)
    read: int | None = 0
    now: float = 0.0
    accepted: list[DeliveryId] = field(default_factory=list)
    handed_over: Counter[DeliveryId] = field(default_factory=Counter)
    paused: str | None = None
    seen: list[str] = field(default_factory=list)
    steals: bool = False

    def job(self, *, batch: int = 2, page: int = 3, at_once: int = 1) -> Job:
        """The job that this world is asked to do."""
        return Job(
            SEND,
            compile_content(self.request, BRAND),
            self.policy,
            TokenKeys({1: bytes(range(32))}),
            "outbox",
            lambda batch: Parcel(tuple(message.delivery.encode() for message in batch.messages)),
            lambda row: "too far away" if row.values.get("unreachable") else None,
            batch,
            page,
            at_once,
            self.evidence,
        )

    def states(self) -> Counter[DeliveryState]:
        """How many rows are in each state."""
        return Counter(row.state for row in self.rows.values())

    def mailable(self) -> set[DeliveryId]:
        """Whom the facts of this moment allow."""
        return {delivery_of(place) for place, facts in enumerate(self.people) if self.may_go(facts)}

    def may_go(self, facts: Facts) -> bool:
        """Whether these facts allow it at this moment."""
        return decide(facts, self.policy, START + timedelta(seconds=self.now)) == Mailable()

    def answer(self, effect: e.Effect[Any]) -> Any:
        """Carry an effect out as a store or a provider would."""
        self.seen.append(type(effect).__name__)
        match effect:
            case e.FanOut(_, limit, policy):
                assert policy is self.policy
                return self.fan_out(limit)
            case e.Take(messages):
                assert messages > 0
                return self.pace(self, messages)
            case e.PutBack(messages):
                assert messages > 0
            case e.Hear():
                self.heard.append(effect)
            case e.Claim(_, limit, _, only):
                return self.claim(limit, only)
            case e.CommitAttempts(attempts, fences, settled, decisions):
                assert len(decisions) == sum(len(attempt.deliveries) for attempt in attempts)
                assert all(one.is_mailable for one in decisions), "an attempt was made for somebody withheld"
                return self.commit(attempts, fences, settled)
            case e.HandOver(lots):
                return tuple(self.hand_over(*lot, len(lot.members)) for lot in lots)
            case e.Record(attempt_ids, settled):
                recorded = {one for attempt in attempt_ids for one in self.attempts[attempt].deliveries}
                assert {one.delivery for one in settled} <= recorded
                self.settle(settled)
            case e.GiveBack(fences):
                assert all(self.rows[one].fence == fence for one, fence in fences.items())
                self.free(fences)
            case e.InFlight():
                return e.OpenAttempts(
                    self.in_doubt(), {one: row.doubts for one, row in self.rows.items() if row.doubts}
                )
            case e.AskProvider(deliveries):
                assert self.evidence is Evidence.LISTS
                return frozenset(deliveries) & frozenset(self.accepted)
            case e.Reconcile(found, absent, undecided, why, resend):
                assert why
                self.reconcile(found, absent, undecided, resend)
            case e.Reopen(attempt_id):
                return self.reopen(attempt_id)
            case e.Reinstate(deliveries):
                for one in deliveries:
                    self.reinstate(one)
            case e.Pause(_, why):
                self.paused = why
            case e.Wait(seconds):
                assert seconds > 0, "waiting for nothing would spin"
                self.now += seconds
            case e.Finish():
                return e.Finished(self.states())
            case _:
                raise AssertionError(f"an unknown effect: {effect}")
        return None

    def fan_out(self, limit: int) -> e.FannedOut:
        """The next rows; nobody once the fan-out is complete."""
        if self.read is None:
            return e.FannedOut(0, 0, goes_on=False)
        end, at = min(self.read + limit, len(self.people)), START + timedelta(seconds=self.now)
        planned = 0
        for place in range(self.read, end):
            person = self.people[place]
            made = record(person.standing, self.policy, at, person.circumstances)
            state = READY if made.is_mailable or made.until else DeliveryState.WITHHELD
            row = Row(place, state, reasons=made.reasons, standing=made.standing)
            row.not_before = (made.until - START).total_seconds() if made.until else 0.0
            self.rows.setdefault(delivery_of(place), row)
            planned += state is READY
        people, self.read = end - self.read, end if end < len(self.people) else None
        return e.FannedOut(people, planned, goes_on=self.read is not None)

    def claim(self, limit: int, only: tuple[DeliveryId, ...] = ()) -> e.Claimed:
        """Lease ready rows, or say when some may be."""
        at = START + timedelta(seconds=self.now)
        if self.paused is not None:
            return e.Claimed(at, self.sender, (), stopped=True)
        ready = [one for one, row in self.rows.items() if self.reads(row) is READY]
        free = [one for one in ready if (one in only if only else self.rows[one].not_before <= self.now)]
        for one in free[:limit]:
            row = self.rows[one]
            row.state, row.fence, row.attempt, row.lease_until = CLAIMED, row.fence + 1, None, self.now + LEASE
        claimed = self.claimed_rows(free[:limit])
        pending = [
            row.not_before if row.state is READY else row.lease_until
            for row in self.rows.values()
            if row.state in {READY, CLAIMED}
        ]
        busy = max(0.001, min(pending) - self.now) if pending and not claimed else None
        return e.Claimed(at, self.sender, claimed, busy)

    def claimed_rows(self, deliveries: list[DeliveryId]) -> tuple[e.ClaimedRow, ...]:
        """Rows with the facts of this moment."""
        return tuple(
            e.ClaimedRow(
                one, row.fence, row.attempts, self.people[row.person], self.values.get(row.person, {}), row.doubts
            )
            for one, row in ((one, self.rows[one]) for one in deliveries)
        )

    def reopen(self, attempt: AttemptId) -> e.Reopened | None:
        """Lease again what is in doubt of an attempt."""
        doubtful = [one for one in self.attempts[attempt].deliveries if one in self.in_doubt()]
        if not doubtful or self.paused is not None:
            return None
        for one in doubtful:
            self.rows[one].fence, self.rows[one].lease_until = self.rows[one].fence + 1, self.now + LEASE
        at = START + timedelta(seconds=self.now)
        return e.Reopened(e.Claimed(at, self.sender, self.claimed_rows(doubtful)), self.attempts[attempt])

    def reinstate(self, delivery: DeliveryId) -> None:
        """A row that was refused for the request's fault is ready again."""
        row = self.rows[delivery]
        if row.state in {READY, DeliveryState.REJECTED}:
            row.attempts -= row.state is DeliveryState.REJECTED
            row.state, row.attempt, row.not_before = READY, None, 0.0

    def reads(self, row: Row) -> DeliveryState:
        """A row's state together with its attempt."""
        return read_state(row.state, committed=row.attempt is not None, lease_expired=row.lease_until <= self.now)

    def commit(
        self, attempts: tuple[Attempt, ...], fences: Mapping[DeliveryId, int], settled: tuple[e.Settled, ...]
    ) -> bool:
        """Put attempts on record if every row is still ours."""
        if self.steals:
            self.steals = False
            for one in fences:
                self.rows[one].fence += 1
                self.rows[one].lease_until = self.now + LEASE
            return False
        ours = all(
            self.rows[one].fence == fence and self.reads(self.rows[one]) is CLAIMED for one, fence in fences.items()
        )
        if not ours:
            return False
        recorded = [one for attempt in attempts for one in attempt.deliveries]
        assert len(recorded) == len(set(recorded)), "nobody is in two attempts at once"
        assert {*recorded, *(one.delivery for one in settled)} == set(fences), "every row of a claim is accounted for"
        assert not set(recorded) & {one.delivery for one in settled}
        for attempt in attempts:
            assert attempt.id not in self.attempts, "an attempt's id is used once"
            self.attempts[attempt.id] = attempt
            for one in attempt.deliveries:
                self.rows[one].attempt = attempt.id
        self.settle(settled)
        return True

    def settle(self, settled: tuple[e.Settled, ...]) -> None:
        """Write where each row goes; only the holder of the fence may."""
        for one in settled:
            row = self.rows[one.delivery]
            assert row.fence == one.fence
            assert one.state in DELIVERY_TRANSITIONS[self.reads(row)], f"{self.reads(row)} to {one.state} is no step"
            row.state, row.why = one.state, one.why
            if one.decision is not None:
                row.reasons, row.standing = one.decision.reasons, one.decision.standing
            row.provider_id = one.provider_id
            row.not_before = self.now + one.wait
            row.attempts, row.doubts = row.attempts + one.spends, row.doubts + one.doubts
            if one.state is DeliveryState.UNKNOWN:
                row.state, row.lease_until = CLAIMED, self.now + one.wait
            if not one.keeps_attempt:
                row.attempt = None

    def hand_over(self, batch: Batch, parcel: Parcel, attempt: Attempt, reached: int) -> tuple[Outcome, ...]:
        """Take a batch as a provider does, after checking that it may be handed over at all."""
        if attempt.id in self.remembered:
            assert self.evidence is Evidence.REPEATS, "an attempt was handed over twice"
            return (Accepted(),) * reached
        assert self.attempts[attempt.id] == attempt, "handed over without being on record"
        assert parcel.digest == attempt.body_digest
        assert tuple(message.delivery for message in batch.messages) == attempt.deliveries
        outcomes: list[Outcome] = []
        refused = self.refuses({message.delivery for message in batch.messages})
        for message in batch.messages[:reached]:
            row = self.rows[message.delivery]
            assert row.attempt == attempt.id, "handed over a row that is not in this attempt"
            assert self.reads(row) is DeliveryState.IN_FLIGHT
            assert self.may_go(self.people[row.person]), "handed over somebody who is withheld"
            self.handed_over[message.delivery] += 1
            outcome = self.script(message.delivery, self.handed_over[message.delivery])
            outcome = outcome if refused is None else Rejected(Scope.REQUEST, refused)
            if isinstance(outcome, Accepted):
                self.accepted.append(message.delivery)
                self.remembered |= set() if self.forgets else {attempt.id}
            outcomes.append(outcome)
        return tuple(outcomes)

    def in_doubt(self) -> dict[DeliveryId, AttemptId]:
        """Rows whose attempt was committed and whose lease ran out."""
        return {
            one: row.attempt
            for one, row in self.rows.items()
            if row.attempt is not None and self.reads(row) is DeliveryState.UNKNOWN
        }

    def reconcile(
        self,
        found: tuple[DeliveryId, ...],
        absent: tuple[DeliveryId, ...],
        undecided: tuple[DeliveryId, ...],
        resend: tuple[DeliveryId, ...],
    ) -> None:
        """Settle doubt on evidence, or by the policy."""
        assert {*found, *absent, *undecided, *resend} == set(self.in_doubt())
        for one in resend:
            self.rows[one].doubts += 1
        for one in found:
            self.rows[one].state = DeliveryState.ACCEPTED
        for one in undecided:
            self.rows[one].state = HELD
        self.free((*absent, *resend))

    def free(self, deliveries: Mapping[DeliveryId, int] | tuple[DeliveryId, ...]) -> None:
        """Give rows back as if they had never been claimed."""
        for one in deliveries:
            self.rows[one].state, self.rows[one].attempt = READY, None


When: TypeAlias = Literal["before", "half", "after"]
"""Whether the effect at which the machine stops had happened: not at all, for half a batch, or wholly."""


def run(world: World, job: Job | None = None, *, crash_at: int | None = None, when: When = "before") -> e.Finished:
    """Drive the loop to its end, or to a crash at the effect of that number, the first being 0."""
    steps = send_steps(job or world.job())
    effect, number = next(steps), 0
    while True:
        if number == crash_at:
            steps.close()
            stop(world, effect, when)
        try:
            effect, number = steps.send(world.answer(effect)), number + 1
        except StopIteration as end:
            finished: e.Finished = end.value
            return finished
        assert number < MOST_EFFECTS, "the loop does not come to an end"


def run_through(world: World, batch: int, crashes: list[tuple[int, When]]) -> None:
    """Run once for each crash, until it happens, and then to the end."""
    for number, when in crashes:
        try:
            run(world, world.job(batch=batch), crash_at=number, when=when)
        except Crash:
            continue
    run(world, world.job(batch=batch))


def stop(world: World, effect: e.Effect[Any], when: When) -> None:
    """Crash in the middle of an effect."""
    match when:
        case "before":
            pass
        case "after":
            world.answer(effect)
        case "half":
            if isinstance(effect, e.HandOver):
                for lot in effect.lots:
                    # who knows repeats takes an attempt whole or not at all; another may stop in the middle
                    whole = world.evidence is Evidence.REPEATS
                    world.hand_over(*lot, len(lot.members) if whole else len(lot.members) // 2)
        case _:
            assert_never(when)
    raise Crash


def delivery_of(place: int) -> DeliveryId:
    """The delivery of the person at this place."""
    return DeliveryId(f"{place + 1:032x}")


def person(place: int, standing: Standing = GOOD) -> Facts:
    """Somebody in this standing; nobody knows a stranger, so they have no contact."""
    stranger = Cell.unpacked(standing.cell).status is StatusFact.NO_CONTACT
    contact = None if stranger else ContactId(f"{place + 1:032x}")
    return Facts(Address(f"person{place}", "example.org"), standing, contact)


def crowd(size: int) -> list[Facts]:
    """So many people who may all be mailed."""
    return [person(place) for place in range(size)]


SOMEBODY = st.one_of(
    st.just(GOOD),
    st.just(GOOD),
    standings(cell=cells(purpose=Purpose.MARKETING, topic=TopicFact.NO_TOPIC), against=denials()),
)
PEOPLE = st.lists(SOMEBODY, max_size=7).map(lambda found: [person(*one) for one in enumerate(found)])
SIZES = st.integers(1, 4)
CRASHES = st.lists(st.tuples(st.integers(0, 25), st.sampled_from(("before", "half", "after"))), max_size=3)


@given(PEOPLE, SIZES, SIZES)
def test_everyone_mailable_is_reached_once_and_nobody_else(people: list[Facts], batch: int, page: int) -> None:
    """With a provider that takes everything, accepted is mailable and the rest is withheld, whatever the batch size."""
    world = World(people)
    finished = run(world, world.job(batch=batch, page=page))
    assert Counter(world.accepted) == Counter(world.mailable())
    assert finished.states == world.states()
    assert world.states()[DeliveryState.ACCEPTED] == len(world.mailable())
    assert world.states()[DeliveryState.WITHHELD] == len(people) - len(world.mailable())
    assert world.states().total() == len(people)


@given(PEOPLE, SIZES)
def test_a_finished_send_has_nothing_more_to_do(people: list[Facts], batch: int) -> None:
    """Running again hands nothing over and changes no row."""
    world = World(people)
    run(world, world.job(batch=batch))
    before = (list(world.accepted), {one: replace(row) for one, row in world.rows.items()})
    run(world, world.job(batch=batch))
    assert (world.accepted, world.rows) == before


@given(PEOPLE, SIZES, CRASHES)
def test_crashes_lose_nobody_and_double_nobody(
    people: list[Facts], batch: int, crashes: list[tuple[int, When]]
) -> None:
    """After any crashes at any effects, a last run leaves exactly the mailable accepted, each once (design §2.9)."""
    world = World(people)
    run_through(world, batch, crashes)
    assert Counter(world.accepted) == Counter(world.mailable())
    assert world.states()[DeliveryState.ACCEPTED] == len(world.mailable())
    assert set(world.states()) <= SETTLED


def test_a_crash_at_every_effect_is_survived() -> None:
    """Of a send of five, each effect in turn is interrupted before, in the middle and after; the next run mends all."""
    people = [*crowd(3), person(3, UNSUBSCRIBED), person(4)]
    whole = World(list(people))
    run(whole)
    moments: tuple[When, ...] = ("before", "half", "after")
    for number in range(len(whole.seen)):
        for when in moments:
            world = World(list(people))
            with pytest.raises(Crash):
                run(world, crash_at=number, when=when)
            run(world)
            assert Counter(world.accepted) == Counter(world.mailable()), (number, when)
            assert world.states() == whole.states(), (number, when)


@given(PEOPLE, SIZES, CRASHES)
def test_a_provider_that_cannot_list_is_never_asked_twice(
    people: list[Facts], batch: int, crashes: list[tuple[int, When]]
) -> None:
    """What a crash left in doubt is held for a person to settle: nobody is doubled, and every row is accounted for."""
    world = World(people, evidence=Evidence.NONE)
    run_through(world, batch, crashes)
    assert max(world.handed_over.values(), default=0) <= 1
    assert max(Counter(world.accepted).values(), default=0) <= 1
    assert set(world.states()) <= SETTLED
    reached = {one for one, row in world.rows.items() if row.state in {DeliveryState.ACCEPTED, HELD}}
    assert set(world.accepted) <= reached <= world.mailable()
    assert reached == world.mailable()


@given(PEOPLE, st.sets(st.integers(0, 6)), SIZES)
def test_an_opt_out_after_the_fan_out_still_counts(people: list[Facts], left: set[int], batch: int) -> None:
    """Who opts out between the numbers and the act is withheld by the claim, with the reason on the row (A-07, R32)."""
    world = World(people)
    try:
        run(world, world.job(batch=batch, page=10), crash_at=1, when="before")
    except Crash:
        world.people = [
            one._replace(standing=Standing(one.standing.cell, one.standing.denials | Denials.UNSUBSCRIBED))
            if place in left
            else one
            for place, one in enumerate(people)
        ]
    run(world, world.job(batch=batch))
    assert Counter(world.accepted) == Counter(world.mailable())
    for place in left & set(range(len(people))):
        row = world.rows[delivery_of(place)]
        assert row.state is DeliveryState.WITHHELD
        if decide(people[place]) == Mailable():
            assert ("unsubscribed" in row.reasons, row.standing) == (True, world.people[place].standing)


def test_nothing_is_handed_over_that_is_not_on_record() -> None:
    """The order of effects is fan out, settle, then claim, commit, hand over and record, batch by batch (D7, D10)."""
    world = World(crowd(3))
    run(world, world.job(batch=2, page=2))
    assert world.seen == [
        "FanOut", "FanOut", "InFlight",
        "Take", "Claim", "CommitAttempts", "HandOver", "Record",
        "Take", "Claim", "PutBack", "CommitAttempts", "HandOver", "Record",
        "Take", "Claim", "PutBack", "Finish",
    ]  # fmt: skip


def test_an_empty_audience_is_finished_at_once() -> None:
    """Nobody to write to is no error of the loop: it counts no rows."""
    world = World([])
    assert run(world).states == {}
    assert world.seen == ["FanOut", "InFlight", "Take", "Claim", "PutBack", "Finish"]


@pytest.mark.parametrize(
    "sender", [Sender(None, postal_address="x"), replace(AUTHORIZED, domain=replace(DOMAIN, is_suspended=True))]
)
def test_a_refused_request_gives_back_and_pauses(sender: Sender) -> None:
    """A sender who lost their standing stops the stream with the faults in words, and no row loses anything (D3)."""
    world = World(crowd(3), sender=sender)
    run(world)
    assert world.seen[-5:] == ["Claim", "GiveBack", "PutBack", "Pause", "Finish"]
    assert (world.states(), world.accepted) == ({READY: 3}, [])
    assert str(world.paused).startswith("Refused: ")
    assert [row.attempts for row in world.rows.values()] == [0, 0, 0]
    world.sender, world.paused = AUTHORIZED, None
    run(world)
    assert Counter(world.accepted) == Counter(world.mailable())


def test_a_refused_account_gives_back_and_pauses() -> None:
    """A fault of the account is nobody's in particular: rows go back, no attempt is lost, the stream stops (D8)."""
    world = World(crowd(3), script=lambda delivery, occasion: Rejected(Scope.ACCOUNT, "not today"))
    run(world)
    assert world.paused == "the provider refused the account: not today"
    assert world.states() == {READY: 3}
    assert [(row.attempts, row.attempt) for row in world.rows.values()] == [(0, None)] * 3
    assert world.handed_over.total() == 2, "one batch was enough to know"
    assert world.seen[-4:] == ["HandOver", "Record", "Pause", "Finish"]
    world.paused, world.script = None, lambda delivery, occasion: Accepted()
    run(world)
    assert Counter(world.accepted) == Counter(world.mailable())


@given(st.integers(2, 9), SIZES, SIZES)
def test_a_refused_request_is_found_out_and_costs_nobody_an_attempt(people: int, batch: int, at_once: int) -> None:
    """Where the content is refused, both halves are; the campaign pauses with every row ready and unspent (D8)."""
    world = World(crowd(people), script=lambda delivery, occasion: Rejected(Scope.REQUEST, "no such template"))
    run(world, world.job(batch=batch + 1, at_once=at_once))
    if people % (batch + 1) == 1 and people == 1:
        return
    assert world.paused == "the provider refused the request: no such template"
    refused = [row for row in world.rows.values() if row.state is not READY]
    assert all(row.state is DeliveryState.REJECTED for row in refused), "a last row that went alone in its wave"
    assert len(refused) <= 1
    assert {row.attempts for row in world.rows.values() if row.state is READY} == {0}


@given(st.integers(2, 16), st.sets(st.integers(0, 15), min_size=1, max_size=2), st.integers(4, 16), SIZES)
def test_a_bad_address_in_a_batch_costs_the_others_nothing(
    people: int, bad: set[int], batch: int, at_once: int
) -> None:
    """
    A batch refused for one of them is halved until they are alone: they are rejected, and the others accepted with one
    attempt each (D8).
    """
    guilty = {delivery_of(place) for place in bad if place < people}
    world = World(crowd(people), refuses=lambda batch: "bad address" if guilty & batch else None)
    run(world, world.job(batch=batch, at_once=at_once))
    if world.paused is not None:
        assert len(guilty) > 1, "one bad address is never the request's fault"
        return
    assert {one for one, row in world.rows.items() if row.state is DeliveryState.REJECTED} == guilty
    assert Counter(world.accepted) == Counter(world.mailable() - guilty)
    assert {world.rows[one].attempts for one in world.accepted} <= {1}


def test_twenty_rows_in_a_row_refused_alone_are_the_requests_fault() -> None:
    """Where each goes alone, no twenty-first is tried: all twenty are ready again, and none has lost an attempt."""
    world = World(crowd(30), script=lambda delivery, occasion: Rejected(Scope.REQUEST, "bad header"))
    run(world, world.job(batch=1, at_once=4))
    assert (world.handed_over.total(), world.states()) == (20, {READY: 30})
    assert {row.attempts for row in world.rows.values()} == {0}
    assert world.paused == "the provider refused the request: bad header"


@given(st.sets(st.integers(0, 40), max_size=30))
def test_refusals_with_acceptance_between_them_are_the_recipients_own(bad: set[int]) -> None:
    """Fewer than twenty in a row are rejected one by one, and everybody else is accepted (D8)."""
    places = sorted(bad)
    streaks = any(places[i + 19 : i + 20] == [places[i] + 19] for i in range(len(places)))
    guilty = {delivery_of(place) for place in bad}
    world = World(crowd(41), refuses=lambda batch: "bad address" if guilty & batch else None)
    run(world, world.job(batch=1))
    assert (world.paused is not None) is streaks
    if not streaks:
        assert {one for one, row in world.rows.items() if row.state is DeliveryState.REJECTED} == guilty
        assert set(world.accepted) == world.mailable() - guilty


def test_in_a_mixed_batch_each_row_goes_its_own_way() -> None:
    """Accepted stays accepted and rejected rejected, while a shared refusal beside them pauses the stream."""
    answers: list[Outcome] = [
        Accepted("id-1"),
        Rejected(Scope.RECIPIENT, "no such user"),
        Rejected(Scope.ACCOUNT, "quota"),
    ]
    world = World(crowd(3), script=lambda delivery, occasion: answers[int(delivery, 16) - 1])
    run(world, world.job(batch=3))
    assert [row.state for row in world.rows.values()] == [DeliveryState.ACCEPTED, DeliveryState.REJECTED, READY]
    assert world.rows[delivery_of(0)].provider_id == "id-1"
    assert world.rows[delivery_of(1)].why == "no such user"
    assert world.paused == "the provider refused the account: quota"


@given(PEOPLE, SIZES, st.dictionaries(st.integers(0, 6), st.integers(1, MOST_ATTEMPTS + 1), max_size=4))
def test_what_was_certainly_not_sent_is_tried_later(people: list[Facts], batch: int, busy: dict[int, int]) -> None:
    """NotSent rests and comes again, up to eight attempts; only then the row is dead, and nobody is doubled (D8)."""

    def script(delivery: DeliveryId, occasion: int) -> Outcome:
        return NotSent("busy") if occasion <= busy.get(int(delivery, 16) - 1, 0) else Accepted()

    world = World(people, script=script)
    run(world, world.job(batch=batch))
    assert world.now < 300 * MOST_ATTEMPTS * len(people) + 1
    for one in world.mailable():
        refusals = busy.get(int(one, 16) - 1, 0)
        dead = refusals >= MOST_ATTEMPTS
        assert world.rows[one].state is (DeliveryState.DEAD if dead else DeliveryState.ACCEPTED)
        assert world.handed_over[one] == (MOST_ATTEMPTS if dead else refusals + 1)
    assert max(Counter(world.accepted).values(), default=0) <= 1


def test_a_provider_that_says_when_slows_the_stream_and_not_the_row() -> None:
    """`Retry-After` is told to the pace; the row rests by its own backoff, at most a second (reliability §6)."""
    world = World(crowd(1), script=lambda delivery, occasion: NotSent("busy", 75.0) if occasion == 1 else Accepted())
    run(world)
    assert world.heard == [e.Hear(went_through=False, rest=75.0)]
    assert world.now <= 1.0
    assert world.accepted == [delivery_of(0)]


def test_the_loop_waits_for_the_pace_and_says_why() -> None:
    """Nothing is claimed before the stream lets it through, and no more than it lets through."""

    def pace(world: World, messages: int) -> Granted:
        return Granted(0, 10.0 - world.now) if world.now < 10 else Granted(min(1, messages))

    world = World(crowd(3), pace=pace)
    run(world, world.job(batch=3))
    assert (world.now, Counter(world.accepted)) == (10.0, Counter(world.mailable()))
    assert world.seen[: world.seen.index("Claim")].count("Take") == 2
    assert max(Counter(world.attempts[one].deliveries for one in world.attempts).values()) == 1


def test_a_stream_that_rests_for_long_ends_the_run_with_rows_left() -> None:
    """The loop does not sit there for an hour: rows are ready for the next run."""
    world = World(crowd(2), pace=lambda world, messages: Granted(0, 3600.0))
    assert run(world).states == {READY: 2}
    assert world.now == 0


def test_a_probe_of_an_open_breaker_costs_nobody_an_attempt() -> None:
    """Hours of an outage leave every row ready with no attempt against it (reliability §7)."""
    world = World(
        crowd(2),
        script=lambda delivery, occasion: NotSent("down") if occasion < 3 * MOST_ATTEMPTS else Accepted(),
        pace=lambda world, messages: Granted(1, probe=True, troubled=True),
    )
    run(world, world.job(batch=2))
    assert Counter(world.accepted) == Counter(world.mailable())
    assert {row.attempts for row in world.rows.values()} == {1}
    assert world.heard[-1] == e.Hear(went_through=True)


@given(PEOPLE, SIZES, SIZES, st.sets(st.integers(0, 6)))
def test_marketing_that_may_have_been_sent_is_held(
    people: list[Facts], batch: int, at_once: int, doubtful: set[int]
) -> None:
    """Without evidence, unknown is handed over once, held, and left alone by every later run (D8)."""

    def script(delivery: DeliveryId, occasion: int) -> Outcome:
        del occasion
        return Unknown("reset") if int(delivery, 16) - 1 in doubtful else Accepted()

    world = World(people, script=script, evidence=Evidence.NONE)
    for _ in range(2):
        run(world, world.job(batch=batch, at_once=at_once))
    held = {one for one in world.mailable() if int(one, 16) - 1 in doubtful}
    assert {one for one, row in world.rows.items() if row.state is HELD} == held
    assert set(world.accepted) == world.mailable() - held
    assert set(world.handed_over.values()) <= {1}


@given(st.integers(1, 5), SIZES, st.lists(st.booleans(), min_size=2, max_size=2))
def test_transactional_mail_in_doubt_is_sent_at_most_twice(people: int, batch: int, lost: list[bool]) -> None:
    """Without evidence it is sent once more, and then held: at most two, rather than none (reliability §1)."""

    def script(delivery: DeliveryId, occasion: int) -> Outcome:
        del delivery
        return Unknown("reset") if occasion <= MOST_DOUBTS and lost[occasion - 1] else Accepted()

    world = World([person(n, Standing(KNOWN)) for n in range(people)], TRANSACTIONAL, script=script)
    world.evidence = Evidence.NONE
    run(world, world.job(batch=batch))
    assert set(world.handed_over.values()) == {2 if lost[0] else 1}
    assert set(world.states()) == {HELD if all(lost) else DeliveryState.ACCEPTED}


@given(st.integers(1, 5), SIZES, st.integers(0, 3))
def test_a_provider_that_lists_settles_what_was_lost(people: int, batch: int, lost: int) -> None:
    """An answer that was lost is found in the provider's list, or proven absent there and sent: nobody has two."""

    def script(delivery: DeliveryId, occasion: int) -> Outcome:
        return Unknown("reset") if occasion == 1 and int(delivery, 16) > lost else Accepted()

    world = World(crowd(people), script=script)
    run(world, world.job(batch=batch))
    assert Counter(world.accepted) == Counter(world.mailable())
    assert set(world.states()) == {DeliveryState.ACCEPTED}


@given(PEOPLE, SIZES, CRASHES)
def test_a_provider_that_knows_repeats_settles_everything(
    people: list[Facts], batch: int, crashes: list[tuple[int, When]]
) -> None:
    """After any crashes the same attempts are handed over again, under their own keys, and nobody has two."""
    world = World(people, evidence=Evidence.REPEATS)
    run_through(world, batch, crashes)
    assert Counter(world.accepted) == Counter(world.mailable())
    assert world.states()[DeliveryState.ACCEPTED] == len(world.mailable())


def test_an_attempt_is_not_repeated_once_somebody_in_it_has_left() -> None:
    """Who opts out while their message is in doubt is not sent it once more: both in the attempt are held (D10)."""
    world = World(crowd(2), evidence=Evidence.REPEATS)
    with pytest.raises(Crash):
        run(world, crash_at=5, when="before")
    assert world.attempts
    world.people[0] = person(0, UNSUBSCRIBED)
    run(world)
    assert (world.accepted, world.states()) == ([], {HELD: 2})


def test_an_attempt_of_yesterday_is_not_repeated() -> None:
    """A provider forgets its keys after a day: what is older is held (reliability §4)."""
    world = World(crowd(1), evidence=Evidence.REPEATS)
    with pytest.raises(Crash):
        run(world, crash_at=6, when="after")
    world.now += 24 * 3600.0
    run(world)
    assert (len(world.accepted), world.states()) == (1, {HELD: 1})


@given(PEOPLE, SIZES, st.integers(1, 5))
def test_many_hand_overs_at_once_come_to_the_same(people: list[Facts], batch: int, at_once: int) -> None:
    """Several lots under way together reach the same people as one by one."""
    world = World(people)
    run(world, world.job(batch=batch, at_once=at_once))
    assert Counter(world.accepted) == Counter(world.mailable())
    assert set(world.states()) <= SETTLED


def test_a_lost_lease_hands_nothing_over() -> None:
    """Where somebody else took the rows over, a stale fence stops the batch before the provider hears of it (D10)."""
    world = World(crowd(2), steals=True)
    run(world)
    first = world.seen.index("CommitAttempts")
    assert world.seen[first + 1 : first + 4] == ["PutBack", "Take", "Claim"]
    assert Counter(world.accepted) == Counter(world.mailable())


class Behind(World):
    """A worker who finds all rows in somebody's hands, or resting, at first; both are over once it asked so often."""

    shared = False
    asks = 1

    def claim(self, limit: int, only: tuple[DeliveryId, ...] = ()) -> e.Claimed:
        """The first times, nobody for half a minute."""
        if self.seen.count("Claim") <= self.asks:
            return e.Claimed(START, self.sender, (), 30.0, shared=self.shared)
        return super().claim(limit, only)


@pytest.mark.parametrize(
    ("shared", "patience", "waited"), [(True, 900.0, 0.05), (False, 900.0, 30.0), (True, 10.0, 0.0), (False, 10.0, 0.0)]
)
def test_rows_in_anothers_hands_are_looked_at_again_soon(*, shared: bool, patience: float, waited: float) -> None:
    """Who has them may be done long before the lease is over, for which one needs patience all the same."""
    world = Behind(crowd(2))
    world.shared = shared
    run(world, replace(world.job(), patience=patience))
    assert world.now == waited
    assert len(world.accepted) == (2 if waited else 0)


def test_who_looks_in_vain_looks_more_seldom() -> None:
    """From one look at what others have to the next twice the time passes, up to a second."""
    world = Behind(crowd(2))
    world.shared, world.asks = True, 7
    run(world)
    assert world.now == pytest.approx(0.05 + 0.1 + 0.2 + 0.4 + 0.8 + 1 + 1)


def test_a_paused_send_stops_at_the_next_claim() -> None:
    """Somebody else's pause ends the loop early, with rows left (R55)."""
    world = World(crowd(2), paused="by the operator")
    assert run(world).states == {READY: 2}
    assert world.accepted == []


def test_what_cannot_be_carried_rejects_that_row_alone() -> None:
    """A limit of the provider, or a value that would break the subject, costs nobody else their mail (D9, G-01)."""
    values: dict[int, dict[str, Scalar]] = {0: {"unreachable": True}, 1: {"first_name": "Ada\r\nBcc: all@example.com"}}
    people = crowd(3)
    world = World(people, values=values)
    run(world, world.job(batch=3))
    assert [row.state for row in world.rows.values()] == [
        DeliveryState.REJECTED,
        DeliveryState.REJECTED,
        DeliveryState.ACCEPTED,
    ]
    assert world.rows[delivery_of(0)].why == "too far away"
    assert "the subject holds U+000D" in world.rows[delivery_of(1)].why
    assert world.rows[delivery_of(0)].attempt is None


def test_a_stranger_cannot_be_offered_an_opt_out_link() -> None:
    """A transactional template that asks for the link rejects who has none to give, instead of sending a dead one."""
    request = replace(TRANSACTIONAL, content=Content("Reset", '<a href="{{unsubscribe_url}}">out</a>'))
    stranger = person(0, Standing(STRANGER))
    known = person(1, Standing(KNOWN))
    world = World([stranger, known], request=request)
    run(world)
    assert [row.state for row in world.rows.values()] == [DeliveryState.REJECTED, DeliveryState.ACCEPTED]
    assert "opt-out link" in world.rows[delivery_of(0)].why


def test_transactional_mail_reaches_strangers_and_the_unsubscribed() -> None:
    """No link is needed, so none is minted, and an opt-out does not stop it (R11, R26, R49)."""
    stranger = person(0, Standing(STRANGER))
    opted_out = person(1, Standing(KNOWN, Denials.UNSUBSCRIBED))
    bounced = person(2, Standing(KNOWN, Denials.HARD_BOUNCE))
    world = World([stranger, opted_out, bounced], request=TRANSACTIONAL)
    run(world)
    assert world.accepted == [delivery_of(0), delivery_of(1)]
    assert world.rows[delivery_of(2)].reasons == ("hard_bounce",)


WAITS = MIGMA.with_rules(LocalTime(datetime(2026, 5, 1, 20), otherwise=ZoneInfo("UTC")), name="waits")  # noqa: DTZ001 - a wall's
IN_BERLIN = Circumstances(zone=ZoneInfo("Europe/Berlin"))


def test_who_is_deferred_comes_again_when_it_is_time() -> None:
    """Everyone waits for their own hour, is written to then, and spends no attempt on the wait (D10)."""
    people = [person(place)._replace(circumstances=Circumstances()) for place in range(2)]
    people[1] = people[1]._replace(circumstances=IN_BERLIN)
    world = World(people, policy=WAITS)
    run(world, replace(world.job(), patience=1e6))
    assert (world.now, world.accepted) == (8 * 3600.0, [delivery_of(1), delivery_of(0)])
    assert all(row.attempts == 1 for row in world.rows.values())


def test_the_loop_does_not_wait_for_longer_than_its_patience() -> None:
    """Rows that rest for longer are left for a later run, ready and not before their hour."""
    world = World([person(0)._replace(circumstances=IN_BERLIN)], policy=WAITS)
    assert run(world).states == {READY: 1}
    assert (world.now, world.rows[delivery_of(0)].not_before) == (0.0, 6 * 3600.0)
    world.now = 6 * 3600.0
    run(world)
    assert world.accepted == [delivery_of(0)]


def test_a_deferral_found_at_the_claim_gives_the_row_back() -> None:
    """Who may be written to at the fan-out and not at the claim is given back until then, and says why."""
    world = World([person(0)._replace(circumstances=IN_BERLIN)], policy=WAITS)
    world.rows[delivery_of(0)] = Row(0, READY)
    run(world)
    row = world.rows[delivery_of(0)]
    assert (row.state, row.not_before, row.reasons) == (READY, 6 * 3600.0, ("local_time",))
    assert row.why == "the send waits for its time of day where the person is"


def test_missing_circumstances_withhold() -> None:
    """A store that gathered no circumstances makes nobody mailable under a rule that reads some (D4)."""
    world = World(crowd(2), policy=WAITS)
    run(world)
    assert (world.accepted, {row.reasons for row in world.rows.values()}) == ([], {("unreadable",)})
