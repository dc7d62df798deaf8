"""Values: everything of the core that has a JSON form, by the name a front end asks for its schema under."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from migma_core.audience import (
    Address,
    Condition,
    Consent,
    ConsentEvent,
    ConsentEvidence,
    Contact,
    Engagement,
    OptIn,
    Segment,
    Suppression,
)
from migma_core.audience.topic import Topic
from migma_core.decision import (
    Authorized,
    Circumstances,
    Classified,
    Decision,
    Facts,
    Fault,
    Partition,
    Planned,
    Reason,
    Refused,
    Standing,
    Verdict,
)
from migma_core.decision.wording import PromotionalWording
from migma_core.request import Attachment, Brand, Content, Exclusion, Project, Recipients, SendingDomain, SendRequest
from migma_core.request.provider import Capabilities

from .json import json_schema

__all__ = ["VALUES", "schemas"]

VALUES: Mapping[str, Any] = MappingProxyType(
    {
        "address": Address,
        "answer": Authorized | Refused,
        "attachment": Attachment,
        "brand": Brand,
        "capabilities": Capabilities,
        "circumstances": Circumstances,
        "classified": Classified,
        "condition": Condition,
        "consent": Consent,
        "consent_event": ConsentEvent,
        "consent_evidence": ConsentEvidence,
        "contact": Contact,
        "content": Content,
        "decision": Decision,
        "engagement": Engagement,
        "exclusion": Exclusion,
        "facts": Facts,
        "fault": Fault,
        "opt_in": OptIn,
        "partition": Partition,
        "planned": Planned,
        "project": Project,
        "promotional_wording": PromotionalWording,
        "reason": Reason,
        "recipients": Recipients,
        "segment": Segment,
        "send_request": SendRequest,
        "sending_domain": SendingDomain,
        "standing": Standing,
        "suppression": Suppression,
        "topic": Topic,
        "verdict": Verdict,
    }
)
"""Names are stable; `migma_wire.from_json(VALUES[name], data)` reads one, and `migma_wire.to_json` writes it."""


def schemas() -> dict[str, dict[str, Any]]:
    """
    The JSON Schema (2020-12) of every value, by name.

    >>> schemas()["topic"]["properties"]["default"]["$ref"]
    '#/$defs/DefaultSubscription'
    """
    return {name: json_schema(kind) for name, kind in VALUES.items()}
