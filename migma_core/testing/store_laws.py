"""
The law book of the store: what must hold of anybody's rooms of people, choices, denials, segments and sends.

    from migma_core.testing import StoreLaws

    class TestOurStore(StoreLaws):
        def open(self):
            return OurStore.empty()

The laws know the ports alone (`migma_core.ports`), so a store of any make can be held to them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from ..audience.address import Address
from ..audience.consent import Consent, ConsentLevel
from ..audience.contact import Status
from ..audience.intake import ContactDraft
from ..audience.segment import Condition, matches
from ..audience.suppression import Suppression, SuppressionReason
from ..audience.topic import DefaultSubscription
from ..decision.circumstances import Wanted
from ..decision.facts import facts_about
from ..decision.policy import MIGMA
from ..decision.purpose import Purpose
from ..decision.standing import Standing
from ..delivery.campaign import TRANSITIONS, Action, CampaignConflict, CampaignStatus
from ..ports import AudienceRow, Incoming, MailboxEvent, MailboxFact, RefusedRow, Row, Store
from ..request.recipients import OneAddress, SegmentMembers, TagHolders
from ..request.send_request import SendRequest
from . import strategies as some
from .law import law
from .storage import FORM, StorageLaws, everybody, put, request_to, some_project, some_send

__all__ = ["StoreLaws"]

_NEARBY = st.sampled_from([Address(local, "example.com") for local in ("ada", "ADA", "bob", "eve")])
_LISTS = st.lists(some.drafts(address=_NEARBY | some.addresses()), max_size=6)
_ADA = Address("ada", "customers.migma.email")
_BY_HAND = {SuppressionReason.MANUAL, SuppressionReason.SOFT_BOUNCE_LIMIT, SuppressionReason.BOUNCE}
_NOTHING = Wanted()
# what JSON can hold: a moment comes back as its ISO text, which is how a template writes it
_VARIABLES = st.dictionaries(
    st.text(min_size=1, max_size=9),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    max_size=3,
)


class StoreLaws(StorageLaws):
    """Every law of the rooms that hold an audience, and of what is asked about it."""

    @law("R49, J-01", "a person who came twice by another spelling", draft=some.drafts(status=st.none()))
    def test_who_was_added_is_found_and_is_one_person(self, draft: ContactDraft) -> None:
        """By address, by reference and in the list they are the same contact; adding them again is refused."""
        store = self.open()
        project = some_project(store)
        added = store.contacts.add(project.id, draft, self.now, "api")
        assert (added.address, added.tags, added.first_name) == (draft.address, draft.tags, draft.first_name)
        assert [added] == list(everybody(store, project.id))
        assert store.contacts.get(project.id, draft.address) == store.contacts.by_ref(added.id) == added
        for same in (draft.address, Address(added.address.canonical.rpartition("@")[0], draft.address.domain)):
            with pytest.raises(ValueError, match="already"):
                store.contacts.add(project.id, replace(draft, address=same), self.now, "api")
        assert store.contacts.count(project.id) == 1

    @law("A-09, J-01", "rows lost or doubled by an import", people=_LISTS, dry=st.booleans())
    def test_every_row_of_an_import_is_counted_once(self, people: list[ContactDraft], dry: bool) -> None:
        """Created, updated, skipped and refused add up, one person per address; a dry run says so and keeps nothing."""
        store = self.open()
        project = some_project(store)
        rows: list[Incoming] = [Row(line, one) for line, one in enumerate(people, 2)]
        rows.append(RefusedRow(99, "x", "bad"))
        report = store.import_contacts(project.id, rows, FORM, at=self.now, dry_run=dry)
        assert report.total == len(rows) == report.created + report.updated + report.skipped + report.refused
        assert report.created == len({one.address.canonical for one in people})
        assert store.contacts.count(project.id) == (0 if dry else report.created)

    @law("A-09", "an import that revived an opt-out", first=_LISTS, second=_LISTS)
    def test_no_import_lifts_a_denial(self, first: list[ContactDraft], second: list[ContactDraft]) -> None:
        """Whoever left or bounced by any row is subscribed by no other, in whatever order the lists come."""
        store = self.open()
        project = some_project(store)
        put(store, project.id, *first)
        put(store, project.id, *second)
        gone = {Status.UNSUBSCRIBED, Status.BOUNCED}
        denied = {one.address.canonical for one in (*first, *second) if one.status in gone}
        for contact in everybody(store, project.id):
            assert contact.address.canonical not in denied or contact.status in gone

    @law("reliability §13", "an import that cannot be repeated after a crash", people=_LISTS)
    def test_an_import_can_be_repeated(self, people: list[ContactDraft]) -> None:
        """The same list, unique by address, leaves everybody as they were, and says so."""
        store = self.open()
        project = some_project(store)
        unique = list({one.address.canonical: one for one in people}.values())
        put(store, project.id, *unique)
        before = list(everybody(store, project.id))
        again = store.import_contacts(project.id, [Row(2, one) for one in unique], FORM, at=self.now)
        assert (again.created, again.updated) == (0, 0)
        assert list(everybody(store, project.id)) == before

    @law("design D12", "an opt-out that was forgotten, or whose time moved")
    def test_an_opt_out_holds_and_keeps_its_first_time(self) -> None:
        """Leaving shows in status, list and standing, in every project of the account; repeating it changes nothing."""
        store = self.open()
        project, other = some_project(store), some_project(store, "Other")
        for one in (project, other):
            put(store, one.id, ContactDraft(address=_ADA, status=Status.SUBSCRIBED))
        ada = store.contacts.get(project.id, _ADA)
        assert ada is not None
        assert store.contacts.unsubscribe(ada.id, self.now, "link")
        assert not store.contacts.unsubscribe(ada.id, self.now + timedelta(days=1), "link")
        assert [one.at for one in store.suppressions.list(project.account)] == [self.now]
        for one in (project, other):
            found = store.contacts.get(one.id, _ADA)
            assert found is not None
            assert found.status is Status.UNSUBSCRIBED
            assert not _mailable(store, request_to(one.id, OneAddress(_ADA)), Purpose.MARKETING)

    @law("design D13", "a consent older than the opt-out that ended it", days=st.integers(-2, 2))
    def test_only_a_later_consent_ends_an_opt_out_for_its_project_alone(self, days: int) -> None:
        """A proven consent lifts what is earlier than itself, here and not next door; the next opt-out counts again."""
        store = self.open()
        project, other = some_project(store), some_project(store, "Other")
        for one in (project, other):
            put(store, one.id, ContactDraft(address=_ADA, status=Status.SUBSCRIBED))
        ada = store.contacts.get(project.id, _ADA)
        assert ada is not None
        store.contacts.unsubscribe(ada.id, self.now, "link")
        consent = Consent(ConsentLevel.PROVEN, "form", self.now + timedelta(days=days))
        if days > 0:
            store.contacts.subscribe(project.id, _ADA, consent)
        else:
            with pytest.raises(ValueError, match="consent"):
                store.contacts.subscribe(project.id, _ADA, consent)
        here, there = (request_to(one.id, OneAddress(_ADA)) for one in (project, other))
        assert _mailable(store, here, Purpose.MARKETING) is (days > 0)
        assert not _mailable(store, there, Purpose.MARKETING)
        assert store.contacts.unsubscribe(ada.id, consent.at, "link") is (days > 0)
        assert not _mailable(store, here, Purpose.MARKETING)

    @law(
        "design D13",
        "an operator's click that lifted a complaint",
        reason=st.sampled_from([one for one in SuppressionReason if one is not SuppressionReason.PROVIDER]),
    )
    def test_by_hand_ends_a_manual_entry_or_a_bounce_alone(self, reason: SuppressionReason) -> None:
        """With a name on record these end; whatever a person said is refused and stands."""
        store = self.open()
        project = some_project(store)
        store.suppressions.add(project.account, _ADA, Suppression(reason, self.now, "told"))
        with pytest.raises(ValueError, match="who" if reason in _BY_HAND else "what ends it"):
            store.suppressions.remove(project.account, _ADA, reason, " ", self.now)
        assert [one.reason for one in store.suppressions.list(project.account)] == [reason]
        if reason in _BY_HAND:
            store.suppressions.remove(project.account, _ADA, reason, "support", self.now)
            assert not store.suppressions.list(project.account)
            assert [one.ended_by for one in store.contacts.story(project.id, _ADA).ended] == ["support"]
            with pytest.raises(LookupError):
                store.suppressions.remove(project.account, _ADA, reason, "support", self.now)

    @law("design D13, K-06", "a reinstatement that subscribed whoever had left", opted_out=st.booleans())
    def test_a_reinstated_address_is_reached_and_nobody_is_subscribed(self, opted_out: bool) -> None:
        """What people need goes there again, in every project; marketing waits for consent, and a new bounce holds."""
        store = self.open()
        projects = some_project(store), some_project(store, "Other")
        for one in projects:
            put(store, one.id, ContactDraft(address=_ADA, status=Status.SUBSCRIBED))
        account, requests = projects[0].account, [request_to(one.id, OneAddress(_ADA)) for one in projects]
        if opted_out:
            store.suppressions.add(account, _ADA, Suppression(SuppressionReason.UNSUBSCRIBE, self.now, "link"))
        store.suppressions.add(account, _ADA, Suppression(SuppressionReason.BOUNCE, self.now, "ses"))
        assert not any(_mailable(store, one, purpose) for one in requests for purpose in Purpose)
        store.suppressions.remove(account, _ADA, SuppressionReason.BOUNCE, "support", self.now)
        left = Status.UNSUBSCRIBED if opted_out else Status.NON_SUBSCRIBED
        assert [store.contacts.get(one.id, _ADA).status for one in projects] == [left, left]  # type: ignore[union-attr]  # there they are
        assert [_mailable(store, one, Purpose.TRANSACTIONAL) for one in requests] == [True, True]
        assert [_mailable(store, one, Purpose.MARKETING) for one in requests] == [False, False]
        later = Consent(ConsentLevel.PROVEN, "form", self.now + timedelta(days=1))
        store.contacts.subscribe(projects[0].id, _ADA, later)
        assert [_mailable(store, one, Purpose.MARKETING) for one in requests] == [True, False]
        store.suppressions.add(account, _ADA, Suppression(SuppressionReason.BOUNCE, later.at, "ses"))
        assert not any(_mailable(store, one, purpose) for one in requests for purpose in Purpose)

    @law("design D13, K-05", "a reinstatement undone by a bounce of before", late=st.integers(1, 3))
    def test_soft_bounces_count_anew_after_reinstatement(self, late: int) -> None:
        """What is told late, or again, of the time before denies nobody any more; the limit reached anew does."""
        store = self.open()
        project = some_project(store)
        before = [_soft(f"before {day}", self.now - timedelta(days=day)) for day in range(1, 9)]
        store.feedback.mailbox(project.account, before[late:])
        assert [one.reason for one in store.suppressions.list(project.account)] == [SuppressionReason.SOFT_BOUNCE_LIMIT]
        store.suppressions.remove(project.account, _ADA, SuppressionReason.SOFT_BOUNCE_LIMIT, "support", self.now)
        store.feedback.mailbox(project.account, before)
        assert not store.suppressions.list(project.account)
        for day in range(1, 5):
            store.feedback.mailbox(project.account, [_soft(f"after {day}", self.now + timedelta(days=day))])
            assert not store.suppressions.list(project.account)
        store.feedback.mailbox(project.account, [_soft("after 5", self.now + timedelta(days=5))])
        assert store.suppressions.list(project.account)

    @law(
        "reliability §11, design §2.8",
        "the order of two webhooks deciding who gets mail",
        entries=st.lists(some.suppressions(provider=st.sampled_from(("ses", "resend"))), max_size=4),
        seed=st.randoms(),
        stored=st.booleans(),
    )
    def test_denials_merge_in_any_order(self, entries: list[Suppression], seed: Any, stored: bool) -> None:
        """Entries in any order and any number leave the same evidence, and the standing that Python packs of it."""
        store = self.open()
        turned = [*entries, *entries]
        seed.shuffle(turned)
        found = [_denied(store, one, stored, name) for one, name in ((entries, "one"), (turned, "two"))]
        assert found[0] == found[1]
        facts = facts_about(_ADA, Purpose.MARKETING, suppressions=entries, provider="ses")
        assert found[0][0] == facts.standing.denials

    @law(
        "R20 to R23",
        "a default that beat what the person chose",
        default=st.sampled_from(DefaultSubscription),
        choices=st.lists(st.booleans(), max_size=3),
    )
    def test_a_choice_beats_the_default(self, default: DefaultSubscription, choices: list[bool]) -> None:
        """The standing has the topic's digit as the person's last choice makes it, or their silence."""
        store = self.open()
        project = some_project(store)
        topic = store.topics.create(project.id, "News", self.now, default=default)
        put(store, project.id, ContactDraft(address=_ADA, status=Status.SUBSCRIBED))
        ada = store.contacts.get(project.id, _ADA)
        assert ada is not None
        for joined in choices:
            store.contacts.by_ref(ada.id)
            store.topics.choose(ada.id, topic.id, joined, self.now, "page")
        chosen = store.contacts.by_ref(ada.id)
        assert chosen is not None
        assert chosen.topics == ({topic.id: choices[-1]} if choices else {})
        expected = facts_about(chosen, Purpose.MARKETING, topic=topic).standing
        assert _standing(store, request_to(project.id, OneAddress(_ADA), topic=topic.id), _ADA) == expected

    @law(
        "design §2.2",
        "5,040 shown, 5 sent",
        people=_LISTS,
        condition=some.conditions(engaged=False),
        limit=st.integers(1, 7),
    )
    def test_a_segment_is_whom_python_matches_counted_and_listed_alike(
        self, people: list[ContactDraft], condition: Condition, limit: int
    ) -> None:
        """Count, pages of any size and each member agree with one another and with `matches`, for any condition."""
        store = self.open()
        project = some_project(store)
        put(store, project.id, *people)
        segment = store.segments.create(project.id, "Some", condition, self.now)
        request = request_to(project.id, SegmentMembers(segment.id))
        paged = [row.standing for row in _pages(store, request, limit)]
        asked = {one.address: _standing(store, request, one.address) for one in everybody(store, project.id, limit)}
        for one in everybody(store, project.id):
            assert (asked[one.address] is not None) is matches(condition, one)
        assert Counter(paged) == Counter(one for one in asked.values() if one is not None)
        assert Counter(paged) == store.sends.count_standings(request, Purpose.MARKETING)

    @law("R2, R54", "a tag of another case or another project", people=_LISTS, tag=some.tags())
    def test_a_tags_holders_are_those_who_hold_it_exactly(self, people: list[ContactDraft], tag: str) -> None:
        """The name is compared exactly and within the project; a tag nobody made has nobody."""
        store = self.open()
        project, other = some_project(store), some_project(store, "Other")
        put(store, project.id, *people)
        put(store, other.id, ContactDraft(address=_ADA, tags=frozenset({tag})))
        held = sum(tag in one.tags for one in everybody(store, project.id))
        request = request_to(project.id, TagHolders(tag))
        assert len(_pages(store, request, 2)) == held
        found = store.tags.find(project.id, tag)
        assert (found.holders if found else 0) == held

    @law(
        "design D3",
        "a request that came back with another meaning",
        request=some.send_requests(variables=_VARIABLES),
        purpose=st.sampled_from(Purpose),
    )
    def test_a_request_comes_back_as_it_was_accepted(self, request: SendRequest, purpose: Purpose) -> None:
        """Whatever was accepted, attachments included, is read back word for word."""
        store, send = self.open(), some_send()
        asked = replace(request, project=some_project(store).id)
        store.sends.accept(send, asked, purpose, MIGMA, "mind", self.now)
        found = store.sends.get(send)
        assert (found.request, found.purpose, found.warning, found.name) == (asked, purpose, "mind", None)
        assert (found.status, found.created_at) == (CampaignStatus.SENDING, self.now)

    @law(
        "R50 to R55",
        "a cancelled campaign that went on",
        steps=st.lists(st.sampled_from((Action.SEND, Action.PAUSE, Action.CANCEL, Action.UNSCHEDULE)), max_size=6),
    )
    def test_a_campaign_moves_by_legal_steps_alone(self, steps: list[Action]) -> None:
        """Each step leads where the table of transitions says; a step it does not know changes nothing."""
        store, send = self.open(), some_send()
        request = request_to(some_project(store).id, TagHolders("all"))
        store.sends.accept(send, request, Purpose.MARKETING, MIGMA, None, self.now, name="May")
        status = CampaignStatus.DRAFT
        for step in steps:
            if (status, step) in TRANSITIONS:
                status = TRANSITIONS[status, step]
                assert store.sends.change_status(send, step, self.now) is status
            else:
                with pytest.raises(CampaignConflict):
                    store.sends.change_status(send, step, self.now)
            assert store.sends.get(send).status is status
        assert [one.id for one in store.sends.list(request.project)] == [send]

    @law("R54", "an audience that was everybody because it was nobody's", who=some.addresses())
    def test_what_is_not_there_has_nobody(self, who: Address) -> None:
        """Unknown tags, segments, topics, contacts and sends are empty, absent or a `LookupError`; never everybody."""
        store = self.open()
        project = some_project(store)
        assume(who != _ADA)
        put(store, project.id, ContactDraft(address=_ADA))
        assert _pages(store, request_to(project.id, TagHolders("nothing")), 5) == []
        assert store.contacts.get(project.id, who) is None
        assert store.segments.find(project.id, "nothing") is None
        assert store.topics.find(project.id, "nothing") is None
        for absent in (lambda: store.sends.get(some_send()), lambda: store.projects.find("nothing")):
            with pytest.raises(LookupError):
                absent()


def _standing(store: Store, request: SendRequest, who: Address) -> Standing | None:
    row = store.sends.member(request, who, Purpose.MARKETING, _NOTHING, StorageLaws.now)
    return None if row is None else row.standing


def _mailable(store: Store, request: SendRequest, purpose: Purpose) -> bool:
    (standing,) = store.sends.count_standings(request, purpose)
    return MIGMA.code(standing) == 0


def _soft(name: str, at: datetime) -> MailboxEvent:
    return MailboxEvent(
        id=name, what=MailboxFact.SOFT_BOUNCE, address=_ADA, domain="mail.example.com", source="ses", at=at
    )


def _pages(store: Store, request: SendRequest, limit: int) -> list[AudienceRow]:
    found, after = list[AudienceRow](), 0
    while True:
        page = store.sends.audience_page(request, Purpose.MARKETING, after, limit, _NOTHING, StorageLaws.now)
        found += page.rows
        if page.after is None:
            return found
        after = page.after


def _denied(store: Store, entries: list[Suppression], stored: bool, name: str) -> tuple[int, set[object]]:
    """The denials in force against a fresh address after these entries, and the evidence for them."""
    project = some_project(store, name)
    who = Address(name, _ADA.domain)
    if stored:
        put(store, project.id, ContactDraft(address=who, status=Status.SUBSCRIBED))
    for one in entries:
        store.suppressions.add(project.account, who, one)
    row = store.sends.member(
        request_to(project.id, OneAddress(who), provider="ses"), who, Purpose.MARKETING, _NOTHING, StorageLaws.now
    )
    assert row is not None
    evidence = store.suppressions.of(project.id, row.address_key)
    assert {one.reason for one in evidence} == {one.reason for one in entries}
    return row.standing.denials, {(one.reason, one.at, one.source, one.provider) for one in evidence}
