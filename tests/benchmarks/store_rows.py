"""A large account written by the database itself, the same people on SQLite and on PostgreSQL."""

from __future__ import annotations

from migma_sql import SqlStore, schema
from migma_sql.engine import writing
from sqlalchemy import Connection, Engine, insert, text

from migma_core import Project, SegmentId
from migma_core.audience import AllOf, Condition, FieldIs, Mode, Tagged
from tests.support.sql_rows import NOW, ref

__all__ = ["SEGMENTS", "fill"]

SEGMENTS: dict[str, Condition] = {
    "everybody": AllOf(()),
    "tag": Tagged(("third",)),
    "country": FieldIs("country", Mode.IS, ("fr",)),
}
_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :people)",
    "postgresql": "WITH n(i) AS (SELECT generate_series(1, :people))",
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
_REST = (
    # what an import leaves for everybody, and what feedback adds for some
    """INSERT INTO addresses (account_id, address_key, denials)
       SELECT :account, address_key, CASE WHEN id % 100 = 3 THEN 1 WHEN id % 100 = 4 THEN 2 WHEN id % 100 IN (5, 6)
           THEN 32 ELSE 0 END FROM contacts ORDER BY address_key""",
    "INSERT INTO contact_values (contact_id, key, text) SELECT id, 'country', lower(country) FROM contacts",
    """INSERT INTO contact_values (contact_id, key, text)
       SELECT id, 'email', local || '@' || domain FROM contacts""",
    """INSERT INTO topic_choices (contact_id, topic_id, joined, at, source)
       SELECT id, :topic, id % 2 = 0, 1, 'page' FROM contacts WHERE id % 5 = 0""",
    """INSERT INTO suppressions (account_id, address_key, reason, provider, source, at)
       SELECT :account, address_key, 'provider', 'ses', 'ses', 1 FROM contacts WHERE id % 200 = 7""",
)
_TAGS = {"all": "id > 0", "third": "id % 3 = 0", "eighth": "id % 8 = 0", "rare": "id % 5000 = 0"}


def fill(store: SqlStore, engine: Engine, project: Project, people: int) -> dict[str, SegmentId]:
    """Write the people, with tags, values, denials and choices of one topic; the segments by name."""
    topic = store.topics.create(project.id, "News", NOW)
    dialect = engine.dialect.name
    given = {"people": people, "project": project.id, "account": project.account, "topic": topic.id}
    with writing(engine) as connection:
        contacts = _CONTACTS.format(numbers=_NUMBERS[dialect], ref=_REF[dialect], key=_KEY[dialect], false="false")
        for statement in (contacts, *_REST):
            _run(connection, statement, given)
        for name, which in _TAGS.items():
            tag = {"ref": ref(), "project_id": project.id, "name": name, "created_at": NOW}
            number = connection.execute(insert(schema.tags).returning(schema.tags.c.id), tag).scalar_one()
            statement = f"INSERT INTO contact_tags (tag_id, contact_id) SELECT :tag, id FROM contacts WHERE {which}"  # noqa: S608 - our own words
            _run(connection, statement, {"tag": number})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if dialect == "sqlite" else "VACUUM ANALYZE")
    return {name: store.segments.create(project.id, name, one, NOW).id for name, one in SEGMENTS.items()}


def _run(connection: Connection, statement: str, given: dict[str, object]) -> None:
    known = {name: value for name, value in given.items() if f":{name}" in statement}
    connection.execute(text(statement), known)
