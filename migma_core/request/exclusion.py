"""Exclusions: whom a request leaves out of its own audience."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NewType, TypeAlias

from ..audience.contact import Contact
from ..audience.engagement import Engagement
from ..audience.segment import Condition, SegmentId, matches

__all__ = ["EarlierRecipients", "ExceptSegment", "Exclusion", "SendId", "is_excluded"]

SendId = NewType("SendId", str)
"""One accepted request, of a campaign or direct: random hex digits."""


@dataclass(frozen=True, slots=True)
class ExceptSegment:
    """Leave out whoever belongs to this segment."""

    segment: SegmentId
    kind: Literal["segment"] = field(default="segment", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class EarlierRecipients:
    """Leave out every address that an earlier send has reached, or may have reached."""

    send: SendId
    kind: Literal["earlier_recipients"] = field(default="earlier_recipients", kw_only=True, repr=False)


Exclusion: TypeAlias = ExceptSegment | EarlierRecipients


def is_excluded(
    exclusions: Collection[Exclusion],
    who: Contact,
    segments: Mapping[SegmentId, Condition],
    reached_by: Collection[SendId] = (),
    *,
    engagement: Collection[Engagement] = (),
    now: datetime | None = None,
) -> bool:
    """
    Whether a request's ``exclusions`` leave this contact out: pass the answer to `facts_about`.

    ``segments`` holds the conditions of the segments named; an unknown one leaves everybody out, never nobody.
    ``reached_by`` are the earlier sends that reached, or may have reached, the contact's address; ``engagement`` and
    ``now`` go to `matches`.

    >>> from migma_core.audience import Address, ContactId, ProjectId, Tagged
    >>> ada = Contact(id=ContactId("c"), project=ProjectId("p"), address=Address("ada", "example.com"))
    >>> is_excluded([ExceptSegment(SegmentId("s"))], ada, {SegmentId("s"): Tagged(("press",))})
    False
    """
    except_segments = [one.segment for one in exclusions if isinstance(one, ExceptSegment)]
    earlier = [one.send for one in exclusions if isinstance(one, EarlierRecipients)]
    conditions = [segments.get(segment) for segment in except_segments]
    return not set(earlier).isdisjoint(reached_by) or any(
        condition is None or matches(condition, who, engagement=engagement, now=now) for condition in conditions
    )
