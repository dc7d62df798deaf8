"""The audience: who there is, what they chose, and what stands against mailing them."""

from .address import Address, AddressKey, InvalidAddress, address_key
from .consent import Consent, ConsentBasis, ConsentEvidence, ConsentLevel, SoftOptInTerm
from .contact import Contact, ContactId, ProjectId, Status, Validation
from .intake import Admission, ContactDraft, Intake, admit
from .segment import (
    AllOf,
    AnyOf,
    Condition,
    FieldIs,
    Mode,
    Not,
    Segment,
    SegmentId,
    StatusIs,
    Tagged,
    ValidationIs,
    in_words,
    matches,
)
from .suppression import Denials, Suppression, SuppressionReason
from .topic import DefaultSubscription, Topic, TopicId, Visibility
from .values import Canonical, Scalar, canonical

__all__ = [
    "Address",
    "AddressKey",
    "Admission",
    "AllOf",
    "AnyOf",
    "Canonical",
    "Condition",
    "Consent",
    "ConsentBasis",
    "ConsentEvidence",
    "ConsentLevel",
    "Contact",
    "ContactDraft",
    "ContactId",
    "DefaultSubscription",
    "Denials",
    "FieldIs",
    "Intake",
    "InvalidAddress",
    "Mode",
    "Not",
    "ProjectId",
    "Scalar",
    "Segment",
    "SegmentId",
    "SoftOptInTerm",
    "Status",
    "StatusIs",
    "Suppression",
    "SuppressionReason",
    "Tagged",
    "Topic",
    "TopicId",
    "Validation",
    "ValidationIs",
    "Visibility",
    "address_key",
    "admit",
    "canonical",
    "in_words",
    "matches",
]
