"""Laws of the rules outside the table: they read the clock, and only ever withhold or defer."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from migma_core import (
    MIGMA,
    Address,
    Circumstances,
    Consent,
    ConsentBasis,
    ConsentLapse,
    ConsentLevel,
    Deferred,
    Facts,
    FrequencyCap,
    Mailable,
    OutsideRule,
    Policy,
    Purpose,
    QuietHours,
    ReasonKind,
    Verdict,
    Withheld,
    decide,
    partition,
    plan,
    record,
    replay,
    tally,
)
from migma_core.decision import reasons as why
from migma_core.decision.reasons import STRENGTH
from migma_core.decision.wall_clock import first_instant
from migma_core.testing import strategies as some

MINUTE = timedelta(minutes=1)
# real changes of the clock: half an hour, at midnight, twice within a month, a whole day
CHANGES = [
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 3, 28, 22, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 2, 15, 2, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 3, 22, 2, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
]
PRESENT = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
AROUND_A_CHANGE = st.builds(
    lambda change, minutes: (ZoneInfo(change[0]), change[1] + minutes * MINUTE),
    st.sampled_from(CHANGES),
    st.integers(-2000, 2000),
)
MOMENTS = AROUND_A_CHANGE | st.tuples(some.zones(), PRESENT)
HOURS = st.tuples(st.times(), st.times()).filter(lambda pair: pair[0] != pair[1])
WHOLE_MINUTES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def on_the_wall(at: datetime, zone: ZoneInfo) -> datetime:
    """What a clock there reads, as a naive datetime."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def is_quiet(rule: QuietHours, reading: time) -> bool:
    """The same question, asked a second time: is this time of day within the hours?"""
    if rule.start < rule.end:
        return rule.start <= reading < rule.end
    return not rule.end <= reading < rule.start


@given(MOMENTS, HOURS)
def test_quiet_hours_end_at_the_first_moment_that_is_not_quiet(
    moment: tuple[ZoneInfo, datetime], hours: tuple[time, time]
) -> None:
    """At ``until`` the wall reads no quiet hour, and at no minute before did it, whatever the clock did meanwhile."""
    zone, now = moment
    rule = QuietHours(*hours, otherwise=zone)
    answer = rule.judge(Circumstances(), now)
    if answer is None:
        assert not is_quiet(rule, on_the_wall(now, zone).time())
        return
    assert isinstance(answer, Deferred)
    assert answer.until > now
    assert not is_quiet(rule, on_the_wall(answer.until, zone).time())
    assert rule.judge(Circumstances(), answer.until) is None
    for minute in range(0, (answer.until - now) // MINUTE, 7):
        assert is_quiet(rule, on_the_wall(now + minute * MINUTE, zone).time())
    assert is_quiet(rule, on_the_wall(answer.until - timedelta(microseconds=1), zone).time())


@given(MOMENTS, st.integers(-3000, 30_000))
def test_a_local_time_is_reached_the_first_time_the_wall_reads_it_or_more(
    moment: tuple[ZoneInfo, datetime], ahead: int
) -> None:
    """Skipped readings are reached at the change, repeated ones the first time, near and far."""
    zone, now = moment
    target = on_the_wall(now, zone) + ahead * MINUTE
    until = first_instant(now, zone, lambda reading: target - reading)
    assert until >= now
    assert on_the_wall(until, zone) >= target
    if until > now:
        just_before = until - timedelta(microseconds=1)
        assert on_the_wall(just_before, zone) < target
        hours = min(72, (until - now) // timedelta(hours=1))
        assert all(on_the_wall(until - back * timedelta(hours=1), zone) < target for back in range(1, hours + 1))
    assert first_instant(until, zone, lambda reading: target - reading) == until


@given(st.lists(PRESENT, max_size=6).map(tuple), PRESENT, st.integers(1, 3), st.integers(1, 400))
def test_a_cap_is_never_exceeded_in_any_span(
    received: tuple[datetime, ...], now: datetime, most: int, days: int
) -> None:
    """At ``until`` one more fits and a microsecond before it did not; more mail received never defers less."""
    rule = FrequencyCap(most, timedelta(days=days))
    answer = rule.judge(Circumstances(received=received), now)
    recent = [at for at in received if now - at < rule.within]
    assert (answer is None) is (len(recent) < most)
    more = rule.judge(Circumstances(received=(*received, now)), now)
    if isinstance(answer, Deferred):
        assert answer.until > now
        assert isinstance(more, Deferred)
        assert more.until >= answer.until
        assert sum(answer.until - at < rule.within for at in received) < most
        just_before = answer.until - timedelta(microseconds=1)
        assert sum(just_before - at < rule.within for at in received) >= most


@given(some.consents(), some.moments())
def test_a_lapse_is_for_ever_and_express_consent_never_lapses(consent: Consent, now: datetime) -> None:
    """From the moment of lapse on the reason stands, before it nothing does (P-01)."""
    known, lapses_at = Circumstances(consent=consent), consent.lapses_at
    answer = ConsentLapse().judge(known, now)
    assert (answer is not None) is (lapses_at is not None and lapses_at <= now)
    if lapses_at is not None:
        assert ConsentLapse().judge(known, lapses_at) == why.ConsentLapsed(lapses_at)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001 - the zone is drawn beside it
def test_consent_lapses_on_the_calendar_day(given_at: datetime, minutes: int) -> None:
    """Two years and six months are counted by the calendar, the 29th of February standing for the 28th (P-01)."""
    at = (given_at - minutes * MINUTE).replace(tzinfo=UTC)
    for basis, years, months in (("purchase", 2, 0), ("inquiry", 0, 6)):
        consent = Consent(ConsentLevel.UNPROVEN, "shop", at, ConsentBasis(basis))
        lapse = consent.lapses_at
        assert lapse is not None
        whole = (at.year * 12 + at.month) + years * 12 + months
        assert lapse.year * 12 + lapse.month == whole
        assert lapse.day == at.day or (lapse.day < at.day and (lapse + timedelta(days=1)).day == 1)
        assert (lapse.hour, lapse.minute, lapse.second, lapse.microsecond) == (0, 0, 0, 0)


def unread(verdict: Verdict) -> set[str]:
    """The facts that a verdict says could not be read."""
    reasons = verdict.reasons if isinstance(verdict, Withheld) else ()
    return {fact for one in reasons if isinstance(one, why.Unreadable) for fact in one.facts}


def kinds(verdict: Verdict) -> list[ReasonKind]:
    """The reasons that withhold, by kind."""
    return [one.kind for one in verdict.reasons] if isinstance(verdict, Withheld) else []


# two mailboxes, in three spellings
TWINS = st.sampled_from([Address(local, "migma.email") for local in ("ada", "Ada", "bob")])
RULES = st.lists(some.outside_rules(), min_size=1, max_size=3, unique_by=lambda rule: rule.name)


@st.composite
def ruled(draw: st.DrawFn) -> Policy:
    """A policy with one to three rules outside its table."""
    base = draw(some.policies())
    return base.with_rules(*draw(RULES), name="ruled")


@given(ruled(), some.facts(circumstances=some.circumstances()), PRESENT)
def test_rules_outside_the_table_make_nobody_mailable(policy: Policy, facts: Facts, now: datetime) -> None:
    """With them, the reasons of the table all stand; who is mailable now was mailable without them (D4)."""
    bare = replace(policy, outside=())
    verdict, before = decide(facts, policy, now), decide(facts, bare)
    if isinstance(before, Withheld):
        assert isinstance(verdict, Withheld)
        assert {one.kind for one in before.reasons} <= {one.kind for one in verdict.reasons}
    assert not isinstance(verdict, Mailable) or before == Mailable()


@given(ruled(), some.facts(circumstances=some.circumstances(unreadable=frozenset())), PRESENT)
def test_withheld_beats_deferred_and_the_latest_until_wins(policy: Policy, facts: Facts, now: datetime) -> None:
    """Every rule's own answer is in the verdict: all reasons in their order, else the latest deferral (D4, D18)."""
    known = facts.circumstances
    assert known is not None
    answers = [rule.judge(known, now) for rule in policy.outside if facts.purpose in rule.purposes]
    reasons = [one for one in answers if one is not None and not isinstance(one, Deferred)]
    deferrals = [one for one in answers if isinstance(one, Deferred)]
    verdict: Verdict = decide(facts, policy, now)
    if policy.code(facts.standing) or reasons:
        assert isinstance(verdict, Withheld)
        kinds = [one.kind for one in verdict.reasons]
        assert {one.kind for one in reasons} <= set(kinds)
        assert kinds == sorted(kinds, key=STRENGTH.__getitem__)
        assert len(verdict.reasons) == len(set(verdict.reasons))
    elif deferrals:
        assert isinstance(verdict, Deferred)
        assert verdict.until == max(one.until for one in deferrals)
    else:
        assert verdict == Mailable()


@given(ruled(), some.facts(circumstances=some.circumstances()), PRESENT)
def test_what_a_rule_reads_and_nobody_could_withholds(policy: Policy, facts: Facts, now: datetime) -> None:
    """An unreadable circumstance is a reason exactly where a rule for this purpose reads it (D4, A-01)."""
    read = set[str]().union(*(rule.reads for rule in policy.outside if facts.purpose in rule.purposes))
    for known in (facts.circumstances, None):
        blind = read if known is None else read & known.unreadable
        told = unread(decide(facts._replace(circumstances=known), policy, now))
        assert told == unread(decide(facts, replace(policy, outside=()))) | blind


@given(ruled(), some.facts(circumstances=some.circumstances()), PRESENT)
def test_a_recorded_decision_is_made_again(policy: Policy, facts: Facts, now: datetime) -> None:
    """The record of a decision says what `decide` says, keeps only what was read, and replays to itself (A-10)."""
    made = record(facts.standing, policy, now, facts.circumstances)
    verdict = decide(facts, policy, now)
    match verdict:
        case Mailable():
            assert (made.is_mailable, made.until) == (True, None)
        case Withheld(reasons):
            assert (made.reasons, made.until) == (tuple(dict.fromkeys(one.kind for one in reasons)), None)
        case Deferred(until, reason):
            assert (made.reasons, made.until) == ((reason.kind,), until)
    again = replay(made, policy)
    assert (again.agrees, again.is_same_policy, again.again) == (True, True, made)


@given(ruled(), some.facts(circumstances=some.circumstances()), PRESENT, st.data())
def test_a_record_that_says_otherwise_is_found_out(
    policy: Policy, facts: Facts, now: datetime, data: st.DataObject
) -> None:
    """Whichever way the answer on record was changed, making the decision again does not agree with it (A-10)."""
    made = record(facts.standing, policy, now, facts.circumstances)
    reasons = data.draw(st.lists(st.sampled_from(ReasonKind), max_size=3).map(tuple))
    until = data.draw(st.none() | PRESENT)
    changed = made._replace(reasons=reasons, until=until)
    assert replay(changed, policy).agrees is (changed == made)
    assert replay(made._replace(policy="".join(list(made.policy))), policy).is_same_policy  # as a store gives it back
    assert not replay(made._replace(policy="0" * 16), policy).is_same_policy
    if made.circumstances is not None:
        assert made.circumstances.only(policy.wanted.names) == made.circumstances
    assert not replay(made._replace(reasons=(*made.reasons, ReasonKind.ALREADY_SENT)), policy).agrees
    assert not replay(made, replace(policy, version=99)).is_same_policy


@given(some.facts(), some.circumstances(), PRESENT, some.policies())
def test_without_such_rules_circumstances_and_clock_change_nothing(
    facts: Facts, known: Circumstances, now: datetime, policy: Policy
) -> None:
    """A policy of the table alone decides the same at any time, whatever else is known."""
    assert decide(facts._replace(circumstances=known), policy, now) == decide(facts, policy)


@given(some.outside_rules(), some.facts(purpose=Purpose.TRANSACTIONAL), PRESENT)
def test_transactional_mail_waits_for_no_rule_of_marketing(rule: OutsideRule, facts: Facts, now: datetime) -> None:
    """A rule for marketing alone neither withholds nor defers what somebody needs, even unread (R11)."""
    assert decide(facts, MIGMA.with_rules(rule), now) == decide(facts, MIGMA)


@given(some.outside_rules(), some.outside_rules())
def test_the_fingerprint_tells_rules_apart(one: OutsideRule, other: OutsideRule) -> None:
    """Policies have one fingerprint exactly where their rules are the same, parameters included (A-10)."""
    prints = [MIGMA.with_rules(rule, name="ruled").fingerprint for rule in (one, other)]
    assert (prints[0] == prints[1]) is (one == other)
    assert MIGMA.with_rules(one, name="migma").fingerprint != MIGMA.fingerprint


PRINTS = """
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo
from migma_core import MIGMA, ConsentLapse, FrequencyCap, LocalTime, OwnRule, Purpose, QuietHours
own = OwnRule("own", 1, "us", lambda known, now: None, frozenset(Purpose), frozenset({"zone", "values", "consent"}))
rules = (QuietHours(time(21), time(8), ZoneInfo("UTC")), LocalTime(datetime(2026, 5, 1), ZoneInfo("UTC")))
print(MIGMA.with_rules(*rules, FrequencyCap(2, timedelta(3)), ConsentLapse(), own, name="x").fingerprint)
"""


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    """No seed of hashing gets into it: what one worker recorded another recognises."""
    seen = {
        subprocess.run(
            [sys.executable, "-c", PRINTS], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(seen) == 1


@given(ruled(), st.lists(some.facts(purpose=Purpose.MARKETING, address=TWINS), max_size=5), PRESENT)
def test_under_any_rules_a_plan_holds_everyone_once_and_counts_as_its_records(
    policy: Policy, audience: list[Facts], now: datetime
) -> None:
    """Mailable, withheld and deferred add up; a tally of the records of all but duplicates is the plan's partition."""
    planned = plan(audience, policy, now)
    whole = partition(planned)
    duplicates = whole.withheld.get(ReasonKind.DUPLICATE, 0)
    assert whole.total == len(audience)
    firsts = [one for one in planned if ReasonKind.DUPLICATE not in kinds(one.verdict)]
    records = (record(one.facts.standing, policy, now, one.facts.circumstances) for one in firsts)
    counted = tally(records)
    kept = {kind: people for kind, people in whole.withheld.items() if kind is not ReasonKind.DUPLICATE}
    assert (counted.mailable, counted.deferred, counted.withheld) == (whole.mailable, whole.deferred, kept)
    assert counted.total + duplicates == whole.total


@given(ruled(), st.lists(some.facts(purpose=Purpose.MARKETING, address=TWINS), max_size=5), PRESENT)
def test_a_mailbox_waits_for_the_strictest_of_its_records(policy: Policy, audience: list[Facts], now: datetime) -> None:
    """No record that shares a mailbox gets mail sooner, or at all, than each of them by itself would (A-08)."""
    for one in plan(audience, policy, now):
        same = [who for who in audience if who.address.canonical == one.facts.address.canonical]
        alone = [decide(who, policy, now) for who in same]
        if isinstance(one.verdict, Mailable):
            assert set(alone) == {Mailable()}
        elif isinstance(one.verdict, Deferred):
            assert not any(isinstance(verdict, Withheld) for verdict in alone)
            assert one.verdict.until == max(verdict.until for verdict in alone if isinstance(verdict, Deferred))
