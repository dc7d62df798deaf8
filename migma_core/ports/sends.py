"""Sends, where they are kept: accepted requests, and what their rows say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from ..audience.address import Address, AddressKey
from ..audience.contact import ProjectId
from ..decision.authorization import Sender
from ..decision.circumstances import Wanted
from ..decision.policy import Policy
from ..decision.purpose import Purpose
from ..decision.reasons import ReasonKind
from ..decision.record import Decision
from ..decision.standing import Standing
from ..delivery.campaign import Action, CampaignStatus
from ..delivery.delivery import DeliveryState, SendId
from ..delivery.stats import SendStats
from ..message.token import DeliveryId
from ..request.send_request import SendRequest
from .audience import AudiencePage, AudienceRow
from .idempotency import KeyHold

__all__ = ["DecisionRecord", "DeliveryRecord", "SendRecord", "Sends"]


@dataclass(frozen=True, slots=True)
class SendRecord:
    """An accepted request and where it stands; ``name`` is set for a campaign."""

    id: SendId
    project: ProjectId
    request: SendRequest
    purpose: Purpose
    status: CampaignStatus
    name: str | None
    why: str | None
    warning: str | None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One row of the log, for people."""

    number: int
    id: DeliveryId
    address: str
    state: DeliveryState
    reasons: tuple[ReasonKind, ...]
    why: str
    provider_id: str | None
    updated_at: datetime


class DecisionRecord(NamedTuple):
    """What was decided about one address in one send, and where its delivery stands."""

    state: DeliveryState
    decision: Decision
    why: str


class Sends(Protocol):
    """Accepted requests, campaigns among them, and what their rows say."""

    def accept(  # noqa: PLR0913 - everything that is recorded of an acceptance
        self,
        send: SendId,
        request: SendRequest,
        purpose: Purpose,
        policy: Policy,
        warning: str | None,
        at: datetime,
        *,
        name: str | None = None,
        under: KeyHold | None = None,
    ) -> None:
        """
        Write a request down: a campaign (with a ``name``) as a draft, a direct send as sending; ``under`` a caller's
        key, in one transaction with it. Raises `KeyLost` where the key is another's: nothing is written then.
        """
        ...

    def get(self, send: SendId) -> SendRecord: ...

    def find(self, project: ProjectId, id_or_name: str) -> SendRecord:
        """A campaign by id or name. Raises `LookupError`."""
        ...

    def last_to(self, address: Address) -> SendRecord | None:
        """The latest send of any project that has a delivery for this address."""
        ...

    def list(self, project: ProjectId) -> Sequence[SendRecord]: ...

    def change_status(self, send: SendId, action: Action, at: datetime) -> CampaignStatus:
        """
        Take one step; a time to start comes with `Schedules.put`. Raises `LookupError`, `CampaignConflict`, and
        `ValueError` for `Action.SCHEDULE`.
        """
        ...

    def sender(self, request: SendRequest) -> Sender:
        """The facts that authorize a request, as they are now."""
        ...

    def count_standings(
        self, request: SendRequest, purpose: Purpose, now: datetime | None = None
    ) -> Mapping[Standing, int]:
        """The audience as numbers per standing; a segment that looks back from the present needs ``now``."""
        ...

    def audience_page(
        self, request: SendRequest, purpose: Purpose, after: int, limit: int, wanted: Wanted, now: datetime
    ) -> AudiencePage:
        """The next members of the audience, as it is now, with the circumstances wanted."""
        ...

    def member(
        self, request: SendRequest, address: Address, purpose: Purpose, wanted: Wanted, now: datetime
    ) -> AudienceRow | None:
        """One person, or ``None`` where they are not in the audience."""
        ...

    def states(self, send: SendId) -> Mapping[DeliveryState, int]: ...

    def reasons(self, send: SendId) -> Mapping[ReasonKind, int]: ...

    def stats(self, send: SendId, now: datetime) -> SendStats:
        """What became of it, by the definitions that senders compare; ``now`` is the moment it is true of."""
        ...

    def log(
        self, send: SendId, *, state: DeliveryState | None = None, after: int = 0, limit: int = 100
    ) -> Sequence[DeliveryRecord]: ...

    def delivery_of(self, send: SendId, key: AddressKey) -> DecisionRecord | None: ...
