"""Keeping in step, both ways: what travels, what does not, and what an interruption leaves (design D16)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from migma_http import HttpRequest
from migma_platform import MigmaError, RateLimited, ServerFailed
from migma_platform.sync.people import Unsettled
from migma_platform.testing import Fault

from migma_core import Status
from migma_core.audience import DefaultSubscription, SuppressionReason
from migma_core.ports import Link
from tests.adapters.migma.sides import DAY, Sides, address


def test_who_is_known_on_one_side_becomes_known_on_the_other(sides: Sides) -> None:
    """With their status; whoever may not be written to here is not passed on at all."""
    sides.person_there("ada@example.com", firstName="Ada", tags=["beta"], customFields={"plan": "pro"})
    sides.person_there("bo@example.com", "non-subscribed")
    sides.add_here("cy@example.com", first_name='Cy, "the" one', fields={"plan": "pro", "seats": 3})
    sides.add_here("di@example.com", Status.NON_SUBSCRIBED)
    sides.add_here("ed@example.com", Status.UNSUBSCRIBED)
    sides.add_here("fay@example.com")
    sides.deny_here("fay@example.com", SuppressionReason.MANUAL)
    report = sides.sync()
    ada = sides.store.contacts.get(sides.project.id, address("ada@example.com"))
    assert ada is not None
    assert (ada.status, ada.first_name, ada.tags, ada.fields) == (
        Status.SUBSCRIBED,
        "Ada",
        frozenset({"beta"}),
        {"plan": "pro"},
    )
    assert sides.here("bo@example.com") is Status.NON_SUBSCRIBED
    cy = sides.world.find(sides.their_project, "cy@example.com")
    assert cy is not None
    assert (cy["status"], cy["firstName"]) == ("subscribed", 'Cy, "the" one')
    assert cy["customFields"] == {"plan": "pro", "seats": "3"}
    for absent in ("di", "ed", "fay"):
        assert sides.status_there(f"{absent}@example.com") is None
    assert report.counts["people_added_here"] == 2
    assert report.counts["people_added_there"] == 1


@pytest.mark.parametrize(
    ("status", "here", "reason"),
    [
        ("unsubscribed", Status.UNSUBSCRIBED, SuppressionReason.UNSUBSCRIBE),
        ("bounced", Status.BOUNCED, SuppressionReason.BOUNCE),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_an_opt_out_there_is_one_here(
    sides: Sides, status: str, here: Status, reason: SuppressionReason, known: bool
) -> None:
    """For who is known here and who is not, with the moment it was made there."""
    if known:
        sides.add_here("ada@example.com")
    sides.clock.advance(60)
    sides.person_there("ada@example.com", status)
    moment = sides.clock.now()
    sides.clock.advance(3600)
    sides.sync()
    assert sides.here("ada@example.com") is here
    (entry,) = sides.store.suppressions.list(sides.project.account)
    assert (entry.reason, entry.source) == (reason, "Migma")
    assert entry.at == (moment if status == "unsubscribed" else sides.clock.now())


@pytest.mark.parametrize(
    ("reason", "there"),
    [
        (SuppressionReason.UNSUBSCRIBE, "unsubscribed"),
        (SuppressionReason.COMPLAINT, "unsubscribed"),
        (SuppressionReason.OBJECTION, "unsubscribed"),
        (SuppressionReason.MANUAL, "unsubscribed"),
        (SuppressionReason.BOUNCE, "bounced"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_a_denial_here_is_one_there(sides: Sides, reason: SuppressionReason, there: str, known: bool) -> None:
    """Whether there is a contact here or only an entry on the list."""
    sides.person_there("ada@example.com")
    if known:
        sides.add_here("ada@example.com")
    sides.deny_here("ada@example.com", reason)
    sides.sync()
    assert sides.status_there("ada@example.com") == there


def test_what_a_soft_bounce_says_stays_here(sides: Sides) -> None:
    """A full mailbox is no wish of the person's, and nothing to tell."""
    sides.person_there("ada@example.com")
    sides.add_here("ada@example.com")
    sides.deny_here("ada@example.com", SuppressionReason.SOFT_BOUNCE_LIMIT)
    sides.sync()
    assert sides.status_there("ada@example.com") == "subscribed"


def test_the_erased_do_not_come_back(sides: Sides) -> None:
    """Nobody erased here is taken in again from there, and nobody there writes to them any more (O-06, D13)."""
    sides.add_here("ada@example.com")
    sides.sync()
    sides.store.contacts.erase(sides.project.id, address("ada@example.com"), sides.clock.now(), "person")
    report = sides.sync()
    assert sides.here("ada@example.com") is None
    assert sides.status_there("ada@example.com") == "unsubscribed"
    assert report.counts["people_held_back"] >= 1


def test_coming_back_here_ends_the_opt_out_here_alone(sides: Sides) -> None:
    """A later proven consent stands, pass after pass; Migma keeps its own opt-out until the person comes back there."""
    sides.add_here("ada@example.com")
    sides.sync()
    sides.sync()
    ada = sides.world.find(sides.their_project, "ada@example.com")
    assert ada is not None
    sides.clock.advance(60)
    sides.world.set_status(ada, "unsubscribed")
    sides.clock.advance(60)
    sides.sync()
    sides.clock.advance(60)
    sides.come_back_here("ada@example.com")
    for _ in range(2):
        sides.clock.advance(60)
        assert sides.sync().counts["returned"] == 2  # once among the unsubscribed, once among everybody
        assert sides.here("ada@example.com") is Status.SUBSCRIBED
        assert sides.status_there("ada@example.com") == "unsubscribed"
    sides.clock.advance(60)
    sides.world.set_status(ada, "subscribed")
    sides.world.set_status(ada, "unsubscribed")
    sides.sync()
    assert sides.here("ada@example.com") is Status.UNSUBSCRIBED


def test_topics_of_one_name_are_one_and_the_missing_are_made(sides: Sides) -> None:
    """With their default, which is fixed from then on; two defaults under one name stay apart (R25)."""
    now = sides.clock.now()
    ours = sides.store.topics
    news = ours.create(sides.project.id, "News", now)
    ours.create(sides.project.id, "Offers", now, default=DefaultSubscription.NOT_SUBSCRIBED)
    for name, default in (("Offers", "opt_out"), ("Events", "opt_in")):
        sides.world.topics[name] = {
            "id": name,
            "projectId": sides.their_project,
            "name": name,
            "defaultSubscription": default,
            "visibility": "private",
            "displayOrder": 0,
            "isActive": True,
        }
    report = sides.sync()
    events = ours.find(sides.project.id, "Events")
    assert events is not None
    assert events.default is DefaultSubscription.NOT_SUBSCRIBED
    links = sides.store.syncs.topics(sides.project.id, "platform")
    assert links[events.id] == "Events"
    assert sides.world.topics[links[news.id]]["defaultSubscription"] == "opt_out"
    assert len(links) == 2
    assert report.notes == ("the topic Offers is opt_in here and opt_out there: rename one of them",)


def test_leaving_a_topic_is_told_once_and_joining_never(sides: Sides) -> None:
    """The API tells nobody's choices, so a join could undo what the person chose there."""
    now = sides.clock.now()
    topic = sides.store.topics.create(sides.project.id, "News", now)
    other = sides.store.topics.create(sides.project.id, "Offers", now, default=DefaultSubscription.NOT_SUBSCRIBED)
    sides.add_here("ada@example.com")
    sides.sync()
    ada = sides.store.contacts.get(sides.project.id, address("ada@example.com"))
    assert ada is not None
    sides.store.topics.choose(ada.id, topic.id, False, now, "page")
    sides.store.topics.choose(ada.id, other.id, True, now, "page")
    assert sides.sync().counts["topics_left_there"] == 1
    assert "topics_left_there" not in sides.sync().counts
    links = sides.store.syncs.topics(sides.project.id, "platform")
    their_ada = sides.world.find(sides.their_project, "ada@example.com")
    assert their_ada is not None
    assert sides.world.choices == {(links[topic.id], their_ada["id"]): False}
    assert sides.store.syncs.linked("platform", [ada.id])[ada.id].told == {topic.id}


def test_domains_are_known_on_both_sides(sides: Sides) -> None:
    """Verified and suspended on Migma's word; ours are added there, where their records are waited for."""
    account, rooms, now = sides.project.account, sides.store.domains, sides.clock.now()
    rooms.add(account, "ours.example.com", now)
    rooms.add(account, "ours.migma.email", now)
    rooms.add(account, "both.example.com", now)
    sides.world.domain("both.example.com")
    sides.world.domain("theirs.example.com", verified=False)
    sides.world.domain("bad.example.com", status="suspended")
    sides.world.domain("theirs.migma.email")
    report = sides.sync()
    state = {one.name: (one.is_verified, one.is_suspended) for one in rooms.list(account)}
    assert state == {
        "bad.example.com": (False, True),
        "both.example.com": (True, False),
        "ours.example.com": (False, False),
        "ours.migma.email": (True, False),
        "theirs.example.com": (False, False),
        "theirs.migma.email": (True, False),
    }
    assert not sides.world.domains["ours.example.com"]["isVerified"]
    assert report.notes == ("ours.migma.email is managed by Migma, and this account does not have it there",)


def test_a_key_that_may_not_add_domains_still_keeps_in_step(sides: Sides) -> None:
    """What it may not is a note, and stops nothing."""
    sides.store.domains.add(sides.project.account, "ours.example.com", sides.clock.now())
    sides.there.permissions = frozenset({"domain:read", "audience:read", "audience:write"})
    assert "lacks the permission domain:write" in sides.sync().notes[0]


def test_repeating_it_changes_nothing(sides: Sides) -> None:
    """After one pass, and one more for ids of those it added, a pass sees everybody and does nothing."""
    for number in range(3):
        sides.person_there(f"p{number}@example.com", ("subscribed", "unsubscribed", "bounced")[number])
    sides.add_here("ours@example.com")
    sides.add_here("p0@example.com", Status.UNSUBSCRIBED)
    sides.store.topics.create(sides.project.id, "News", sides.clock.now())
    sides.sync()
    sides.sync()
    before = sides.store.suppressions.list(sides.project.account), dict(sides.world.contacts)
    asked = len(sides.there.requests)
    assert set(sides.sync().counts) == {"people_seen"}
    assert (sides.store.suppressions.list(sides.project.account), dict(sides.world.contacts)) == before
    assert all(method == "GET" for method, _, _ in sides.there.requests[asked:])


def test_what_was_interrupted_goes_on_where_it_was(sides: Sides) -> None:
    """Killed at any request, the next call goes on, and a whole pass is as of the beginning of the first."""
    for number in range(25):
        sides.person_there(f"p{number}@example.com", "unsubscribed" if number % 5 == 0 else "subscribed")
    began, asked = sides.clock.now(), 0

    def killed_at_the_sixth(request: HttpRequest) -> None:
        nonlocal asked
        asked += 1
        if asked == 8:
            raise KeyboardInterrupt

    sides.intercept = killed_at_the_sixth
    with pytest.raises(KeyboardInterrupt):
        sides.sync()
    assert sides.store.syncs.of(sides.project.account)[0].as_of is None
    sides.intercept = lambda request: None
    sides.clock.advance(600)
    seen = len(sides.there.requests)
    assert sides.sync().as_of == began
    pages = [target for method, target, _ in sides.there.requests[seen:] if target.startswith("contacts?")]
    assert "page=1" not in pages[0]
    assert sides.store.contacts.count(sides.project.id) == 25
    assert {sides.here(f"p{number}@example.com") for number in range(0, 25, 5)} == {Status.UNSUBSCRIBED}
    assert sides.store.syncs.of(sides.project.account)[0].as_of == began


def test_an_old_pass_is_begun_anew(sides: Sides) -> None:
    """What was interrupted longer ago than half the bound would be too old when it ends."""
    sides.store.syncs.begin(sides.project.id, "platform", DAY, sides.clock.now())
    sides.store.syncs.reach(sides.project.id, "platform", '{"phase": "missing", "after": 7}')
    sides.clock.advance(DAY / 2 + timedelta(seconds=1))
    assert sides.sync().as_of == sides.clock.now()


def test_a_deletion_while_it_reads_makes_it_read_again(sides: Sides) -> None:
    """Somebody moved to a page that was read already is not lost; where it never settles, it is told and not whole."""
    for number in range(25):
        sides.person_there(f"p{number}@example.com")
    gone = iter([f"p{number}@example.com" for number in range(24, 0, -1)])

    def delete_one(request: HttpRequest) -> None:
        if "page=2" in request.url:
            sides.world.forget(sides.world.find(sides.their_project, next(gone)) or {})
            sides.intercept = lambda request: None

    sides.intercept = delete_one
    sides.sync()
    assert sides.here("p14@example.com") is Status.SUBSCRIBED  # it had moved to the first page

    def delete_always(request: HttpRequest) -> None:
        if "page=2" in request.url:
            sides.world.forget(sides.world.find(sides.their_project, next(gone)) or {})

    sides.intercept = delete_always
    sides.clock.advance(60)
    with pytest.raises(Unsettled):
        sides.sync()
    assert sides.store.syncs.of(sides.project.account)[0].as_of != sides.clock.now()


def test_limits_are_waited_for(sides: Sides) -> None:
    """A pass takes as long as Migma wants; each wait is as long as it says."""
    for number in range(5):
        sides.person_there(f"p{number}@example.com")
    sides.there.per_minute = 2
    began = sides.clock.now()
    sides.sync()
    assert sides.clock.now() - began >= timedelta(minutes=2)
    assert sides.store.contacts.count(sides.project.id) == 5


def test_a_write_is_never_repeated_and_a_read_is(sides: Sides) -> None:
    """A failure of a read passes; of a write it ends the pass, which is not whole, and is told."""
    sides.there.faults.append(Fault(500))
    sides.sync()
    sides.add_here("ada@example.com")

    def fail_the_import(request: HttpRequest) -> None:
        if request.url.endswith("/contacts/imports"):
            sides.there.faults.append(Fault(500))

    sides.intercept = fail_the_import
    sides.clock.advance(60)
    with pytest.raises(ServerFailed):
        sides.sync()
    assert sides.there.asked("POST", "contacts/imports") == 1
    sides.intercept = lambda request: None
    sides.sync()
    assert sides.status_there("ada@example.com") == "subscribed"


def test_patience_ends(sides: Sides) -> None:
    """A limit that never lifts is told as one."""
    sides.there.faults.extend([Fault(429, (("Retry-After", "1"),))] * 70)
    with pytest.raises(RateLimited):
        sides.sync()
    assert issubclass(RateLimited, MigmaError)


def test_a_key_that_may_not_read_people_is_told(sides: Sides) -> None:
    """Nothing is whole then."""
    sides.there.permissions = frozenset({"domain:read"})
    with pytest.raises(MigmaError, match="audience:read"):
        sides.sync()
    assert sides.store.syncs.of(sides.project.account)[0].as_of is None


def test_an_address_nobody_can_write_to_is_a_note(sides: Sides) -> None:
    """It stops nobody else."""
    sides.person_there("no address@", "subscribed")
    sides.person_there("ada@example.com")
    assert any("no address that can be written to" in note for note in sides.sync().notes)
    assert sides.here("ada@example.com") is Status.SUBSCRIBED


def test_who_is_added_there_meanwhile_stays_as_they_are(sides: Sides) -> None:
    """Somebody who came and left there between the pages and the import is not revived by it."""
    sides.add_here("ada@example.com")

    def come_and_leave(request: HttpRequest) -> None:
        if request.url.endswith("/contacts/imports"):
            sides.person_there("ada@example.com", "unsubscribed")

    sides.intercept = come_and_leave
    sides.sync()
    assert sides.status_there("ada@example.com") == "unsubscribed"
    sides.intercept = lambda request: None
    sides.sync()
    assert sides.here("ada@example.com") is Status.UNSUBSCRIBED


def test_ending_forgets_who_is_who_and_no_denial(sides: Sides) -> None:
    """Disconnected, nothing is waited for; what was taken stays."""
    sides.person_there("ada@example.com", "unsubscribed")
    sides.sync()
    ada = sides.store.contacts.get(sides.project.id, address("ada@example.com"))
    assert ada is not None
    assert isinstance(sides.store.syncs.linked("platform", [ada.id])[ada.id], Link)
    assert sides.store.syncs.end(sides.project.id, "platform")
    assert not sides.store.syncs.end(sides.project.id, "platform")
    assert sides.store.syncs.of(sides.project.account) == ()
    assert sides.store.syncs.linked("platform", [ada.id]) == {}
    assert sides.here("ada@example.com") is Status.UNSUBSCRIBED
