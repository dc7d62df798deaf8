"""Standings packed in SQL, digit for digit as `migma_core.decision.standing` packs them. SQL knows no policy (D4)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sqlalchemy import ColumnElement, FromClause, Integer, Text, and_, case, func, literal_column, or_, select, true

from migma_core.audience.address import RESERVED_NAMES, Address, is_reserved_name
from migma_core.audience.consent import ConsentLevel
from migma_core.audience.contact import Status, Validation
from migma_core.audience.suppression import Denials, SuppressionReason
from migma_core.audience.topic import DefaultSubscription
from migma_core.decision.purpose import Purpose
from migma_core.decision.standing import (
    RADIX,
    ConsentFact,
    Standing,
    StatusFact,
    TopicFact,
    ValidationFact,
    topic_fact,
)

from .functions import tail
from .question import Question
from .schema import addresses, contacts, suppressions, topic_choices
from .search import after
from .shapes import AnySelect

__all__ = ["cell_of", "denials_of", "in_itself", "standing_of", "with_choices", "with_facts", "with_facts_later"]

_refusals = suppressions.alias("refusals")

_STATUS = {one.value: int(StatusFact[one.name]) for one in Status}
_VALIDATION = {one.value: int(ValidationFact[one.name]) for one in Validation}
_CONSENT = {one.value: int(ConsentFact[one.name]) for one in ConsentLevel}
_ALL_DENIALS = sum(Denials)
_LOOKED_AT = 5
_TAILS = sorted({f".{name}"[-_LOOKED_AT:] for name in RESERVED_NAMES} | {name[-_LOOKED_AT:] for name in RESERVED_NAMES})


def with_facts(people: FromClause, key: ColumnElement[bytes], question: Question) -> FromClause:
    """
    Join to ``people``, who hold `contacts` (or a missing one), all that a standing is packed from.

    Joins on unique keys, not subqueries: nobody comes twice, and a page costs the same at the end as at the start
    (performance §2).
    """
    against = and_(addresses.c.account_id == question.account, addresses.c.address_key == key)
    known = people.outerjoin(addresses, against).outerjoin(_refusals, _refuses(key, question))
    return with_choices(known, question)


def with_choices(people: FromClause, question: Question) -> FromClause:
    """Join what each has chosen about the topic. Where a page begins is said of the choices too, see `after`."""
    return people.outerjoin(
        topic_choices,
        and_(
            topic_choices.c.contact_id == contacts.c.id,
            topic_choices.c.topic_id == question.topic,
            topic_choices.c.contact_id > after(),
        ),
    )


def with_facts_later(people: AnySelect, question: Question, *, are_few: bool) -> AnySelect:
    """
    Of a page of people, who come with a ``cell``, what is ``lifted`` for them and what is `in_itself` against them, the
    standings.

    To PostgreSQL alone. It looks each address up by itself; asked for an audience with a limit it makes loops within
    loops, which cost a page half as much again. Of ``are_few`` so are the provider's refusals, of which it reads all at
    once else, unless they are many.
    """
    page = people.subquery("page")
    key, a, r = page.c.address_key, addresses.c, _refusals.c
    # limits, since it would rather read all of them in the order of their keys
    stored = select(a.denials).where(a.account_id == question.account, a.address_key == key).limit(1).lateral("stored")
    known: FromClause = page.outerjoin(stored, true())
    if are_few:
        refused = select(r.id).where(_refuses(key, question)).limit(1).lateral("refused")
        known, refusal = known.outerjoin(refused, true()), refused.c.id
    else:
        known, refusal = known.outerjoin(_refusals, _refuses(key, question)), r.id
    denials = _stands(stored.c.denials, page.c.lifted).bitwise_or(_refused(refusal)).bitwise_or(page.c.in_itself)
    standings = select(page.c.contact, key, page.c.cell, denials.label("denials")).select_from(known)
    return standings.order_by(page.c.contact)


@lru_cache(maxsize=1 << 14)
def standing_of(cell: int, denials: int) -> Standing:
    """What two such columns of a row say. A large audience has few standings, and those who stand alike share one."""
    return Standing(cell, denials)


def _refuses(key: ColumnElement[bytes], question: Question) -> ColumnElement[bool]:
    return and_(
        _refusals.c.account_id == question.account,
        _refusals.c.address_key == key,
        _refusals.c.reason == SuppressionReason.PROVIDER.value,
        _refusals.c.provider == question.provider,
    )


def cell_of(question: Question, stranger: Address | None = None) -> ColumnElement[int]:
    """
    The packed cell, in mixed radix. ``stranger`` is the address of somebody without a contact, who has no such columns.

    A text that is null or not understood gives the unreadable digit, never a guess (A-01).
    """
    is_role = stranger is not None and stranger.is_role
    return _cell(question.purpose, question.topic is not None, question.topic_default, is_role)


@lru_cache  # an expression never changes, and to build it takes longer than to answer it for one person
def _cell(
    purpose: Purpose, has_topic: bool, topic_default: DefaultSubscription | None, is_role: bool
) -> ColumnElement[int]:
    digits = (
        _number(purpose),
        _known_or(StatusFact.NO_CONTACT, _digit(contacts.c.status, _STATUS, StatusFact.UNREADABLE)),
        _known_or(ValidationFact.UNKNOWN, _digit(contacts.c.validation, _VALIDATION, ValidationFact.UNREADABLE)),
        _known_or(is_role, case((contacts.c.is_role.is_(False), _number(0)), else_=_number(1))),
        _known_or(ConsentFact.NONE, _digit(contacts.c.consent, _CONSENT, ConsentFact.UNREADABLE)),
        _topic_digit(purpose, has_topic, topic_default),
    )
    packed: ColumnElement[int] = digits[0]
    for base, digit in zip(RADIX[1:], digits[1:], strict=True):
        packed = packed * _number(base) + digit
    return packed


def denials_of(stranger: Address | None = None) -> ColumnElement[int]:
    """
    What stands against the address: less what a later consent lifted for this project, this provider's refusal, and
    whether it is at a name that no mail reaches.

    Another provider's refusal stops nobody here. Numbers that no `Denials` can be are unreadable, which withholds.
    """
    return _denials(stranger is not None and is_reserved_name(stranger.domain))


def in_itself() -> ColumnElement[int]:
    """What stands against a contact whatever is on any list: an address at a name that no mail reaches."""
    return _reserved_name(strange=False)


@lru_cache
def _denials(is_reserved: bool) -> ColumnElement[int]:
    of_address = _stands(addresses.c.denials, contacts.c.lifted)
    return of_address.bitwise_or(_refused(_refusals.c.id)).bitwise_or(_reserved_name(is_reserved))


def _stands(denials: ColumnElement[int], lifted: ColumnElement[int]) -> ColumnElement[int]:
    none, most = _number(0), _number(_ALL_DENIALS)
    stored, lifted = func.coalesce(denials, none), func.coalesce(lifted, none)
    mask = case((lifted.between(none, most), lifted), else_=none).bitwise_or(_number(Denials.PROVIDER_SUPPRESSED))
    return case(
        (stored == none, none),  # nearly everybody
        (stored.between(none, most), stored.bitwise_and(mask.bitwise_not())),
        else_=_number(Denials.UNREADABLE),
    )


def _refused(refusal: ColumnElement[int]) -> ColumnElement[int]:
    return case((refusal.is_(None), _number(0)), else_=_number(Denials.PROVIDER_SUPPRESSED))


@lru_cache
def _reserved_name(strange: bool) -> ColumnElement[int]:
    domain = contacts.c.domain
    below = (domain.like(_word(f"%.{name}")) for name in RESERVED_NAMES)
    # nearly everybody is passed over by one look at the last characters, instead of one for each name
    elsewhere = tail(domain, _number(_LOOKED_AT)).not_in([_word(one) for one in _TAILS])
    itself = domain.in_([_word(name) for name in RESERVED_NAMES])
    reserved = case((elsewhere, _number(0)), (or_(itself, *below), _number(1)), else_=_number(0))
    return _known_or(strange, reserved) * _number(Denials.RESERVED_NAME)


def _digit(column: ColumnElement[str], digits: Mapping[str, int], unreadable: int) -> ColumnElement[int]:
    known = ((_word(word), _number(digit)) for word, digit in digits.items())
    return case(*known, value=column, else_=_number(unreadable))


def _known_or(absent: int, digit: ColumnElement[int]) -> ColumnElement[int]:
    """The digit of a stored contact, or the one that speaks for nobody."""
    return case((contacts.c.id.is_(None), _number(absent)), else_=digit)


def _topic_digit(purpose: Purpose, has_topic: bool, topic_default: DefaultSubscription | None) -> ColumnElement[int]:
    if purpose is Purpose.TRANSACTIONAL or not has_topic:
        return _number(TopicFact.NO_TOPIC)  # R19: transactional mail has no topic to respect
    if topic_default is None:
        return _number(TopicFact.NOT_SUBSCRIBED_UNREADABLE)
    subscribed = topic_default is DefaultSubscription.SUBSCRIBED
    unreadable = TopicFact.SUBSCRIBED_UNREADABLE if subscribed else TopicFact.NOT_SUBSCRIBED_UNREADABLE
    return case(
        (topic_choices.c.contact_id.is_(None), _number(topic_fact(topic_default, None))),
        (topic_choices.c.joined.is_(True), _number(topic_fact(topic_default, True))),
        (topic_choices.c.joined.is_(False), _number(topic_fact(topic_default, False))),
        else_=_number(unreadable),
    )


def _number(value: int) -> ColumnElement[int]:
    """
    One of our own constants, spelt into the query. As parameters all eighty would be bound, sent and read for every
    page, which takes longer than to find fifty people.
    """
    return literal_column(str(int(value)), Integer)


def _word(text: str) -> ColumnElement[str]:
    return literal_column(f"'{text}'", Text)
