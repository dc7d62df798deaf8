"""A page of the fan-out writes what the core decides of everybody in it, whichever way the database is written to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migma_sql import schema
from migma_sql.audience import Place, audience_of, read_page
from migma_sql.decisions import decision_columns, first_state
from migma_sql.fan_out import Page, write_page
from migma_sql.question import ask
from migma_sql.refs import new_refs
from migma_sql.sends import Sends
from sqlalchemy import Connection, Engine, select

from migma_core import (
    MIGMA,
    STRICT,
    Address,
    Contact,
    ContactId,
    Content,
    Denials,
    Policy,
    Purpose,
    SendId,
    SendRequest,
    Status,
    TagHolders,
    Validation,
)
from migma_core.decision.record import record
from migma_core.testing import strategies as values
from tests.support.examples import few
from tests.support.sql_rows import NOW, PEPPER, PROJECT, add_contact, deny, ref, undone

TRIED = few(50)
REQUEST = SendRequest(
    project=PROJECT,
    sender=Address("hi", "example.com"),
    sender_name="Us",
    recipients=TagHolders("all"),
    content=Content("Hello", "<p>Hello</p>"),
    provider="migma",
)
PEOPLE = st.builds(
    Contact,
    id=st.just(ContactId("0" * 32)),
    project=st.just(PROJECT),
    address=st.just(Address("someone", "example.org")),
    status=st.sampled_from(Status),
    validation=st.sampled_from(Validation),
    tags=st.just(frozenset({"all"})),
    consent=st.none() | values.consents(),
)
DENIALS = st.sampled_from((0, 0, Denials.HARD_BOUNCE, Denials.COMPLAINT)).map(int) | st.integers(0, sum(Denials))
# each of a few twice or more: who stands alike is written alike
CROWDS = st.lists(st.tuples(PEOPLE, DENIALS), min_size=1, max_size=4).flatmap(
    lambda few_of_them: st.lists(st.sampled_from(few_of_them), min_size=1, max_size=12)
)
WRITTEN = ("cell", "denials", "reasons", "outside", "decided_at", "policy")


@pytest.fixture(scope="module")
def send(shared: Engine) -> SendId:
    """A campaign to everyone tagged ``all``, of whom nobody has a row."""
    made = SendId(ref())
    Sends(shared, PEPPER).accept(made, REQUEST, Purpose.MARKETING, MIGMA, None, NOW)
    return made


@settings(max_examples=TRIED)
@given(crowd=CROWDS, limit=st.integers(1, 13), policy=st.sampled_from((MIGMA, STRICT)))
def test_pages_write_what_the_core_decides(
    shared: Engine, send: SendId, crowd: list[tuple[Contact, int]], limit: int, policy: Policy
) -> None:
    """For any people, denials and length of a page, each row says what `record` says of the standing that is read."""
    with undone(shared) as connection:
        _fill(connection, crowd)
        expected = dict(_decided(connection, policy))
        people = planned = 0
        for page in _pages(connection, send, Page(limit, policy, PEPPER, NOW)):
            people, planned = people + page.people, planned + page.planned
        d = schema.deliveries.c
        rows = connection.execute(select(schema.deliveries).where(d.send_id == send).order_by(d.ref)).all()
        assert {row.address_key: _written(row) for row in rows} == expected
        assert len({row.ref for row in rows}) == len(rows) == people == len(crowd)
        assert all(len(row.ref) == 32 and int(row.ref, 16) for row in rows)
        assert len({row.ref[12:22] for row in rows}) == len(rows)  # who knows one cannot guess the next
        assert planned == sum(state == "ready" for state, *_ in expected.values())


def test_references_of_a_page_share_its_moment_and_are_in_order() -> None:
    """Of a reference's 32 hex digits the first 12 are its moment; no two share the next ten, and all are in order."""
    made = new_refs(NOW, 1_000)
    assert made == sorted(made)
    assert {len(one) for one in made} == {32}
    assert {int(one[:12], 16) for one in made} == {int(NOW.timestamp() * 1_000)}
    assert len({one[12:22] for one in made}) == len({one[22:] for one in made}) == 1_000


def _fill(connection: Connection, crowd: list[tuple[Contact, int]]) -> None:
    for number, (contact, denials) in enumerate(crowd):
        address = Address(f"person{number}", "example.org")
        add_contact(connection, replace(contact, id=ContactId(ref()), address=address))
        deny(connection, address, denials)


def _pages(connection: Connection, send: SendId, page: Page) -> Iterator[Any]:
    while True:
        written = write_page(connection, send, page)
        yield written
        if not written.goes_on:
            return


def _decided(connection: Connection, policy: Policy) -> Iterator[tuple[bytes, tuple[Any, ...]]]:
    """What each member's row is to say: read at once, and decided one by one."""
    question = ask(connection, REQUEST, Purpose.MARKETING, NOW)
    audience = audience_of(connection, question, REQUEST.recipients, PEPPER)
    for row in read_page(connection, question, audience, Place(0, 100), policy.wanted, NOW).rows:
        decision = record(row.standing, policy, NOW, row.circumstances)
        columns = decision_columns(decision)
        yield row.address_key, (first_state(decision).value, None, NOW, *(columns[name] for name in WRITTEN))


def _written(row: Any) -> tuple[Any, ...]:
    return (row.state, row.not_before, row.updated_at, *(getattr(row, name) for name in WRITTEN))
