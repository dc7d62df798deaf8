"""A large account written by the database itself, the same people on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from migma_sql import SqlStore, schema
from migma_sql.engine import writing
from sqlalchemy import Connection, Engine, insert, text

from migma_core import Engaged, EngagementAction, EngagementMode, Project, SegmentId, TopicId
from migma_core.audience import AllOf, AnyOf, Condition, FieldIs, Mode, Not, Tagged, TimeUnit
from migma_core.audience.values import microseconds
from tests.support.sql_rows import NOW, ref

__all__ = ["SEGMENTS", "Account", "fill", "more"]

SEGMENTS: dict[str, Condition] = {
    "everybody": AllOf(()),
    "tag": Tagged(("third",)),
    "country": FieldIs("country", Mode.IS, ("fr",)),
    "opened": Engaged(action=EngagementAction.OPENED, mode=EngagementMode.WITHIN, amount=30, unit=TimeUnit.DAYS),
    "neither": Not(AnyOf((Tagged(("third",)), FieldIs("country", Mode.IS, ("de",))))),
    "either": AnyOf((Tagged(("rare",)), FieldIs("email", Mode.CONTAINS, ("77@d1",)))),
}


@dataclass(frozen=True, slots=True)
class Account:
    """Whose people they are, the topic they chose, the segments by name, and since when ``opened`` looks back."""

    project: Project
    topic: TopicId
    segments: dict[str, SegmentId]
    since: int = microseconds(NOW - timedelta(days=30))


_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)",
    "postgresql": "WITH n(i) AS (SELECT generate_series(CAST(:first AS bigint), CAST(:last AS bigint)))",
}
# a key that is evenly spread, as keyed hashes are: on SQLite printed by hand, since it has no hash of its own
_KEY = {
    "sqlite": "CAST(printf('%08x%08x', (i * 2654435761) % 4294967296, i) AS BLOB)",
    "postgresql": "convert_to(lpad(to_hex((i * 2654435761) % 4294967296), 8, '0') || lpad(to_hex(i), 8, '0'), 'UTF8')",
}
_CONTACTS = """
INSERT INTO contacts (id, ref, project_id, address_key, local, domain, status, validation, consent, is_role, lifted,
    country, fields, created_at, updated_at)
{numbers} SELECT i, {ref}, :project, {key}, 'p' || i, 'd' || (i % 997) || '.net',
    CASE WHEN i % 20 = 0 THEN 'unsubscribed' WHEN i % 50 = 1 THEN 'non-subscribed' WHEN i % 97 = 0 THEN 'bounced'
         ELSE 'subscribed' END,
    CASE i % 10 WHEN 0 THEN 'risky' WHEN 1 THEN 'valid' ELSE 'unknown' END,
    CASE i % 3 WHEN 0 THEN 'proven' ELSE 'unproven' END, {false}, 0,
    CASE i % 8 WHEN 0 THEN 'FR' WHEN 1 THEN 'US' ELSE 'DE' END, '{{}}', 1, 1 FROM n
"""
_REF = {"sqlite": "printf('%032x', i)", "postgresql": "lpad(to_hex(i), 32, '0')"}
# an import writes them chunk by chunk, each in the order of its keys
_ADDRESSES = """
INSERT INTO addresses (account_id, address_key, denials)
SELECT :account, address_key, CASE WHEN id % 100 = 3 THEN 1 WHEN id % 100 = 4 THEN 2 WHEN id % 100 IN (5, 6)
    THEN 32 ELSE 0 END FROM contacts WHERE id BETWEEN :first AND :last ORDER BY id / 5000, address_key
"""
_REST = (
    # what an import leaves for everybody, and what feedback adds for some
    "INSERT INTO contact_values (contact_id, key, text) SELECT id, 'country', lower(country) FROM contacts",
    """INSERT INTO contact_values (contact_id, key, text)
       SELECT id, 'email', local || '@' || domain FROM contacts""",
    """INSERT INTO topic_choices (contact_id, topic_id, joined, at, source)
       SELECT id, :topic, id % 2 = 0, 1, 'page' FROM contacts WHERE id % 5 = 0""",
    """INSERT INTO suppressions (account_id, address_key, reason, provider, source, at)
       SELECT :account, address_key, 'provider', 'ses', 'ses', 1 FROM contacts WHERE id % 200 = 7""",
    # a fifth has opened something, every second of them in the last two months
    """INSERT INTO engagement (contact_id, action, campaign, times, first_at, last_at)
       SELECT id, 'opened', '', 1, 1, CASE WHEN id % 10 = 0 THEN 1 ELSE :now - (id % 60) * 86400000000 END
       FROM contacts WHERE id % 5 = 0""",
)
_TAGS = {"all": "id > 0", "third": "id % 3 = 0", "eighth": "id % 8 = 0", "rare": "id % 5000 = 0"}


def fill(store: SqlStore, engine: Engine, project: Project, people: int) -> Account:
    """Write the people, with tags, values, denials, engagement and choices of one topic."""
    topic = store.topics.create(project.id, "News", NOW)
    given = {"project": project.id, "account": project.account, "topic": topic.id, "now": microseconds(NOW)}
    _write_people(engine, given, 1, people)
    with writing(engine) as connection:
        for statement in _REST:
            _run(connection, statement, given)
        for name, which in _TAGS.items():
            tag = {"ref": ref(), "project_id": project.id, "name": name, "created_at": NOW}
            number = connection.execute(insert(schema.tags).returning(schema.tags.c.id), tag).scalar_one()
            statement = f"INSERT INTO contact_tags (tag_id, contact_id) SELECT :tag, id FROM contacts WHERE {which}"  # noqa: S608 - our own words
            _run(connection, statement, {"tag": number})
    _analyze(engine)
    segments = {name: store.segments.create(project.id, name, one, NOW).id for name, one in SEGMENTS.items()}
    return Account(project, topic.id, segments)


def more(engine: Engine, account: Account, first: int, last: int) -> None:
    """Further people, of whom nothing is known but what everybody has."""
    _write_people(engine, {"project": account.project.id, "account": account.project.account}, first, last)
    _analyze(engine)


def _write_people(engine: Engine, given: dict[str, object], first: int, last: int) -> None:
    dialect = engine.dialect.name
    contacts = _CONTACTS.format(numbers=_NUMBERS[dialect], ref=_REF[dialect], key=_KEY[dialect], false="false")
    with writing(engine) as connection:
        for statement in (contacts, _ADDRESSES):
            _run(connection, statement, {**given, "first": first, "last": last})


def _analyze(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE")


def _run(connection: Connection, statement: str, given: dict[str, object]) -> None:
    known = {name: value for name, value in given.items() if f":{name}" in statement}
    connection.execute(text(statement), known)
