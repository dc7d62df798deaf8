"""The preference center: shows what may be chosen, saves what was changed, and adds nothing unconfirmed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from migma_runtime import Migma

from migma_core import Contact, Project, Status
from migma_core.audience import ConsentAct, ConsentLevel, Suppression, SuppressionReason, Topic
from tests.adapters.web.conftest import link_in, parsed

Topics: TypeAlias = dict[str, Topic]
Ada: TypeAlias = Callable[[], Contact]


def form(topics: Topics, seen: dict[str, bool], wanted: set[str]) -> dict[str, str]:
    """What a browser sends: what each box said, and the boxes that are ticked."""
    hidden = {f"seen.{topics[name].id}": "1" if was else "0" for name, was in seen.items()}
    return {"page": "en-1", "scope": "topics", **hidden, **{f"want.{topics[name].id}": "on" for name in wanted}}


SHOWN = {"news": True, "offers": False, "hostile": True}


def confirmation(mails: Callable[[], list[bytes]]) -> str:
    """The path of the link in the mail that asks for a confirmation."""
    newest = [one for one in map(parsed, mails()) if str(one["Subject"]).startswith(("Please confirm", "Bitte"))]
    return link_in(newest[-1], "c")


def test_public_topics_are_shown_as_they_stand(client: TestClient, preferences: str, topics: Topics) -> None:
    """In display order, with their state; a private topic is nowhere (F-01, R24)."""
    shown = client.get(preferences).text
    boxes = re.findall(r'name="want\.(\w+)"( checked)?', shown)
    assert {key: bool(ticked) for key, ticked in boxes} == {topics[name].id: on for name, on in SHOWN.items()}
    assert "Secret" not in shown and topics["secret"].id not in shown
    assert "Once a month" in shown


def test_the_way_out_of_everything_stands_first(client: TestClient, preferences: str, topics: Topics) -> None:
    """One button, above every topic (F-03)."""
    shown = client.get(preferences).text
    assert 0 < shown.index('value="all"') < shown.index("want.")


def test_an_unchanged_form_changes_nothing(
    client: TestClient, preferences: str, topics: Topics, database: Callable[[], str]
) -> None:
    """Saved as it was shown, however often, no row changes and no mail is sent (F-02)."""
    before = database()
    for _ in range(3):
        assert client.post(preferences, data=form(topics, SHOWN, {"news", "hostile"})).status_code == 200
    assert database() == before


def test_leaving_a_topic_is_at_once(
    migma: Migma, client: TestClient, preferences: str, topics: Topics, ada: Ada
) -> None:
    """The topic is left, the others stay, and the record says what was shown (O-01)."""
    client.post(preferences, data=form(topics, SHOWN, {"hostile"}))
    assert ada().topics == {topics["news"].id: False}
    assert ada().status is Status.SUBSCRIBED
    event = migma.contacts.events(ada().id)[-1]
    assert (event.act, event.topic, event.source) == (ConsentAct.LEFT, topics["news"].id, "preference page")
    assert (event.shown.wording, event.shown.version) == ("I would like to hear about", "en-1")
    assert event.reference.startswith("delivery ")


def test_a_topic_not_shown_is_never_touched(client: TestClient, preferences: str, topics: Topics, ada: Ada) -> None:
    """A form that shows one topic decides about that one; private and foreign ones cannot be named (F-01)."""
    client.post(preferences, data=form(topics, {"news": True}, set()) | {"seen." + "f" * 32: "1"})
    client.post(preferences, data=form(topics, {"secret": True}, set()))
    assert ada().topics == {topics["news"].id: False}


def test_joining_waits_for_the_mailbox(
    migma: Migma,
    client: TestClient,
    preferences: str,
    topics: Topics,
    ada: Ada,
    mails: Callable[[], list[bytes]],
) -> None:
    """A ticked topic changes nothing until the mail's link is followed and its button pressed (F-04, E-04)."""
    answer = client.post(preferences, data=form(topics, SHOWN, {"news", "offers", "hostile"}))
    assert "Please confirm by the mail" in answer.text
    assert ada().topics == {}
    link = confirmation(mails)
    assert "Offers" in client.get(link).text
    assert ada().topics == {}, "looking joins nobody"
    assert "Thank you" in client.post(link).text
    assert ada().topics == {topics["offers"].id: True}
    event = migma.contacts.events(ada().id)[-1]
    assert (event.act, event.topic) == (ConsentAct.JOINED, topics["offers"].id)
    assert event.confirmed_at is not None and event.at < event.confirmed_at
    assert event.reference.startswith("opt-in ")


def test_the_mail_that_asks_is_transactional(
    client: TestClient, preferences: str, topics: Topics, mails: Callable[[], list[bytes]]
) -> None:
    """It comes from the sender of the last mail and carries no list header (C-10)."""
    client.post(preferences, data=form(topics, SHOWN, {"news", "offers", "hostile"}))
    mail = next(one for one in map(parsed, mails()) if str(one["Subject"]) == "Please confirm: mail from Acme")
    assert str(mail["From"]) == "Acme <news@mail.example.com>"
    assert not [name for name in mail if name.lower().startswith("list-")]


def test_a_confirmation_is_used_once(
    client: TestClient, preferences: str, topics: Topics, ada: Ada, mails: Callable[[], list[bytes]]
) -> None:
    """Who leaves after confirming stays out, however often the old link is followed."""
    client.post(preferences, data=form(topics, SHOWN, {"news", "offers", "hostile"}))
    link = confirmation(mails)
    client.post(link)
    now_shown = SHOWN | {"offers": True}
    client.post(preferences, data=form(topics, now_shown, {"news", "hostile"}))
    again = client.post(link)
    assert again.status_code == 409
    assert ada().topics == {topics["offers"].id: False}


def test_a_decision_since_stands(
    client: TestClient, preferences: str, topics: Topics, ada: Ada, mails: Callable[[], list[bytes]]
) -> None:
    """A topic left while its confirmation waited is not joined by it."""
    client.post(preferences, data=form(topics, SHOWN, {"news", "offers", "hostile"}))
    link = confirmation(mails)
    client.post(preferences, data=form(topics, {"offers": True}, set()))  # a tab that showed it joined
    assert client.post(link).status_code == 409
    assert ada().topics == {topics["offers"].id: False}


def test_a_stale_form_takes_away_and_adds_nothing(
    migma: Migma, client: TestClient, preferences: str, topics: Topics, ada: Ada, mails: Callable[[], list[bytes]]
) -> None:
    """After a change in another tab the old form may leave topics, and join none (F-02)."""
    client.post(preferences, data=form(topics, SHOWN, {"hostile"}))  # one tab leaves News
    before = len(mails())
    answer = client.post(preferences, data=form(topics, SHOWN, {"news", "offers"}))  # the other leaves one, joins one
    assert "nothing was added" in answer.text
    assert ada().topics == {topics["news"].id: False, topics["hostile"].id: False}
    assert len(mails()) == before


def test_leaving_everything_is_one_opt_out(
    migma: Migma, client: TestClient, preferences: str, topics: Topics, ada: Ada
) -> None:
    """It is the opt-out of the link in the header, not many topics (F-03, R33)."""
    answer = client.post(preferences, data={"scope": "all", "page": "en-1"})
    assert "no more marketing mail to a***@example.com" in answer.text
    assert ada().status is Status.UNSUBSCRIBED
    assert ada().topics == {}
    assert [event.act for event in migma.contacts.events(ada().id)][1:] == [ConsentAct.OPT_OUT]


def test_who_has_left_may_ask_to_come_back(
    migma: Migma, client: TestClient, preferences: str, topics: Topics, ada: Ada, mails: Callable[[], list[bytes]]
) -> None:
    """The page offers a mail, and its link is recorded consent that ends the opt-out (D-12, D13)."""
    client.post(preferences, data={"scope": "all"})
    page = client.get(preferences)
    assert "want." not in page.text
    action = re.search(r'action="(\.\./a/[\w-]+)"', page.text)
    assert action is not None
    assert "mail to a***@example.com" in client.post(action[1].removeprefix("..")).text
    assert ada().status is Status.UNSUBSCRIBED, "asking changes nothing"
    assert client.post(confirmation(mails)).status_code == 200
    assert ada().status is Status.SUBSCRIBED
    consent = ada().consent
    assert consent is not None and consent.level is ConsentLevel.PROVEN
    event = migma.contacts.events(ada().id)[-1]
    assert (event.act, event.level) == (ConsentAct.OPT_IN, ConsentLevel.PROVEN)
    assert event.confirmed_at is not None and event.shown.wording and event.shown.version


def test_the_undo_of_an_opt_out_is_a_mail_as_well(
    client: TestClient, path: str, ada: Ada, mails: Callable[[], list[bytes]]
) -> None:
    """Whoever holds an opt-out link can ask; only the mailbox can agree (E-07)."""
    left = client.post(path)
    action = re.search(r'action="\.\.(/a/[\w-]+)"', left.text)
    assert action is not None
    assert client.get(action[1]).status_code == 404, "there is nothing to look at"
    client.post(action[1])
    assert ada().status is Status.UNSUBSCRIBED
    client.post(confirmation(mails))
    assert ada().status is Status.SUBSCRIBED


def test_a_later_opt_out_beats_a_waiting_confirmation(
    client: TestClient, path: str, preferences: str, topics: Topics, ada: Ada, mails: Callable[[], list[bytes]]
) -> None:
    """Who left after asking stays out (design D13)."""
    client.post(path)
    client.post(path.replace("/u/", "/a/"))
    link = confirmation(mails)
    client.post(link)
    client.post(path)
    assert client.post(link).status_code == 409
    assert ada().status is Status.UNSUBSCRIBED


def test_no_mail_asks_who_complained(
    migma: Migma, project: Project, client: TestClient, path: str, ada: Ada, mails: Callable[[], list[bytes]]
) -> None:
    """A complaint stops transactional mail as well: the page says that no mail goes, and none does (R17)."""
    entry = Suppression(SuppressionReason.COMPLAINT, migma.parts.clock.now(), "feedback loop")
    migma.store.suppressions.add(project.account, ada().address, entry)
    before = len(mails())
    assert "cannot be sent just now" in client.post(path.replace("/u/", "/a/")).text
    assert len(mails()) == before


def test_one_such_mail_in_five_minutes(client: TestClient, path: str, mails: Callable[[], list[bytes]]) -> None:
    """No page can be used to flood a mailbox."""
    client.post(path)
    again = path.replace("/u/", "/a/")
    answers = [client.post(again).text for _ in range(5)]
    assert sum("We have sent a mail" in one for one in answers) == 1
    assert sum("moment ago" in one for one in answers) == 4
    assert len(mails()) == 2


def test_a_confirmation_expires_after_seven_days(
    migma: Migma,
    client: TestClient,
    path: str,
    ada: Ada,
    mails: Callable[[], list[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A week later the link is no link of ours any more (E-04)."""
    client.post(path)
    client.post(path.replace("/u/", "/a/"))
    link, now = confirmation(mails), migma.parts.clock.now()
    monkeypatch.setattr(type(migma.parts.clock), "now", lambda _self: now + timedelta(days=7, seconds=1))
    assert client.get(link).status_code == client.post(link).status_code == 404
    assert ada().status is Status.UNSUBSCRIBED


@pytest.mark.parametrize("room", ["p", "c", "a", "u"])
def test_a_token_opens_its_own_room_only(
    client: TestClient, path: str, preferences: str, room: str, topics: Topics
) -> None:
    """An opt-out link shows no preferences, a preference link opts nobody out by one click (E-07)."""
    for link in (path, preferences):
        elsewhere = f"/{room}/{link.rpartition('/')[2]}"
        fits = link.startswith(f"/{room}/")
        assert (client.get(elsewhere).status_code == 200) is fits


def test_looking_at_preferences_changes_nothing(
    client: TestClient, preferences: str, topics: Topics, database: Callable[[], str]
) -> None:
    """GET, HEAD and OPTIONS leave every row as it was (D-01)."""
    before = database()
    answers: list[Response] = []
    for _ in range(20):
        answers += [client.get(preferences), client.head(preferences), client.options(preferences)]
    assert {one.status_code for one in answers} == {200, 204}
    assert database() == before


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"a" * 40_000, b"&".join([b"x=1"] * 1000), b"seen.=1&want.="])
def test_a_body_that_is_no_form_changes_nothing(
    client: TestClient, preferences: str, topics: Topics, body: bytes, database: Callable[[], str]
) -> None:
    """Empty, binary, oversized, with too many fields: nothing is chosen (F-02)."""
    before = database()
    assert client.post(preferences, content=body).status_code == 200
    assert database() == before


def test_a_hostile_topic_is_text(client: TestClient, preferences: str, topics: Topics) -> None:
    """A name that looks like markup, or like a field of our words, is shown as it is (F-05)."""
    for page in (client.get(preferences), client.post(preferences, data=form(topics, SHOWN, {"news"}))):
        assert "<script" not in page.text
        assert "&lt;script&gt;alert(&#34;{brand}&#34;)&lt;/script&gt;" in page.text


def test_preferences_speak_german(
    client: TestClient, preferences: str, topics: Topics, mails: Callable[[], list[bytes]]
) -> None:
    """The page, the mail it sends, and the page behind that mail."""
    german = {"Accept-Language": "de"}
    assert "Ihre Mail von Acme" in client.get(preferences, headers=german).text
    client.post(preferences, data=form(topics, SHOWN, {"news", "offers", "hostile"}), headers=german)
    assert "Bitte bestätigen: Mail von Acme" in [str(parsed(one)["Subject"]) for one in mails()]
    assert "Ja, bitte" in client.get(confirmation(mails), headers=german).text
