"""The request: what somebody wants to send."""

from .brand import Brand
from .content import Attachment, Content
from .domain import BUILT_IN_PROVIDER, MANAGED_SUFFIX, PROVIDERS, SendingDomain
from .exclusion import EarlierRecipients, ExceptSegment, Exclusion, is_excluded
from .project import AccountId, Project
from .recipients import OneAddress, Recipients, SegmentMembers, TagHolders, read_recipients
from .send_request import SendRequest
from .sync import Sync

__all__ = [
    "BUILT_IN_PROVIDER",
    "MANAGED_SUFFIX",
    "PROVIDERS",
    "AccountId",
    "Attachment",
    "Brand",
    "Content",
    "EarlierRecipients",
    "ExceptSegment",
    "Exclusion",
    "OneAddress",
    "Project",
    "Recipients",
    "SegmentMembers",
    "SendRequest",
    "SendingDomain",
    "Sync",
    "TagHolders",
    "is_excluded",
    "read_recipients",
]
