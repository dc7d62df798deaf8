"""
Two stores agree: given the same people they have the same members, the same standings and hence the same verdicts, and
those are Python's (design §2.5).

`AgreementLaws` takes any two stores. `disagreements` and `disagreements_with_python` say the same of rows that exist:
run them over your own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import NamedTuple

from hypothesis import strategies as st

from ..audience.address import Address
from ..audience.consent import Consent, ConsentLevel
from ..audience.contact import Contact
from ..audience.fields import FieldIs, Mode
from ..audience.intake import ContactDraft
from ..audience.segment import AllOf, AnyOf, Condition, Not, SegmentId, Tagged, matches
from ..audience.suppression import Denials, Suppression, SuppressionReason
from ..audience.topic import DefaultSubscription, Topic
from ..decision.circumstances import Wanted
from ..decision.eligibility import decide
from ..decision.facts import Facts, facts_about
from ..decision.planning import count, partition, plan
from ..decision.policy import MIGMA
from ..decision.purpose import Purpose
from ..decision.standing import Standing
from ..ports import AudienceRow, Store
from ..request.project import Project
from ..request.recipients import OneAddress, Recipients, SegmentMembers, TagHolders
from ..request.send_request import SendRequest
from . import strategies as some
from .law import law
from .storage import StorageLaws, everybody, put, request_to, some_project

__all__ = ["AgreementLaws", "Disagreement", "disagreements", "disagreements_with_python"]

_PAGE = 1_000
_NOTHING = Wanted()
_PROVIDER = "ses"
# names that fold to one key, that do not, and marks that compose: é is one letter or two
_LOCALS = ("ada", "ADA", "a.da", "jos\u00e9", "jose\u0301", "JOS\u00c9", "ß", "ẞ", "\u0130", "postmaster", "o'neil")
_DOMAINS = ("customers.migma.email", "mail.example.com", "xn--strae-oqa.de", "nearly-example.net")
_TEXTS = (
    *(
        "",
        " ",
        "null",
        "None",
        "{}",
        "[]",
        '{"a": [1, {"b": null}]}',
        "100%",
        "a_b",
        "\\",
        "'",
        '"',
        "Straße",
        "STRASSE",
    ),
    *("e\u0301", "\u00e9", "\u0130", "i\u0307", "\ufb01", "fi", "\U0001f600", " de", "DE"),
)
_NUMBERS = (
    "10",
    "10.0",
    "1e1",
    "1e-3",
    "-0",
    "0",
    "+5",
    "９",
    "1_000",
    "nan",
    "0x1f",
    "9007199254740993",
    "12.50",
    ".5",
)
_MOMENTS = (
    # both sides of the hour that a clock change repeats, and of the one it leaves out
    *(
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T02:30:00+01:00",
        "2026-03-29T01:59:59+01:00",
        "2026-03-29T03:00:00+02:00",
    ),
    *("2026-03-29", "2026-03-29T02:30", "0001-01-01", "9999-12-31T23:59:59.999999-12:00", "2026-02-30", "20260329"),
)
_VALUES = (
    st.none()
    | st.sampled_from((*_TEXTS, *_NUMBERS, *_MOMENTS))
    | some.scalars().filter(lambda value: not (isinstance(value, str) and "\0" in value))
)
_KEYS = st.sampled_from(("plan", "Plan", "visits", "since", "country", "email", "name", "\u00e9", "e\u0301"))
_TAGGED = st.sampled_from(("beta", "Beta", "\u00e9", "e\u0301", "a_b", "100%"))
_ADDRESSES = some.addresses(local=st.sampled_from(_LOCALS), domain=st.sampled_from(_DOMAINS)) | some.addresses()


def _leaves() -> st.SearchStrategy[Condition]:
    texts = [mode for mode in Mode if not mode.startswith(("number", "date"))]
    asked = st.builds(
        FieldIs, _KEYS, st.sampled_from(texts), st.tuples(st.sampled_from((*_TEXTS, *_NUMBERS, *_MOMENTS)))
    )
    return asked | st.builds(Tagged, st.tuples(_TAGGED)) | some.conditions(tag=_TAGGED, key=_KEYS, levels=2)


def _conditions() -> st.SearchStrategy[Condition]:
    pair = st.tuples(_leaves(), _leaves())
    return _leaves() | st.builds(Not, _leaves()) | st.builds(AnyOf, pair) | st.builds(Not, st.builds(AllOf, pair))


class Life(NamedTuple):
    """One person, and what happens to them."""

    draft: ContactDraft
    entries: list[Suppression]
    choice: bool | None
    returns: bool


_MOST = 5
_LIVES = st.lists(
    st.builds(
        Life,
        some.drafts(
            address=_ADDRESSES,
            tagged=st.frozensets(_TAGGED, max_size=3),
            fields=st.dictionaries(_KEYS, _VALUES, max_size=4),
        ),
        st.lists(some.suppressions(provider=st.sampled_from((_PROVIDER, "resend"))), max_size=2),
        st.none() | st.booleans(),
        st.booleans(),
    ),
    max_size=_MOST,
)


class AgreementLaws(StorageLaws):
    """Subclass with `open` and `other`, two empty stores under one key of addresses (the pepper)."""

    def other(self) -> Store:
        """Hook: the second store, empty as well."""
        raise NotImplementedError("say how the other empty store is opened: def other(self) -> Store")

    @law(
        "design §2.5, §2.2",
        "5,040 shown by one database, 5 by the other",
        lives=_LIVES,
        condition=_conditions(),
        tag=_TAGGED,
        purpose=st.sampled_from(Purpose),
        default=st.none() | st.sampled_from(DefaultSubscription),
        other=st.integers(0, _MOST),
    )
    def test_both_stores_and_python_say_the_same_of_everybody(
        self,
        lives: list[Life],
        condition: Condition,
        tag: str,
        purpose: Purpose,
        default: DefaultSubscription | None,
        other: int,
    ) -> None:
        """Members, cells and denials, and so verdicts and counts, of a segment, and of a tag or an address alone."""
        stores = (self.open(), self.other())
        asked = [_lived(store, lives, condition, default) for store in stores]
        for at in (0, 1 + other % (1 + len(lives))):
            left, right = (_request(one, (condition, tag), lives, at) for one in asked)
            assert list(disagreements(stores[0], stores[1], left, purpose, self.now, other_request=right)) == []
            assert list(disagreements_with_python(stores[0], left, purpose, self.now)) == []
            counted = [
                store.sends.count_standings(one, purpose) for store, one in zip(stores, (left, right), strict=True)
            ]
            assert counted[0] == counted[1]

    @law(
        "design §2.2",
        "a preview that promised what was not sent",
        lives=_LIVES,
        condition=_conditions(),
        default=st.none() | st.sampled_from(DefaultSubscription),
    )
    def test_the_databases_count_is_pythons_partition(
        self, lives: list[Life], condition: Condition, default: DefaultSubscription | None
    ) -> None:
        """Mailable and withheld by reason, counted in either database, are what Python's planning makes of them."""
        for store in (self.open(), self.other()):
            # nobody comes back: whom a consent has brought back, only the store can say
            one = _lived(store, [life._replace(returns=False) for life in lives], condition, default)
            request = _request(one, (condition, "beta"), lives, 0)
            people = [
                facts for _, facts in _described(store, request, Purpose.MARKETING, self.now) if facts is not None
            ]
            counted = count(MIGMA, store.sends.count_standings(request, Purpose.MARKETING), 0)
            assert counted == partition(plan(people, MIGMA, self.now))
            assert counted.mailable == sum(decide(one).kind == "mailable" for one in people)


class Disagreement(NamedTuple):
    """What is said of one address: by one side and by the other, ``None`` where it is no member."""

    key: bytes
    one: Standing | None
    other: Standing | None


def disagreements(
    one: Store,
    other: Store,
    request: SendRequest,
    purpose: Purpose,
    now: datetime,
    *,
    other_request: SendRequest | None = None,
) -> Iterator[Disagreement]:
    """
    Where two stores differ about a request's audience, page by page, however many people there are.

    Both hold the same people, added in the same order, under one key of addresses. ``other_request`` is the same
    request in the other's own ids.
    """
    pairs = zip_longest(_members(one, request, purpose, now), _members(other, other_request or request, purpose, now))
    for left, right in pairs:
        if left is None or right is None or left.address_key != right.address_key or left.standing != right.standing:
            key = left.address_key if left is not None else right.address_key if right is not None else b""
            yield Disagreement(key, left and left.standing, right and right.standing)


def disagreements_with_python(
    store: Store, request: SendRequest, purpose: Purpose, now: datetime
) -> Iterator[Disagreement]:
    """
    Where the store differs from `matches` and `facts_about`, person by person, over everybody in the project.

    Whether a later consent has ended an opt-out is the store's alone to know: such bits are left out on both sides.
    """
    for contact, facts in _described(store, request, purpose, now):
        row = store.sends.member(request, contact.address, purpose, _NOTHING, now)
        said, expected = row and row.standing, facts and facts.standing
        ended = 0 if facts is None else int(_perhaps_ended(contact, facts.evidence))
        if _without(said, ended) != _without(expected, ended):
            yield Disagreement(str(contact.id).encode(), said, expected)


def _perhaps_ended(contact: Contact, entries: Iterable[Suppression]) -> Denials:
    """The denials that a consent on record may have ended (D13)."""
    given = contact.consent
    ended = Denials(0)
    for one in entries:
        if given is not None and given.at > one.at and one.reason in _ENDED_BY_CONSENT:
            ended |= one.denial
    return ended


_ENDED_BY_CONSENT = frozenset(
    {SuppressionReason.UNSUBSCRIBE, SuppressionReason.COMPLAINT, SuppressionReason.OBJECTION, SuppressionReason.ERASED}
)


def _without(standing: Standing | None, denials: int) -> Standing | None:
    return None if standing is None else Standing(standing.cell, standing.denials & ~denials)


def _members(store: Store, request: SendRequest, purpose: Purpose, now: datetime) -> Iterator[AudienceRow]:
    after: int | None = 0
    while after is not None:
        page = store.sends.audience_page(request, purpose, after, _PAGE, _NOTHING, now)
        yield from page.rows
        after = page.after


def _described(
    store: Store, request: SendRequest, purpose: Purpose, now: datetime
) -> Iterator[tuple[Contact, Facts | None]]:
    """Everybody in the project, with the facts that Python gathers of them where they are addressed."""
    topic = next((one for one in store.topics.list(request.project) if one.id == request.topic), None)
    segments = {one.id: one.condition for one in store.segments.list(request.project)}
    for contact in everybody(store, request.project, _PAGE):
        if _is_addressed(request.recipients, contact, segments):
            listed = _listed(store, request, contact, now)
            yield contact, facts_about(contact, purpose, topic=topic, suppressions=listed, provider=request.provider)
        else:
            yield contact, None


def _is_addressed(recipients: Recipients, contact: Contact, segments: dict[SegmentId, Condition]) -> bool:
    match recipients:
        case OneAddress(address):
            return address.canonical == contact.address.canonical
        case TagHolders(tag):
            return tag in contact.tags
        case SegmentMembers(segment):
            return segment in segments and matches(segments[segment], contact)


def _listed(store: Store, request: SendRequest, contact: Contact, now: datetime) -> tuple[Suppression, ...]:
    """The entries against a contact's address."""
    alone = request_to(request.project, OneAddress(contact.address))
    row = store.sends.member(alone, contact.address, Purpose.TRANSACTIONAL, _NOTHING, now)
    assert row is not None, "every address is a member of itself"
    return tuple(store.suppressions.of(request.project, row.address_key))


class _Asked(NamedTuple):
    project: Project
    segment: SegmentId
    topic: Topic | None


def _lived(store: Store, lives: list[Life], condition: Condition, default: DefaultSubscription | None) -> _Asked:
    """The same lives in any store: everybody arrives, and then things happen to them, in the same order."""
    project = some_project(store)
    topic = None if default is None else store.topics.create(project.id, "News", StorageLaws.now, default=default)
    segment = store.segments.create(project.id, "Some", condition, StorageLaws.now)
    for one in lives:
        put(store, project.id, one.draft)
        for entry in one.entries:
            store.suppressions.add(project.account, one.draft.address, entry)
        contact = store.contacts.get(project.id, one.draft.address)
        if contact is None:
            continue  # erased before they came: an import stores nobody who asked to be forgotten
        if topic is not None and one.choice is not None:
            store.topics.choose(contact.id, topic.id, one.choice, StorageLaws.now, "page")
        if one.returns:
            _return(store, project, one.draft.address)
    return _Asked(project, segment.id, topic)


def _return(store: Store, project: Project, who: Address) -> None:
    """A consent later than all that was said, wherever it is lawful."""
    try:
        store.contacts.subscribe(project.id, who, Consent(ConsentLevel.PROVEN, "form", _LATE))
    except ValueError:
        return  # something stands that no consent ends


_LATE = datetime.max.replace(tzinfo=StorageLaws.now.tzinfo) - timedelta(days=2)


def _request(asked: _Asked, wanted: tuple[Condition, str], lives: list[Life], at: int) -> SendRequest:
    """The segment, the tag, or one of the people."""
    to: Recipients
    match at:
        case 0:
            to = SegmentMembers(asked.segment)
        case 1:
            to = TagHolders(wanted[1])
        case _:
            to = OneAddress(lives[at - 2].draft.address)
    topic = None if asked.topic is None else asked.topic.id
    return request_to(asked.project.id, to, topic=topic, provider=_PROVIDER)
