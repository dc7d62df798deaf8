"""People in the database: added once, denied for good, and back by consent alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from migma_sql import CannotRemove, ContactExists, DeniedContact, SqlStore, UnknownAddress

from migma_core import (
    Address,
    Brand,
    Consent,
    ConsentLevel,
    ContactDraft,
    ContactId,
    Denials,
    Project,
    ProjectId,
    Purpose,
    SendRequest,
    Status,
    Suppression,
    SuppressionReason,
)
from migma_core.decision.circumstances import Wanted
from migma_core.ports import MailboxEvent, MailboxFact
from migma_core.request import Content, TagHolders

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ADA = Address("Ada", "example.com")


@pytest.fixture
def store(database: str) -> Iterator[SqlStore]:
    """An empty database."""
    made = SqlStore.open(database, pepper=bytes(range(32)))
    yield made
    made.close()


@pytest.fixture
def project(store: SqlStore) -> Project:
    """Its project."""
    return store.projects.create("Acme", Brand("Acme", "1 Main Street", "https://mail.example.com"), NOW)


def _denials(store: SqlStore, project: Project) -> int:
    """What stands against Ada for marketing to the tag ``news``, as a send would find it."""
    request = SendRequest(
        project=project.id,
        sender=Address("a", "mail.example.com"),
        sender_name="Acme",
        recipients=TagHolders("news"),
        content=Content("s", "h"),
    )
    row = store.sends.member(request, ADA, Purpose.MARKETING, Wanted(), NOW)
    assert row is not None
    return row.standing.denials & ~Denials.RESERVED_NAME


def _ada(store: SqlStore, project: Project) -> ContactId:
    return store.contacts.add(project.id, ContactDraft(address=ADA, tags=frozenset({"news"})), NOW, "api").id


def test_adding_one_person_records_an_unproven_consent(store: SqlStore, project: Project) -> None:
    """Without a status a person is subscribed, on record as unproven and with the source (D13)."""
    contact = store.contacts.add(project.id, ContactDraft(address=ADA), NOW, "api")

    assert contact.status is Status.SUBSCRIBED
    assert contact.consent == Consent(ConsentLevel.UNPROVEN, "api", NOW)
    assert contact.address == ADA


def test_an_address_is_one_person(store: SqlStore, project: Project) -> None:
    """Another spelling of the same address is refused; plus tags and dots make another person (J-01, J-03)."""
    _ada(store, project)

    with pytest.raises(ContactExists):
        store.contacts.add(project.id, ContactDraft(address=Address("ADA", "example.com")), NOW, "api")
    store.contacts.add(project.id, ContactDraft(address=Address("ada+x", "example.com")), NOW, "api")
    assert store.contacts.count(project.id) == 2


def test_leaving_is_durable_and_keeps_its_first_time(store: SqlStore, project: Project) -> None:
    """The first opt-out sets status, denial and evidence; repeating it changes nothing (D12, D-06)."""
    ada = _ada(store, project)

    assert store.contacts.unsubscribe(ada, NOW, "link")
    assert not store.contacts.unsubscribe(ada, LATER, "link")

    contact = store.contacts.by_ref(ada)
    assert contact is not None and contact.status is Status.UNSUBSCRIBED
    assert _denials(store, project) == Denials.UNSUBSCRIBED
    assert [entry.at for entry in store.suppressions.list(project.account)] == [NOW]


def test_an_opt_out_holds_in_every_project_of_the_account(store: SqlStore, project: Project) -> None:
    """Denials belong to the account: leaving one project's mail leaves all of them (D13)."""
    other = store.projects.create("Other", project.brand, NOW)
    store.contacts.add(other.id, ContactDraft(address=ADA, tags=frozenset({"news"})), NOW, "api")
    store.contacts.unsubscribe(_ada(store, project), NOW, "link")

    assert _denials(store, other) == Denials.UNSUBSCRIBED


def test_a_later_consent_lifts_an_opt_out_for_its_project_alone(store: SqlStore, project: Project) -> None:
    """Consent with a later time ends the opt-out here and not in another project; a new opt-out counts again (D13)."""
    other = store.projects.create("Other", project.brand, NOW)
    store.contacts.add(other.id, ContactDraft(address=ADA, tags=frozenset({"news"})), NOW, "api")
    ada = _ada(store, project)
    store.contacts.unsubscribe(ada, NOW, "link")

    back = store.contacts.subscribe(project.id, ADA, Consent(ConsentLevel.PROVEN, "form", LATER))

    assert back.status is Status.SUBSCRIBED
    assert (_denials(store, project), _denials(store, other)) == (0, Denials.UNSUBSCRIBED)
    assert store.contacts.unsubscribe(ada, LATER + timedelta(days=1), "link")
    assert _denials(store, project) == Denials.UNSUBSCRIBED


def test_an_older_consent_lifts_nothing(store: SqlStore, project: Project) -> None:
    """A consent given before the opt-out, or at the same moment, is refused."""
    store.contacts.unsubscribe(_ada(store, project), NOW, "link")

    with pytest.raises(DeniedContact):
        store.contacts.subscribe(project.id, ADA, Consent(ConsentLevel.PROVEN, "form", NOW))
    assert _denials(store, project) == Denials.UNSUBSCRIBED


@pytest.mark.parametrize("reason", [SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT, SuppressionReason.OBJECTION])
def test_consent_lifts_nothing_but_an_opt_out(store: SqlStore, project: Project, reason: SuppressionReason) -> None:
    """A bounce, a complaint and an objection stand, and the refusal says what would end them (D13)."""
    _ada(store, project)
    store.suppressions.add(project.account, ADA, Suppression(reason, NOW, "ses"))

    with pytest.raises(DeniedContact, match=r"ends|names"):
        store.contacts.subscribe(project.id, ADA, Consent(ConsentLevel.PROVEN, "form", LATER))


def test_subscribing_a_denied_address_anew_is_a_conflict(store: SqlStore, project: Project) -> None:
    """Adding a person as subscribed where an opt-out stands names the right call and writes nothing (A-09)."""
    store.suppressions.add(project.account, ADA, Suppression(SuppressionReason.UNSUBSCRIBE, NOW, "operator"))

    with pytest.raises(DeniedContact, match=r"contacts\.subscribe"):
        store.contacts.add(project.id, ContactDraft(address=ADA, status=Status.SUBSCRIBED), NOW, "api")
    assert store.contacts.get(project.id, ADA) is None


@pytest.mark.parametrize(
    ("moment", "hours"),
    [(datetime.min.replace(tzinfo=UTC), 1), (datetime.max.replace(tzinfo=UTC), -1)],
    ids=["first", "last"],
)
def test_a_denial_of_the_calendars_end_is_kept_and_read(
    store: SqlStore, project: Project, moment: datetime, hours: int
) -> None:
    """A moment that a zone moves beyond the years 1 to 9999 of UTC denies like any other, and hides nobody's page."""
    at = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    _ada(store, project)
    store.suppressions.add(project.account, ADA, Suppression(SuppressionReason.BOUNCE, at, "ses"))

    assert [one.address for one in store.contacts.list(project.id).contacts] == [ADA]
    assert [entry.at for entry in store.suppressions.list(project.account)] == [moment]


def test_consent_needs_somebody(store: SqlStore, project: Project) -> None:
    """Consent for an address nobody has added is refused."""
    with pytest.raises(UnknownAddress):
        store.contacts.subscribe(project.id, ADA, Consent(ConsentLevel.PROVEN, "form", NOW))


def test_a_complaint_is_not_removed_by_hand(store: SqlStore, project: Project) -> None:
    """A manual entry goes with a name on record; the complaint beside it is refused with what ends it (D13)."""
    _ada(store, project)
    store.suppressions.add(project.account, ADA, Suppression(SuppressionReason.MANUAL, NOW, "operator"))
    store.suppressions.add(project.account, ADA, Suppression(SuppressionReason.COMPLAINT, NOW, "ses"))

    with pytest.raises(CannotRemove, match="double opt-in"):
        store.suppressions.remove(project.account, ADA, SuppressionReason.COMPLAINT, "support", NOW)
    with pytest.raises(ValueError, match="who"):
        store.suppressions.remove(project.account, ADA, SuppressionReason.MANUAL, " ", NOW)
    store.suppressions.remove(project.account, ADA, SuppressionReason.MANUAL, "support", NOW)

    assert _denials(store, project) == Denials.COMPLAINT
    with pytest.raises(LookupError):
        store.suppressions.remove(project.account, ADA, SuppressionReason.MANUAL, "support", NOW)


def test_a_reinstated_bounce_is_on_record(store: SqlStore, project: Project) -> None:
    """A delivery told later ends no hard bounce; somebody with a name does, and the story keeps it (K-06)."""
    _ada(store, project)
    told = [
        MailboxEvent(
            id=what.value,
            what=what,
            address=ADA,
            domain="mail.example.com",
            source="ses",
            at=NOW + timedelta(hours=hours),
        )
        for hours, what in enumerate((MailboxFact.HARD_BOUNCE, MailboxFact.DELIVERED))
    ]
    store.feedback.mailbox(project.account, told)
    assert _denials(store, project) == Denials.HARD_BOUNCE

    store.suppressions.remove(project.account, ADA, SuppressionReason.BOUNCE, "support", NOW + timedelta(days=1))

    assert _denials(store, project) == 0
    (ended,) = store.contacts.story(project.id, ADA).ended
    assert (ended.reason, ended.source, ended.ended_by) == (SuppressionReason.BOUNCE, "ses", "support")
    store.feedback.mailbox(project.account, told)
    assert _denials(store, project) == 0, "the same bounce, told again"


def test_a_providers_own_entry_stops_that_provider_alone(store: SqlStore, project: Project) -> None:
    """What one provider refuses does not stand against sending through another (D13)."""
    _ada(store, project)
    entry = Suppression(SuppressionReason.PROVIDER, NOW, "ses", provider="ses")
    store.suppressions.add(project.account, ADA, entry)

    assert _denials(store, project) == 0


def test_unknown_references_change_nothing(store: SqlStore, project: Project) -> None:
    """An opt-out for a reference nobody has is no error and no change."""
    assert not store.contacts.unsubscribe(ContactId("0" * 31 + "1"), NOW, "link")
    assert store.contacts.list(ProjectId(project.id)).contacts == ()
