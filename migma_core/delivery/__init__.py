"""Delivery: the life of a send, from its audience to what became of every message."""

from .attempt import Attempt, AttemptId, Parcel
from .campaign import Action, Campaign, CampaignConflict, CampaignStatus, advance
from .delivery import DeliveryState, SendId
from .halving import Halving
from .job import Evidence, Job
from .next_state import WhenUnknown
from .outcome import Accepted, NotSent, Outcome, Rejected, Scope, Unknown
from .pace import Breaker, Rate, Stream, WarmUp
from .schedule import Fold, Gap, Reading, Schedule, StartTime, start_time
from .stats import SendStats
from .steps import send_steps

__all__ = [
    "Accepted",
    "Action",
    "Attempt",
    "AttemptId",
    "Breaker",
    "Campaign",
    "CampaignConflict",
    "CampaignStatus",
    "DeliveryState",
    "Evidence",
    "Fold",
    "Gap",
    "Halving",
    "Job",
    "NotSent",
    "Outcome",
    "Parcel",
    "Rate",
    "Reading",
    "Rejected",
    "Schedule",
    "Scope",
    "SendId",
    "SendStats",
    "StartTime",
    "Stream",
    "Unknown",
    "WarmUp",
    "WhenUnknown",
    "advance",
    "send_steps",
    "start_time",
]
