"""Sends: accepted requests, campaigns among them, where they stand, and what their rows say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from migma_wire.json import request_from_json
from sqlalchemy import Connection, Engine, and_, func, insert, or_, select

from migma_core.audience.address import Address, AddressKey, address_key
from migma_core.audience.contact import ProjectId
from migma_core.decision.authorization import Sender
from migma_core.decision.circumstances import Wanted
from migma_core.decision.policy import Policy
from migma_core.decision.purpose import Purpose
from migma_core.decision.reasons import ReasonKind
from migma_core.decision.standing import Standing
from migma_core.delivery.campaign import Action, CampaignStatus
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.delivery.stats import SendStats
from migma_core.message.token import DeliveryId
from migma_core.ports import AudiencePage, AudienceRow, DecisionRecord, DeliveryRecord, KeyHold, SendRecord
from migma_core.request.content import Attachment
from migma_core.request.send_request import SendRequest

from .accepted import UnknownSend, named_in, purpose_of, read_accepted, read_attachments, write_accepted
from .audience import Place, audience_of, count_standings, read_page, row_of
from .decisions import decision_of, kinds_of
from .delivery_state import count_states, is_in_state, state_now
from .engine import reading, writing
from .idempotency import make_under
from .question import ask
from .schema import campaigns, contacts, deliveries, sends
from .sender import read_sender
from .shapes import AnyRow, AnySelect
from .stats import count_stats
from .stepping import take_step

__all__ = ["Sends", "UnknownSend"]


class Sends:
    """The sends of one database; ``pepper`` keys the addresses of direct ones."""

    def __init__(self, engine: Engine, pepper: bytes) -> None:
        self._engine = engine
        self._pepper = pepper

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
        key, in one transaction with it. Raises `KeyLost`.
        """
        status = CampaignStatus.SENDING if name is None else CampaignStatus.DRAFT
        with writing(self._engine) as connection:
            if under is not None:
                make_under(connection, under, send)
            write_accepted(connection, send, request, purpose, policy.fingerprint, warning, at, status=status)
            if name is not None:
                connection.execute(insert(campaigns), {"id": send, "name": name})

    def get(self, send: SendId) -> SendRecord:
        """Read one send. Raises `UnknownSend`."""
        with reading(self._engine) as connection:
            return _first(connection, _records().where(sends.c.id == send), send)

    def find(self, project: ProjectId, id_or_name: str) -> SendRecord:
        """A campaign by id or name, the newest of that name. Raises `UnknownSend`, a `LookupError`."""
        named = or_(sends.c.id == id_or_name, campaigns.c.name == id_or_name)
        query = _newest_first(_campaigns(project).where(named))
        with reading(self._engine) as connection:
            return _first(connection, query, id_or_name)

    def last_to(self, address: Address) -> SendRecord | None:
        """The latest send of any project that has a delivery for this address, without its attachments."""
        key = address_key(address, self._pepper)
        latest = select(deliveries.c.send_id).where(deliveries.c.address_key == key)
        latest = latest.order_by(deliveries.c.id.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(_records().where(sends.c.id == latest.scalar_subquery())).first()
        return None if row is None else _record(row)

    def list(self, project: ProjectId) -> Sequence[SendRecord]:
        """The project's campaigns, newest first, without their attachments."""
        with reading(self._engine) as connection:
            return tuple(_record(row) for row in connection.execute(_newest_first(_campaigns(project))))

    def change_status(self, send: SendId, action: Action, at: datetime) -> CampaignStatus:
        """
        Take one step. Cancelling settles whatever has not been handed over. Raises `UnknownSend`, `CampaignConflict`,
        and `ValueError` for a schedule, which has a time.
        """
        if action is Action.SCHEDULE:
            raise ValueError("a schedule has a time to start: put it with schedules.put")
        with writing(self._engine) as connection:
            return take_step(connection, read_accepted(connection, send, lock=True), action, at)

    def sender(self, request: SendRequest) -> Sender:
        """The facts that authorize a request, as they are now."""
        with reading(self._engine) as connection:
            return read_sender(connection, request)

    def count_standings(
        self, request: SendRequest, purpose: Purpose, now: datetime | None = None
    ) -> Mapping[Standing, int]:
        """
        The audience as numbers per standing, as it is at this moment.

        A segment that looks back from the present needs ``now``, and raises `ValueError` without.
        """
        with reading(self._engine) as connection:
            question = ask(connection, request, purpose, now)
            to, copies = request.recipients, request.copies
            audience = audience_of(connection, question, to, self._pepper, copies=copies, whole=True)
            return count_standings(connection, audience)

    def audience_page(
        self, request: SendRequest, purpose: Purpose, after: int, limit: int, wanted: Wanted, now: datetime
    ) -> AudiencePage:
        """The next members of the audience, as it is now, with the circumstances wanted."""
        with reading(self._engine) as connection:
            question = ask(connection, request, purpose, now)
            audience = audience_of(connection, question, request.recipients, self._pepper, copies=request.copies)
            return read_page(connection, question, audience, Place(after, limit), wanted, now)

    def member(
        self, request: SendRequest, address: Address, purpose: Purpose, wanted: Wanted, now: datetime
    ) -> AudienceRow | None:
        """One person, or ``None`` where they are not in the audience."""
        with reading(self._engine) as connection:
            question = ask(connection, request, purpose, now)
            audience = audience_of(connection, question, request.recipients, self._pepper, copies=request.copies)
            return row_of(connection, question, audience, address_key(address, self._pepper), wanted, now)

    def states(self, send: SendId) -> Mapping[DeliveryState, int]:
        """The rows by state, read with their attempts (D10)."""
        with reading(self._engine) as connection:
            return count_states(connection, send)

    def reasons(self, send: SendId) -> Mapping[ReasonKind, int]:
        """Those withheld, each counted once under their strongest reason."""
        query = select(deliveries.c.reasons, func.count()).where(
            deliveries.c.send_id == send, deliveries.c.state == DeliveryState.WITHHELD.value
        )
        counted = Counter[ReasonKind]()
        with reading(self._engine) as connection:
            for reasons, people in connection.execute(query.group_by(deliveries.c.reasons)):
                counted[kinds_of(reasons)[0]] += people
        return counted

    def stats(self, send: SendId, now: datetime) -> SendStats:
        """What became of a send, counted from its rows and from what was reported since. Raises `UnknownSend`."""
        with reading(self._engine) as connection:
            read_accepted(connection, send)
            return count_stats(connection, send, now)

    def log(
        self, send: SendId, *, state: DeliveryState | None = None, after: int = 0, limit: int = 100
    ) -> Sequence[DeliveryRecord]:
        """What became of each person, in the order of their rows; ``after`` is the last number seen."""
        with reading(self._engine) as connection:
            request = read_accepted(connection, send).request
            rows = connection.execute(_log(request.project, send, state, after, limit)).all()
        named = named_in(request, self._pepper)
        return tuple(_logged(row, named) for row in rows)

    def delivery_of(self, send: SendId, key: AddressKey) -> DecisionRecord | None:
        """What was decided about one address, or ``None`` where it has no row in this send."""
        d = deliveries.c
        columns = (state_now(), d.cell, d.denials, d.reasons, d.outside, d.decided_at, d.policy, d.why)
        with reading(self._engine) as connection:
            row = connection.execute(select(*columns).where(d.send_id == send, d.address_key == key)).first()
        if row is None:
            return None
        return DecisionRecord(DeliveryState(row[0]), decision_of(row), row.why)


_GONE = "(no longer known)"


def _records() -> AnySelect:
    return select(sends, campaigns.c.name).select_from(sends.outerjoin(campaigns, campaigns.c.id == sends.c.id))


def _campaigns(project: ProjectId) -> AnySelect:
    return _records().where(sends.c.project_id == project, campaigns.c.id.is_not(None))


def _newest_first(query: AnySelect) -> AnySelect:
    return query.order_by(sends.c.created_at.desc(), sends.c.id)


def _first(connection: Connection, query: AnySelect, given: str) -> SendRecord:
    row = connection.execute(query.limit(1)).first()
    if row is None:
        raise UnknownSend(given)
    return _record(row, read_attachments(connection, SendId(row.id)))


def _record(row: AnyRow, attachments: tuple[Attachment, ...] = ()) -> SendRecord:
    return SendRecord(
        SendId(row.id),
        ProjectId(row.project_id),
        request_from_json(row.request, attachments),
        purpose_of(row.purpose),
        CampaignStatus(row.status),
        row.name,
        row.why,
        row.warning,
        row.created_at,
        row.started_at,
        row.finished_at,
    )


def _log(project: ProjectId, send: SendId, state: DeliveryState | None, after: int, limit: int) -> AnySelect:
    d = deliveries.c
    columns = (
        d.id,
        d.ref,
        d.address_key,
        contacts.c.local,
        contacts.c.domain,
        state_now(),
        d.reasons,
        d.why,
        d.provider_id,
        d.updated_at,
    )
    known = and_(contacts.c.project_id == project, contacts.c.address_key == d.address_key)
    query = select(*columns).select_from(deliveries.outerjoin(contacts, known)).where(d.send_id == send, d.id > after)
    if state is not None:
        query = query.where(is_in_state(state))
    return query.order_by(d.id).limit(limit)


def _logged(row: AnyRow, named: Mapping[AddressKey, Address]) -> DeliveryRecord:
    number, ref, key, local, domain, state, reasons, why, provider_id, updated_at = row
    address = str(named.get(key, _GONE)) if local is None else f"{local}@{domain}"
    return DeliveryRecord(
        number, DeliveryId(ref), address, DeliveryState(state), kinds_of(reasons), why, provider_id, updated_at
    )
