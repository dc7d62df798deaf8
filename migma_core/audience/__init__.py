"""The audience: who there is, what they chose, and what stands against mailing them."""

from .address import Address, AddressKey, InvalidAddress, address_key
from .consent import Consent, ConsentBasis, ConsentEvidence, ConsentLevel, SoftOptInTerm
from .contact import Contact, ContactId, ProjectId, Status, Validation
from .engagement import Engaged, Engagement, EngagementAction, EngagementMode, TimeUnit
from .fields import FieldIs, Mode
from .intake import Admission, ContactDraft, Intake, admit
from .segment import AllOf, AnyOf, Condition, Not, Segment, SegmentId, StatusIs, Tagged, ValidationIs, matches
from .segment_words import in_words
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
    "Engaged",
    "Engagement",
    "EngagementAction",
    "EngagementMode",
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
    "TimeUnit",
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
