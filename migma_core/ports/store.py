"""The store: everything that is kept, room by room, as protocols, and the values that cross them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, TypeAlias

from ..audience.address import Address, AddressKey
from ..audience.consent import Consent, ConsentEvidence
from ..audience.consent_event import NOTHING_SHOWN, ConsentEvent, Shown
from ..audience.contact import Contact, ContactId, ProjectId, Status
from ..audience.intake import ContactDraft, Intake
from ..audience.opt_in import OptIn, OptInId
from ..audience.segment import Condition, Segment
from ..audience.suppression import Suppression, SuppressionReason
from ..audience.topic import DefaultSubscription, Topic, TopicId, Visibility
from ..decision.authorization import Sender
from ..decision.circumstances import Wanted
from ..decision.policy import Policy
from ..decision.purpose import Purpose
from ..decision.reasons import ReasonKind
from ..decision.record import Decision
from ..decision.standing import Standing
from ..delivery.campaign import Action, CampaignStatus
from ..delivery.delivery import DeliveryState, SendId
from ..delivery.stats import SendStats
from ..message.token import DeliveryId
from ..request.brand import Brand
from ..request.domain import SendingDomain
from ..request.project import AccountId, Project
from ..request.send_request import SendRequest
from .audience import AudiencePage, AudienceRow
from .feedback import Feedback
from .idempotency import IdempotencyKeys, KeyHold
from .inbox import Inbox
from .ledger import Ledger
from .pace import Pace
from .person import Erasure, Story, SuppressionRecord
from .schedules import Schedules
from .sync import Syncs

__all__ = [
    "ContactPage",
    "Contacts",
    "DecisionRecord",
    "DeliveryRecord",
    "Domains",
    "ImportReport",
    "Incoming",
    "OptIns",
    "Projects",
    "RefusedRow",
    "Row",
    "Segments",
    "SendRecord",
    "Sends",
    "Store",
    "SuppressionRecord",
    "Suppressions",
    "Tag",
    "Tags",
    "Topics",
]


class Row(NamedTuple):
    """A row of a list that can be read; ``suppress`` where it claims more than a status can say (a complaint)."""

    line: int
    draft: ContactDraft
    suppress: SuppressionReason | None = None


class RefusedRow(NamedTuple):
    """A row of a list that cannot be used, and why."""

    line: int
    value: str
    reason: str


Incoming: TypeAlias = Row | RefusedRow


@dataclass(frozen=True, slots=True)
class ImportReport:
    """
    An import so far. ``total`` rows = created + updated + skipped + refused; ``noted`` of them did not get all they
    asked for, such as a status.
    """

    total: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    refused: int = 0
    noted: int = 0


@dataclass(frozen=True, slots=True)
class ContactPage:
    """Some contacts in the order they were added; ``after`` is where the next page begins, ``None`` at the end."""

    contacts: tuple[Contact, ...]
    after: int | None


@dataclass(frozen=True, slots=True)
class Tag:
    """A label, and how many contacts hold it."""

    id: str
    name: str
    holders: int = 0
    description: str = ""


@dataclass(frozen=True, slots=True)
class SendRecord:
    """An accepted request and where it stands; ``name`` is set for a campaign."""

    id: SendId
    project: ProjectId
    request: SendRequest
    purpose: Purpose
    status: CampaignStatus
    name: str | None
    why: str | None
    warning: str | None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One row of the log, for people."""

    number: int
    id: DeliveryId
    address: str
    state: DeliveryState
    reasons: tuple[ReasonKind, ...]
    why: str
    provider_id: str | None
    updated_at: datetime


class DecisionRecord(NamedTuple):
    """What was decided about one address in one send, and where its delivery stands."""

    state: DeliveryState
    decision: Decision
    why: str


class Projects(Protocol):
    """Projects and their brands."""

    def create(self, name: str, brand: Brand, at: datetime) -> Project: ...

    def get(self, project: ProjectId) -> Project: ...

    def find(self, id_or_name: str) -> Project:
        """Raises `LookupError`."""
        ...

    def all(self) -> Sequence[Project]: ...


class Contacts(Protocol):
    """People. A denial is only ever lifted by `subscribe`, and only the one it may lift (design D13)."""

    def add(self, project: ProjectId, draft: ContactDraft, at: datetime, source: str) -> Contact: ...

    def get(self, project: ProjectId, address: Address) -> Contact | None: ...

    def by_ref(self, contact: ContactId) -> Contact | None: ...

    def list(
        self,
        project: ProjectId,
        *,
        tag: str | None = None,
        status: Status | None = None,
        search: str | None = None,
        after: int = 0,
        limit: int = 50,
    ) -> ContactPage: ...

    def count(self, project: ProjectId) -> int: ...

    def stream(
        self, project: ProjectId, condition: Condition | None = None, now: datetime | None = None
    ) -> Iterator[Contact]:
        """Everyone whom the condition describes, in the order they were added, in memory that stays flat."""
        ...

    def field_names(self, project: ProjectId) -> frozenset[str]:
        """Names of the custom fields that any contact has."""
        ...

    def subscribe(
        self, project: ProjectId, address: Address, consent: Consent, evidence: ConsentEvidence | None = None
    ) -> Contact:
        """Raises `LookupError` for a stranger, `ValueError` where something stands that the consent does not end."""
        ...

    def unsubscribe(
        self,
        contact: ContactId,
        at: datetime,
        source: str,
        delivery: DeliveryId | None = None,
        shown: Shown = NOTHING_SHOWN,
    ) -> bool:
        """Durable when it returns; ``False`` where nothing changed. Links of the erased work too (D-07)."""
        ...

    def story(self, project: ProjectId, address: Address) -> Story:
        """Everything that is known about one person."""
        ...

    def erase(self, project: ProjectId, address: Address, at: datetime, source: str) -> Erasure:
        """Forget a person in the whole account; only what stands against writing to them is kept (O-06)."""
        ...

    def events(self, contact: ContactId) -> Sequence[ConsentEvent]:
        """Everything on record that the person said about mail, oldest first (O-01)."""
        ...


class Tags(Protocol):
    """Labels."""

    def create(self, project: ProjectId, name: str, at: datetime, description: str = "") -> Tag: ...

    def list(self, project: ProjectId) -> Sequence[Tag]: ...

    def find(self, project: ProjectId, id_or_name: str) -> Tag | None: ...


class Topics(Protocol):
    """What people may choose to hear about, and what they chose."""

    def create(
        self,
        project: ProjectId,
        name: str,
        at: datetime,
        *,
        default: DefaultSubscription = DefaultSubscription.SUBSCRIBED,
        visibility: Visibility = Visibility.PUBLIC,
        description: str = "",
    ) -> Topic: ...

    def list(self, project: ProjectId) -> Sequence[Topic]: ...

    def find(self, project: ProjectId, id_or_name: str) -> Topic | None: ...

    def choose(
        self,
        contact: ContactId,
        topic: TopicId,
        joined: bool,
        at: datetime,
        source: str,
        *,
        shown: Shown = NOTHING_SHOWN,
        reference: str = "",
    ) -> bool:
        """Durable when it returns; ``False`` where the choice on record is the same. Raises `LookupError`."""
        ...


class OptIns(Protocol):
    """What people asked for through a mailed link, until they confirm it from their mailbox (F-04)."""

    def ask(self, opt_in: OptIn) -> None:
        """Write it down; nothing else changes. Raises `LookupError` for nobody's wish."""
        ...

    def get(self, opt_in: OptInId) -> OptIn | None: ...

    def confirm(self, opt_in: OptInId, at: datetime) -> bool:
        """
        Put it in force, all or nothing, with its evidence; ``False`` where it was before, and nothing changes then.

        Raises `ValueError` where something stands that it does not end, `LookupError` where it is gone.
        """
        ...


class Segments(Protocol):
    """Audiences described as data."""

    def create(self, project: ProjectId, name: str, condition: Condition, at: datetime) -> Segment: ...

    def list(self, project: ProjectId) -> Sequence[Segment]: ...

    def find(self, project: ProjectId, id_or_name: str) -> Segment | None: ...


class Suppressions(Protocol):
    """The account's list of addresses not to be mailed."""

    def add(self, account: AccountId, address: Address, entry: Suppression) -> None: ...

    def remove(self, account: AccountId, address: Address, reason: SuppressionReason, by: str, at: datetime) -> None:
        """
        End a manual entry, or reinstate an address that bounced (D13); on record with who decided it. Soft bounces
        count anew then. After a hard bounce a contact that was *bounced* is *unsubscribed* where they had opted out,
        and *non-subscribed* otherwise: nobody is subscribed by it. Raises `ValueError` for any other reason, which says
        what ends it, and `LookupError` where there is no such entry.
        """
        ...

    def list(
        self, account: AccountId, *, reason: SuppressionReason | None = None, limit: int = 50
    ) -> Sequence[SuppressionRecord]: ...

    def of(self, project: ProjectId, key: AddressKey) -> tuple[Suppression, ...]:
        """The evidence against one address in the project's account."""
        ...


class Domains(Protocol):
    """Sending domains of the account."""

    def add(self, account: AccountId, name: str, at: datetime) -> SendingDomain: ...

    def verify(self, account: AccountId, name: str, at: datetime) -> SendingDomain: ...

    def suspend(self, account: AccountId, name: str) -> SendingDomain: ...

    def get(self, account: AccountId, name: str) -> SendingDomain | None: ...

    def list(self, account: AccountId) -> Sequence[SendingDomain]: ...


class Sends(Protocol):
    """Accepted requests, campaigns among them, and what their rows say."""

    def accept(  # noqa: PLR0913 - everything that is recorded of an acceptance
        self,
        send: SendId,
        request: SendRequest,
        purpose: Purpose,
        policy: Policy,
        warning: str | None,
        at: datetime,
        *,
        name: str | None = None,
        under: KeyHold | None = None,
    ) -> None:
        """
        Write a request down: a campaign (with a ``name``) as a draft, a direct send as sending; ``under`` a caller's
        key, in one transaction with it. Raises `KeyLost` where the key is another's: nothing is written then.
        """
        ...

    def get(self, send: SendId) -> SendRecord: ...

    def find(self, project: ProjectId, id_or_name: str) -> SendRecord:
        """A campaign by id or name. Raises `LookupError`."""
        ...

    def last_to(self, address: Address) -> SendRecord | None:
        """The latest send of any project that has a delivery for this address."""
        ...

    def list(self, project: ProjectId) -> Sequence[SendRecord]: ...

    def change_status(self, send: SendId, action: Action, at: datetime) -> CampaignStatus:
        """
        Take one step; a time to start comes with `Schedules.put`. Raises `LookupError`, `CampaignConflict`, and
        `ValueError` for `Action.SCHEDULE`.
        """
        ...

    def sender(self, request: SendRequest) -> Sender:
        """The facts that authorize a request, as they are now."""
        ...

    def count_standings(
        self, request: SendRequest, purpose: Purpose, now: datetime | None = None
    ) -> Mapping[Standing, int]:
        """The audience as numbers per standing; a segment that looks back from the present needs ``now``."""
        ...

    def audience_page(
        self, request: SendRequest, purpose: Purpose, after: int, limit: int, wanted: Wanted, now: datetime
    ) -> AudiencePage:
        """The next members of the audience, as it is now, with the circumstances wanted."""
        ...

    def member(
        self, request: SendRequest, address: Address, purpose: Purpose, wanted: Wanted, now: datetime
    ) -> AudienceRow | None:
        """One person, or ``None`` where they are not in the audience."""
        ...

    def states(self, send: SendId) -> Mapping[DeliveryState, int]: ...

    def reasons(self, send: SendId) -> Mapping[ReasonKind, int]: ...

    def stats(self, send: SendId, now: datetime) -> SendStats:
        """What became of it, by the definitions that senders compare; ``now`` is the moment it is true of."""
        ...

    def log(
        self, send: SendId, *, state: DeliveryState | None = None, after: int = 0, limit: int = 100
    ) -> Sequence[DeliveryRecord]: ...

    def delivery_of(self, send: SendId, key: AddressKey) -> DecisionRecord | None: ...


class Store(Protocol):
    """All rooms behind one database."""

    @property
    def projects(self) -> Projects: ...

    @property
    def contacts(self) -> Contacts: ...

    @property
    def tags(self) -> Tags: ...

    @property
    def topics(self) -> Topics: ...

    @property
    def opt_ins(self) -> OptIns: ...

    @property
    def segments(self) -> Segments: ...

    @property
    def suppressions(self) -> Suppressions: ...

    @property
    def domains(self) -> Domains: ...

    @property
    def sends(self) -> Sends: ...

    @property
    def schedules(self) -> Schedules: ...

    @property
    def feedback(self) -> Feedback: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def inbox(self) -> Inbox: ...

    @property
    def idempotency_keys(self) -> IdempotencyKeys: ...

    @property
    def pace(self) -> Pace: ...

    @property
    def syncs(self) -> Syncs: ...

    def import_contacts(  # noqa: PLR0913 - what an import must be told
        self,
        project: ProjectId,
        rows: Iterable[Incoming],
        intake: Intake,
        *,
        on_conflict: Literal["upsert", "skip"] = "upsert",
        tags: frozenset[str] = frozenset(),
        dry_run: bool = False,
        at: datetime,
        report_row: Callable[[int, str, str], None] | None = None,
        progress: Callable[[ImportReport], None] | None = None,
    ) -> ImportReport: ...

    def close(self) -> None: ...
