"""What is kept in step, on both databases: how far a pass came, as of when it is whole, and who is who there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from migma_sql import SqlStore

from migma_core import Address, ContactDraft, ContactId, Project, Status
from migma_core.ports import Link, SyncPass
from migma_core.request import Sync
from tests.support.batches import BRAND
from tests.support.sql_rows import NOW, PEPPER

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(database: str) -> Iterator[SqlStore]:
    """An empty store."""
    made = SqlStore.open(database, pepper=PEPPER)
    yield made
    made.close()


@pytest.fixture
def project(store: SqlStore) -> Project:
    """A project."""
    return store.projects.create("Acme", BRAND, NOW)


def added(store: SqlStore, project: Project, name: str, status: Status = Status.SUBSCRIBED) -> ContactId:
    """A contact of ours."""
    draft = ContactDraft(address=Address(name, "example.com"), status=status)
    return store.contacts.add(project.id, draft, NOW, "form").id


def test_a_pass_is_begun_resumed_and_whole(store: SqlStore, project: Project) -> None:
    """It goes on from where it was for half its bound; whole, it is as of its beginning; the next begins anew."""
    syncs, this = store.syncs, (project.id, "platform")
    assert syncs.begin(*this, DAY, NOW) == SyncPass(NOW)
    assert syncs.of(project.account) == (Sync("platform", None, DAY),)
    syncs.reach(*this, "half way")
    assert syncs.begin(*this, DAY, NOW + MINUTE) == SyncPass(NOW, "half way")
    assert syncs.begin(*this, 2 * MINUTE, NOW + 2 * MINUTE) == SyncPass(NOW + 2 * MINUTE)
    syncs.complete(*this)
    syncs.complete(*this)
    assert syncs.of(project.account) == (Sync("platform", NOW + 2 * MINUTE, 2 * MINUTE),)
    assert syncs.begin(*this, DAY, NOW + DAY) == SyncPass(NOW + DAY)
    assert syncs.of(project.account) == (Sync("platform", NOW + 2 * MINUTE, DAY),)


def test_who_is_who_is_kept_and_goes_with_the_person(store: SqlStore, project: Project) -> None:
    """The latest link counts; whoever is erased has none, and somebody gone is nobody to link."""
    topic = store.topics.create(project.id, "News", NOW)
    ada, bo = added(store, project, "ada"), added(store, project, "bo")
    left = frozenset({topic.id})
    store.syncs.link("platform", {ada: Link("1"), bo: Link("2", left)})
    store.syncs.link("platform", {ada: Link("3", left), ContactId("0" * 32): Link("4")})
    store.syncs.link("other", {ada: Link("5")})
    store.syncs.link("platform", {})
    assert store.syncs.linked("platform", [ada, bo]) == {ada: Link("3", left), bo: Link("2", left)}
    store.contacts.erase(project.id, Address("ada", "example.com"), NOW, "person")
    assert store.syncs.linked("platform", [ada, bo]) == {bo: Link("2", left)}


def test_only_the_subscribed_whom_nobody_there_knows_are_unlinked(store: SqlStore, project: Project) -> None:
    """In the order they were added, a few at a time, each once."""
    people = [added(store, project, f"p{number}") for number in range(5)]
    added(store, project, "out", Status.UNSUBSCRIBED)
    store.syncs.link("platform", {people[1]: Link("1")})
    found, after = [], 0
    while True:
        some, onward = store.syncs.unlinked(project.id, "platform", after, 2)
        found += [one.id for one in some]
        if onward == after:
            break
        after = onward
    assert found == [people[0], *people[2:]]


def test_topics_are_replaced_together_and_all_is_forgotten_at_the_end(store: SqlStore, project: Project) -> None:
    """What is disconnected leaves nothing, and nothing of another provider goes."""
    news, offers = (store.topics.create(project.id, name, NOW) for name in ("News", "Offers"))
    for provider in ("platform", "other"):
        store.syncs.begin(project.id, provider, DAY, NOW)
        store.syncs.link_topics(project.id, provider, {news.id: "1", offers.id: "2"})
    store.syncs.link_topics(project.id, "platform", {offers.id: "3"})
    assert store.syncs.topics(project.id, "platform") == {offers.id: "3"}
    store.syncs.link("platform", {added(store, project, "ada"): Link("1")})
    assert store.syncs.end(project.id, "platform")
    assert not store.syncs.end(project.id, "platform")
    assert store.syncs.topics(project.id, "platform") == {}
    assert store.syncs.topics(project.id, "other") == {news.id: "1", offers.id: "2"}
    assert [one.provider for one in store.syncs.of(project.account)] == ["other"]
