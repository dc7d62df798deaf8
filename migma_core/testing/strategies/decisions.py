"""Strategies for what decides: facts, standings, policies, reasons and faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ...audience.address import Address
from ...audience.consent import Consent
from ...audience.contact import ContactId
from ...audience.suppression import DENIAL_OF, Denials, Suppression, SuppressionReason
from ...audience.topic import Topic, TopicId
from ...decision import rules
from ...decision.authorization import Sender
from ...decision.circumstances import READABLE, Circumstances
from ...decision.facts import Facts
from ...decision.faults import Fault
from ...decision.outside import Answer, ConsentLapse, FrequencyCap, LocalTime, OutsideRule, OwnRule, QuietHours
from ...decision.policy import ALWAYS, MIGMA, STRICT, Policy
from ...decision.purpose import Purpose
from ...decision.reasons import Excluded, Reason
from ...decision.reasons import LocalTime as LocalTimeReason
from ...decision.standing import Cell, ConsentFact, Standing, StatusFact, TopicFact, ValidationFact
from ...decision.verdict import Deferred
from ...request.domain import BUILT_IN_PROVIDER, PROVIDERS, SendingDomain
from ...request.sync import Sync
from .audience import EVERY_DENIAL, consents, denials, field_names, new_year, recent, suppressions, topics
from .requests import sending_domains, syncs
from .values import Narrowed, T, addresses, domain_names, moments, names, or_else, references, scalars, zones

__all__ = [
    "cells",
    "circumstances",
    "facts",
    "faults",
    "outside_rules",
    "policies",
    "reasons",
    "senders",
    "standings",
]


def circumstances(
    *,
    zone: Narrowed[ZoneInfo | None] = None,
    consent: Narrowed[Consent | None] = None,
    received: Narrowed[tuple[datetime, ...]] = None,
    unreadable: Narrowed[frozenset[str]] = None,
) -> SearchStrategy[Circumstances]:
    """What rules outside the table read, some of it missing, some of it unreadable."""
    return st.builds(
        Circumstances,
        address=st.none() | addresses(),
        zone=or_else(zone, st.none() | zones()),
        consent=or_else(consent, st.none() | consents()),
        received=or_else(received, st.lists(recent() | moments(), max_size=4).map(tuple)),
        values=st.dictionaries(field_names(), scalars(), max_size=2),
        unreadable=or_else(unreadable, st.frozensets(st.sampled_from(sorted(READABLE)), max_size=2)),
    )


def outside_rules() -> SearchStrategy[OutsideRule]:
    """Every built-in rule outside the table, with any parameters, and rules of one's own."""
    hours = st.tuples(st.times(), st.times()).filter(lambda pair: pair[0] != pair[1])
    quiet = st.builds(lambda pair, zone: QuietHours(pair[0], pair[1], zone), hours, zones())
    at = st.builds(LocalTime, st.datetimes(new_year(2029), new_year(2032)), zones())
    cap = st.builds(FrequencyCap, st.integers(1, 3), st.timedeltas(timedelta(seconds=1), timedelta(days=400)))
    return quiet | at | cap | st.just(ConsentLapse()) | st.sampled_from(_OWN_RULES)


def _never(_circumstances: Circumstances, _now: datetime) -> Answer:
    return Excluded()


def _at_nine(_circumstances: Circumstances, now: datetime) -> Answer:
    nine = datetime.combine(now.date(), time(9), UTC)
    return Deferred(nine, LocalTimeReason()) if now < nine else None


_OWN_RULES: tuple[OutsideRule, ...] = (
    OwnRule("never", 1, "a test", _never),
    OwnRule("at_nine", 1, "a test", _at_nine, reads=frozenset({"values", "address"})),
)


def cells(
    *,
    purpose: Narrowed[Purpose] = None,
    status: Narrowed[StatusFact] = None,
    validation: Narrowed[ValidationFact] = None,
    is_role: Narrowed[bool] = None,
    consent: Narrowed[ConsentFact] = None,
    topic: Narrowed[TopicFact] = None,
) -> SearchStrategy[Cell]:
    """Any of the 5,400 cells."""
    return st.builds(
        Cell,
        or_else(purpose, st.sampled_from(Purpose)),
        or_else(status, st.sampled_from(StatusFact)),
        or_else(validation, st.sampled_from(ValidationFact)),
        or_else(is_role, st.booleans()),
        or_else(consent, st.sampled_from(ConsentFact)),
        or_else(topic, st.sampled_from(TopicFact)),
    )


def standings(
    *, purpose: Narrowed[Purpose] = None, cell: Narrowed[Cell] = None, against: Narrowed[Denials] = None
) -> SearchStrategy[Standing]:
    """Any standing: a cell and what stands against it."""
    packed = or_else(cell, cells(purpose=purpose)).map(lambda one: one.packed)
    return st.builds(Standing, packed, or_else(against, denials()).map(int))


def facts(
    *,
    purpose: Narrowed[Purpose] = None,
    address: Narrowed[Address] = None,
    standing: Narrowed[Standing] = None,
    topic: Narrowed[TopicId] = None,
    circumstances: Narrowed[Circumstances | None] = None,
) -> SearchStrategy[Facts]:
    """
    Facts of one recipient in any standing, unreadable ones included.

    They are of one piece: somebody nobody knows has no contact id, a send without a topic names none, and evidence is
    there for denials that stand, though not always for each.
    """
    return _facts(
        or_else(standing, standings(purpose=purpose)),
        or_else(address, addresses()),
        references(),
        or_else(topic, references().map(TopicId)),
        {reason: suppressions(reason=reason) for reason in SuppressionReason},
        or_else(circumstances, st.none()),
    )


@st.composite
def _facts(
    draw: DrawFn,
    standing: SearchStrategy[Standing],
    address: SearchStrategy[Address],
    reference: SearchStrategy[str],
    topic: SearchStrategy[TopicId],
    entries: Mapping[SuppressionReason, SearchStrategy[Suppression]],
    circumstances: SearchStrategy[Circumstances | None],
) -> Facts:
    found = draw(standing)
    cell = Cell.unpacked(found.cell)
    stranger = cell.status is StatusFact.NO_CONTACT
    shown = found.denials & draw(st.integers(0, int(EVERY_DENIAL)))
    return Facts(
        draw(address),
        found,
        None if stranger else ContactId(draw(reference)),
        None if cell.topic is TopicFact.NO_TOPIC else draw(topic),
        tuple(draw(entries[reason]) for reason, denial in DENIAL_OF.items() if denial & shown),
        draw(circumstances),
    )


def senders(
    *,
    domain: Narrowed[SendingDomain | None] = None,
    topic: Narrowed[Topic | None] = None,
    connected: Narrowed[frozenset[str]] = None,
    postal_address: Narrowed[str | None] = None,
    audience_exists: Narrowed[bool] = None,
    overdue: Narrowed[tuple[Sync, ...]] = None,
) -> SearchStrategy[Sender]:
    """What may be known of a sender's side, nothing at all included."""
    others = st.frozensets(st.sampled_from(PROVIDERS))
    return st.builds(
        Sender,
        or_else(domain, st.none() | sending_domains()),
        or_else(topic, st.none() | topics()),
        or_else(connected, others | others.map(lambda some: some | {BUILT_IN_PROVIDER})),
        or_else(postal_address, st.none() | st.sampled_from(("", " ")) | names()),
        or_else(audience_exists, st.booleans()),
        overdue=or_else(overdue, st.just(()) | st.lists(syncs(), max_size=2, unique=True).map(tuple)),
    )


def policies(*, derived: bool = True) -> SearchStrategy[Policy]:
    """The built-in policies and, unless ``derived`` is false, what can be made of them: fewer rules, more, relaxed."""
    built_in = st.sampled_from((MIGMA, STRICT))
    if not derived:
        return built_in
    droppable = tuple(sorted({rule.name for rule in STRICT.rules} - {rule.name for rule in ALWAYS}))
    dropped = st.frozensets(st.sampled_from(droppable), max_size=4)
    added = st.frozensets(st.sampled_from((*_ADDABLE, *_RELAXED)), max_size=3)
    return built_in | st.builds(_derived, built_in, dropped, added)


def reasons() -> SearchStrategy[Reason]:
    """Every variant of a reason, with and without evidence."""
    return st.one_of(*map(_variants, get_args(Reason)))


def faults() -> SearchStrategy[Fault]:
    """Every variant of a request's fault."""
    return st.one_of(*map(_variants, get_args(Fault)))


def _variants(variant: type[T]) -> SearchStrategy[T]:
    """Any value of one member of a union, by the names of its fields."""
    by_name: Mapping[str, SearchStrategy[object]] = {
        "at": st.none() | moments(),
        "source": st.none() | names(),
        "of": st.none() | references(),
        "reserved": st.booleans(),
        "topic": references(),
        "status": st.sampled_from(StatusFact),
        "consent": st.sampled_from(ConsentFact),
        "facts": st.lists(st.sampled_from(Cell._fields)).map(tuple),
        "domain": domain_names(),
        "provider": st.sampled_from(PROVIDERS),
        "known": st.booleans(),
        "as_of": st.none() | moments(),
        "bound": st.timedeltas(timedelta(minutes=1), timedelta(days=10)),
        "what": st.sampled_from(("audience", "tag")),
        "name": names(),
        **dict.fromkeys(("bounced", "complained", "sent"), st.integers(0)),
    }
    wanted = [one.name for one in fields(variant) if one.name != "kind"]  # type: ignore[arg-type]  # members are dataclasses
    hints = get_type_hints(variant)
    words = {name: st.sampled_from(get_args(hint)) for name, hint in hints.items() if get_origin(hint) is Literal}
    return st.builds(variant, **{name: words[name] if name in words else by_name[name] for name in wanted})


_ADDABLE = ("consent_unproven", "soft_bounce_limit", "risky_address", "role_address", "reserved_name")
_RELAXED = ("relaxed complaint", "relaxed manual")


@lru_cache(maxsize=512)  # a policy's table is built once; the same few policies are drawn again and again
def _derived(base: Policy, dropped: frozenset[str], added: frozenset[str]) -> Policy:
    policy = base.without(*sorted(dropped & {rule.name for rule in base.rules}), name="derived")
    more = {rule.name: rule for rule in STRICT.rules}
    policy = policy.with_rules(*(more[name] for name in sorted(added & set(_ADDABLE))), name="derived")
    for word, rule in zip(_RELAXED, (rules.complaint, rules.manual), strict=True):
        if word in added:
            policy = policy.with_rules(replace(rule, purposes=rules.MARKETING_ONLY), name="derived")
    return policy
