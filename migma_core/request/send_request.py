"""A request to send: who says what to whom, through which provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from unicodedata import category

from ..audience.address import Address, hidden_characters
from ..audience.contact import ProjectId
from ..audience.topic import TopicId
from ..audience.values import Scalar
from .content import Content
from .copies import check_copies
from .custom_headers import check_custom_headers
from .domain import BUILT_IN_PROVIDER, PROVIDERS
from .exclusion import Exclusion
from .labels import check_labels
from .recipients import OneAddress, Recipients

__all__ = ["SendRequest"]

_ADDRESS = re.compile(r"[^\s<>()\",;:@]+@[^\s<>()\",;:@]+\.[^\s<>()\",;:@.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """
    One send, direct or of a campaign. The decision about it depends on nothing else the caller says.

    ``transactional`` is unset by default: the shape of the recipients decides then (R1, R2), and an explicit value wins
    (R4, R5). ``justification`` is recorded beside such an override (R7). ``cc`` and ``bcc`` copy others on
    transactional mail to one address; each is decided about alone. ``exclusions`` leave people out of the audience,
    whatever the purpose. ``variables`` win over contact values. ``headers`` are the caller's own, the same for
    everyone, never one that we or the provider set. ``labels`` and ``metadata`` come back with the provider's events,
    for statistics: opaque words, never a person's data. ``deliver_at`` asks the provider to keep transactional mail
    until then. Raises `ValueError` for names and headers that would break or forge one, for a name that shows another
    address than the sender's (G-09), for copies of anything else, and for unknown providers (R41).
    """

    project: ProjectId
    sender: Address
    sender_name: str
    recipients: Recipients
    content: Content
    provider: str = BUILT_IN_PROVIDER
    reply_to: Address | None = None
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    topic: TopicId | None = None
    transactional: bool | None = None
    justification: str | None = None
    exclusions: tuple[Exclusion, ...] = ()
    variables: Mapping[str, Scalar] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    deliver_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.sender_name.strip():
            raise ValueError("from_name is required: say who is writing (R36)")
        if (hidden := hidden_characters(self.sender_name)) is not None:
            raise ValueError(f"from_name holds {hidden}, which would break the header; remove it")
        if all(category(character) in {"Cf", "Zs"} for character in self.sender_name):
            raise ValueError("from_name holds invisible characters only; say who is writing (G-09)")
        if any(shown.lower() != str(self.sender).lower() for shown in _ADDRESS.findall(self.sender_name)):
            raise ValueError("from_name shows another address than the sender's; take it out (G-09)")
        if self.provider not in PROVIDERS:
            raise ValueError(f"provider {self.provider!a} is unknown; use one of: {', '.join(PROVIDERS)}")
        if not self.sender.local.isascii():
            raise ValueError("the local part of the from address is ASCII: several providers garble others")
        check_copies(self.recipients, self.cc, self.bcc, self.transactional)
        check_custom_headers(self.headers)
        for name, value in self.variables.items():
            if isinstance(value, float) and not isfinite(value):
                raise ValueError(f"the variable {name!a} is {value}, which is no number to write; give one, or a text")
        check_labels(self.labels, self.metadata)
        if self.deliver_at is not None and self.deliver_at.tzinfo is None:
            raise ValueError("deliver_at needs a zone: pass an aware datetime")

    @property
    def copies(self) -> tuple[Address, ...]:
        """Who is copied, openly and blind."""
        return self.cc + self.bcc

    @property
    def addressees(self) -> tuple[Address, ...]:
        """Whom a direct send goes to, the recipient first; nobody by name where it goes to an audience."""
        return (self.recipients.address, *self.copies) if isinstance(self.recipients, OneAddress) else ()
