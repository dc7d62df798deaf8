"""Sending: a request is accepted, written down, and carried out by the loop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from typing import Unpack

from migma_wire import from_json, to_address, to_json

from migma_core.audience import Address, ProjectId
from migma_core.audience.segment import SegmentId
from migma_core.decision import (
    Authorized,
    Purpose,
    ReasonKind,
)
from migma_core.decision.wording import PromotionalWording, lint
from migma_core.delivery import Action, DeliveryState, SendId, send_steps
from migma_core.delivery.campaign import TRANSITIONS
from migma_core.delivery.steps import settle_steps
from migma_core.ports import KeyHold, SendRecord
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

from .acceptance import accept, check_content, new_send
from .drive import Watch, drive
from .holding import Hold
from .jobs import PATIENCE, Work, work_of
from .parts import Parts
from .performing import Performer
from .previewing import Preview, preview, sender_of
from .repeating import is_final, let_go, let_go_where_refused, take_key
from .words import SendWords

__all__ = ["BegunSend", "Preview", "SendAnswer", "Sending"]


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
class BegunSend:
    """
    A request that is on record. ``answer`` is what was told of it so far, or, where it ``is_answered``, all there is to
    tell; ``hold`` is its key.
    """

    answer: SendAnswer
    hold: KeyHold | None = None
    is_answered: bool = False

    @property
    def id(self) -> SendId:
        """The send's."""
        return self.answer.id


class Sending:
    """
    Direct sends, under the guide's own words: ``migma.sending.send(…)``.

    One recipient is transactional, an audience is marketing, unless ``transactional`` says otherwise (R1 to R5).
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def send(
        self,
        *,
        queue_only: bool = False,
        watch: Watch | None = None,
        stop: Event | None = None,
        idempotency_key: str | None = None,
        **words: Unpack[SendWords],
    ) -> SendAnswer:
        """
        Accept a request in the guide's own words (`SendWords`) and, unless ``queue_only``, carry it out at once. Once
        ``stop`` is set, from a handler of signals say, it ends at its next claim, with all that is under way on record.

        Under an ``idempotency_key`` of the project, the same request repeated within a day is answered as the first
        time, and carried on where an earlier run was stopped: there is never a second send (R63).

        Raises `ValueError` for a request that makes no sense, `SendRefused` for one that may not go out,
        `MissingVariables` for a template nobody can fill, `KeyConflict` where the key was used for another request, and
        `KeyInProgress` while that is being carried out; nothing is written then.
        """
        begun = self.begin(queue_only=queue_only, idempotency_key=idempotency_key, **words)
        return self.complete(begun, watch, stop=stop)

    def begin(
        self, *, queue_only: bool = False, idempotency_key: str | None = None, **words: Unpack[SendWords]
    ) -> BegunSend:
        """The first half of `send`: the request is on record when this returns. Raises what `send` raises."""
        request = self.request(**words)
        if idempotency_key is None:
            return BegunSend(self.queue(request), is_answered=queue_only)
        taken = take_key(self._parts, request, idempotency_key, "send", queue_only)
        if isinstance(taken, str):
            return BegunSend(from_json(SendAnswer, taken), is_answered=True)
        with let_go_where_refused(self._parts, taken.hold):
            answer = self._queued(taken.made) if taken.made else self.queue(request, taken.hold)
        if queue_only:
            self._keep_answer(taken.hold, answer)
        return BegunSend(answer, taken.hold, is_answered=queue_only)

    def complete(self, begun: BegunSend, watch: Watch | None = None, *, stop: Event | None = None) -> SendAnswer:
        """The second half of `send`: carry out what is left to do, and keep the answer for every repetition."""
        if begun.is_answered:
            return begun.answer
        try:
            if self.is_to_go_on(begun):
                _carry_out(work_of(self._parts, begun.id, self.hold_of(begun, stop)), watch)
            return self.answered(begun)
        finally:
            self.let_go(begun)

    def is_to_go_on(self, begun: BegunSend) -> bool:
        """Whether there is something to carry out; what was paused goes on, since its caller asks for it again."""
        if begun.hold is None:
            return True
        if (self._parts.store.sends.get(begun.id).status, Action.SEND) not in TRANSITIONS:
            return False
        self._parts.store.sends.change_status(begun.id, Action.SEND, self._parts.clock.now())
        return True

    def hold_of(self, begun: BegunSend, stop: Event | None = None) -> Hold:
        """What keeps the send's key, if it has one, while it is carried out, until ``stop``."""
        if begun.hold is None:
            return Hold(stop=stop)
        keep = partial(self._parts.store.idempotency_keys.keep, *begun.hold)
        return Hold(keep, self._parts.settings.lease_seconds, stop)

    def answered(self, begun: BegunSend) -> SendAnswer:
        """Where it stands now, kept under its key if that is the last there will be."""
        answer = self.status(begun.id)
        if begun.hold is not None and is_final(answer.status):
            self._keep_answer(begun.hold, answer)
        return answer

    def let_go(self, begun: BegunSend) -> None:
        """However it ended, whoever repeats the request need not wait; where the answer was kept nothing changes."""
        if begun.hold is not None:
            let_go(self._parts, begun.hold)

    def _keep_answer(self, hold: KeyHold, answer: SendAnswer) -> None:
        text = json.dumps(to_json(answer, SendAnswer))
        self._parts.store.idempotency_keys.finish(*hold, text, self._parts.clock.now())

    def _queued(self, send: SendId) -> SendAnswer:
        """The answer that was given when it was accepted."""
        return replace(self.status(send), status="queued", why=None, states={}, withheld={})

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
            cc=tuple(map(to_address, words.get("cc", ()))),
            bcc=tuple(map(to_address, words.get("bcc", ()))),
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
        authorized = accept(request, sender_of(parts, request), parts.policy)
        project = parts.store.projects.get(request.project)
        check_content(request, project.brand, parts.store.contacts.field_names(project.id), parts.capabilities(request))
        return authorized

    def queue(self, request: SendRequest, under: KeyHold | None = None) -> SendAnswer:
        """Accept a request: it is on record when this returns, with its key, and nothing has been sent (R57)."""
        authorized, now = self.check(request), self._parts.clock.now()
        send = new_send()
        self._parts.store.sends.accept(
            send, request, authorized.purpose, self._parts.policy, authorized.warning, now, under=under
        )
        wording = lint(request)
        return SendAnswer(send, request.provider, "queued", authorized.purpose, authorized.warning, wording=wording)

    def preview(self, request: SendRequest) -> Preview:
        """Count who would get it and who would not, by the predicate that sends (design §2.2)."""
        return preview(self._parts, request)

    def deliver(
        self, send: SendId, watch: Watch | None = None, *, patience: float = PATIENCE, hold: Hold | None = None
    ) -> SendAnswer:
        """
        Carry out an accepted send, or take it up again where an earlier run stopped.

        Safe to repeat and to interrupt: who was reached is not written to again, who was not is. Ends, rows left, where
        all of them rest for longer than ``patience``, in seconds, and at the next claim once a ``hold`` is over.
        """
        _carry_out(work_of(self._parts, send, hold, patience), watch)
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

    def resume(self, send: SendId, watch: Watch | None = None, *, stop: Event | None = None) -> SendAnswer:
        """
        Take up a direct send that was interrupted, or paused for a reason that is gone. ``stop`` ends it as in `send`.

        Raises `LookupError` for a send nobody accepted, `ValueError` for a campaign, which has its own way, and
        `CampaignConflict` for one that has ended.
        """
        self.reopen(send)
        return self.deliver(send, watch, hold=Hold(stop=stop))

    def reopen(self, send: SendId) -> None:
        """The first half of `resume`: from now on it is being sent. Raises what `resume` raises."""
        record = self._parts.store.sends.get(send)
        if record.name is not None:
            raise ValueError(f"{send} is the campaign {record.name}; take it up with: migma campaigns send {send}")
        self._parts.store.sends.change_status(send, Action.SEND, self._parts.clock.now())

    def reconcile(self, send: SendId, watch: Watch | None = None) -> SendAnswer:
        """Settle what a crash or a lost answer left in doubt, on evidence or by the policy, and send nothing new."""
        ports, job = work_of(self._parts, send)
        with Performer(ports) as perform:
            drive(settle_steps(job), perform, watch)
        return self.status(send)

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


def _carry_out(work: Work, watch: Watch | None) -> None:
    with Performer(work.ports, work.job.at_once) as perform:
        drive(send_steps(work.job), perform, watch)
