"""Ports: what the outside must offer the core, as small protocols that adapters implement."""

from .audience import AudiencePage, AudienceRow
from .clock import Clock
from .contacts import ContactPage
from .faults import StoreBusy, StoreFault, StoreFull, StoreUnreachable, StoreUnusable
from .feedback import EngagementEvent, MailboxEvent, MailboxFact, Recorded
from .idempotency import Begun, CallerKey, Conflicting, Fresh, IdempotencyKeys, InProgress, KeyHold, KeyLost, Replayed
from .importing import ImportReport, Incoming, RefusedRow, Row
from .inbox import Inbox, InboxEvent, ReceivedEvent
from .ledger import Ledger
from .pace import Breaker, Granted, Pace, Rate, Stream
from .person import (
    EndedSuppression,
    EngagementSummary,
    Erasure,
    PersonalDelivery,
    Story,
    SuppressionRecord,
    TopicChoice,
)
from .provider import Capabilities, ListingProvider, MeteredProvider, Provider, VerifyingProvider
from .quota import Quota
from .schedules import Due, Scheduled, Schedules
from .sends import DecisionRecord, DeliveryRecord, SendRecord
from .signer import Signer
from .store import Store
from .sync import Keeper, Link, SyncPass, SyncReport, Syncs
from .tags import Tag

__all__ = [
    "AudiencePage",
    "AudienceRow",
    "Begun",
    "Breaker",
    "CallerKey",
    "Capabilities",
    "Clock",
    "Conflicting",
    "ContactPage",
    "DecisionRecord",
    "DeliveryRecord",
    "Due",
    "EndedSuppression",
    "EngagementEvent",
    "EngagementSummary",
    "Erasure",
    "Fresh",
    "Granted",
    "IdempotencyKeys",
    "ImportReport",
    "InProgress",
    "Inbox",
    "InboxEvent",
    "Incoming",
    "Keeper",
    "KeyHold",
    "KeyLost",
    "Ledger",
    "Link",
    "ListingProvider",
    "MailboxEvent",
    "MailboxFact",
    "MeteredProvider",
    "Pace",
    "PersonalDelivery",
    "Provider",
    "Quota",
    "Rate",
    "ReceivedEvent",
    "Recorded",
    "RefusedRow",
    "Replayed",
    "Row",
    "Scheduled",
    "Schedules",
    "SendRecord",
    "Signer",
    "Store",
    "StoreBusy",
    "StoreFault",
    "StoreFull",
    "StoreUnreachable",
    "StoreUnusable",
    "Story",
    "Stream",
    "SuppressionRecord",
    "SyncPass",
    "SyncReport",
    "Syncs",
    "Tag",
    "TopicChoice",
    "VerifyingProvider",
]
