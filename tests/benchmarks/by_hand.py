"""What one writes by hand who knows this schema and one policy: queries that name a reason for everybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, TextClause, text

from tests.benchmarks.store_rows import Account

__all__ = ["best_count", "best_preview", "counted"]

_REASON = """
CASE WHEN c.status = 'bounced' OR coalesce(a.denials, 0) & ~c.lifted & 1 <> 0 THEN 'hard_bounce'
     WHEN coalesce(a.denials, 0) & ~c.lifted & 2 <> 0 THEN 'complaint'
     WHEN coalesce(a.denials, 0) & ~c.lifted & 4 <> 0 THEN 'manual'
     WHEN c.validation = 'invalid' THEN 'invalid_address'
     WHEN coalesce(a.denials, 0) & ~c.lifted & 8 <> 0 THEN 'erased'
     WHEN r.id IS NOT NULL THEN 'provider_suppressed'
     WHEN c.status = 'unsubscribed' OR coalesce(a.denials, 0) & ~c.lifted & 32 <> 0 THEN 'unsubscribed'
     WHEN coalesce(a.denials, 0) & ~c.lifted & 64 <> 0 THEN 'objection'
     WHEN c.status <> 'subscribed' THEN 'not_subscribed'
     WHEN t.joined = false THEN 'topic_left'
     ELSE 'mailable' END
"""
_FACTS = """
LEFT JOIN addresses a ON a.address_key = c.address_key AND a.account_id = :account
LEFT JOIN suppressions r
    ON r.account_id = :account AND r.address_key = c.address_key AND r.reason = 'provider' AND r.provider = 'ses'
LEFT JOIN topic_choices t ON t.contact_id = c.id AND t.topic_id = :topic
"""
_TAG = "SELECT id FROM tags WHERE project_id = :project AND name ="
_HOLDS = f"SELECT 1 FROM contact_tags x WHERE x.contact_id = c.id AND x.tag_id = ({_TAG}"  # noqa: S608 - our own words
_HAS = "SELECT 1 FROM contact_values v WHERE v.contact_id = c.id AND"
_TAGGED = f"SELECT x.contact_id FROM contact_tags x WHERE x.tag_id = ({_TAG}"  # noqa: S608 - our own words
_VALUED = "SELECT v.contact_id FROM contact_values v WHERE"
_LIKE = "v.key = 'email' AND v.text LIKE '%77@d1%'"
_OPENED = "e.action = 'opened' AND e.campaign = '' AND e.last_at >= :since"
_JOINED = f"""
LEFT JOIN contact_tags x ON x.contact_id = c.id AND x.tag_id = ({_TAG} '{{tag}}')
LEFT JOIN contact_values v ON v.contact_id = c.id AND v.key = '{{key}}'
"""
# each way a join, and a condition
_WAYS: dict[str, Sequence[tuple[str, str]]] = {
    "everybody": [("", "true")],
    "tag": [("", f"EXISTS ({_HOLDS} 'third'))"), ("", f"c.id IN ({_TAGGED} 'third'))")],
    "country": [
        ("", f"EXISTS ({_HAS} v.key = 'country' AND v.text = 'fr')"),
        ("", f"c.id IN ({_VALUED} v.key = 'country' AND v.text = 'fr')"),
    ],
    "opened": [
        ("", f"EXISTS (SELECT 1 FROM engagement e WHERE e.contact_id = c.id AND {_OPENED})"),  # noqa: S608 - our own words
        ("", f"c.id IN (SELECT e.contact_id FROM engagement e WHERE {_OPENED})"),  # noqa: S608 - our own words
    ],
    "neither": [
        ("", f"NOT EXISTS ({_HOLDS} 'third')) AND NOT EXISTS ({_HAS} v.key = 'country' AND v.text = 'de')"),
        (_JOINED.format(tag="third", key="country"), "x.tag_id IS NULL AND (v.text IS NULL OR v.text <> 'de')"),
    ],
    "either": [
        ("", f"(EXISTS ({_HOLDS} 'rare')) OR EXISTS ({_HAS} {_LIKE}))"),
        ("", f"c.id IN ({_TAGGED} 'rare') UNION {_VALUED} {_LIKE})"),
        (_JOINED.format(tag="rare", key="email"), "(x.tag_id IS NOT NULL OR v.text LIKE '%77@d1%')"),
    ],
}


def best_count(connection: Connection, account: Account, name: str) -> TextClause:
    """The fastest way to count a segment by reason."""
    return _fastest(
        connection,
        (
            _bound(account, f"SELECT {_REASON}, count(*) FROM contacts c {joins} {where} GROUP BY 1")  # noqa: S608 - our own words
            for joins, where in _shapes(name)
        ),
    )


def best_preview(connection: Connection, account: Account, name: str, people: int) -> TextClause:
    """The fastest way to the first of a segment, each with the reason."""
    return _fastest(
        connection,
        (
            _bound(account, f"SELECT c.id, {_REASON} FROM contacts c {joins} {where} ORDER BY c.id LIMIT {people}")  # noqa: S608 - our own words
            for joins, where in _shapes(name)
        ),
    )


def counted(connection: Connection, query: TextClause) -> dict[str, int]:
    """What it counts, by reason."""
    return {row[0]: row[1] for row in connection.execute(query)}


def _shapes(name: str) -> Iterator[tuple[str, str]]:
    for join, where in _WAYS[name]:
        yield f"{_FACTS} {join}", f"WHERE c.project_id = :project AND {where}"


def _bound(account: Account, query: str) -> TextClause:
    known: dict[str, Any] = {
        "project": account.project.id,
        "account": account.project.account,
        "topic": account.topic,
        "since": account.since,
    }
    return text(query).bindparams(**{name: value for name, value in known.items() if f":{name}" in query})


def _fastest(connection: Connection, ways: Iterator[TextClause]) -> TextClause:
    return min(ways, key=lambda way: min(_seconds(connection, way) for _ in range(2)))


def _seconds(connection: Connection, query: TextClause) -> float:
    start = perf_counter()
    connection.execute(query).all()
    return perf_counter() - start
