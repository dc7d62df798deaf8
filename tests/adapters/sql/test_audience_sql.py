"""Audiences selected by the database are those that `matches` describes."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from migma_sql import schema
from migma_sql.audience import Place, audience_of, page_of, read_page
from migma_sql.condition import alternatives, matching
from migma_sql.question import Question
from migma_sql.search import Search
from migma_wire.json import condition_to_json
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.dialects import postgresql

from migma_core import (
    Address,
    Contact,
    ContactId,
    Engaged,
    EngagementAction,
    EngagementMode,
    ProjectId,
    Purpose,
    SegmentMembers,
    SendId,
    TagHolders,
    address_key,
)
from migma_core.audience import (
    AllOf,
    AnyOf,
    Condition,
    DefaultSubscription,
    FieldIs,
    Mode,
    Not,
    SegmentId,
    Tagged,
    TimeUnit,
    TopicId,
    matches,
)
from migma_core.decision.circumstances import Wanted
from migma_core.decision.standing import Cell, TopicFact
from migma_core.ports import AudienceRow
from migma_core.request import EarlierRecipients, Exclusion, Recipients
from migma_core.testing import strategies as values
from tests.support.examples import few
from tests.support.sql_rows import (
    ACCOUNT,
    NOW,
    PEPPER,
    PROJECT,
    add,
    add_contact,
    add_people,
    add_project,
    is_kept,
    ref,
    standing_of,
    undone,
)

TRIED = few(100)
KEPT = values.contacts(project=PROJECT).filter(is_kept)
LARGE = 5_000  # PostgreSQL is asked for a large page in another way than for a small one
QUESTION = Question(ACCOUNT, PROJECT, "migma", Purpose.MARKETING)


def selected(connection: Connection, condition: Condition, search: Search = Search.PAGED) -> set[str]:
    """The refs of the contacts that the database finds."""
    return set(connection.scalars(select(schema.contacts.c.ref).where(matching(condition, PROJECT, search))))


def found_by_joins(connection: Connection, *conditions: Condition) -> list[str]:
    """The refs of whom any describes, as pages find them: whoever came twice would show."""
    people, described = alternatives(AnyOf(conditions), PROJECT)
    return list(connection.scalars(select(schema.contacts.c.ref).select_from(people).where(described)))


@settings(max_examples=TRIED)
@given(
    people=st.lists(
        values.contacts(project=PROJECT).filter(is_kept),
        min_size=1,
        max_size=3,
        unique_by=lambda one: one.address.canonical,
    ),
    conditions=st.lists(values.conditions(), min_size=1, max_size=3),
    search=st.sampled_from(Search),
)
def test_the_database_selects_whom_python_matches(
    shared: Engine, people: list[Contact], conditions: list[Condition], search: Search
) -> None:
    """For any contacts and conditions, and any way of searching, database and `matches` agree about everybody."""
    people = [_with_id(one) for one in people]
    with undone(shared) as connection:
        for one in people:
            add_contact(connection, one)
        for condition in conditions:
            wanted = {one.id for one in people if matches(condition, one)}
            assert selected(connection, condition, search) == wanted
        anyone = {one.id for one in people if any(matches(condition, one) for condition in conditions)}
        assert sorted(found_by_joins(connection, *conditions)) == sorted(anyone)


@settings(max_examples=TRIED)
@given(
    text=st.text(max_size=6) | st.sampled_from(("100%", "a_b", "\\", "ß", "İ", "10", "-3.5", "1e2", "2026-05-01")),
    wanted=st.text(max_size=3) | st.sampled_from(("%", "_", "0%", "\0b", "ss", "b", "", "10.0", "100")),
    mode=st.sampled_from([mode for mode in Mode if not mode.startswith(("number", "date"))]),
)
def test_text_is_compared_as_it_is(shared: Engine, text: str, wanted: str, mode: Mode) -> None:
    """Wildcards, NUL and letters that fold to two mean in the database what they mean in Python."""
    someone = _person(fields={"note": text})
    assume(is_kept(someone))
    condition = FieldIs("note", mode, (wanted,))
    with undone(shared) as connection:
        add_contact(connection, someone)
        assert (selected(connection, condition) == {someone.id}) is matches(condition, someone)


@given(condition=values.conditions())
def test_every_condition_compiles_for_postgresql(condition: Condition) -> None:
    """No condition needs anything that one database has and the other lacks."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
    assert str(select(schema.contacts.c.id).where(matching(condition, PROJECT)).compile(dialect=dialect))


def test_a_value_is_found_under_the_products_spelling_too(shared: Engine) -> None:
    """``firstName`` in a segment means what it means in a template."""
    someone = _person(first_name="Ada")
    with undone(shared) as connection:
        add_contact(connection, someone)
        for condition in (FieldIs("firstName", Mode.IS, ("ada",)), Not(FieldIs("lastName", Mode.IS, ("ada",)))):
            assert matches(condition, someone)
            assert selected(connection, condition) == {someone.id}


def test_tags_are_compared_by_their_exact_name_and_within_the_project(shared: Engine) -> None:
    """Neither another case nor another project's tag of the same name finds anybody."""
    other = ProjectId("d" * 32)
    with undone(shared) as connection:
        add_project(connection, other)
        mine, theirs = _person(tags=frozenset({"Beta"})), _person(project=other, tags=frozenset({"beta"}))
        add_contact(connection, mine)
        add_contact(connection, theirs)
        assert selected(connection, Tagged(("Beta",))) == {mine.id}
        assert selected(connection, Tagged(("beta", "BETA"))) == set()
        assert members(connection, TagHolders("beta")) == []
        assert len(members(connection, TagHolders("Beta"))) == 1


def test_a_segment_that_is_not_there_has_nobody(shared: Engine) -> None:
    """Neither an unknown segment nor an unknown tag is ever everybody."""
    with undone(shared) as connection:
        add_people(connection, 3)
        assert members(connection, SegmentMembers(SegmentId("0" * 32))) == []
        assert members(connection, TagHolders("nothing")) == []


def test_a_segment_is_read_from_the_store(shared: Engine) -> None:
    """A stored condition selects the project's people and nobody else's."""
    condition = AllOf(
        (
            Not(Tagged(("out",))),
            AnyOf((FieldIs("country", Mode.IS, ("DE",)), FieldIs("email", Mode.CONTAINS, ("org",)))),
        )
    )
    segment = SegmentId(ref())
    with undone(shared) as connection:
        row = {"name": "Germans", "condition": condition_to_json(condition), "created_at": NOW}
        add(connection, schema.segments, id=segment, project_id=PROJECT, **row)
        wanted, unwanted = _person(), _person(tags=frozenset({"out"}))
        number = add_contact(connection, wanted)
        add_contact(connection, unwanted)
        audience = audience_of(connection, QUESTION, SegmentMembers(segment), PEPPER)
        assert members(connection, SegmentMembers(segment)) == [number]
        assert standing_of(connection, QUESTION, audience, address_key(wanted.address, PEPPER)) is not None
        assert standing_of(connection, QUESTION, audience, address_key(unwanted.address, PEPPER)) is None


@given(people=st.integers(0, 12), limit=st.integers(1, 13) | st.just(LARGE))
def test_pages_end_where_the_audience_ends(shared: Engine, people: int, limit: int) -> None:
    """Pages of any size hold everybody once, in order, and the last one says that it is the last."""
    with undone(shared) as connection:
        add_people(connection, people)
        found = members(connection, TagHolders("all"), limit)
    assert len(found) == people
    assert found == sorted({one for one in found if one is not None})


@pytest.mark.parametrize("limit", [1, 2, 9, LARGE])
def test_a_choice_counts_wherever_a_page_begins(shared: Engine, limit: int) -> None:
    """Who left the topic has left it on the first page and on every other, whatever number a row has."""
    topic = TopicId("c" * 32)
    question = replace(QUESTION, topic=topic, topic_default=DefaultSubscription.SUBSCRIBED)
    with undone(shared) as connection:
        words = {"name": "News", "default_subscription": "opt_out", "visibility": "public", "is_active": True}
        add(connection, schema.topics, id=topic, project_id=PROJECT, created_at=NOW, **words)
        for number in (-7, 5, 6, 8):
            add_contact(connection, _person(tags=frozenset({"all"})), id=number)
            chosen = {"contact_id": number, "topic_id": topic, "joined": False, "at": NOW, "source": "page"}
            add(connection, schema.topic_choices, **chosen)
        found = rows_of(connection, TagHolders("all"), limit, question)
    assert [row.contact for row in found] == [-7, 5, 6, 8]
    assert {Cell.unpacked(row.standing.cell).topic for row in found} == {TopicFact.SUBSCRIBED_LEFT}


SHAPES: tuple[Condition, ...] = (
    Tagged(("all",)),
    Tagged(("all", "others")),
    Not(Tagged(("all",))),
    FieldIs("country", Mode.IS, ("FR",)),
    AnyOf((Tagged(("all",)), FieldIs("country", Mode.IS_NOT, ("FR",)))),
    AnyOf((Tagged(("all",)), FieldIs("country", Mode.IS, ("FR",)))),
    AnyOf((Tagged(("all",)), AllOf((AnyOf((Tagged(("others",)), FieldIs("country", Mode.IS, ("FR",)))),)))),
    AnyOf(
        (
            Tagged(("all",)),
            Engaged(action=EngagementAction.OPENED, mode=EngagementMode.WITHIN, amount=3, unit=TimeUnit.DAYS),
        )
    ),
    Not(AnyOf((Tagged(("all",)), FieldIs("country", Mode.IS, ("FR",))))),
    Not(AllOf((Tagged(("all",)), Not(FieldIs("country", Mode.IS, ("FR",)))))),
    *(Engaged(action=action, mode=EngagementMode.NEVER) for action in EngagementAction),
    Not(Engaged(action=EngagementAction.OPENED, mode=EngagementMode.NEVER)),
    AllOf(()),
)


@pytest.mark.parametrize("condition", SHAPES, ids=str)
@pytest.mark.parametrize("left_out", [(), (EarlierRecipients(SendId("e" * 32)),)], ids=["whole", "less earlier"])
def test_pages_are_found_without_sorting_or_scanning(
    shared: Engine, condition: Condition, left_out: tuple[Exclusion, ...]
) -> None:
    """The database reads pages in the order of an index: the last costs what the first costs (performance §2)."""
    segment = SegmentId(ref())
    question = replace(
        QUESTION, topic=TopicId("c" * 32), topic_default=DefaultSubscription.SUBSCRIBED, exclusions=left_out, now=NOW
    )
    with undone(shared) as connection:
        row = {"name": "Some", "condition": condition_to_json(condition), "created_at": NOW}
        add(connection, schema.segments, id=segment, project_id=PROJECT, **row)
        asked: tuple[Recipients, ...] = (TagHolders("all"), SegmentMembers(segment))
        for recipients, limit in product(asked, (2, LARGE)):
            statement, plan = _plan(connection, question, recipients, limit)
            assert not re.search("OFFSET (?!0)", statement)
            assert _joined(statement, "topic_choices", "refusals", "addresses")
            assert not [word for word in ("TEMP B-TREE", "SCAN", "Seq Scan", "Sort", "hashed SubPlan") if word in plan]
            # of the choices, which PostgreSQL may walk along from there, see `with_facts`
            assert re.search(r"on topic_choices.*?contact_id > '?5", plan) or connection.dialect.name == "sqlite"


def _joined(statement: str, *tables: str) -> bool:
    """Whether each is joined, and once: to a page, on PostgreSQL also by asking for the one row there may be."""
    joins = statement.split("LEFT OUTER JOIN")[1:]
    return all(sum(re.search(rf"\b{one} ?(ON|\n)", join) is not None for join in joins) == 1 for one in tables)


def test_a_page_is_planned_for_what_it_asks(shared: Engine) -> None:
    """PostgreSQL keeps no plan for any page and segment, which reads everybody for the first fifty."""
    with undone(shared) as connection:
        add_people(connection, 3)
        assert len(members(connection, TagHolders("all"))) == 3
        if connection.dialect.name == "postgresql":
            assert connection.scalar(text("SHOW plan_cache_mode")) == "force_custom_plan"
            assert connection.scalar(text("SHOW max_parallel_workers_per_gather")) == "0"


def _plan(connection: Connection, question: Question, recipients: Recipients, limit: int) -> tuple[str, str]:
    """A page's query, and how the database would read a large one, which it would not do for three people."""
    query, given = page_of(question, audience_of(connection, question, recipients, PEPPER), Place(after=5, limit=limit))
    statement = str(query.params(given).compile(connection, compile_kwargs={"literal_binds": True}))
    if connection.dialect.name == "sqlite":
        return statement, str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all())
    for poor in ("seqscan", "sort", "hashjoin", "mergejoin"):  # good for few rows alone
        connection.execute(text(f"SET LOCAL enable_{poor} = off"))
    return statement, str(connection.exec_driver_sql(f"EXPLAIN {statement}").all())


@pytest.mark.parametrize("condition", SHAPES, ids=str)
def test_every_way_of_searching_finds_the_same_people(shared: Engine, condition: Condition) -> None:
    """Counting everybody at once takes another way than paging, and finds the same people."""
    with undone(shared) as connection:
        for number in range(6):
            tags = frozenset({"all"} if number % 2 else {"others"} if number % 3 else ())
            add_contact(connection, _person(tags=tags, country="FR" if number > 3 else None))
        ids = select(schema.contacts.c.id)
        ways = [set(connection.scalars(ids.where(matching(condition, PROJECT, one, now=NOW)))) for one in Search]
    assert all(found == ways[0] for found in ways)


def members(connection: Connection, recipients: TagHolders | SegmentMembers, limit: int = 2) -> list[int | None]:
    """Everybody in the audience, page by page."""
    return [row.contact for row in rows_of(connection, recipients, limit)]


def rows_of(
    connection: Connection, recipients: TagHolders | SegmentMembers, limit: int, question: Question = QUESTION
) -> list[AudienceRow]:
    """The same with their standings."""
    audience, after, found = audience_of(connection, question, recipients, PEPPER), 0, list[AudienceRow]()
    while True:
        page = read_page(connection, question, audience, Place(after, limit), Wanted(), NOW)
        found += page.rows
        if page.after is None:
            return found
        after = page.after


def _person(project: ProjectId = PROJECT, **values: Any) -> Contact:
    number = ref()
    return Contact(id=ContactId(number), project=project, address=Address(number.lstrip("0"), "example.org"), **values)


def _with_id(contact: Contact) -> Contact:
    return Contact(**{**{name: getattr(contact, name) for name in Contact.__slots__}, "id": ContactId(ref())})
