"""
Hypothesis strategies for the core's values: each as wide as its type allows, narrowed by keyword.

A keyword takes one value or a strategy; left out, it means anything valid. To ask for ``None`` itself, pass
``hypothesis.strategies.none()``.

    contacts(status=Status.SUBSCRIBED, address=addresses(domain="example.com"))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Final, Literal, TypeAlias, TypeVar, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ..audience.address import Address, hidden_characters
from ..audience.consent import Consent, ConsentBasis, ConsentEvidence, ConsentLevel, SoftOptInTerm
from ..audience.consent_event import NOTHING_SHOWN, ConsentAct, ConsentEvent, Shown
from ..audience.contact import Contact, ContactId, ProjectId, Status, Validation
from ..audience.engagement import Engaged, Engagement, EngagementAction, EngagementMode, TimeUnit
from ..audience.fields import FieldIs, Mode
from ..audience.intake import ContactDraft
from ..audience.opt_in import OptIn, OptInId
from ..audience.segment import AllOf, AnyOf, Condition, Not, Segment, SegmentId, StatusIs, Tagged, ValidationIs
from ..audience.suppression import DENIAL_OF, Denials, Suppression, SuppressionReason
from ..audience.topic import DefaultSubscription, Topic, TopicId, Visibility
from ..audience.values import Scalar, canonical
from ..decision import rules
from ..decision.authorization import Sender
from ..decision.circumstances import READABLE, Circumstances
from ..decision.facts import Facts
from ..decision.faults import Fault
from ..decision.outside import Answer, ConsentLapse, FrequencyCap, LocalTime, OutsideRule, OwnRule, QuietHours
from ..decision.policy import ALWAYS, MIGMA, STRICT, Policy
from ..decision.purpose import Purpose
from ..decision.reasons import Excluded, Reason
from ..decision.reasons import LocalTime as LocalTimeReason
from ..decision.standing import Cell, ConsentFact, Standing, StatusFact, TopicFact, ValidationFact
from ..decision.verdict import Deferred
from ..request.content import Attachment, Content
from ..request.domain import BUILT_IN_PROVIDER, MANAGED_SUFFIX, PROVIDERS, SendingDomain
from ..request.exclusion import EarlierRecipients, ExceptSegment, Exclusion, SendId
from ..request.recipients import OneAddress, Recipients, SegmentMembers, TagHolders
from ..request.send_request import SendRequest
from ..request.sync import Sync

__all__ = [
    "EVERY_DENIAL",
    "addresses",
    "attachments",
    "cells",
    "circumstances",
    "conditions",
    "consent_events",
    "consent_evidence",
    "consents",
    "contacts",
    "contents",
    "denials",
    "domain_names",
    "drafts",
    "engaged_conditions",
    "engagements",
    "exclusions",
    "facts",
    "faults",
    "labels",
    "metadata",
    "moments",
    "names",
    "opt_ins",
    "outside_rules",
    "policies",
    "reasons",
    "recipients",
    "references",
    "scalars",
    "segments",
    "send_requests",
    "sender_names",
    "senders",
    "sending_domains",
    "shown",
    "standings",
    "suppressions",
    "syncs",
    "tags",
    "topics",
    "zones",
]

T = TypeVar("T")
Narrowed: TypeAlias = SearchStrategy[T] | T | None
"""What a keyword takes: a strategy, one value, or nothing for the widest."""

EVERY_DENIAL: Final = Denials((1 << len(Denials)) - 1)
"""All eleven bits."""

# RFC 5321 §4.5.3.1 and RFC 3696 erratum 1690
_LONGEST_LOCAL, _LONGEST_DOMAIN, _LONGEST = 64, 253, 254
_LETTERS_DIGITS_HYPHEN = "abcdefghijklmnopqrstuvwxyz0123456789-"
_ATEXT = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~"
# Case pairs that are no pairs, and marks that compose with one case only: what folding gets wrong.
_TROUBLE = ("İ", "ı", "ẞ", "ß", "Σ", "ς", "\u212a", "H\u0331", "\u1e96", "J\u030c", "é", "e\u0301", "ﬁ", "\U0001f600")
# Few names, so that contacts and conditions meet.
_TAGS = ("beta", "vip", "Beta", "news")
_CAMPAIGNS = ("c1", "c2")
_FIELDS = ("country", "language", "name", "first_name", "email", "plan", "visits", "since")
_WORDS = ("de", "DE", "Straße", "strasse", "ada", "", "10", "9.5", "2026-05-01", "2026-05-01T12:00:00+02:00")


def references() -> SearchStrategy[str]:
    """Opaque ids: 32 lower-case hex digits, never all zero."""
    return st.uuids(allow_nil=False).map(lambda one: one.hex)


def moments() -> SearchStrategy[datetime]:
    """Aware datetimes of any year, in any whole-minute offset."""
    zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    return st.datetimes(timezones=st.just(UTC) | zones)


def names(*, most: int = 40) -> SearchStrategy[str]:
    """Text of 1 to ``most`` characters that may stand in a header, and is not blank."""
    visible = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
    texts = st.text(visible, min_size=1, max_size=most)
    return texts.filter(lambda text: bool(text.strip()) and hidden_characters(text) is None)


def sender_names(*, most: int = 40) -> SearchStrategy[str]:
    """Names that a sender may show: something to read, and no address."""
    return names(most=most).filter(lambda shown: "@" not in shown and any(c.isalnum() for c in shown))


def scalars() -> SearchStrategy[Scalar]:
    """Whatever a contact's field may hold, numbers and dates written as text included."""
    numbers = st.integers() | st.floats() | st.booleans()
    texts = st.text(max_size=20) | st.sampled_from(_WORDS) | st.decimals(allow_nan=False).map(str)
    return st.none() | numbers | texts | st.datetimes() | moments()


def domain_names() -> SearchStrategy[str]:
    """Lower-case domains of A-labels, of two labels or more and up to 253 characters."""
    label = st.text(_LETTERS_DIGITS_HYPHEN, min_size=1, max_size=63).map(lambda text: text.strip("-") or "x--x")
    last = st.sampled_from(("com", "org", "xn--p1ai")) | label.filter(lambda text: not text.isdigit())
    parts = st.tuples(st.lists(label, min_size=1, max_size=3), last)
    whole = parts.map(lambda pair: ".".join((*pair[0], pair[1])))
    return st.sampled_from(("example.com", "example.org")) | whole.filter(lambda name: len(name) <= _LONGEST_DOMAIN)


def _local_parts() -> SearchStrategy[str]:
    foreign = st.characters(min_codepoint=0x80, exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"))
    pieces = st.sampled_from(_ATEXT) | foreign | st.sampled_from(_TROUBLE)
    atoms = st.text(_ATEXT, min_size=1, max_size=20) | st.lists(pieces, min_size=1, max_size=5).map("".join)
    dotted = (
        st.lists(atoms, min_size=1, max_size=3).map(".".join).filter(lambda text: len(text.encode()) <= _LONGEST_LOCAL)
    )
    known = st.sampled_from(("ada", "Ada", "ada+news", "a.da", "postmaster", "No-Reply", "x" * 64))
    return known | dotted


def addresses(*, local: Narrowed[str] = None, domain: Narrowed[str] = None) -> SearchStrategy[Address]:
    """Valid addresses: plus tags, dots, mailboxes of functions, international local parts, the longest there are."""
    parts = st.tuples(_or(local, _local_parts()), _or(domain, domain_names()))
    fitting = parts.filter(lambda pair: len(pair[0].encode()) + 1 + len(pair[1]) <= _LONGEST)
    return fitting.map(lambda pair: Address(*pair))


def consents(
    *, level: Narrowed[ConsentLevel] = None, at: Narrowed[datetime] = None, basis: Narrowed[ConsentBasis] = None
) -> SearchStrategy[Consent]:
    """Consents of any level and basis, from anywhere, at any time."""
    levels, bases = _or(level, st.sampled_from(ConsentLevel)), _or(basis, st.sampled_from(ConsentBasis))
    return st.builds(Consent, levels, names(), _or(at, moments()), bases)


def shown() -> SearchStrategy[Shown]:
    """What a person had before them: some words and their version, or nothing."""
    return st.builds(Shown, names(), names()) | st.just(NOTHING_SHOWN)


def consent_events() -> SearchStrategy[ConsentEvent]:
    """Acts on record, about all marketing or a topic, with and without what was shown."""
    topics_of = {ConsentAct.JOINED: references().map(TopicId), ConsentAct.LEFT: references().map(TopicId)}
    return st.sampled_from(ConsentAct).flatmap(
        lambda act: st.builds(
            ConsentEvent,
            act=st.just(act),
            at=moments(),
            source=names(),
            topic=topics_of.get(act, st.none()),
            shown=shown(),
            level=st.none() | st.sampled_from(ConsentLevel),
            basis=st.none() | st.sampled_from(ConsentBasis),
            confirmed_at=st.none() | moments(),
            reference=st.just("") | names(),
        )
    )


def opt_ins() -> SearchStrategy[OptIn]:
    """Wishes for marketing, for topics, or both; confirmed or waiting."""
    topics_wanted = st.lists(references().map(TopicId), max_size=3, unique=True).map(tuple)
    return st.builds(
        lambda marketing, topics, **rest: OptIn(marketing=marketing or not topics, topics=topics, **rest),
        marketing=st.booleans(),
        topics=topics_wanted,
        id=references().map(OptInId),
        contact=references().map(ContactId),
        asked_at=_recent(),
        source=names(),
        shown=shown(),
        confirmed_at=st.none() | _recent(),
    )


def consent_evidence() -> SearchStrategy[ConsentEvidence]:
    """What is on record about an act of consent, complete or not."""
    text = st.just("") | names()
    return st.builds(
        ConsentEvidence,
        how=names(),
        at=_recent(),
        wording=text,
        version=text,
        confirmed_at=st.none() | st.datetimes(_new_year(2031), _new_year(2032), timezones=st.just(UTC)),
        reference=text,
        basis=st.sampled_from(ConsentBasis),
        terms=st.frozensets(st.sampled_from(SoftOptInTerm)),
    )


def zones() -> SearchStrategy[ZoneInfo]:
    """Time zones; half of them of those that change their clocks by half an hour, by a day, or at midnight."""
    return st.sampled_from(_TROUBLED_ZONES).map(ZoneInfo) | st.timezones()


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
        zone=_or(zone, st.none() | zones()),
        consent=_or(consent, st.none() | consents()),
        received=_or(received, st.lists(_recent() | moments(), max_size=4).map(tuple)),
        values=st.dictionaries(_field_names(), scalars(), max_size=2),
        unreadable=_or(unreadable, st.frozensets(st.sampled_from(sorted(READABLE)), max_size=2)),
    )


def outside_rules() -> SearchStrategy[OutsideRule]:
    """Every built-in rule outside the table, with any parameters, and rules of one's own."""
    hours = st.tuples(st.times(), st.times()).filter(lambda pair: pair[0] != pair[1])
    quiet = st.builds(lambda pair, zone: QuietHours(pair[0], pair[1], zone), hours, zones())
    at = st.builds(LocalTime, st.datetimes(_new_year(2029), _new_year(2032)), zones())
    cap = st.builds(FrequencyCap, st.integers(1, 3), st.timedeltas(timedelta(seconds=1), timedelta(days=400)))
    return quiet | at | cap | st.just(ConsentLapse()) | st.sampled_from(_OWN_RULES)


def _recent() -> SearchStrategy[datetime]:
    return st.datetimes(_new_year(2029), _new_year(2031), timezones=st.just(UTC))


def _new_year(year: int) -> datetime:
    return datetime.fromisoformat(f"{year}-01-01")  # naive, as Hypothesis wants its bounds


def _never(_circumstances: Circumstances, _now: datetime) -> Answer:
    return Excluded()


def _at_nine(_circumstances: Circumstances, now: datetime) -> Answer:
    nine = datetime.combine(now.date(), time(9), UTC)
    return Deferred(nine, LocalTimeReason()) if now < nine else None


_TROUBLED_ZONES = (
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Chatham",
)
_OWN_RULES: tuple[OutsideRule, ...] = (
    OwnRule("never", 1, "a test", _never),
    OwnRule("at_nine", 1, "a test", _at_nine, reads=frozenset({"values", "address"})),
)


def topics(
    *,
    id: Narrowed[TopicId] = None,
    default: Narrowed[DefaultSubscription] = None,
    visibility: Narrowed[Visibility] = None,
    is_active: Narrowed[bool] = None,
) -> SearchStrategy[Topic]:
    """Topics of both defaults, public and private, active and not."""
    return st.builds(
        Topic,
        _or(id, references().map(TopicId)),
        names(),
        _or(default, st.sampled_from(DefaultSubscription)),
        _or(visibility, st.sampled_from(Visibility)),
        _or(is_active, st.booleans()),
        st.integers(),
        st.text(max_size=20),
    )


def tags() -> SearchStrategy[str]:
    """Names of tags: 1 to 100 visible characters, half of them from a few that recur."""
    visible = st.text(min_size=1, max_size=100).filter(lambda text: hidden_characters(text) is None)
    return st.sampled_from(_TAGS) | visible


def contacts(  # noqa: PLR0913 - one keyword per field that decides something
    *,
    id: Narrowed[ContactId] = None,
    project: Narrowed[ProjectId] = None,
    address: Narrowed[Address] = None,
    status: Narrowed[Status] = None,
    validation: Narrowed[Validation] = None,
    tagged: Narrowed[frozenset[str]] = None,
    fields: Narrowed[Mapping[str, Scalar]] = None,
    topics: Narrowed[Mapping[TopicId, bool]] = None,
    consent: Narrowed[Consent | None] = None,
) -> SearchStrategy[Contact]:
    """People of every status, with or without names, labels, fields, choices of topics and consent."""
    attribute = st.none() | st.sampled_from(("DE", "de", "Ada", "+49 30 1")) | names()
    return st.builds(
        Contact,
        id=_or(id, references().map(ContactId)),
        project=_or(project, references().map(ProjectId)),
        address=_or(address, addresses()),
        status=_or(status, st.sampled_from(Status)),
        validation=_or(validation, st.sampled_from(Validation)),
        first_name=attribute,
        last_name=attribute,
        phone=attribute,
        country=attribute,
        language=attribute,
        tags=_or(tagged, st.frozensets(tags(), max_size=3)),
        fields=_or(fields, st.dictionaries(_field_names(), scalars(), max_size=3)),
        topics=_or(topics, st.dictionaries(references().map(TopicId), st.booleans(), max_size=2)),
        consent=_or(consent, st.none() | consents()),
    )


def drafts(
    *,
    address: Narrowed[Address] = None,
    status: Narrowed[Status | None] = None,
    tagged: Narrowed[frozenset[str]] = None,
    fields: Narrowed[Mapping[str, Scalar]] = None,
) -> SearchStrategy[ContactDraft]:
    """People as a list describes them: what is said of them and what is not, in values that any store can keep."""
    attribute = st.none() | st.sampled_from(("DE", "de", "Ada", "+49 30 1")) | names()
    kept = scalars().filter(lambda value: "\0" not in value if isinstance(value, str) else True)
    return st.builds(
        ContactDraft,
        address=_or(address, addresses()),
        status=_or(status, st.none() | st.sampled_from(Status)),
        first_name=attribute,
        last_name=attribute,
        phone=attribute,
        country=attribute,
        language=attribute,
        tags=_or(tagged, st.frozensets(tags(), max_size=3)),
        fields=_or(fields, st.dictionaries(_field_names().filter(lambda name: "\0" not in name), kept, max_size=3)),
    )


def suppressions(
    *, reason: Narrowed[SuppressionReason] = None, provider: Narrowed[str] = None
) -> SearchStrategy[Suppression]:
    """Entries of the list, each with a provider exactly where it is a provider's."""
    at, source, whose = moments(), names(), _or(provider, st.sampled_from(PROVIDERS))
    entries = {
        why: st.builds(Suppression, st.just(why), at, source, whose if why is SuppressionReason.PROVIDER else st.none())
        for why in SuppressionReason
    }
    return _or(reason, st.sampled_from(SuppressionReason)).flatmap(entries.__getitem__)


def denials(*, among: Denials = EVERY_DENIAL) -> SearchStrategy[Denials]:
    """Any combination of denials, none included; ``among`` says which may occur."""
    return st.integers(0, int(EVERY_DENIAL)).map(lambda bits: Denials(bits) & among)


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
        _or(purpose, st.sampled_from(Purpose)),
        _or(status, st.sampled_from(StatusFact)),
        _or(validation, st.sampled_from(ValidationFact)),
        _or(is_role, st.booleans()),
        _or(consent, st.sampled_from(ConsentFact)),
        _or(topic, st.sampled_from(TopicFact)),
    )


def standings(
    *, purpose: Narrowed[Purpose] = None, cell: Narrowed[Cell] = None, against: Narrowed[Denials] = None
) -> SearchStrategy[Standing]:
    """Any standing: a cell and what stands against it."""
    packed = _or(cell, cells(purpose=purpose)).map(lambda one: one.packed)
    return st.builds(Standing, packed, _or(against, denials()).map(int))


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
        _or(standing, standings(purpose=purpose)),
        _or(address, addresses()),
        references(),
        _or(topic, references().map(TopicId)),
        {reason: suppressions(reason=reason) for reason in SuppressionReason},
        _or(circumstances, st.none()),
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


def engagements(
    *, action: Narrowed[EngagementAction] = None, at: Narrowed[datetime] = None
) -> SearchStrategy[Engagement]:
    """Events of any kind, in a campaign or not."""
    campaigns = st.none() | st.sampled_from(_CAMPAIGNS)
    return st.builds(Engagement, _or(action, st.sampled_from(EngagementAction)), _or(at, moments()), campaigns)


def engaged_conditions() -> SearchStrategy[Engaged]:
    """Questions about engagement, in every mode, about any campaign or one of a few."""
    return st.builds(
        lambda asked, campaign: replace(asked, campaign=campaign),
        _times_asked(),
        st.none() | st.sampled_from(_CAMPAIGNS),
    )


def conditions(
    *, tag: Narrowed[str] = None, key: Narrowed[str] = None, levels: int = 4, engaged: bool = False
) -> SearchStrategy[Condition]:
    """
    Conditions of up to ``levels`` levels of groups, the root's included; four are the most a segment holds.

    With ``engaged`` some ask about events, of any campaign: to match those takes events and the present.
    """
    leaf = _leaf_conditions(_or(tag, tags()), _or(key, _field_names()))
    leaf = leaf | _times_asked() if engaged else leaf
    built: SearchStrategy[Condition] = leaf | st.builds(Not, leaf)
    for width in (2, 2, 3, 4)[:levels]:  # at most 48 conditions in all; a segment takes 50
        parts = st.lists(built, max_size=width).map(tuple)
        some = st.lists(built, min_size=1, max_size=width).map(tuple)
        built = built | st.builds(AllOf, parts) | st.builds(AnyOf, some)
        built = built | st.builds(Not, built)
    return built


def segments(*, condition: Narrowed[Condition] = None) -> SearchStrategy[Segment]:
    """Named audiences within the product's limits."""
    named = st.text(min_size=1, max_size=200).filter(lambda text: bool(text.strip()))
    return st.builds(Segment, references().map(SegmentId), named, _or(condition, conditions(engaged=True)))


def attachments() -> SearchStrategy[Attachment]:
    """Files of a few types, some of them inline images."""
    named = names().map(lambda text: "".join(c for c in text if c not in '"\\/')).filter(bool)
    kinds = st.sampled_from(("application/pdf", "image/png", "application/vnd.x+json"))
    return st.builds(Attachment, named, st.binary(max_size=20), kinds, st.none() | st.just("logo.1"))


def contents(
    *, subject: Narrowed[str] = None, html: Narrowed[str] = None, text: Narrowed[str] = None
) -> SearchStrategy[Content]:
    """Subjects of up to 900 characters and bodies of any text, braces that make no placeholder included."""
    body = st.text(min_size=1, max_size=60).filter(lambda given: bool(given.strip()))
    subjects = st.sampled_from(("Hello {{first_name|you}}", "x" * 900)) | names()
    files = st.lists(attachments(), max_size=2).map(tuple)
    return st.builds(Content, _or(subject, subjects), _or(html, body), _or(text, st.none() | st.text()), files)


def exclusions() -> SearchStrategy[Exclusion]:
    """A segment or an earlier send to leave out."""
    return st.builds(ExceptSegment, references().map(SegmentId)) | st.builds(
        EarlierRecipients, references().map(SendId)
    )


def recipients() -> SearchStrategy[Recipients]:
    """One address, the holders of a tag, or the members of a segment."""
    return (
        st.builds(OneAddress, addresses())
        | st.builds(TagHolders, tags())
        | st.builds(SegmentMembers, references().map(SegmentId))
    )


def send_requests(  # noqa: PLR0913 - one keyword per field that decides something
    *,
    project: Narrowed[ProjectId] = None,
    sender: Narrowed[Address] = None,
    to: Narrowed[Recipients] = None,
    content: Narrowed[Content] = None,
    provider: Narrowed[str] = None,
    topic: Narrowed[TopicId | None] = None,
    transactional: Narrowed[bool | None] = None,
    justification: Narrowed[str | None] = None,
    variables: Narrowed[Mapping[str, Scalar]] = None,
    headers: Narrowed[Mapping[str, str]] = None,
) -> SearchStrategy[SendRequest]:
    """Requests to every kind of recipient, with the flag set, cleared and unset, through every provider."""
    ascii_locals = st.text(_ATEXT, min_size=1, max_size=64)
    return st.builds(
        SendRequest,
        project=_or(project, references().map(ProjectId)),
        sender=_or(sender, addresses(local=ascii_locals)),
        sender_name=sender_names(),
        recipients=_or(to, recipients()),
        content=_or(content, contents()),
        provider=_or(provider, st.sampled_from(PROVIDERS)),
        reply_to=st.none() | addresses(),
        topic=_or(topic, st.none() | references().map(TopicId)),
        transactional=_or(transactional, st.none() | st.booleans()),
        justification=_or(justification, st.none() | st.text(max_size=20)),
        variables=_or(variables, st.dictionaries(_field_names(), scalars(), max_size=2)),
        headers=_or(headers, custom_headers()),
        labels=labels(),
        metadata=metadata(),
        deliver_at=st.none() | moments(),
    )


def labels() -> SearchStrategy[tuple[str, ...]]:
    """What a request may be labelled with."""
    return st.lists(_marks(64), max_size=3, unique=True).map(tuple)


def metadata() -> SearchStrategy[Mapping[str, str]]:
    """What may be noted about a request."""
    return st.dictionaries(_marks(40), _marks(64), max_size=3)


def _marks(most: int) -> SearchStrategy[str]:
    words = st.text("abzAZ019_-", min_size=1, max_size=most)
    return words.filter(lambda word: not word.lower().startswith("migma"))


def custom_headers() -> SearchStrategy[Mapping[str, str]]:
    """A caller's own headers: any name that is theirs to set, any text that a line can hold."""
    named = st.from_regex(r"X-[A-Za-z0-9]{1,20}", fullmatch=True).filter(lambda name: name.lower() != "x-smtpapi")
    return st.dictionaries(named, names(most=200), max_size=3).filter(
        lambda given: len({name.lower() for name in given}) == len(given)
    )


def sending_domains(
    *,
    name: Narrowed[str] = None,
    is_verified: Narrowed[bool] = None,
    is_suspended: Narrowed[bool] = None,
    sent: Narrowed[int] = None,
    bounced: Narrowed[int] = None,
    complained: Narrowed[int] = None,
) -> SearchStrategy[SendingDomain]:
    """Managed and custom domains in every state, of every reputation; often near a threshold."""
    managed = st.from_regex(r"[a-z0-9]([a-z0-9-]{1,20}[a-z0-9])", fullmatch=True).map(lambda one: one + MANAGED_SUFFIX)
    totals = _or(sent, st.sampled_from((0, 99, 100, 1000, 10**6)))
    counts = totals.flatmap(
        lambda total: st.tuples(
            st.just(total),
            _or(bounced, _shares(total, (2, 4, 5, 10), 100)),
            _or(complained, _shares(total, (1, 5), 1000)),
        )
    )
    flags = st.tuples(_or(is_verified, st.booleans()), _or(is_suspended, st.booleans()))
    parts = st.tuples(_or(name, domain_names() | managed), flags, counts, st.tuples(st.booleans(), st.booleans()))
    return parts.map(lambda part: SendingDomain(part[0], *part[1], *part[2], *part[3]))


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
        _or(domain, st.none() | sending_domains()),
        _or(topic, st.none() | topics()),
        _or(connected, others | others.map(lambda some: some | {BUILT_IN_PROVIDER})),
        _or(postal_address, st.none() | st.sampled_from(("", " ")) | names()),
        _or(audience_exists, st.booleans()),
        overdue=_or(overdue, st.just(()) | st.lists(syncs(), max_size=2, unique=True).map(tuple)),
    )


def syncs() -> SearchStrategy[Sync]:
    """Connected syncs, some of which never had a whole pass."""
    bounds = st.timedeltas(timedelta(minutes=1), timedelta(days=10))
    return st.builds(Sync, st.sampled_from(PROVIDERS), st.none() | moments(), bounds)


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


def _or(narrowed: Narrowed[T], widest: SearchStrategy[T]) -> SearchStrategy[T]:
    if narrowed is None:
        return widest
    return narrowed if isinstance(narrowed, SearchStrategy) else st.just(narrowed)


def _field_names() -> SearchStrategy[str]:
    return st.sampled_from(_FIELDS) | st.text(min_size=1, max_size=20)


def _shares(total: int, parts: tuple[int, ...], of: int) -> SearchStrategy[int]:
    """Counts around the given shares of a total, and any other."""
    edges = [max(0, total * part // of + step) for part in parts for step in (-1, 0, 1)]
    return st.sampled_from([0, *edges]) | st.integers(0, total)


def _leaf_conditions(tags: SearchStrategy[str], keys: SearchStrategy[str]) -> SearchStrategy[Condition]:
    fields_are = {mode: st.builds(FieldIs, keys, st.just(mode), _bounds(mode)) for mode in Mode}
    return (
        st.builds(Tagged, st.lists(tags, min_size=1, max_size=3).map(tuple))
        | st.builds(StatusIs, st.sampled_from(Status))
        | st.builds(ValidationIs, st.sampled_from(Validation))
        | st.sampled_from(Mode).flatmap(fields_are.__getitem__)
    )


def _times_asked() -> SearchStrategy[Engaged]:
    actions = st.sampled_from(EngagementAction)
    looking_back = st.builds(
        Engaged,
        action=actions,
        mode=st.sampled_from((EngagementMode.WITHIN, EngagementMode.BEFORE)),
        amount=st.integers(1, 8_760),
        unit=st.sampled_from(TimeUnit),
    )
    ever = st.builds(Engaged, action=actions, mode=st.just(EngagementMode.NEVER))
    ends = st.tuples(moments(), moments()).map(sorted)
    between = st.builds(
        lambda action, ends: Engaged(action=action, mode=EngagementMode.BETWEEN, since=ends[0], until=ends[1]),
        actions,
        ends,
    )
    return looking_back | ever | between


def _bounds(mode: Mode) -> SearchStrategy[tuple[str | int | float, ...]]:
    if not mode.startswith(("number", "date")):
        words = st.sampled_from(_WORDS) | st.text(max_size=5) | st.integers(-20, 20) | _finite()
        return st.lists(words, min_size=1, max_size=3).map(tuple)
    numeric = mode.startswith("number")
    bound: SearchStrategy[str | int | float] = _numbers() if numeric else _dates()
    wanted = 2 if mode.endswith("between") else 1
    key: Callable[[str | int | float], str | int] = _as_number if numeric else _as_instant
    return st.lists(bound, min_size=wanted, max_size=wanted).map(lambda some: tuple(sorted(some, key=key)))


def _finite() -> SearchStrategy[float]:
    return st.floats(allow_nan=False, allow_infinity=False)


def _numbers() -> SearchStrategy[str | int | float]:
    written = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**6), max_value=10**6).map(str)
    return st.integers(-20, 20) | st.integers(-(10**30), 10**30) | _finite() | written


def _dates() -> SearchStrategy[str | int | float]:
    return st.dates().map(str) | st.datetimes().map(str) | moments().map(lambda moment: moment.isoformat())


def _as_number(value: Scalar) -> str:
    read = canonical(value)
    assert read is not None
    assert read.number is not None, f"_numbers drew {value!r}"
    return read.number


def _as_instant(value: Scalar) -> int:
    read = canonical(value)
    assert read is not None
    assert read.instant is not None, f"_dates drew {value!r}"
    return read.instant
