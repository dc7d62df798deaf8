"""Consent events: what a person said about mail, when and by which means; only ever appended (compliance O-01)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from .consent import ConsentBasis, ConsentLevel
from .topic import TopicId

__all__ = ["NOTHING_SHOWN", "ConsentAct", "ConsentEvent", "Shown"]


class ConsentAct(StrEnum):
    """What was said: about all marketing, or about one topic."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    JOINED = "joined"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Shown:
    """
    What a person had before them when they chose: the words, and which version of the page or form.

    Both empty where nothing was shown: a one-click POST from a mail program, a list.
    """

    wording: str = ""
    version: str = ""


NOTHING_SHOWN: Final = Shown()
"""Where a machine acted for the person."""


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """
    One act on record (O-01). Nothing but erasure removes one, nothing changes one.

    ``source`` says how (``"one-click"``, ``"link page"``, ``"preference page"``, a form, a list); ``topic`` is set for
    a topic's acts; ``confirmed_at`` is when the person confirmed it from their own mailbox; ``reference`` points to
    what led to it, such as the delivery whose link was used. Moments are aware.
    """

    act: ConsentAct
    at: datetime
    source: str
    topic: TopicId | None = None
    shown: Shown = NOTHING_SHOWN
    level: ConsentLevel | None = None
    basis: ConsentBasis | None = None
    confirmed_at: datetime | None = None
    reference: str = ""

    def __post_init__(self) -> None:
        for moment in (self.at, self.confirmed_at):
            if moment is not None and moment.tzinfo is None:
                raise ValueError("the time of a consent event needs a zone: pass an aware datetime")
        if (self.topic is not None) is not (self.act in {ConsentAct.JOINED, ConsentAct.LEFT}):
            raise ValueError("joining and leaving name a topic; opting in and out of marketing name none")
