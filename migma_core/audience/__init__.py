"""The audience: who there is, what they chose, and what stands against mailing them."""

from .address import Address, AddressKey, InvalidAddress, address_key
from .consent import Consent, ConsentBasis, ConsentEvidence, ConsentLevel, SoftOptInTerm
from .consent_event import NOTHING_SHOWN, ConsentAct, ConsentEvent, Shown
from .contact import Contact, ContactId, ProjectId, Status, Validation
from .engagement import Engaged, Engagement, EngagementAction, EngagementMode, TimeUnit
from .fields import FieldIs, Mode
from .intake import Admission, ContactDraft, Intake, admit
from .opt_in import CONFIRM_WITHIN, OptIn, OptInId
from .segment import AllOf, AnyOf, Condition, Not, Segment, SegmentId, StatusIs, Tagged, ValidationIs, matches
from .segment_words import in_words
from .soft_bounces import SoftBounceCounter
from .suppression import Denials, Suppression, SuppressionReason
from .topic import DefaultSubscription, Topic, TopicId, Visibility
from .values import Canonical, Scalar, canonical

__all__ = [
    "CONFIRM_WITHIN",
    "NOTHING_SHOWN",
    "Address",
    "AddressKey",
    "Admission",
    "AllOf",
    "AnyOf",
    "Canonical",
    "Condition",
    "Consent",
    "ConsentAct",
    "ConsentBasis",
    "ConsentEvent",
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
    "OptIn",
    "OptInId",
    "ProjectId",
    "Scalar",
    "Segment",
    "SegmentId",
    "Shown",
    "SoftBounceCounter",
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
