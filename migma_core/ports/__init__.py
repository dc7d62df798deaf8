"""Ports: what the outside must offer the core, as small protocols that adapters implement."""

from .clock import Clock
from .feedback import EngagementEvent, MailboxEvent, MailboxFact, Recorded
from .ledger import Ledger
from .person import (
    EndedSuppression,
    EngagementSummary,
    Erasure,
    PersonalDelivery,
    Story,
    SuppressionRecord,
    TopicChoice,
)
from .provider import Capabilities, ListingProvider, Provider, VerifyingProvider
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
    Tag,
)

__all__ = [
    "Capabilities",
    "Clock",
    "ContactPage",
    "DecisionRecord",
    "DeliveryRecord",
    "EndedSuppression",
    "EngagementEvent",
    "EngagementSummary",
    "Erasure",
    "ImportReport",
    "Incoming",
    "Ledger",
    "ListingProvider",
    "MailboxEvent",
    "MailboxFact",
    "PersonalDelivery",
    "Provider",
    "Recorded",
    "RefusedRow",
    "Row",
    "SendRecord",
    "Signer",
    "Store",
    "Story",
    "SuppressionRecord",
    "Tag",
    "TopicChoice",
    "VerifyingProvider",
]
