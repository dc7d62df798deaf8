"""The stand-in keeps Migma's documented rules: its truth table, its keys, its limits and its refusals."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from migma_http import HttpRequest, HttpResponse, Urllib3Transport
from migma_platform.testing import Counterpart, World, counterpart

NEWS, OFFERS = "opt_out", "opt_in"
TABLE: tuple[tuple[dict[str, Any], str | None, str | None, str | None, str | None], ...] = (
    # what is known                                  transactional, marketing, on an opt_out topic, on an opt_in topic
    ({"status": "subscribed"}, None, None, None, "topic"),
    ({"status": "subscribed", "choice": True}, None, None, None, None),
    ({"status": "subscribed", "choice": False}, None, None, "topic", "topic"),
    ({"status": "subscribed", "validation": "invalid"}, "invalid", "invalid", "invalid", "invalid"),
    ({"status": "unsubscribed"}, None, "unsubscribed", "unsubscribed", "unsubscribed"),
    ({"status": "unsubscribed", "choice": True}, None, "unsubscribed", "unsubscribed", "unsubscribed"),
    ({"status": "non-subscribed"}, None, "non-subscribed", "non-subscribed", "non-subscribed"),
    ({"status": "bounced"}, "bounced", "bounced", "bounced", "bounced"),
    ({"status": "subscribed", "listed": "complaint"}, "complained", "complained", "complained", "complained"),
    ({"status": "subscribed", "listed": "manual"}, "manual", "manual", "manual", "manual"),
    ({}, None, "non-subscribed", "non-subscribed", "non-subscribed"),
)


@pytest.mark.parametrize(("known", "transactional", "marketing", "opt_out", "opt_in"), TABLE)
def test_its_truth_table_is_migmas(
    known: dict[str, Any], transactional: str | None, marketing: str | None, opt_out: str | None, opt_in: str | None
) -> None:
    """Row by row (R9 to R23): who is written to, or the one reason why not."""
    world = World()
    person = None
    if known:
        said = {name: value for name, value in known.items() if name not in {"choice", "listed"}}
        person = world.person(world.start_project(), "ada@example.com", **said)
    world.suppressions.setdefault("ada@example.com", set()).update({known["listed"]} if "listed" in known else ())
    topics = {default: {"id": default, "defaultSubscription": default} for default in (NEWS, OFFERS)}
    if person is not None and "choice" in known:
        world.choices = {(default, person["id"]): known["choice"] for default in topics}

    def skipped(**said: Any) -> str | None:
        return world.skipped("ada@example.com", person, **said)

    assert skipped(marketing=False, topic=None) == transactional
    assert skipped(marketing=True, topic=None) == marketing
    assert skipped(marketing=True, topic=topics[NEWS]) == opt_out
    assert skipped(marketing=True, topic=topics[OFFERS]) == opt_in


def ask(there: Counterpart, path: str, *headers: tuple[str, str], method: Any = "GET", body: bytes = b"") -> int:
    """The status of a request of one's own making."""
    answer = there.exchange(HttpRequest(method, f"{there.url.removesuffix('/v1')}{path}", headers, body))
    assert isinstance(answer, HttpResponse)
    return answer.status


@pytest.fixture
def alone() -> Counterpart:
    """A stand-in without a network."""
    return Counterpart("http://127.0.0.1:1/v1", "sk_test_0123456789abcdef", World())


def test_the_key_is_taken_in_three_forms_and_no_other(alone: Counterpart) -> None:
    """Bearer, ApiKey and a header of its own (A19)."""
    key = alone.key
    for header in (("Authorization", f"Bearer {key}"), ("Authorization", f"ApiKey {key}"), ("X-API-Key", key)):
        assert ask(alone, "/v1/domains", header) == 200
    for header in (("Authorization", key), ("Authorization", "Bearer "), ("X-API-Key", ""), ("Cookie", key)):
        assert ask(alone, "/v1/domains", header) == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/domains", b"", 404),
        ("GET", "/v1/nothing", b"", 404),
        ("DELETE", "/v1/sending", b"", 404),
        ("POST", "/v1/sending", b"{", 400),
        ("POST", "/v1/sending", b"[]", 400),
        ("GET", "/v1/contacts", b"", 400),
        ("GET", "/v1/contacts?projectId=x", b"", 404),
        ("GET", "/v1/contacts?projectId=PROJECT&limit=101", b"", 400),
        ("GET", "/v1/contacts?projectId=PROJECT&page=0", b"", 400),
        ("GET", "/v1/emails/e/logs?cursor=unknown", b"", 400),
    ],
)
def test_what_makes_no_sense_is_refused(alone: Counterpart, method: str, path: str, body: bytes, status: int) -> None:
    """With the status that Migma documents."""
    project = alone.world.start_project()
    bearer = ("Authorization", f"Bearer {alone.key}")
    assert ask(alone, path.replace("PROJECT", project), bearer, method=method, body=body) == status


def test_its_limit_is_one_of_minutes(alone: Counterpart) -> None:
    """As many as it says in any minute, and again when the first of them is a minute old."""
    now = datetime(2026, 5, 1, tzinfo=UTC)
    alone.world.now, alone.per_minute = (lambda: now), 2
    bearer = ("Authorization", f"Bearer {alone.key}")
    assert [ask(alone, "/v1/domains", bearer) for _ in range(3)] == [200, 200, 429]
    now += timedelta(seconds=60)
    assert ask(alone, "/v1/domains", bearer) == 200


def test_half_a_request_is_none() -> None:
    """Whoever dies while asking has not asked: the whole request, under the same key, is no other one."""
    with counterpart() as there:
        where, body = urlsplit(there.url), b'{"half": 1}'
        headers = (("Authorization", f"Bearer {there.key}"), ("Idempotency-Key", "k"), ("Connection", "close"))
        head = "".join(f"{name}: {value}\r\n" for name, value in (*headers, ("Content-Length", str(len(body)))))
        for sent in (b"", body[:-1]):
            with socket.create_connection((where.hostname or "", where.port or 0)) as dying:
                dying.sendall(f"POST /v1/sending HTTP/1.1\r\nHost: here\r\n{head}\r\n".encode() + sent)
                dying.shutdown(socket.SHUT_WR)
                assert dying.recv(1) == b""
        answer = Urllib3Transport()(HttpRequest("POST", f"{there.url}/sending", headers, body))
        assert isinstance(answer, HttpResponse)
        assert answer.status == 400
        assert len(there.requests) == 1
