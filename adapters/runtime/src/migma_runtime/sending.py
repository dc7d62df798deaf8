"""Sending: a request is accepted, written down, and carried out by the loop."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Unpack

from migma_wire import to_address

from migma_core.audience import Address, ProjectId
from migma_core.audience.segment import SegmentId
from migma_core.decision import (
    Authorized,
    Decision,
    Partition,
    Purpose,
    ReasonKind,
    Refused,
    Sender,
    authorize,
    classify,
    count,
    record,
    tally,
)
from migma_core.decision.wording import PromotionalWording, lint
from migma_core.delivery import Action, DeliveryState, Job, SendId, send_steps
from migma_core.delivery.steps import settle_steps
from migma_core.ports import Capabilities, SendRecord
from migma_core.request import (
    BUILT_IN_PROVIDER,
    Content,
    EarlierRecipients,
    ExceptSegment,
    Exclusion,
    Recipients,
    SegmentMembers,
    SendRequest,
    TagHolders,
    read_recipients,
)

from .acceptance import accept, check_content
from .drive import Watch, drive
from .jobs import job_of, ports_of
from .parts import Parts
from .performing import Performer
from .words import SendWords

__all__ = ["Preview", "SendAnswer", "Sending"]

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class SendAnswer:
    """
    What became of a send so far.

    ``status`` is ``queued`` when it was only accepted, else that of the send; ``states`` counts its rows, ``withheld``
    the people left out by their strongest reason. ``warning`` tells of an override (R7), ``why`` of a stop, ``wording``
    of signs of promotion in transactional mail (B-04).
    """

    id: SendId
    provider: str
    status: str
    purpose: Purpose
    warning: str | None = None
    why: str | None = None
    states: Mapping[DeliveryState, int] = field(default_factory=dict)
    withheld: Mapping[ReasonKind, int] = field(default_factory=dict)
    wording: tuple[PromotionalWording, ...] = ()

    @property
    def sent_count(self) -> int:
        """Messages the provider has accepted."""
        return self.states.get(DeliveryState.ACCEPTED, 0)


@dataclass(frozen=True, slots=True)
class Preview:
    """How the audience would divide right now, and whether the request may go out at all."""

    partition: Partition
    answer: Authorized | Refused


class Sending:
    """
    Direct sends, under the guide's own words: ``migma.sending.send(…)``.

    One recipient is transactional, an audience is marketing, unless ``transactional`` says otherwise (R1 to R5).
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def send(self, *, queue_only: bool = False, watch: Watch | None = None, **words: Unpack[SendWords]) -> SendAnswer:
        """
        Accept a request in the guide's own words (`SendWords`) and, unless ``queue_only``, carry it out at once.

        Raises `ValueError` for a request that makes no sense, `SendRefused` for one that may not go out,
        `MissingVariables` for a template nobody can fill; nothing is written then.
        """
        accepted = self.queue(self.request(**words))
        return accepted if queue_only else self.deliver(accepted.id, watch)

    def request(self, **words: Unpack[SendWords]) -> SendRequest:
        """Read the guide's own words as a request. Raises `ValueError`, and `LookupError` for an unknown project."""
        project = self._parts.project(words["project_id"]).id
        reply_to = words.get("reply_to")
        recipient = (words["recipient_type"], words.get("recipient_email"), words.get("recipient_id"))
        return SendRequest(
            project=project,
            sender=to_address(words["from_"]),
            sender_name=words["from_name"],
            recipients=self._recipients(project, *recipient),
            content=Content(words["subject"], words["template"], words.get("text"), words.get("attachments", ())),
            provider=words.get("provider_type", BUILT_IN_PROVIDER),
            reply_to=to_address(reply_to) if reply_to else None,
            topic=self._parts.topic_id(project, words.get("topic_id")),
            transactional=words.get("transactional"),
            justification=words.get("justification"),
            exclusions=self._exclusions(project, words),
            variables=words.get("variables") or {},
            headers=words.get("headers") or {},
            labels=words.get("labels", ()),
            metadata=words.get("metadata") or {},
            deliver_at=words.get("deliver_at"),
        )

    def _recipients(
        self, project: ProjectId, recipient_type: str, recipient_email: str | None, recipient_id: str | None
    ) -> Recipients:
        """Read the guide's three fields, ids and names alike (R3, R37)."""
        email: Address | None = to_address(recipient_email) if recipient_email else None
        recipients = read_recipients(recipient_type, email, recipient_id)
        match recipients:
            case TagHolders(tag):
                return TagHolders(self._parts.tag_name(project, tag))
            case SegmentMembers(segment):
                return SegmentMembers(SegmentId(self._parts.segment_id(project, segment)))
            case _:
                return recipients

    def _exclusions(self, project: ProjectId, words: SendWords) -> tuple[Exclusion, ...]:
        """Whom to leave out, by ids and names alike; an unknown segment or campaign raises `LookupError`."""
        parts = self._parts
        segments = (parts.known_segment(project, one) for one in words.get("exclude_segments", ()))
        earlier = (parts.store.sends.find(project, one).id for one in words.get("exclude_recipients_of", ()))
        return (*map(ExceptSegment, segments), *map(EarlierRecipients, earlier))

    def check(self, request: SendRequest) -> Authorized:
        """Find everything that would be refused, without writing anything."""
        parts = self._parts
        authorized = accept(request, self._sender(request), parts.policy)
        project = parts.store.projects.get(request.project)
        check_content(request, project.brand, parts.store.contacts.field_names(project.id), parts.capabilities(request))
        return authorized

    def _sender(self, request: SendRequest) -> Sender:
        """What is known of the sender's side, and what a connected provider can carry."""
        return self._parts.informed(self._parts.store.sends.sender(request), request)

    def queue(self, request: SendRequest) -> SendAnswer:
        """Accept a request: it is on record when this returns, and nothing has been sent (R57)."""
        authorized = self.check(request)
        send = SendId(secrets.token_hex(16))
        self._parts.store.sends.accept(
            send, request, authorized.purpose, self._parts.policy, authorized.warning, self._parts.clock.now()
        )
        wording = lint(request)
        return SendAnswer(send, request.provider, "queued", authorized.purpose, authorized.warning, wording=wording)

    def preview(self, request: SendRequest) -> Preview:
        """Count who would get it and who would not, by the predicate that sends (design §2.2)."""
        parts = self._parts
        purpose = classify(request).purpose
        answer = authorize(request, self._sender(request), parts.policy)
        if parts.policy.outside:
            return Preview(tally(self._decisions(request, purpose)), answer)
        standings = parts.store.sends.count_standings(request, purpose, parts.clock.now())
        return Preview(count(parts.policy, standings), answer)

    def _decisions(self, request: SendRequest, purpose: Purpose) -> Iterator[Decision]:
        """Decide about everyone, page by page: rules outside the table judge people, not standings (design D4)."""
        policy, now, after = self._parts.policy, self._parts.clock.now(), 0
        while True:
            page = self._parts.store.sends.audience_page(request, purpose, after, _PAGE, policy.wanted, now)
            for row in page.rows:
                yield record(row.standing, policy, now, row.circumstances)
            if page.after is None:
                return
            after = page.after

    def deliver(self, send: SendId, watch: Watch | None = None) -> SendAnswer:
        """
        Carry out an accepted send, or take it up again where an earlier run stopped.

        Safe to repeat and to interrupt: who was reached is not written to again, who was not is.
        """
        parts = self._parts
        accepted = parts.store.sends.get(send)
        request = accepted.request
        provider = parts.provider(request)
        ports, job = ports_of(parts, request, provider), self._job(send, request, provider.capabilities)
        with Performer(ports, job.at_once) as perform:
            drive(send_steps(job), perform, watch)
        return self.status(send)

    def find(self, project_id: str, id_or_name: str) -> SendRecord:
        """Find any send: a campaign by id or name, a direct send by its id. Raises `LookupError`."""
        project, sends = self._parts.project(project_id), self._parts.store.sends
        try:
            return sends.find(project.id, id_or_name)
        except LookupError:
            found = sends.get(SendId(id_or_name))
            if found.project != project.id:
                raise
            return found

    def resume(self, send: SendId, watch: Watch | None = None) -> SendAnswer:
        """
        Take up a direct send that was interrupted, or paused for a reason that is gone.

        Raises `LookupError` for a send nobody accepted, `ValueError` for a campaign, which has its own way, and
        `CampaignConflict` for one that has ended.
        """
        record = self._parts.store.sends.get(send)
        if record.name is not None:
            raise ValueError(f"{send} is the campaign {record.name}; take it up with: migma campaigns send {send}")
        self._parts.store.sends.change_status(send, Action.SEND, self._parts.clock.now())
        return self.deliver(send, watch)

    def reconcile(self, send: SendId, watch: Watch | None = None) -> SendAnswer:
        """Settle what a crash or a lost answer left in doubt, on evidence or by the policy, and send nothing new."""
        parts = self._parts
        request = parts.store.sends.get(send).request
        provider = parts.provider(request)
        ports, job = ports_of(parts, request, provider), self._job(send, request, provider.capabilities)
        with Performer(ports) as perform:
            drive(settle_steps(job), perform, watch)
        return self.status(send)

    def _job(self, send: SendId, request: SendRequest, capabilities: Capabilities) -> Job:
        parts = self._parts
        brand = parts.store.projects.get(request.project).brand
        compiled = check_content(request, brand, parts.store.contacts.field_names(request.project), capabilities)
        return job_of(parts, send, compiled, parts.provider(request))

    def status(self, send: SendId) -> SendAnswer:
        """Where a send stands, counted from its rows."""
        sends = self._parts.store.sends
        found = sends.get(send)
        return SendAnswer(
            send,
            found.request.provider,
            found.status.value,
            found.purpose,
            found.warning,
            found.why,
            sends.states(send),
            sends.reasons(send),
            lint(found.request),
        )
