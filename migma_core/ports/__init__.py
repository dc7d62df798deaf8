"""Ports: what the outside must offer the core, as small protocols that adapters implement."""

from .clock import Clock
from .ledger import Ledger
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
    SuppressionRecord,
    Tag,
)

__all__ = [
    "Capabilities",
    "Clock",
    "ContactPage",
    "DecisionRecord",
    "DeliveryRecord",
    "ImportReport",
    "Incoming",
    "Ledger",
    "ListingProvider",
    "Provider",
    "RefusedRow",
    "Row",
    "SendRecord",
    "Signer",
    "Store",
    "SuppressionRecord",
    "Tag",
    "VerifyingProvider",
]
