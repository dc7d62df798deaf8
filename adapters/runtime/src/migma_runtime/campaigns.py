"""Campaigns: named sends to an audience, previewed, sent, and explained person by person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event
from typing import Unpack

from migma_wire import to_address

from migma_core.audience import Address, Suppression, address_key
from migma_core.decision import (
    Decision,
    Deferred,
    Facts,
    Policy,
    Purpose,
    Verdict,
    Withheld,
    circumstances_of,
    decide,
    explain,
    facts_about,
    remedy,
    replay,
)
from migma_core.decision.checker import check
from migma_core.delivery import Action, Campaign, DeliveryState, Fold, Gap, Schedule, SendId, SendStats
from migma_core.ports import DeliveryRecord, KeyHold, SendRecord

from .acceptance import new_send
from .drive import Watch
from .held import HeldVerdict, held, settle_held
from .holding import Hold
from .parts import Parts
from .repeating import let_go_where_refused, take_key
from .scheduling import Appointment, appointment, schedule
from .sending import Preview, SendAnswer, Sending
from .trying import Tried, addresses_of, ended, trial_of
from .words import SendWords

__all__ = ["Campaigns", "Explanation"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    Why one address was, or was not, written to.

    ``state`` is that of its delivery, or ``None`` where the address is not in the audience or nothing was sent yet;
    ``verdict`` is the recorded decision, made again, or today's where there is none; ``remedies`` are the lawful ways
    out. ``doubts`` is what the second reading of the rules says against the verdict, or a record that does not agree
    with it: empty, unless the policy has changed since.
    """

    address: str
    state: DeliveryState | None
    in_audience: bool
    verdict: Verdict
    remedies: tuple[str, ...]
    words: str
    doubts: tuple[str, ...] = ()


class Campaigns:
    """Always marketing, always to a segment or a tag (R8, R50)."""

    def __init__(self, parts: Parts, sending: Sending) -> None:
        self._parts = parts
        self._sending = sending

    def create(self, *, name: str, idempotency_key: str | None = None, **words: Unpack[SendWords]) -> SendRecord:
        """
        Write a draft (R51) in the guide's own words (`SendWords`), to a tag or a segment.

        Under an ``idempotency_key`` of the project, the same draft asked for again within a day is the one there is,
        whatever has become of it (R63). Raises what `Sending.send` raises, so that a draft that exists can be sent.
        """
        campaign = Campaign(name, self._sending.request(**words))
        made = self._draft(campaign) if idempotency_key is None else self._draft_under(idempotency_key, campaign)
        return self._parts.store.sends.get(made)

    def _draft_under(self, key: str, campaign: Campaign) -> SendId:
        """The draft that was made under this key, or is now."""
        taken = take_key(self._parts, campaign.request, key, "campaigns.create", campaign.name)
        if isinstance(taken, str):
            return SendId(taken)
        with let_go_where_refused(self._parts, taken.hold):
            made = taken.made or self._draft(campaign, taken.hold)
            self._parts.store.idempotency_keys.finish(*taken.hold, made, self._parts.clock.now())
        return made

    def _draft(self, campaign: Campaign, under: KeyHold | None = None) -> SendId:
        self._sending.check(campaign.request)
        send, now, policy = new_send(), self._parts.clock.now(), self._parts.policy
        self._parts.store.sends.accept(
            send, campaign.request, Purpose.MARKETING, policy, None, now, name=campaign.name, under=under
        )
        return send

    def find(self, project_id: str, id_or_name: str) -> SendRecord:
        """Find a campaign by id or name. Raises `LookupError`."""
        project = self._parts.project(project_id)
        return self._parts.store.sends.find(project.id, id_or_name)

    def preview(self, campaign: SendRecord) -> Preview:
        """Who would get it, who would not, and why: what sending will do, counted now."""
        return self._sending.preview(campaign.request)

    def send(self, campaign: SendRecord, watch: Watch | None = None, *, stop: Event | None = None) -> SendAnswer:
        """
        Send a draft, or take up a campaign that was interrupted or paused. Once ``stop`` is set, from a handler of
        signals say, it ends at its next claim, with all that is under way on record.

        Raises `CampaignConflict` from any other state (R55) and `SendRefused` where it may not go out; nothing has
        changed then.
        """
        self.start(campaign)
        return self._sending.deliver(campaign.id, watch, hold=Hold(stop=stop))

    def start(self, campaign: SendRecord) -> None:
        """The first half of `send`: from now on it is being sent. Raises what `send` raises."""
        self._sending.check(campaign.request)
        self._parts.store.sends.change_status(campaign.id, Action.SEND, self._parts.clock.now())

    def schedule(
        self,
        campaign: SendRecord,
        at: datetime,
        zone: str = "UTC",
        *,
        gap: Gap = Gap.FORWARD,
        fold: Fold = Fold.FIRST,
    ) -> Appointment:
        """
        Have a draft start at a time, or a scheduled one at another; `Runner` starts it then (R52).

        ``at`` with an offset is an instant; without, it is what clocks read in the ``zone``, an IANA name (R53). A time
        that they skip or read twice is what ``gap`` and ``fold`` say.

        Raises `ValueError` for an unknown zone or a time that is past, `CampaignConflict` from any other state (R55),
        and what `send` raises where it may not go out as it stands; nothing has changed then.
        """
        said = Schedule(at, zone, gap, fold)
        self._sending.check(campaign.request)
        return schedule(self._parts, campaign, said)

    def unschedule(self, campaign: SendRecord) -> SendAnswer:
        """Make a scheduled campaign a draft again. Raises `CampaignConflict`."""
        self._parts.store.sends.change_status(campaign.id, Action.UNSCHEDULE, self._parts.clock.now())
        return self._sending.status(campaign.id)

    def appointment(self, campaign: SendRecord) -> Appointment | None:
        """When a campaign starts, or started by itself; ``None`` where it has no time."""
        found = self._parts.store.schedules.of(campaign.id)
        return None if found is None else appointment(found)

    def test_send(self, campaign: SendRecord, to: Collection[str]) -> Sequence[Tried]:
        """
        Send the campaign's mail to a few addresses now, to look at; the campaign stays as it is, numbers and all.

        Each is decided about as the campaign would: who may not get it, and who is no subscribed contact, is told why
        and gets nothing, now or later. Those who may get the very mail they will get. Raises what `send` raises, and
        `ValueError` for no address, or more than ten; nothing is sent then.
        """
        return tuple(self._tried(campaign, one) for one in self.to_try(campaign, to))

    def to_try(self, campaign: SendRecord, to: Collection[str]) -> Sequence[Address]:
        """The addresses of a trial, each once, where it may go out at all. Raises what `test_send` raises."""
        addresses = addresses_of(to)
        self._sending.check(trial_of(campaign, addresses[0]))
        return addresses

    def _tried(self, campaign: SendRecord, address: Address) -> Tried:
        send = self._sending.queue(trial_of(campaign, address)).id
        self._sending.deliver(send, patience=0)
        return self.tried(send, address)

    def tried(self, send: SendId, address: Address) -> Tried:
        """What became of a trial mail, which is over now."""
        (row,) = self._parts.store.sends.log(send)
        explained = self.explain(ended(self._parts, send), str(address))
        words = "" if explained.state is DeliveryState.ACCEPTED else explained.words
        return Tried(str(address), send, explained.state, words, explained.remedies, row.provider_id)

    def pause(self, campaign: SendRecord) -> SendAnswer:
        """
        Stop at the next claim, in whatever process it runs; `send` takes it up again. Raises `CampaignConflict`.

        What was handed over before is on record as usual, and nothing of it is sent twice.
        """
        self._parts.store.sends.change_status(campaign.id, Action.PAUSE, self._parts.clock.now())
        return self._sending.status(campaign.id)

    def resume(self, campaign: SendRecord, watch: Watch | None = None, *, stop: Event | None = None) -> SendAnswer:
        """Take up a campaign that was paused, or left by a crash. Raises what `send` raises."""
        return self.send(campaign, watch, stop=stop)

    def reconcile(self, campaign: SendRecord, watch: Watch | None = None) -> SendAnswer:
        """Settle what a crash or a lost answer left in doubt, and send nothing new."""
        return self._sending.reconcile(campaign.id, watch)

    def held(self, campaign: SendRecord) -> Sequence[DeliveryRecord]:
        """The messages of which nobody knows whether they were accepted, and which wait for a person's word."""
        return tuple(held(self._parts, campaign.id))

    def settle_held(self, campaign: SendRecord, verdict: HeldVerdict, of: Collection[str] | None = None) -> int:
        """
        Settle held messages by a person's word: all of them, or those to the addresses ``of``; return how many.

        Those to be sent ``again`` go at the next `send`, after a fresh decision. Raises `LookupError` for an address
        that has none, and settles nothing then.
        """
        addresses = None if of is None else [to_address(one) for one in of]
        return settle_held(self._parts, campaign.id, verdict, addresses)

    def cancel(self, campaign: SendRecord) -> SendAnswer:
        """Stop whatever has not been handed over. Raises `CampaignConflict`."""
        self._parts.store.sends.change_status(campaign.id, Action.CANCEL, self._parts.clock.now())
        return self._sending.status(campaign.id)

    def status(self, campaign: SendRecord) -> SendAnswer:
        """Where the campaign stands: its rows by state and reason."""
        return self._sending.status(campaign.id)

    def stats(self, campaign: SendRecord) -> SendStats:
        """What became of it, as far as providers have told (migma.md §1.12)."""
        return self._parts.store.sends.stats(campaign.id, self._parts.clock.now())

    def explain(self, campaign: SendRecord, email: str) -> Explanation:
        """Say in words why this address was, was not, or would not be written to."""
        address = to_address(email)
        key = address_key(address, self._parts.keys.pepper_bytes())
        found = self._parts.store.sends.delivery_of(campaign.id, key)
        evidence = self._parts.store.suppressions.of(campaign.project, key)
        if found is not None:
            made = found.decision
            facts = Facts(address, made.standing, None, campaign.request.topic, evidence, made.circumstances)
            told = _explained(facts, found.state, self._parts.policy, made.at)
            return replace(told, doubts=(*told.doubts, *_changed_since(made, self._parts.policy)))
        return self._if_sent_now(campaign, address, evidence)

    def _if_sent_now(self, campaign: SendRecord, address: Address, evidence: tuple[Suppression, ...]) -> Explanation:
        policy, now = self._parts.policy, self._parts.clock.now()
        row = self._parts.store.sends.member(campaign.request, address, campaign.purpose, policy.wanted, now)
        if row is None:
            known = circumstances_of(address)
            stranger = facts_about(address, campaign.purpose, suppressions=evidence, circumstances=known)
            return _outside(str(address), decide(stranger, policy, now))
        facts = Facts(address, row.standing, None, campaign.request.topic, evidence, row.circumstances)
        return _explained(facts, None, policy, now)


def _explained(facts: Facts, state: DeliveryState | None, policy: Policy, at: datetime) -> Explanation:
    verdict = decide(facts, policy, at)
    reasons = verdict.reasons if isinstance(verdict, Withheld) else ()
    remedies = tuple(dict.fromkeys(way for reason in reasons if (way := remedy(reason)) is not None))
    doubts = check(facts, verdict, policy, at)
    return Explanation(str(facts.address), state, True, verdict, remedies, _said(state, verdict), doubts)


def _changed_since(made: Decision, policy: Policy) -> tuple[str, ...]:
    """What stands on record, where today's policy would have decided otherwise then (A-10)."""
    again = replay(made, policy)
    if again.agrees:
        return ()
    recorded = ", ".join(one.replace("_", " ") for one in made.reasons) or "mailable"
    if again.is_same_policy:
        return (f"on record stands: {recorded}; the record was changed, or a rule of the policy is not pure",)
    return (f"on record stands: {recorded}, decided under a policy that has changed since",)


def _outside(address: str, verdict: Verdict) -> Explanation:
    words = "Not in the audience of this campaign: the address does not hold the tag, or is not in the segment."
    return Explanation(address, None, False, verdict, (), words)


def _said(state: DeliveryState | None, verdict: Verdict) -> str:
    if state is None:
        return "Nothing has been sent yet. If it were sent now: " + explain(verdict)
    if state is DeliveryState.ACCEPTED or isinstance(verdict, Withheld | Deferred):
        return explain(verdict)
    return f"The delivery is {state.replace('_', ' ')}."
