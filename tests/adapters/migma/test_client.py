"""The client, in both colours, against a server that keeps Migma's documented rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from migma_http import HttpResponse, NoAnswer, Secret, Sent
from migma_platform import (
    Api,
    Call,
    Client,
    Conflict,
    InvalidCall,
    MigmaError,
    NotFound,
    Problem,
    ProblemKind,
    RateLimited,
    Unauthorized,
    campaigns,
    contacts,
    domains,
    logs,
    segments,
    sending,
    tags,
    topics,
    webhooks,
)
from migma_platform.resources.campaigns import NewCampaign
from migma_platform.resources.contacts import ContactChanges, ContactStatus, NewContact
from migma_platform.resources.domains import Tracking
from migma_platform.resources.segments import SegmentChanges
from migma_platform.resources.sending import Send, TestSend
from migma_platform.resources.tags import TagChanges
from migma_platform.resources.topics import TopicChanges
from migma_platform.resources.webhooks import NewWebhook, WebhookChanges
from migma_platform.testing import Counterpart, Fault
from pydantic import ValidationError

from tests.adapters.migma.asking import QUICK, Ask, Every, ask, ask_async, every, every_async
from tests.support.counting_server import Manner, answering, counting_server, dropping, silent

both = pytest.mark.parametrize("ask", [ask, ask_async])
each = pytest.mark.parametrize("every", [every, every_async])


def mail(project: str, **said: Any) -> Send:
    """One transactional mail."""
    given: dict[str, Any] = {
        "recipient_type": "email",
        "recipient_email": "ada@example.com",
        "from_": "hello@mail.example.com",
        "from_name": "Acme",
        "subject": "Hello",
        "template": "<p>Hello</p>",
        "project_id": project,
        "transactional": True,
    }
    return Send(**{**given, **said})


@both
def test_people_are_added_found_changed_and_deleted(there: Counterpart, project: str, ask: Ask) -> None:
    """Every call about one person says what the server holds afterwards."""

    def told(call: Call[Any]) -> Any:
        return ask(there.api, call).unwrap()

    person = NewContact(email="ada@example.com", first_name="Ada", tags=("beta",), status=ContactStatus.NON_SUBSCRIBED)
    added = told(contacts.add(project, person))
    assert (added.email, added.first_name, added.status) == ("ada@example.com", "Ada", ContactStatus.NON_SUBSCRIBED)
    changed = told(contacts.change(project, added.id, ContactChanges(first_name=None, last_name="Lovelace")))
    assert (changed.first_name, changed.last_name) == (None, "Lovelace")
    told(contacts.change_status(project, "ADA@example.com", ContactStatus.UNSUBSCRIBED))
    found = told(contacts.get(project, added.id))
    assert found.status is ContactStatus.UNSUBSCRIBED
    assert found.unsubscribed_at is not None
    assert told(contacts.list_page(project, tags=["beta"], search="ada")).rows == (found,)
    assert told(contacts.delete(project, added.id)).deleted
    assert ask(there.api, contacts.get(project, added.id)).failure().kind is ProblemKind.NOT_FOUND


@both
def test_lists_of_people_come_in_and_go_out(there: Counterpart, project: str, ask: Ask) -> None:
    """Bulk updates whoever is there; an import that skips leaves them; both say what they did."""

    def told(call: Call[Any]) -> Any:
        return ask(there.api, call).unwrap()

    there.world.person(project, "bo@example.com", "unsubscribed")
    people = [NewContact(email="ada@example.com"), NewContact(email="bo@example.com", first_name="Bo")]
    done = told(contacts.add_many(project, people))
    assert (done.success, done.updated, done.failed) == (1, 1, 0)
    file = b"mail,plan\r\ncy@example.com,pro\r\nbo@example.com,free\r\nnobody,\r\n"
    columns = {"email": "mail", "customFields": {"plan": "plan"}}
    job = told(contacts.import_csv(project, file, columns))
    done = told(contacts.import_job(job.id))
    assert done.is_settled
    assert (done.counts.created, done.counts.skipped, done.counts.failed) == (1, 1, 1)
    cy, bo = (there.world.find(project, f"{name}@example.com") or {} for name in ("cy", "bo"))
    assert cy["customFields"] == {"plan": "pro"}
    assert (bo["status"], bo["customFields"]) == ("unsubscribed", {})
    assert told(contacts.export_job(told(contacts.export(project)).job_id)).status == "completed"
    gone = told(contacts.delete_many(project, ["cy@example.com", "no@example.com"]))
    assert (gone.deleted, gone.not_found) == (1, ("no@example.com",))


@both
def test_a_list_too_long_for_one_request_becomes_a_job(there: Counterpart, project: str, ask: Ask) -> None:
    """More than 5,000 people are a job that can be asked about."""
    them = [NewContact(email=f"p{number}@example.com") for number in range(5_001)]
    started = ask(there.api, contacts.add_many(project, them)).unwrap()
    assert started.status == "processing"
    assert ask(there.api, contacts.bulk_job(started.job_id)).unwrap().processed == 5_001


@each
def test_every_row_of_a_list_comes_once(there: Counterpart, project: str, every: Every) -> None:
    """Pages by number are read to their end, each by one request, and no row twice."""
    for number in range(7):
        there.world.person(project, f"p{number}@example.com")
    found = every(there.api, contacts.list_page(project, limit=3))
    assert [one.email for one in found] == [f"p{number}@example.com" for number in range(6, -1, -1)]
    assert there.asked("GET", "contacts") == 3
    assert every(there.api, contacts.list_page(project, status=ContactStatus.BOUNCED)) == []


@each
def test_a_log_is_read_to_its_end(there: Counterpart, project: str, every: Every) -> None:
    """Cursors lead from page to page of what became of each mail, newest first."""
    tag = there.world.tag(project, "news")["id"]
    for number in range(5):
        there.world.person(project, f"p{number}@example.com", tags=["news"])
    there.world.person(project, "out@example.com", "unsubscribed", tags=["news"])
    drafted = ask(there.api, campaigns.create(_campaign(project, tag))).unwrap()
    sent = ask(there.api, campaigns.send(drafted.id)).unwrap()
    assert sent.status == "sent"
    rows = every(there.api, logs.of_campaign(drafted.id, limit=2))
    assert len({row.id for row in rows}) == 6
    suppressed = every(there.api, logs.of_campaign(drafted.id, status="suppressed"))
    assert [(row.to_email, row.suppression_reason) for row in suppressed] == [("out@example.com", "unsubscribed")]
    assert every(there.api, logs.of_email("email-1")) == []


def _campaign(project: str, tag: str) -> NewCampaign:
    return NewCampaign(
        project_id=project,
        name="Spring",
        conversation_id="conv_1",
        from_="hello@mail.example.com",
        from_name="Acme",
        recipient_type="tag",
        recipient_id=tag,
    )


@both
def test_labels_audiences_and_topics_are_kept(there: Counterpart, project: str, ask: Ask) -> None:
    """Tags, segments and topics are made, listed, changed and deleted; a choice of a topic is recorded."""

    def told(call: Call[Any]) -> Any:
        return ask(there.api, call).unwrap()

    tag = told(tags.create(project, "beta", color="#336699"))
    assert told(tags.list_page(project)).rows[0].subscriber_count == 0
    assert told(tags.change(project, tag.id, TagChanges(description="early"))).description == "early"
    assert told(tags.get(project, tag.id)).name == "beta"
    segment = told(segments.create(project, "Testers", {"tags": [tag.id]}))
    assert told(segments.change(project, segment.id, SegmentChanges(name="All testers"))).name == "All testers"
    assert [one.id for one in told(segments.list_page(project)).rows] == [segment.id]
    assert told(segments.get(project, segment.id)).filters == {"tags": [tag.id]}
    topic = told(topics.create(project, "Offers", default="opt_out"))
    person = there.world.person(project, "ada@example.com")
    assert not told(topics.unsubscribe(project, topic.id, person["id"])).subscribed
    assert told(topics.subscribe(project, topic.id, person["id"])).subscribed
    told(topics.change(project, topic.id, TopicChanges(is_active=False)))
    assert told(topics.list_all(project, include_inactive=False)) == ()
    assert told(topics.list_all(project))[0].id == told(topics.get(project, topic.id)).id
    for gone in (tags.delete(project, tag.id), segments.delete(project, segment.id), topics.delete(project, topic.id)):
        assert told(gone).deleted


@both
def test_domains_are_added_and_verified(there: Counterpart, ask: Ask) -> None:
    """A domain waits for its records; a managed one is verified at once, where its prefix is free (R43)."""

    def told(call: Call[Any]) -> Any:
        return ask(there.api, call).unwrap()

    added = told(domains.add("news.example.com"))
    assert not added.may_send
    assert added.dns_records[0].type == "TXT"
    assert not told(domains.verify("news.example.com")).may_send
    there.world.published.add("news.example.com")
    assert told(domains.verify("news.example.com")).may_send
    assert told(domains.track("news.example.com", Tracking(open_tracking=False))).open_tracking is False
    assert told(domains.available("acme")).available
    assert told(domains.add_managed("acme")).may_send
    assert told(domains.available("acme")).reason == "taken"
    assert [one.domain for one in told(domains.list_managed())] == ["acme.migma.email"]
    assert [one.domain for one in told(domains.list_all())] == ["mail.example.com", "news.example.com"]
    assert told(domains.get("news.example.com")).id
    assert told(domains.delete_managed("acme.migma.email")).deleted
    assert told(domains.delete("news.example.com")).deleted


@both
def test_a_webhooks_secret_is_told_once_and_never_printed(there: Counterpart, ask: Ask) -> None:
    """It is in the answer to making one, and in no print of it."""

    def told(call: Call[Any]) -> Any:
        return ask(there.api, call).unwrap()

    made = told(webhooks.create(NewWebhook(url="https://a.example/hook", events=("subscriber.unsubscribed",))))
    assert made.secret
    secret = made.secret.get_secret_value()
    assert secret.startswith("whsec_")
    assert secret not in f"{made!r} {made} {made.model_dump_json()}"
    assert told(webhooks.get(made.id)).secret is None
    assert told(webhooks.change(made.id, WebhookChanges(active=False))).active is False
    assert told(webhooks.test(made.id)).success
    assert told(webhooks.deliveries(made.id)) == ()
    assert "subscriber.unsubscribed" in told(webhooks.event_types())
    assert told(webhooks.stats()).model_extra == {"total": 1, "active": 0}
    assert [one.id for one in told(webhooks.list_all())] == [made.id]
    assert told(webhooks.delete(made.id)).deleted


@both
def test_a_send_is_taken_and_followed(there: Counterpart, project: str, ask: Ask) -> None:
    """One mail has an id to follow, a batch a record; marketing has one opt-out link, other mail none (R26 to R30)."""

    def told(call: Call[Any]) -> Any:
        return ask(there.api, call).unwrap()

    assert told(sending.send(mail(project))).reference
    there.world.person(project, "ada@example.com", tags=["news"])
    there.world.person(project, "out@example.com", "unsubscribed", tags=["news"])
    tag = there.world.tag(project, "news")["id"]
    many = mail(project, recipient_type="tag", recipient_email=None, recipient_id=tag, transactional=False)
    batch = told(sending.batch(told(sending.send(many)).batch_id))
    assert (batch.total_count, batch.sent_count, batch.is_settled) == (2, 1, True)
    receipt, news = there.world.mails
    assert not receipt.headers
    assert "Unsubscribe" not in receipt.html
    assert "List-Unsubscribe" in news.headers
    assert news.html.count("Unsubscribe") == 1
    assert told(sending.test_send(TestSend(to="me@example.com", conversation_id="conv_1"))).sent_to
    assert told(logs.sending()).today["sent"] == 2
    assert told(logs.summary("email-1")).summary == {"sent": 0}


@both
def test_a_campaign_goes_from_draft_to_its_end(there: Counterpart, project: str, ask: Ask) -> None:
    """Scheduled, cancelled, hidden, shown; what its state does not allow is a conflict (R51, R55)."""

    def told(call: Call[Any]) -> Any:
        return ask(there.api, call).unwrap()

    tag = there.world.tag(project, "news")["id"]
    made = told(campaigns.create(_campaign(project, tag)))
    later = datetime(2026, 12, 24, 8, tzinfo=UTC)
    assert told(campaigns.schedule(made.id, later, timezone="Europe/Berlin")).scheduled_at == later
    assert told(campaigns.cancel(made.id)).status == "cancelled"
    assert ask(there.api, campaigns.send(made.id)).failure().kind is ProblemKind.CONFLICT
    assert told(campaigns.archive(made.id)).archived
    assert not told(campaigns.unarchive(made.id)).archived
    assert told(campaigns.get(made.id)).name == "Spring"
    assert told(campaigns.stats(made.id)).total_sent == 0
    assert [one.id for one in told(campaigns.list_page(project, status="cancelled")).rows] == [made.id]


@both
def test_the_same_asked_twice_under_a_key_is_done_once(there: Counterpart, project: str, ask: Ask) -> None:
    """The first answer comes again, also where it was lost on its way; another body is a conflict (R63)."""
    there.faults.append(Fault(late=True))
    lost = ask(there.api, sending.send(mail(project), key="order-1")).failure()
    assert (lost.kind, lost.maybe_done) == (ProblemKind.UNANSWERED, True)
    first = ask(there.api, sending.send(mail(project), key="order-1")).unwrap()
    assert ask(there.api, sending.send(mail(project), key="order-1")).unwrap() == first
    assert len(there.world.mails) == 1
    other = ask(there.api, sending.send(mail(project, subject="Other"), key="order-1")).failure()
    assert (other.kind, other.code) == (ProblemKind.CONFLICT, "IDEMPOTENCY_CONFLICT")
    there.world.now = lambda: datetime.now(UTC) + timedelta(hours=25)
    assert ask(there.api, sending.send(mail(project), key="order-1")).unwrap() != first


@both
def test_a_limit_says_when_to_come_back(there: Counterpart, project: str, ask: Ask) -> None:
    """Too many calls are a problem of their own, with the seconds to wait, read strictly; a key does not keep it."""
    there.per_minute = 1
    ask(there.api, sending.send(mail(project), key="k")).unwrap()
    limited = ask(there.api, sending.send(mail(project), key="l")).failure()
    assert limited.kind is ProblemKind.RATE_LIMITED
    assert limited.wait is not None
    assert 0 < limited.wait <= 60
    there.per_minute = None
    ask(there.api, sending.send(mail(project), key="l")).unwrap()
    there.faults.append(Fault(429, (("Retry-After", "1.5"),)))
    assert ask(there.api, topics.list_all(project)).failure().wait is None


REFUSED: dict[str, tuple[Manner, ProblemKind, bool]] = {
    "400": (answering(400, body=b'{"success": false, "error": "no"}'), ProblemKind.VALIDATION, False),
    "401": (answering(401), ProblemKind.UNAUTHORIZED, False),
    "403": (answering(403), ProblemKind.FORBIDDEN, False),
    "404": (answering(404, body=b"<html>"), ProblemKind.NOT_FOUND, False),
    "409": (answering(409), ProblemKind.CONFLICT, False),
    "422": (answering(422), ProblemKind.VALIDATION, False),
    "429": (answering(429, "Retry-After: 7\r\n"), ProblemKind.RATE_LIMITED, False),
    "500": (answering(500), ProblemKind.INTERNAL, True),
    "503": (answering(503, "Retry-After: 1\r\n"), ProblemKind.INTERNAL, True),
    "302": (answering(302, "Location: https://elsewhere.example/\r\n"), ProblemKind.UNKNOWN, False),
    "418": (answering(418), ProblemKind.UNKNOWN, False),
    "200 unread": (answering(200, body=b"<html>"), ProblemKind.UNREADABLE, True),
    "200 refused": (answering(200, body=b'{"success": false, "error": "no"}'), ProblemKind.VALIDATION, False),
    "200 misshapen": (answering(200, body=b'{"success": true, "data": [1]}'), ProblemKind.UNREADABLE, True),
    "dropped": (dropping, ProblemKind.UNANSWERED, True),
    "slow": (silent, ProblemKind.UNANSWERED, True),
}


@both
@pytest.mark.parametrize("name", sorted(REFUSED))
def test_one_call_is_one_request_and_every_end_has_its_kind(name: str, ask: Ask) -> None:
    """Whatever goes wrong, exactly one request was counted, and the problem says what is known, without the key."""
    manner, kind, maybe = REFUSED[name]
    with counting_server(manner) as server:
        problem = ask(Api(Secret("sk_test_0123456789"), server.url), sending.send(mail("p"), key="k"), QUICK).failure()
    assert server.count == 1
    assert (problem.kind, problem.maybe_done) == (kind, maybe)
    assert "sk_test_0123456789" not in f"{problem} {problem!r}"


def test_what_a_provider_repeats_is_masked() -> None:
    """A key and an address that stand in what is said are taken out of it."""
    api = Api(Secret("sk_test_0123456789"))
    body = b'{"success": false, "error": "sk_test_0123456789 may not write to ada@example.com", "code": "X"}'
    problem = api.read(sending.send(mail("p")), HttpResponse(403, (), body)).failure()
    assert problem.said == "*** may not write to a***@example.com"
    assert "sk_test" not in repr(api)
    person = contacts.Contact.model_validate({"id": "1", "email": "ada@example.com"})
    row = logs.LogRow(status="sent", to_email="ada@example.com")
    shown = (mail("p"), sending.send(mail("p")), person, NewContact(email="ada@example.com"), row)
    assert "ada@" not in repr(shown)


def test_a_problem_is_raised_as_its_kind(there: Counterpart, project: str) -> None:
    """`call` raises an exception of the problem's kind, with a sentence that says what to do."""
    with Client.connect(there.settings(project)) as client:
        refused: list[tuple[Call[Any], type[MigmaError], str]] = [
            (contacts.get(project, "0"), NotFound, "look at the id"),
            (sending.send(mail("another")), NotFound, "project"),
            (tags.create(project, "x" * 101), InvalidCall, "name is required"),
        ]
        for call, error, says in refused:
            with pytest.raises(error, match=says) as caught:
                client.call(call)
            assert isinstance(caught.value, MigmaError)
            assert isinstance(caught.value.problem, Problem)
        client.call(tags.create(project, "beta"))
        with pytest.raises(Conflict):
            client.call(tags.create(project, "beta"))
        there.per_minute = 1
        with pytest.raises(RateLimited):
            client.call(tags.list_page(project))
    with Client.connect(there.settings(project, api_key="another-key")) as client, pytest.raises(Unauthorized):
        client.call(domains.list_all())


@both
def test_a_permission_that_lacks_is_named(there: Counterpart, project: str, ask: Ask) -> None:
    """A key that may read may not write, and is told so."""
    there.permissions = frozenset({"audience:read"})
    ask(there.api, tags.list_page(project)).unwrap()
    problem = ask(there.api, tags.create(project, "beta")).failure()
    assert problem.kind is ProblemKind.FORBIDDEN
    assert "audience:write" in str(problem)
    assert problem.request_id == "req_2"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: mail("p", recipient_id="s"), "R37"),
        (lambda: mail("p", recipient_type="tag"), "R37"),
        (lambda: mail("p", template=None), "R48"),
        (lambda: mail("p", colour="red"), "Extra inputs"),
        (lambda: NewWebhook(url="http://a.example", events=("x",)), "https"),
        (lambda: NewWebhook(url="https://a.example", events=()), "at least 1"),
        (lambda: TestSend(to="a@b.example"), "conversation_id"),
        (lambda: NewContact(email="a@b.example", phone="1" * 31), "at most 30"),
    ],
)
def test_what_migma_would_refuse_is_refused_here(wrong: Any, says: str) -> None:
    """A request that cannot be right is told so before anything is sent."""
    with pytest.raises(ValidationError, match=says):
        wrong()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: sending.send(mail("p"), key="x" * 101), "1 to 100"),
        (lambda: sending.send(mail("p"), key="a b"), "without blanks"),
        (lambda: sending.send(mail("p"), key=""), "1 to 100"),
        (lambda: contacts.list_page("p", limit=101), "1 to 100 rows"),
        (lambda: contacts.list_page("p", page=0), "numbered from 1"),
        (lambda: contacts.get("p", ""), "an id is empty"),
        (lambda: domains.get(".."), "an id is empty"),
        (lambda: contacts.delete_many("p", []), "1 to 1000"),
        (lambda: contacts.add_many("p", []), "at least one"),
        (lambda: campaigns.schedule("c", datetime(2026, 1, 1)), "an offset"),  # noqa: DTZ001 - the point of it
    ],
)
def test_a_call_that_cannot_be_is_not_made(wrong: Any, says: str) -> None:
    """Limits, keys, ids and times are looked at when the call is put together."""
    with pytest.raises(ValueError, match=says):
        wrong()


def test_no_id_leaves_its_place() -> None:
    """Whatever an id holds, it is one segment of the path."""
    assert contacts.get("p", "../../keys?x=1#y").path == "contacts/..%2F..%2Fkeys%3Fx%3D1%23y"


def test_older_and_unknown_statuses_are_read() -> None:
    """``active`` is subscribed (A2); what nobody knows is unreadable, and never taken for consent."""
    told = {"active": "subscribed", "complained": "complained", "new": "unreadable", None: "unreadable"}
    for said, meant in told.items():
        one = contacts.Contact.model_validate({"id": "1", "email": "a@b.example", "status": said})
        assert one.status == meant


def test_no_connection_is_certain() -> None:
    """Where not a byte left, nothing was done."""
    problem = Api(Secret("sk_test_0123456789")).read(topics.list_all("p"), NoAnswer(Sent.NOTHING, "refused")).failure()
    assert not problem.maybe_done
    assert str(problem).startswith("Migma does not answer GET topics: refused")
