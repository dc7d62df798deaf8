"""The ledger: everybody once, one worker at a time, and nothing in doubt is ever sent again unasked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_sql import schema
from migma_sql.claims import Taken, Terms, take
from migma_sql.engine import connect, reading, writing
from migma_sql.fan_out import Page, write_page
from migma_sql.fresh_facts import read_facts, withhold_unaddressed
from migma_sql.ledger import SqlLedger
from migma_sql.sends import Sends, UnknownSend
from sqlalchemy import Engine, Table, delete, func, select, update

from migma_core import (
    MIGMA,
    Address,
    Attempt,
    AttemptId,
    Contact,
    ContactId,
    Content,
    DeliveryId,
    DeliveryState,
    Denials,
    OneAddress,
    Purpose,
    ReasonKind,
    SendId,
    SendRequest,
    TagHolders,
    Withheld,
    address_key,
    decide,
)
from migma_core.decision.circumstances import Circumstances, Wanted
from migma_core.decision.record import Decision, record
from migma_core.decision.standing import Cell, Standing, StatusFact
from migma_core.delivery import Action, CampaignStatus
from migma_core.delivery.delivery import SETTLED
from migma_core.delivery.effects import Claimed, FannedOut, Settled
from migma_core.ports import Ledger, StoreBusy
from migma_core.request import Recipients
from tests.support.sql_rows import ACCOUNT, NOW, PEPPER, PROJECT, add, add_contact, add_people, deny, ref

ADA = Address("ada", "example.org")
LONG, OVER = timedelta(hours=1), timedelta(0)


@pytest.fixture
def ledger(engine: Engine) -> SqlLedger:
    """A ledger whose leases last."""
    return SqlLedger(engine, PEPPER, LONG)


@pytest.fixture
def forgetful(engine: Engine) -> SqlLedger:
    """A ledger on the same rows whose leases are over at once."""
    return SqlLedger(engine, PEPPER, OVER)


def accepted(engine: Engine, recipients: Recipients | None = None, provider: str = "migma") -> SendId:
    """A direct send that is being sent, by default to everyone tagged ``all``."""
    send, to = SendId(ref()), recipients or TagHolders("all")
    purpose = Purpose.TRANSACTIONAL if isinstance(to, OneAddress) else Purpose.MARKETING
    request = SendRequest(
        project=PROJECT,
        sender=Address("hi", "example.com"),
        sender_name="Us",
        recipients=to,
        content=Content("Hello", "<p>Hello</p>"),
        provider=provider,
    )
    Sends(engine, PEPPER).accept(send, request, purpose, MIGMA, None, NOW)
    return send


NOTHING = Wanted()


class Crash(Exception):
    """The machine stopped."""


def decisions(attempt: Attempt) -> list[Decision]:
    """The decision that let each row into the attempt."""
    return [record(Standing(0), MIGMA, NOW)] * len(attempt.deliveries)


def fan_out(ledger: SqlLedger, send: SendId, limit: int = 100) -> None:
    """Write a row for everybody."""
    while ledger.fan_out(send, limit, MIGMA, NOW).goes_on:
        pass


def ready(engine: Engine, ledger: SqlLedger, people: int = 3, tag: str = "all") -> SendId:
    """A send to that many people, fanned out."""
    with writing(engine) as connection:
        add_people(connection, people, tag=tag)
    send = accepted(engine, TagHolders(tag))
    fan_out(ledger, send)
    return send


def fences(claimed: Claimed) -> dict[DeliveryId, int]:
    """The fences of a claim."""
    return {row.delivery: row.fence for row in claimed.rows}


def attempt_for(send: SendId, claimed: Mapping[DeliveryId, int]) -> Attempt:
    """An attempt to hand these over."""
    values = tuple({"email": one} for one in claimed)
    return Attempt(AttemptId(ref()), send, "migma", tuple(claimed), "content", 1, 1, NOW, "digest", values)


def in_flight(ledger: SqlLedger, send: SendId, limit: int = 100) -> tuple[Attempt, dict[DeliveryId, int]]:
    """Claim rows and put an attempt for all of them on record."""
    claimed = fences(ledger.claim(send, limit, NOTHING, NOW))
    attempt = attempt_for(send, claimed)
    assert ledger.commit_attempts([attempt], claimed, (), decisions(attempt), NOW)
    return attempt, claimed


def all_to(state: DeliveryState, claimed: Mapping[DeliveryId, int], **more: Any) -> list[Settled]:
    """The same outcome for every row."""
    return [Settled(one, fence, state, **more) for one, fence in claimed.items()]


def column(engine: Engine, table: Table, name: str) -> list[Any]:
    """A column of a table, in the order of its rows."""
    with reading(engine) as connection:
        return list(connection.scalars(select(table.c[name]).order_by(*table.primary_key)))


def test_the_adapter_is_the_port(engine: Engine) -> None:
    """The type checker agrees that this is the ledger the core asks for; a send nobody accepted is refused."""
    port: Ledger = SqlLedger(engine, PEPPER, LONG)
    with pytest.raises(UnknownSend):
        port.fan_out(SendId("0" * 32), 10, MIGMA, NOW)


@given(people=st.integers(0, 9), limit=st.integers(1, 10), crashes=st.lists(st.booleans(), max_size=12))
def test_everybody_has_one_delivery_however_often_the_fan_out_is_interrupted(
    shared: Engine, people: int, limit: int, crashes: list[bool]
) -> None:
    """A page whose transaction dies before its end loses nobody, and written again doubles nobody."""
    ledger, tag = SqlLedger(shared, PEPPER, LONG), ref()
    with writing(shared) as connection:
        add_people(connection, people, tag=tag)
    send = accepted(shared, TagHolders(tag))
    for crash in crashes:
        with pytest.raises(Crash) if crash else nullcontext(), writing(shared) as connection:
            write_page(connection, send, Page(limit, MIGMA, PEPPER, NOW))
            if crash:
                raise Crash
    fan_out(ledger, send, limit)
    assert ledger.fan_out(send, limit, MIGMA, NOW) == FannedOut(0, 0, goes_on=False)
    assert ledger.finish(send, NOW).states == ({DeliveryState.READY: people} if people else {})
    addresses = [one.address for one in Sends(shared, PEPPER).log(send)]
    assert len(set(addresses)) == len(addresses) == people


def test_rows_carry_the_decision_they_were_written_with(engine: Engine, ledger: SqlLedger) -> None:
    """A person withheld at fan-out has a settled row with every reason, strongest first."""
    with writing(engine) as connection:
        add_people(connection, 2)
        deny(connection, Address("2", "example.org"), Denials.UNSUBSCRIBED | Denials.HARD_BOUNCE)
    send = accepted(engine)
    fan_out(ledger, send)
    assert column(engine, schema.deliveries, "reasons") == ["", "hard_bounce,unsubscribed"]
    assert column(engine, schema.deliveries, "state") == ["ready", "withheld"]
    assert set(column(engine, schema.deliveries, "policy")) == {MIGMA.fingerprint}


@pytest.mark.parametrize("lease", [LONG, OVER], ids=["while leases last", "when they are over at once"])
def test_two_ledgers_never_hold_the_same_row_at_once(engine: Engine, database: str, lease: timedelta) -> None:
    """Workers on connections of their own share the rows out; where one took over, only the last fence counts."""
    send = ready(engine, SqlLedger(engine, PEPPER, LONG), 400)

    def work(_: int) -> list[tuple[DeliveryId, int]]:
        mine = connect(database)
        worker, found = SqlLedger(mine, PEPPER, lease), list[tuple[DeliveryId, int]]()
        for _ in range(12):
            found += fences(worker.claim(send, 10, NOTHING, NOW)).items()
        mine.dispose()
        return found

    with ThreadPoolExecutor(4) as pool:
        taken = [one for found in pool.map(work, range(4)) for one in found]
    assert len(taken) == len(set(taken)) == (400 if lease is LONG else 480)
    assert lease is OVER or len(dict(taken)) == 400


def test_sixteen_workers_claim_ten_thousand_rows_once_each(engine: Engine, database: str, ledger: SqlLedger) -> None:
    """All at once, on connections of their own, they leave no row over and share none (reliability §15)."""
    send = ready(engine, ledger, 10_000)

    def claim(worker: SqlLedger) -> dict[DeliveryId, int]:
        while True:
            try:
                return fences(worker.claim(send, 100, NOTHING, NOW))
            except StoreBusy:
                continue  # the fifteen others had it for longer than anybody waits at once: as a program would do

    def work(_: int) -> list[DeliveryId]:
        mine = connect(database)
        worker, found = SqlLedger(mine, PEPPER, LONG), list[DeliveryId]()
        while claimed := claim(worker):
            found += claimed
        mine.dispose()
        return found

    with ThreadPoolExecutor(16) as pool:
        taken = [one for found in pool.map(work, range(16)) for one in found]
    assert len(taken) == len(set(taken)) == 10_000
    assert set(column(engine, schema.deliveries, "fence")) == {1}


def test_a_claimed_row_is_nobody_elses_until_its_lease_is_over(
    engine: Engine, ledger: SqlLedger, forgetful: SqlLedger
) -> None:
    """Before any attempt an expired claim is ready again, under the next fence; a lasting one is busy and shared."""
    send = ready(engine, ledger)
    first = forgetful.claim(send, 10, NOTHING, NOW)
    second = ledger.claim(send, 10, NOTHING, NOW)
    third = ledger.claim(send, 10, NOTHING, NOW)
    assert fences(second) == {one: fence + 1 for one, fence in fences(first).items()}
    assert third.rows == ()
    assert third.busy_seconds == pytest.approx(3600, abs=60)
    assert third.shared


def test_a_stale_fence_writes_nothing(engine: Engine, ledger: SqlLedger, forgetful: SqlLedger) -> None:
    """Who lost the lease can neither commit nor give back nor record: the rows are another's now."""
    send = ready(engine, ledger)
    lost = fences(forgetful.claim(send, 10, NOTHING, NOW))
    attempt, held = in_flight(ledger, send)
    assert not forgetful.commit_attempts(
        [attempt_for(send, lost)], lost, all_to(DeliveryState.REJECTED, lost), decisions(attempt_for(send, lost)), NOW
    )
    forgetful.give_back(lost)
    forgetful.record([attempt.id], all_to(DeliveryState.REJECTED, lost), NOW)
    assert column(engine, schema.attempts, "id") == [attempt.id]
    assert set(column(engine, schema.deliveries, "state")) == {"claimed"}
    assert set(column(engine, schema.deliveries, "fence")) == set(held.values())


def test_one_stale_fence_stops_the_whole_commit(engine: Engine, ledger: SqlLedger, forgetful: SqlLedger) -> None:
    """An attempt is put on record for all of its rows or for none."""
    send = ready(engine, ledger)
    mine = fences(forgetful.claim(send, 10, NOTHING, NOW))
    ledger.claim(send, 1, NOTHING, NOW)
    assert not forgetful.commit_attempts([attempt_for(send, mine)], mine, (), decisions(attempt_for(send, mine)), NOW)
    assert column(engine, schema.attempts, "id") == []


def test_an_attempt_is_committed_once(engine: Engine, ledger: SqlLedger) -> None:
    """Who repeats a commit whose answer was lost is told that the rows are not theirs to send; nothing changes."""
    send = ready(engine, ledger)
    attempt, held = in_flight(ledger, send)
    assert not ledger.commit_attempts([attempt], held, (), decisions(attempt), NOW)
    assert column(engine, schema.attempts, "id") == [attempt.id]
    assert ledger.finish(send, NOW).states == {DeliveryState.IN_FLIGHT: 3}


def test_the_members_of_an_attempt_share_one_lease(engine: Engine, ledger: SqlLedger) -> None:
    """However they stand and however many statements it takes, they are doubted together: at commit, and renewed."""
    send = ready(engine, ledger, people=40)
    claimed = fences(ledger.claim(send, 100, NOTHING, NOW))
    attempt = attempt_for(send, claimed)
    each_its_own = [record(Standing(0), MIGMA, NOW, Circumstances()) for _ in claimed]
    assert ledger.commit_attempts([attempt], claimed, (), each_its_own, NOW)
    assert len(set(column(engine, schema.deliveries, "lease_until"))) == 1
    ledger.renew([attempt.id])
    assert len(set(column(engine, schema.deliveries, "lease_until"))) == 1


def test_an_expired_lease_with_an_attempt_is_unknown_and_never_ready(
    engine: Engine, ledger: SqlLedger, forgetful: SqlLedger
) -> None:
    """What may have been handed over is not claimed again; it is found in flight, and waits for evidence."""
    send = ready(engine, ledger)
    attempt, held = in_flight(forgetful, send)
    assert ledger.claim(send, 10, NOTHING, NOW).rows == ()
    assert ledger.claim(send, 10, NOTHING, NOW).busy_seconds == 0.05
    assert ledger.in_flight(send).deliveries == dict.fromkeys(held, attempt.id)
    assert ledger.finish(send, NOW).states == {DeliveryState.UNKNOWN: 3}
    assert Sends(engine, PEPPER).get(send).status is CampaignStatus.SENDING


def test_an_attempt_whose_lease_lasts_is_not_doubted(engine: Engine, ledger: SqlLedger) -> None:
    """A live hand-over is nobody's to reconcile; committing gives it the whole lease."""
    send = ready(engine, ledger)
    _, held = in_flight(ledger, send)
    assert ledger.in_flight(send).deliveries == {}
    ledger.reconcile((), tuple(held), (), "impatience", NOW)
    assert ledger.finish(send, NOW).states == {DeliveryState.IN_FLIGHT: 3}


def test_doubt_is_settled_by_evidence(engine: Engine, ledger: SqlLedger, forgetful: SqlLedger) -> None:
    """Found is accepted, absent is ready without the attempt, and what nobody can say is held, each with the reason."""
    send = ready(engine, ledger)
    attempt, held = in_flight(forgetful, send)
    found, absent, undecided = held
    ledger.reconcile((found,), (absent,), (undecided,), "listed by outbox", NOW)
    assert column(engine, schema.deliveries, "state") == ["accepted", "ready", "held"]
    assert column(engine, schema.deliveries, "attempt_id") == [attempt.id, None, attempt.id]
    assert set(column(engine, schema.deliveries, "why")) == {"listed by outbox"}
    assert column(engine, schema.domains, "sent") == [1]
    assert list(fences(ledger.claim(send, 10, NOTHING, NOW))) == [absent]


def test_a_late_answer_settles_what_is_held_for_want_of_it(
    engine: Engine, ledger: SqlLedger, forgetful: SqlLedger
) -> None:
    """Rows held in doubt take the answer of their own attempt; a row sent anew does not."""
    send = ready(engine, ledger, 2)
    attempt, held = in_flight(forgetful, send)
    one, other = held
    ledger.reconcile((), (other,), (one,), "cannot say", NOW)
    ledger.claim(send, 10, NOTHING, NOW)
    ledger.record([attempt.id], all_to(DeliveryState.ACCEPTED, held, provider_id="p"), NOW)
    assert column(engine, schema.deliveries, "state") == ["accepted", "claimed"]
    assert column(engine, schema.deliveries, "provider_id") == ["p", None]
    assert column(engine, schema.domains, "sent") == [1]


def test_outcomes_are_recorded_once(engine: Engine, ledger: SqlLedger) -> None:
    """Repeating a record after a lost answer changes nothing, and counts nobody twice."""
    send = ready(engine, ledger)
    attempt, held = in_flight(ledger, send)
    for _ in range(2):
        ledger.record([attempt.id], all_to(DeliveryState.ACCEPTED, held, provider_id="p", spends=True), NOW)
    assert set(column(engine, schema.deliveries, "attempts")) == {1}
    assert column(engine, schema.domains, "sent") == [3]
    assert column(engine, schema.attempts, "finished_at") == [NOW]


def test_an_opt_out_committed_before_the_claim_stops_the_mail(engine: Engine, ledger: SqlLedger) -> None:
    """The claim reads facts anew, with the evidence; the row it withholds keeps them."""
    send = ready(engine, ledger, 2)
    leaver = Address("1", "example.org")
    with writing(engine) as connection:
        deny(connection, leaver, Denials.UNSUBSCRIBED)
        entry = {"reason": "unsubscribe", "provider": "", "source": "link", "at": NOW}
        add(connection, schema.suppressions, account_id=ACCOUNT, address_key=address_key(leaver, PEPPER), **entry)
        connection.execute(update(schema.contacts).where(schema.contacts.c.id == 1).values(status="unsubscribed"))
    claimed = ledger.claim(send, 10, NOTHING, NOW)
    left, stays = (decide(row.facts) for row in claimed.rows)
    assert isinstance(left, Withheld)
    assert left.reasons[0].kind is ReasonKind.UNSUBSCRIBED
    assert getattr(left.reasons[0], "source", None) == "link"
    assert not isinstance(stays, Withheld)
    row = claimed.rows[0]
    made = record(row.facts.standing, MIGMA, NOW + LONG)
    withheld = Settled(row.delivery, row.fence, DeliveryState.WITHHELD, keeps_attempt=False, decision=made)
    assert ledger.commit_attempts([], {row.delivery: row.fence}, (withheld,), (), NOW + LONG)
    found = Sends(engine, PEPPER).delivery_of(send, address_key(leaver, PEPPER))
    assert found is not None
    assert (found.state, found.decision) == (DeliveryState.WITHHELD, made)
    assert made.reasons[0] is ReasonKind.UNSUBSCRIBED


def test_a_claim_tells_what_a_message_needs(engine: Engine, ledger: SqlLedger) -> None:
    """Address, contact, values and the sender's side come with the rows; the clock's time is the caller's."""
    someone = Contact(
        id=ContactId(ref()),
        project=PROJECT,
        address=Address("Ada", "example.org"),
        first_name="Ada",
        fields={"plan": "pro"},
        tags=frozenset({"all"}),
    )
    with writing(engine) as connection:
        add_contact(connection, someone)
    send = accepted(engine)
    fan_out(ledger, send)
    claimed = ledger.claim(send, 10, NOTHING, NOW)
    (row,) = claimed.rows
    assert (claimed.at, claimed.busy_seconds, claimed.stopped) == (NOW, None, False)
    assert (row.facts.address, row.facts.contact) == (someone.address, someone.id)
    assert row.values == someone.values
    assert claimed.sender.domain is not None
    assert claimed.sender.postal_address == "1 Main St"


@pytest.mark.parametrize("stored", [True, False])
def test_one_address_is_one_row_with_a_contact_or_without(engine: Engine, ledger: SqlLedger, stored: bool) -> None:
    """A single send works for an address nobody has stored, and knows the contact where there is one (R49)."""
    someone = Contact(id=ContactId(ref()), project=PROJECT, address=Address("ADA", "example.org"), first_name="Ada")
    if stored:
        with writing(engine) as connection:
            add_contact(connection, someone)
    send = accepted(engine, OneAddress(ADA))
    fan_out(ledger, send)
    (row,) = ledger.claim(send, 10, NOTHING, NOW).rows
    assert row.facts.contact == (someone.id if stored else None)
    assert row.facts.address == (someone.address if stored else ADA)
    assert Cell.unpacked(row.facts.standing.cell).status is (StatusFact.SUBSCRIBED if stored else StatusFact.NO_CONTACT)
    assert row.values["first_name"] == ("Ada" if stored else None)


def test_a_stranger_with_a_bounced_address_is_known_to_have_bounced(engine: Engine, ledger: SqlLedger) -> None:
    """Denials stand against an address, with or without a contact."""
    with writing(engine) as connection:
        deny(connection, ADA, Denials.HARD_BOUNCE)
    send = accepted(engine, OneAddress(ADA))
    fan_out(ledger, send)
    assert column(engine, schema.deliveries, "reasons") == ["hard_bounce"]
    assert ledger.claim(send, 10, NOTHING, NOW).busy_seconds is None


def test_nobody_is_written_to_whose_address_is_gone(engine: Engine, ledger: SqlLedger) -> None:
    """A contact removed after the fan-out, or a record that is no address, withholds its row and stops no other."""
    send = ready(engine, ledger)
    with writing(engine) as connection:
        connection.execute(delete(schema.contact_tags))
        connection.execute(delete(schema.contacts).where(schema.contacts.c.id == 1))
        connection.execute(update(schema.contacts).where(schema.contacts.c.id == 2).values(domain="localhost"))
    assert [row.facts.address.local for row in ledger.claim(send, 10, NOTHING, NOW).rows] == ["3"]
    assert column(engine, schema.deliveries, "state") == ["withheld", "withheld", "claimed"]
    assert column(engine, schema.deliveries, "reasons") == ["unreadable", "unreadable", ""]


def test_somebody_erased_after_the_fan_out_stops_no_other(engine: Engine, ledger: SqlLedger) -> None:
    """Their row stands without them, and is withheld by the claim; everybody else is claimed."""
    with writing(engine) as connection:
        add_people(connection, 3)
    send = accepted(engine)
    fan_out(ledger, send)
    with writing(engine) as connection:
        connection.execute(delete(schema.contact_tags))
        connection.execute(delete(schema.contacts).where(schema.contacts.c.id == 2))
    assert len(ledger.claim(send, 10, NOTHING, NOW).rows) == 2
    assert ledger.finish(send, NOW).states == {DeliveryState.CLAIMED: 2, DeliveryState.WITHHELD: 1}


def test_a_row_that_was_not_sent_rests_before_it_is_ready(engine: Engine, ledger: SqlLedger) -> None:
    """A refusal to take it now clears the attempt, counts it, and keeps the row from being claimed for so long."""
    send = ready(engine, ledger, 1)
    attempt, held = in_flight(ledger, send)
    ledger.record([attempt.id], all_to(DeliveryState.READY, held, wait=30.0, keeps_attempt=False, spends=True), NOW)
    claimed = ledger.claim(send, 10, NOTHING, NOW)
    assert claimed.rows == ()
    assert claimed.busy_seconds == pytest.approx(30, abs=5)
    assert not claimed.shared
    assert column(engine, schema.deliveries, "attempts") == [1]
    assert column(engine, schema.deliveries, "attempt_id") == [None]


def test_an_innocent_row_loses_no_attempt(engine: Engine, ledger: SqlLedger) -> None:
    """A row that goes straight back, since the account or the request was refused, is as fresh as before (D8)."""
    send = ready(engine, ledger, 1)
    attempt, held = in_flight(ledger, send)
    ledger.record([attempt.id], all_to(DeliveryState.READY, held, keeps_attempt=False), NOW)
    (again,) = ledger.claim(send, 10, NOTHING, NOW).rows
    assert again.attempts == 0


def taken_of(engine: Engine, send: SendId, lease: timedelta = LONG) -> tuple[Taken, Terms]:
    """Rows as a claim has them before it reads about anybody."""
    terms = Terms(lease // timedelta(microseconds=1), NOTHING, NOW, PEPPER)
    with writing(engine) as connection:
        return take(connection, send, 10, terms), terms


def test_an_opt_out_after_the_rows_are_taken_is_read_too(engine: Engine, ledger: SqlLedger) -> None:
    """Facts are read once the rows are ours, so that they are never older than the claim."""
    taken, terms = taken_of(engine, ready(engine, ledger))
    with writing(engine) as connection:
        connection.execute(update(schema.contacts).where(schema.contacts.c.id == 1).values(status="unsubscribed"))
    with reading(engine) as connection:
        read = read_facts(connection, taken, terms)
    denied = [isinstance(decide(row.facts, MIGMA), Withheld) for row in read.claimed.rows]
    assert denied == [True, False, False]


@pytest.mark.parametrize("fault", [StoreBusy("busy"), KeyboardInterrupt()], ids=["a fault", "an interrupt"])
def test_rows_that_could_not_be_read_about_are_free_at_once(
    engine: Engine, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    """Whoever asks next has them, under fences of their own."""
    send, before = ready(engine, ledger), column(engine, schema.deliveries, "fence")

    def refuse(*_: object) -> None:
        raise fault

    with monkeypatch.context() as broken:
        broken.setattr("migma_sql.ledger.read_facts", refuse)
        with pytest.raises(type(fault)):
            ledger.claim(send, 10, NOTHING, NOW)
    assert set(fences(ledger.claim(send, 10, NOTHING, NOW)).values()) == {before[0] + 2}


@pytest.mark.parametrize("people", [[1], [1, 2, 3]])
def test_people_who_go_after_the_rows_are_taken_are_withheld(
    engine: Engine, ledger: SqlLedger, people: list[int]
) -> None:
    """A row whose address nobody has any more is settled with the reason; the others are claimed as ever."""
    send = ready(engine, ledger)
    taken, terms = taken_of(engine, send)
    with writing(engine) as connection:
        connection.execute(delete(schema.contacts).where(schema.contacts.c.id.in_(people)))
    with reading(engine) as connection:
        read = read_facts(connection, taken, terms)
    with writing(engine) as connection:
        claimed = withhold_unaddressed(connection, read, taken, NOW)
    assert (len(read.gone), len(claimed.rows)) == (len(people), 3 - len(people))
    assert claimed.busy_seconds is None
    assert column(engine, schema.deliveries, "state").count("withheld") == len(people)


def test_rows_that_changed_hands_while_they_were_read_about_stay_the_others(engine: Engine, ledger: SqlLedger) -> None:
    """A worker who stood still between taking and reading has the fence it took, and neither writes nor withholds."""
    send = ready(engine, ledger)
    taken, terms = taken_of(engine, send, OVER)
    others = fences(ledger.claim(send, 10, NOTHING, NOW))
    with writing(engine) as connection:
        connection.execute(delete(schema.contacts).where(schema.contacts.c.id == 1))
    with reading(engine) as connection:
        read = read_facts(connection, taken, terms)
    with writing(engine) as connection:
        late = fences(withhold_unaddressed(connection, read, taken, NOW))
    attempt = attempt_for(send, late)
    assert late == {one: others[one] - 1 for one in late}
    assert not ledger.commit_attempts([attempt], late, (), decisions(attempt), NOW)
    assert set(column(engine, schema.deliveries, "state")) == {"claimed"}
    assert set(column(engine, schema.deliveries, "fence")) == set(others.values())


@pytest.mark.parametrize("people", [[1], [1, 2, 3]])
def test_doubt_about_people_who_are_gone_is_held_and_a_late_answer_counts(
    engine: Engine, ledger: SqlLedger, forgetful: SqlLedger, people: list[int]
) -> None:
    """An attempt that is reopened leaves nobody in doubt for ever, and takes no answer from those it cannot repeat."""
    send = ready(engine, ledger)
    attempt, held = in_flight(forgetful, send)
    with writing(engine) as connection:
        connection.execute(delete(schema.contacts).where(schema.contacts.c.id.in_(people)))
    reopened = ledger.reopen(attempt.id, NOTHING, NOW)
    assert (0 if reopened is None else len(reopened.claimed.rows)) == 3 - len(people)
    states = column(engine, schema.deliveries, "state")
    assert states == ["held" if number in people else "claimed" for number in (1, 2, 3)]
    gone = {one: fence for (one, fence), state in zip(held.items(), states, strict=True) if state == "held"}
    ledger.record([attempt.id], all_to(DeliveryState.REJECTED, gone), NOW)
    assert column(engine, schema.deliveries, "state").count("rejected") == len(people)


def test_given_back_rows_can_be_claimed_at_once(engine: Engine, ledger: SqlLedger) -> None:
    """Giving back leaves no trace but the fence."""
    send = ready(engine, ledger)
    first = fences(ledger.claim(send, 10, NOTHING, NOW))
    ledger.give_back(first)
    assert fences(ledger.claim(send, 10, NOTHING, NOW)) == {one: fence + 1 for one, fence in first.items()}


@pytest.mark.parametrize("stop", ["pause", "cancel"])
def test_a_send_that_stands_still_gives_nothing_out(engine: Engine, ledger: SqlLedger, stop: str) -> None:
    """Pausing and cancelling are seen by the next claim; only a pause can be taken up again."""
    send, sends = ready(engine, ledger), Sends(engine, PEPPER)
    if stop == "pause":
        ledger.pause(send, "the provider is down")
        ledger.pause(send, "a later reason")
    else:
        sends.change_status(send, Action.CANCEL, NOW)
    assert ledger.claim(send, 10, NOTHING, NOW).stopped
    assert ledger.fan_out(send, 10, MIGMA, NOW) == FannedOut(0, 0, goes_on=False)
    assert ledger.finish(send, NOW).states == {DeliveryState.READY if stop == "pause" else DeliveryState.CANCELLED: 3}
    if stop == "pause":
        assert sends.get(send).why == "the provider is down"
        sends.change_status(send, Action.SEND, NOW)
        assert sends.get(send).why is None
        assert len(ledger.claim(send, 10, NOTHING, NOW).rows) == 3


def test_a_pause_keeps_rows_in_flight_to_their_outcome(engine: Engine, ledger: SqlLedger) -> None:
    """What was handed over before the pause is recorded after it."""
    send = ready(engine, ledger)
    attempt, held = in_flight(ledger, send)
    ledger.pause(send, "stop")
    ledger.record([attempt.id], all_to(DeliveryState.ACCEPTED, held), NOW)
    assert ledger.finish(send, NOW).states == {DeliveryState.ACCEPTED: 3}
    assert Sends(engine, PEPPER).get(send).status is CampaignStatus.PAUSED


def test_a_send_is_sent_when_every_row_is_settled(engine: Engine, ledger: SqlLedger) -> None:
    """Not before the fan-out is complete, and not before the last row."""
    send, sends = ready(engine, ledger), Sends(engine, PEPPER)
    for rest in (2, 1, 0):
        attempt, held = in_flight(ledger, send, 1)
        assert ledger.finish(send, NOW).states[DeliveryState.IN_FLIGHT] == 1
        ledger.record([attempt.id], all_to(DeliveryState.ACCEPTED, held), NOW)
        assert sends.get(send).status is CampaignStatus.SENDING
        states = ledger.finish(send, NOW).states
        assert states.get(DeliveryState.READY, 0) == rest
    assert (sends.get(send).status, sends.get(send).finished_at) == (CampaignStatus.SENT, NOW)
    assert ledger.claim(send, 10, NOTHING, NOW).stopped


@pytest.mark.parametrize(
    ("people", "why"), [(0, "the audience is empty"), (2, "everyone in the audience (2) is withheld")]
)
def test_a_send_that_reached_nobody_failed_and_says_why(
    engine: Engine, ledger: SqlLedger, people: int, why: str
) -> None:
    """Zero eligible recipients is a failure, never a silent success (R58)."""
    with writing(engine) as connection:
        add_people(connection, people)
        connection.execute(update(schema.contacts).values(status="unsubscribed"))
    send = accepted(engine)
    assert Sends(engine, PEPPER).get(send).status is CampaignStatus.SENDING
    fan_out(ledger, send)
    ledger.finish(send, NOW)
    found = Sends(engine, PEPPER).get(send)
    assert found.status is CampaignStatus.FAILED
    assert found.why is not None
    assert why in found.why


def test_an_unfinished_fan_out_is_not_finished(engine: Engine, ledger: SqlLedger) -> None:
    """Rows that are not written yet are not forgotten when all the others are settled."""
    with writing(engine) as connection:
        add_people(connection, 3)
    send = accepted(engine)
    assert ledger.fan_out(send, 2, MIGMA, NOW) == FannedOut(2, 2, goes_on=True)
    attempt, held = in_flight(ledger, send)
    ledger.record([attempt.id], all_to(DeliveryState.ACCEPTED, held), NOW)
    ledger.finish(send, NOW)
    assert Sends(engine, PEPPER).get(send).status is CampaignStatus.SENDING
    fan_out(ledger, send)
    assert len(ledger.claim(send, 10, NOTHING, NOW).rows) == 1


_OUTCOMES: Mapping[str, Mapping[str, Any]] = {
    "accepted": {"state": DeliveryState.ACCEPTED},
    "rejected": {"state": DeliveryState.REJECTED},
    "held": {"state": DeliveryState.HELD},
    "dead": {"state": DeliveryState.DEAD},
    "again": {"state": DeliveryState.READY, "keeps_attempt": False},
}


@given(
    outcomes=st.lists(st.sampled_from(sorted(_OUTCOMES)), min_size=1, max_size=10),
    crash=st.sampled_from(("never", "before the attempt", "after it")),
    evidence=st.lists(st.sampled_from(("found", "absent", "undecided")), min_size=10, max_size=10),
    limit=st.integers(1, 4),
)
def test_whatever_happens_the_counts_add_up(
    shared: Engine, outcomes: list[str], crash: str, evidence: list[str], limit: int
) -> None:
    """Through any outcomes and a crash anywhere, nobody is lost, doubled or left over, and accepted are counted."""
    ledger, crashed, tag = SqlLedger(shared, PEPPER, LONG), SqlLedger(shared, PEPPER, OVER), ref()
    (counted,) = column(shared, schema.domains, "sent")
    send = ready(shared, ledger, len(outcomes), tag)
    if crash == "before the attempt":
        crashed.claim(send, limit, NOTHING, NOW)
    elif crash == "after it":
        in_flight(crashed, send, limit)
        _reconcile(ledger, send, evidence)
    _send_all(ledger, send, outcomes, limit)
    states = ledger.finish(send, NOW).states
    assert sum(states.values()) == len(outcomes)
    assert states.keys() <= SETTLED
    assert column(shared, schema.domains, "sent") == [counted + states.get(DeliveryState.ACCEPTED, 0)]
    assert Sends(shared, PEPPER).get(send).status in {CampaignStatus.SENT, CampaignStatus.FAILED}


def _reconcile(ledger: SqlLedger, send: SendId, evidence: Sequence[str]) -> None:
    doubtful = list(zip(ledger.in_flight(send).deliveries, evidence, strict=False))
    found, absent, undecided = (
        tuple(one for one, how in doubtful if how == kind) for kind in ("found", "absent", "undecided")
    )
    ledger.reconcile(found, absent, undecided, "asked", NOW)


def _send_all(ledger: SqlLedger, send: SendId, outcomes: Sequence[str], limit: int) -> None:
    rest = iter(outcomes)
    while held := fences(ledger.claim(send, limit, NOTHING, NOW)):
        attempt = attempt_for(send, held)
        assert ledger.commit_attempts([attempt], held, (), decisions(attempt), NOW)
        settled = [Settled(one, fence, **_OUTCOMES[next(rest, "accepted")]) for one, fence in held.items()]
        ledger.record([attempt.id], settled, NOW)


def test_rows_are_counted_from_rows(engine: Engine, ledger: SqlLedger) -> None:
    """Deliveries, states and the log agree on how many there are."""
    send = ready(engine, ledger, 7)
    with reading(engine) as connection:
        rows = connection.scalar(select(func.count()).select_from(schema.deliveries))
    logged = Counter(one.state for one in Sends(engine, PEPPER).log(send))
    assert logged == Sends(engine, PEPPER).states(send) == {DeliveryState.READY: rows}
