"""Campaigns: a named send to an audience, and the states it may pass through (R8, R50 to R55)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ..audience.address import hidden_characters
from ..request.recipients import OneAddress
from ..request.send_request import SendRequest

__all__ = ["TRANSITIONS", "Action", "Campaign", "CampaignConflict", "CampaignStatus", "advance"]


class CampaignStatus(StrEnum):
    """Where a campaign stands; ``PAUSED`` is ours, the rest are the product's."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Action(StrEnum):
    """What can happen to a campaign."""

    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    MISS = "miss"
    SEND = "send"
    PAUSE = "pause"
    FINISH = "finish"
    FAIL = "fail"
    CANCEL = "cancel"
    REOPEN = "reopen"


_S, _A = CampaignStatus, Action
TRANSITIONS = MappingProxyType(
    {
        (_S.DRAFT, _A.SCHEDULE): _S.SCHEDULED,
        (_S.DRAFT, _A.SEND): _S.SENDING,
        (_S.DRAFT, _A.CANCEL): _S.CANCELLED,
        (_S.SCHEDULED, _A.SCHEDULE): _S.SCHEDULED,  # at another time
        (_S.SCHEDULED, _A.UNSCHEDULE): _S.DRAFT,
        (_S.SCHEDULED, _A.MISS): _S.DRAFT,  # nobody was there to start it until it was too late
        (_S.SCHEDULED, _A.SEND): _S.SENDING,
        (_S.SCHEDULED, _A.CANCEL): _S.CANCELLED,
        (_S.SENDING, _A.SEND): _S.SENDING,  # taken up again after a crash
        (_S.SENDING, _A.PAUSE): _S.PAUSED,
        (_S.SENDING, _A.FINISH): _S.SENT,
        (_S.SENDING, _A.FAIL): _S.FAILED,
        (_S.SENDING, _A.CANCEL): _S.CANCELLED,
        (_S.PAUSED, _A.SEND): _S.SENDING,
        (_S.PAUSED, _A.CANCEL): _S.CANCELLED,
        # held messages are to be sent again after all
        (_S.SENT, _A.REOPEN): _S.SENDING,
        (_S.FAILED, _A.REOPEN): _S.SENDING,
    }
)
"""Every legal step; all others are conflicts (R55)."""


_BY_ITSELF = frozenset({Action.FINISH, Action.FAIL, Action.MISS, Action.REOPEN})
"""What nobody asks for: it follows from what happened."""


class CampaignConflict(ValueError):
    """The step is not legal from here; ``status`` says where the campaign stands."""

    def __init__(self, status: CampaignStatus, action: Action) -> None:
        can = sorted(a.value for s, a in TRANSITIONS if s is status and a not in _BY_ITSELF)
        way_out = f"it can: {', '.join(can)}" if can else "nothing more can happen to it; create a new one"
        super().__init__(f"a campaign that is {status} cannot {action}; {way_out}")
        self.status = status
        self.action = action


def advance(status: CampaignStatus, action: Action) -> CampaignStatus:
    """
    Take one step. Raises `CampaignConflict`.

    >>> advance(CampaignStatus.DRAFT, Action.SEND)
    <CampaignStatus.SENDING: 'sending'>
    """
    try:
        return TRANSITIONS[status, action]
    except KeyError:
        raise CampaignConflict(status, action) from None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A request under a name, always marketing, to one segment or tag (R8, R50)."""

    name: str
    request: SendRequest

    def __post_init__(self) -> None:
        if not self.name.strip() or hidden_characters(self.name):
            raise ValueError("a campaign needs a name of visible characters")
        if isinstance(self.request.recipients, OneAddress):
            raise ValueError("a campaign goes to a segment or a tag; send to one address directly (R50)")
        if self.request.transactional:
            raise ValueError("a campaign is always marketing; send a transactional batch directly (R8)")
