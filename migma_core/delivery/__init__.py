"""Delivery: the life of a send, from its audience to what became of every message."""

from .attempt import Attempt, AttemptId, Parcel
from .campaign import Action, Campaign, CampaignConflict, CampaignStatus, advance
from .delivery import DeliveryState, SendId
from .outcome import Accepted, NotSent, Outcome, Rejected, Scope, Unknown
from .steps import Job, send_steps

__all__ = [
    "Accepted",
    "Action",
    "Attempt",
    "AttemptId",
    "Campaign",
    "CampaignConflict",
    "CampaignStatus",
    "DeliveryState",
    "Job",
    "NotSent",
    "Outcome",
    "Parcel",
    "Rejected",
    "Scope",
    "SendId",
    "Unknown",
    "advance",
    "send_steps",
]
