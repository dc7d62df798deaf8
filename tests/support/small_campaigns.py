"""Small campaigns on real stores under a clock of the tests: everything that a schedule of workers can be played on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from migma_clock import SimulatedClock
from migma_runtime.drive import drive, drive_async
from migma_runtime.pacing import Limits, Pacing
from migma_runtime.performing import AsyncPerformer, Performer, Ports
from migma_sql import SqlStore, schema
from migma_sql.engine import now_us, reading, writing
from sqlalchemy import Engine, delete, event, select, update

from migma_core import (
    MIGMA,
    Address,
    Attempt,
    Batch,
    ContactDraft,
    DeliveryState,
    Denials,
    Job,
    Outcome,
    Parcel,
    Purpose,
    SendId,
    Status,
    TagHolders,
    TokenKeys,
)
from migma_core.delivery import Action, CampaignConflict, Evidence
from migma_core.delivery import effects as e
from migma_core.delivery.steps import send_steps
from migma_core.message import compile_content
from migma_core.ports import Ledger, Pace
from migma_core.request import Project, SendRequest
from migma_core.testing.storage import put, request_to, some_project, some_send
from tests.support.invariants import Attempted, Denial, Row, Run, counts, violations
from tests.support.notebook import Notebook, Way
from tests.support.sql_rows import PEPPER
from tests.support.turns import Turn

__all__ = [
    "LEASE",
    "WORLDS",
    "Campaign",
    "Stage",
    "World",
    "on_this_stage",
    "settled_well",
]

LEASE = timedelta(seconds=30)
START = datetime(2026, 5, 1, 12, tzinfo=UTC)
_KEYS = TokenKeys({1: bytes(range(32))})


class World(NamedTuple):
    """For whom a provider delivers, and what it can say afterwards."""

    purpose: Purpose
    evidence: Evidence

    def __str__(self) -> str:
        return f"{self.purpose.word}, evidence {self.evidence}"


WORLDS = (
    World(Purpose.MARKETING, Evidence.NONE),
    World(Purpose.TRANSACTIONAL, Evidence.NONE),
    World(Purpose.MARKETING, Evidence.LISTS),
    World(Purpose.MARKETING, Evidence.REPEATS),
)


def _never(_: str, *, done: bool) -> None:
    """Nothing stops a worker."""


def _as_it_is(port: Any) -> Any:
    return port


@dataclass(frozen=True, slots=True)
class _Awaited:
    """The notebook for an event loop."""

    notebook: Notebook

    async def hand_over(self, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> tuple[Outcome, ...]:
        """As it is."""
        return self.notebook.hand_over(batch, parcel, attempt)


@dataclass
class Campaign:
    """
    One send on a stage: its provider, who has left meanwhile, and how it is carried out. ``together`` go in a request,
    ``page`` in a page of the fan-out.
    """

    stage: Stage
    send: SendId
    request: SendRequest
    purpose: Purpose
    provider: Notebook
    together: int
    page: int
    doubts: int = 0
    denials: list[Denial] = field(default_factory=list)

    @cached_property
    def job(self) -> Job:
        """What the loop is asked to do."""
        return Job(
            self.send,
            compile_content(self.request, self.stage.project.brand),
            MIGMA,
            _KEYS,
            "notebook",
            self.provider.encode,
            lambda row: None,
            self.together,
            self.page,
            evidence=self.provider.evidence,
        )

    def ports(
        self,
        store: SqlStore,
        ledger: Callable[[Ledger], Ledger] = _as_it_is,
        pace: Callable[[Pace], Pace] = _as_it_is,
    ) -> Ports:
        """The outside of it, as a process with this store has it; ledger and pace may be wrapped."""
        project, domain = self.stage.project, self.request.sender.domain
        pacing = Pacing(pace(store.pace), project.account, "notebook", domain, Limits(), START.date)
        return Ports(ledger(store.ledger), self.provider, self.stage.clock, pacing, LEASE)

    def work(self, store: SqlStore, turn: Turn = _never) -> None:
        """Run the real loop on its real driver, from wherever the store stands, to its end or its interruption."""
        self.work_on(self.ports(store), turn)

    def work_on(self, ports: Ports, turn: Turn = _never) -> None:
        """The same on these ports."""
        with Performer(ports) as perform:

            def by_turns(effect: e.Effect[Any]) -> Any:
                turn(type(effect).__name__, done=False)
                answer = perform(effect)
                turn(type(effect).__name__, done=True)
                return answer

            drive(send_steps(self.job), by_turns)

    def work_awaited_on(self, ports: Ports) -> None:
        """The same in an event loop."""

        async def sleep(seconds: float) -> None:
            self.stage.clock.sleep(seconds)

        asyncio.run(drive_async(send_steps(self.job), AsyncPerformer(ports, _Awaited(self.provider), sleep)))

    def change(self, action: Action) -> bool:
        """Pause or take up from outside, as another process does; ``False`` where it is no step from here."""
        try:
            self.stage.stores[-1].sends.change_status(self.send, action, self.stage.clock.now())
        except CampaignConflict:
            return False
        return True

    def leave(self, address: Address) -> None:
        """Somebody opts out of everything, at this moment."""
        contact = self.stage.stores[0].contacts.get(self.stage.project.id, address)
        assert contact is not None
        self.stage.stores[0].contacts.unsubscribe(contact.id, self.stage.clock.now(), "link")
        # the book's times have no finer steps than the clock of the test: later is later by a moment
        self.denials.append(Denial(str(address), self.stage.clock.now().timestamp()))
        self.stage.clock.advance(0.001)

    def run(self) -> Run:
        """What the store says and what the provider's notebook says, side by side."""
        store = self.stage.stores[0]
        found = store.sends.get(self.send)
        log = store.sends.log(self.send)
        a, m = schema.attempts, schema.attempt_members
        with reading(self.stage.engine) as connection:
            them = select(m.c.deliveries, a.c.composed_at).select_from(a.join(m)).where(a.c.send_id == self.send)
            made = connection.execute(them).all()
        return Run(
            self.purpose,
            found.status,
            found.why or "",
            frozenset(str(one) for one in self.stage.people),
            [Row(one.address, one.id, one.state, one.why or ", ".join(one.reasons)) for one in log],
            [Attempted(one, row.composed_at.timestamp()) for row in made for one in row.deliveries],
            self.provider.accepted,
            self.denials if self.purpose is Purpose.MARKETING else (),
            self.doubts,
        )


@dataclass
class Stage:
    """A database with a few subscribers, several stores on it as several processes have them, and one clock for all."""

    stores: Sequence[SqlStore]
    project: Project
    people: Sequence[Address]
    clock: SimulatedClock

    @property
    def engine(self) -> Engine:
        """That of the first store."""
        return self.stores[0]._engine

    def campaign(
        self,
        world: World = WORLDS[0],
        *,
        together: int = 1,
        page: int = 10,
        ways: Iterable[tuple[int, Way]] = (),
        doubts: int = 0,
    ) -> Campaign:
        """A new send to everybody, on streams that nothing is known of, to people who are all subscribed."""
        purpose, evidence = world
        transactional = purpose is Purpose.TRANSACTIONAL
        words = {"transactional": True, "justification": "an order was placed"} if transactional else {}
        request = request_to(self.project.id, TagHolders("all"), **words)
        send = some_send()
        with writing(self.engine) as connection:
            connection.execute(delete(schema.pace))
            connection.execute(delete(schema.suppressions))
            connection.execute(update(schema.addresses).values(denials=int(Denials(0))))
            connection.execute(update(schema.contacts).values(status=Status.SUBSCRIBED.value))
        self.stores[0].sends.accept(send, request, purpose, MIGMA, None, self.clock.now())
        provider = Notebook(evidence, self.clock, dict(ways))
        return Campaign(self, send, request, purpose, provider, together, page, doubts)

    def leases_end(self) -> None:
        """So much time passes that whoever was stopped has lost its claims."""
        self.clock.advance(LEASE + timedelta(seconds=1))


def settled_well(campaign: Campaign) -> None:
    """Assert that the guarantee was kept (reliability §1), and that nobody is held of whom evidence was to be had."""
    run = campaign.run()
    assert violations(run) == []
    told = counts(run)
    if campaign.provider.evidence is not Evidence.NONE:
        assert told.states == {DeliveryState.ACCEPTED: told.people}
        assert told.duplicates == 0
    elif campaign.purpose is Purpose.MARKETING:
        assert told.states.get(DeliveryState.ACCEPTED, 0) + told.states.get(DeliveryState.HELD, 0) == told.people


@contextmanager
def on_this_stage(url: str, people: int, stores: int = 2) -> Iterator[Stage]:
    """Set the stage in an empty database."""
    clock = SimulatedClock(START)
    with ExitStack() as closing:
        opened = [SqlStore.open(url, pepper=PEPPER, lease=LEASE) for _ in range(stores)]
        for store in opened:
            closing.callback(store.close)
            _keep_time(store._engine, clock)
        project = some_project(opened[0])
        addresses = [Address(f"p{number}", "customers.migma.email") for number in range(people)]
        held = frozenset({"all"})
        put(opened[0], project.id, *(ContactDraft(address=a, status=Status.SUBSCRIBED, tags=held) for a in addresses))
        yield Stage(opened, project, addresses, clock)


def _keep_time(engine: Engine, clock: SimulatedClock) -> None:
    """The database reads its time off the clock of the test: leases end when the test says so, and never before."""
    own = str(now_us().compile(dialect=engine.dialect))

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def _tell(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
        now = round((clock.now() - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
        return statement.replace(own, f"CAST({now} AS BIGINT)"), parameters
