"""The guide's own words for a send, in one place for direct sends and campaigns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Required, TypedDict

from migma_core.audience import Scalar
from migma_core.request import Attachment

__all__ = ["SendWords"]


class SendWords(TypedDict, total=False):
    """
    Keyword arguments of ``migma.sending.send`` and ``migma.campaigns.create``.

    ``recipient_type`` is ``email`` (with ``recipient_email``), or ``audience``, ``segment`` or ``tag`` (with
    ``recipient_id``); ids of tags, segments, topics and projects may be names. ``template`` is HTML, ``text`` is
    derived from it when absent; both may hold ``{{name}}`` and ``{{name|fallback}}``, filled from ``variables`` and
    the contact; ``headers`` are your own, the same for everyone; ``labels`` and ``metadata`` come back with events.
    ``cc`` and ``bcc`` copy others on transactional mail to one address. ``deliver_at`` (aware) asks the provider to
    keep transactional mail until then. ``exclude_segments`` and ``exclude_recipients_of`` (earlier campaigns) leave
    people out.
    """

    project_id: Required[str]
    recipient_type: Required[str]
    recipient_email: str | None
    recipient_id: str | None
    from_: Required[str]
    from_name: Required[str]
    reply_to: str | None
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    subject: Required[str]
    template: Required[str]
    text: str | None
    attachments: tuple[Attachment, ...]
    variables: Mapping[str, Scalar] | None
    headers: Mapping[str, str] | None
    labels: tuple[str, ...]
    metadata: Mapping[str, str] | None
    deliver_at: datetime | None
    provider_type: str
    topic_id: str | None
    transactional: bool | None
    justification: str | None
    exclude_segments: tuple[str, ...]
    exclude_recipients_of: tuple[str, ...]
