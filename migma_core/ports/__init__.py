"""Ports: what the outside must offer the core, as small protocols that adapters implement."""

from .clock import Clock
from .faults import StoreBusy, StoreFault, StoreFull, StoreUnreachable, StoreUnusable
from .idempotency import Begun, CallerKey, Conflicting, Fresh, IdempotencyKeys, InProgress, Replayed
from .inbox import Inbox, InboxEvent, ReceivedEvent
from .ledger import Ledger
from .pace import Breaker, Granted, Pace, Rate, Stream
from .provider import Capabilities, ListingProvider, Provider
from .signer import Signer
from .store import (
    ContactPage,
    DecisionRecord,
    DeliveryRecord,
    ImportReport,
    Incoming,
    RefusedRow,
    Row,
    SendRecord,
    Store,
    SuppressionRecord,
    Tag,
)

__all__ = [
    "Begun",
    "Breaker",
    "CallerKey",
    "Capabilities",
    "Clock",
    "Conflicting",
    "ContactPage",
    "DecisionRecord",
    "DeliveryRecord",
    "Fresh",
    "Granted",
    "IdempotencyKeys",
    "ImportReport",
    "InProgress",
    "Inbox",
    "InboxEvent",
    "Incoming",
    "Ledger",
    "ListingProvider",
    "Pace",
    "Provider",
    "Rate",
    "ReceivedEvent",
    "RefusedRow",
    "Replayed",
    "Row",
    "SendRecord",
    "Signer",
    "Store",
    "StoreBusy",
    "StoreFault",
    "StoreFull",
    "StoreUnreachable",
    "StoreUnusable",
    "Stream",
    "SuppressionRecord",
    "Tag",
]
