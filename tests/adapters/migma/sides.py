"""Both sides of a sync: a store in memory, and the stand-in without a network between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from migma_clock import SimulatedClock
from migma_http import Answer, HttpRequest
from migma_platform import Client, PlatformSync
from migma_platform.testing import Counterpart, World
from migma_sql import SqlStore

from migma_core import Address, AddressKey, Consent, ConsentLevel, ContactDraft, Project, Status, Suppression
from migma_core.audience import SuppressionReason, address_key
from migma_core.ports import SyncReport
from tests.support.batches import BRAND

PEPPER = bytes(32)
DAY = timedelta(hours=24)


def key_of(address: Address) -> AddressKey:
    """The keyed hash of an address."""
    return address_key(address, PEPPER)


@dataclass
class Sides:
    """Here and there, with one clock for both."""

    clock: SimulatedClock = field(default_factory=SimulatedClock)
    store: SqlStore = field(default_factory=lambda: SqlStore.open("sqlite:///:memory:", pepper=PEPPER))
    intercept: Callable[[HttpRequest], None] = field(default=lambda request: None)

    def __post_init__(self) -> None:
        self.world = World(now=self.clock.now)
        self.there = Counterpart("http://127.0.0.1:1/v1", "sk_test_0123456789abcdef", self.world)
        self.their_project = self.world.start_project()
        self.project: Project = self.store.projects.create("Acme", BRAND, self.clock.now())

    def transport(self, request: HttpRequest) -> Answer:
        """What a connection would answer; ``intercept`` may raise, as a process that is killed does nothing more."""
        self.intercept(request)
        return self.there.exchange(request)

    def sync(self) -> SyncReport:
        """One pass."""
        keeper = PlatformSync(Client(self.there.api, self.transport), self.their_project, DAY, page_size=10)
        return keeper.synchronize(self.project, self.store, self.clock, key_of)

    def add_here(self, email: str, status: Status = Status.SUBSCRIBED, **said: Any) -> None:
        """A contact of ours."""
        local, domain = email.split("@")
        draft = ContactDraft(address=Address(local, domain), status=status, **said)
        self.store.contacts.add(self.project.id, draft, self.clock.now(), "form")

    def deny_here(self, email: str, reason: SuppressionReason) -> None:
        """Something that stands against writing to somebody, known here."""
        entry = Suppression(reason, self.clock.now(), "operator")
        self.store.suppressions.add(self.project.account, address(email), entry)

    def come_back_here(self, email: str) -> None:
        """The person's own proven consent."""
        consent = Consent(ConsentLevel.PROVEN, "form", self.clock.now())
        self.store.contacts.subscribe(self.project.id, address(email), consent)

    def here(self, email: str) -> Status | None:
        """A status here."""
        found = self.store.contacts.get(self.project.id, address(email))
        return None if found is None else found.status

    def denials(self, email: str) -> set[SuppressionReason]:
        """What stands on the list here."""
        return {one.reason for one in self.store.suppressions.of(self.project.id, key_of(address(email)))}

    def status_there(self, email: str) -> str | None:
        """A status there."""
        found: dict[str, Any] | None = self.world.find(self.their_project, email)
        return None if found is None else str(found["status"])

    def person_there(self, email: str, status: str = "subscribed", **said: Any) -> dict[str, Any]:
        """Somebody there."""
        return self.world.person(self.their_project, email, status, **said)


def address(email: str) -> Address:
    """An address of its text."""
    local, domain = email.split("@")
    return Address(local, domain)
