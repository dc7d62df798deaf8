"""
Hypothesis strategies for the core's values: each as wide as its type allows, narrowed by keyword.

A keyword takes one value or a strategy; left out, it means anything valid. To ask for ``None`` itself, pass
``hypothesis.strategies.none()``.

    contacts(status=Status.SUBSCRIBED, address=addresses(domain="example.com"))
"""

from __future__ import annotations

from .audience import (
    EVERY_DENIAL,
    consent_events,
    consent_evidence,
    consents,
    contacts,
    denials,
    drafts,
    engagements,
    opt_ins,
    shown,
    suppressions,
    tags,
    topics,
)
from .decisions import cells, circumstances, facts, faults, outside_rules, policies, reasons, senders, standings
from .requests import (
    attachments,
    contents,
    custom_headers,
    exclusions,
    labels,
    metadata,
    recipients,
    send_requests,
    sending_domains,
    syncs,
)
from .segments import conditions, engaged_conditions, segments
from .values import addresses, domain_names, moments, names, references, scalars, sender_names, zones

__all__ = [
    "EVERY_DENIAL",
    "addresses",
    "attachments",
    "cells",
    "circumstances",
    "conditions",
    "consent_events",
    "consent_evidence",
    "consents",
    "contacts",
    "contents",
    "custom_headers",
    "denials",
    "domain_names",
    "drafts",
    "engaged_conditions",
    "engagements",
    "exclusions",
    "facts",
    "faults",
    "labels",
    "metadata",
    "moments",
    "names",
    "opt_ins",
    "outside_rules",
    "policies",
    "reasons",
    "recipients",
    "references",
    "scalars",
    "segments",
    "send_requests",
    "sender_names",
    "senders",
    "sending_domains",
    "shown",
    "standings",
    "suppressions",
    "syncs",
    "tags",
    "topics",
    "zones",
]
