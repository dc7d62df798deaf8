"""Accepted requests as they are kept: the request as JSON, its attachments beside it, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from migma_wire.json import request_from_json, request_to_json
from sqlalchemy import Connection, bindparam, insert, select

from migma_core.audience.address import Address, AddressKey, address_key
from migma_core.decision.purpose import Purpose
from migma_core.delivery.campaign import CampaignStatus
from migma_core.delivery.delivery import SendId
from migma_core.request.content import Attachment
from migma_core.request.send_request import SendRequest

from .schema import attachments, sends
from .shapes import AnyRow

__all__ = [
    "NOBODY",
    "AcceptedSend",
    "UnknownSend",
    "named_in",
    "purpose_of",
    "read_accepted",
    "read_attachments",
    "write_accepted",
]

NOBODY = Address("erased", "erased.invalid")
"""The addressee of a direct send whose recipient was erased: never a mailbox (RFC 6761), and never written to."""


class UnknownSend(LookupError):
    """There is no send with this id or name."""

    def __init__(self, given: str) -> None:
        super().__init__(f"there is no send {given[:80]!a}; list the campaigns to see their names")
        self.given = given


@dataclass(frozen=True, slots=True)
class AcceptedSend:
    """A send as its loop needs it: the request without its attachments, and how far it has come."""

    id: SendId
    request: SendRequest
    purpose: Purpose
    status: CampaignStatus
    fan_out_after: int | None
    fan_out_done: bool


def read_accepted(connection: Connection, send: SendId, *, lock: bool = False) -> AcceptedSend:
    """Read a send; ``lock`` keeps its row from changing until the transaction ends. Raises `UnknownSend`."""
    row = connection.execute(_LOCK if lock else _READ, {"this": send}).first()
    if row is None:
        raise UnknownSend(send)
    return _accepted(row)


_READ = select(sends).where(sends.c.id == bindparam("this"))
# not the key itself: rows that only refer to the send go on being written
_LOCK = _READ.with_for_update(key_share=True)


def read_attachments(connection: Connection, send: SendId) -> tuple[Attachment, ...]:
    """The files that go with a send, in their order."""
    kept = attachments.c
    query = select(kept.filename, kept.data, kept.media_type, kept.content_id)
    rows = connection.execute(query.where(kept.send_id == send).order_by(kept.position))
    return tuple(Attachment(*row) for row in rows)


def write_accepted(  # noqa: PLR0913 - everything that is recorded of an acceptance
    connection: Connection,
    send: SendId,
    request: SendRequest,
    purpose: Purpose,
    policy: str,
    warning: str | None,
    at: datetime,
    *,
    status: CampaignStatus,
) -> None:
    """Write a request down as it was accepted; it never changes again."""
    row = {
        "id": send,
        "project_id": request.project,
        "request": request_to_json(request),
        "purpose": purpose.word,
        "policy": policy,
        "warning": warning,
        "status": status.value,
        "fan_out_done": False,
        "created_at": at,
        "started_at": at if status is CampaignStatus.SENDING else None,
    }
    connection.execute(insert(sends), row)
    _write_attachments(connection, send, request.content.attachments)


def purpose_of(word: str) -> Purpose:
    """Read a stored purpose: anything but ``transactional`` is marketing, which asks for more."""
    return Purpose.TRANSACTIONAL if word == Purpose.TRANSACTIONAL.word else Purpose.MARKETING


def named_in(request: SendRequest, pepper: bytes) -> Mapping[AddressKey, Address]:
    """The addresses that a direct send names itself, by their keys; nobody for an audience, nor whoever was erased."""
    return {address_key(one, pepper): one for one in request.addressees if one != NOBODY}


def _write_attachments(connection: Connection, send: SendId, files: tuple[Attachment, ...]) -> None:
    rows = [
        {
            "send_id": send,
            "position": position,
            "filename": file.filename,
            "media_type": file.media_type,
            "content_id": file.content_id,
            "data": file.data,
        }
        for position, file in enumerate(files)
    ]
    if rows:
        connection.execute(insert(attachments), rows)


def _accepted(row: AnyRow) -> AcceptedSend:
    return AcceptedSend(
        SendId(row.id),
        request_from_json(row.request),
        purpose_of(row.purpose),
        CampaignStatus(row.status),
        row.fan_out_after,
        row.fan_out_done,
    )
