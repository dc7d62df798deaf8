"""Standing: what is known of a recipient for one request, as far as it is discrete, packed into two numbers."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from ..audience.consent import ConsentLevel
from ..audience.contact import Status, Validation
from ..audience.topic import DefaultSubscription
from .purpose import Purpose

__all__ = [
    "CELLS",
    "FIRST_TRANSACTIONAL",
    "RADIX",
    "Cell",
    "ConsentFact",
    "Standing",
    "StatusFact",
    "TopicFact",
    "ValidationFact",
    "all_cells",
    "pack",
    "topic_fact",
]


class StatusFact(IntEnum):
    """A contact's status as a digit, with the two states a record itself can be in."""

    SUBSCRIBED = 0
    UNSUBSCRIBED = 1
    NON_SUBSCRIBED = 2
    BOUNCED = 3
    NO_CONTACT = 4
    UNREADABLE = 5

    @classmethod
    def of(cls, status: str | None) -> StatusFact:
        """
        Read a stored status; whatever is not understood is ``UNREADABLE``, never a guess (compliance A-01).

        >>> StatusFact.of("subscribed"), StatusFact.of("Subscribed"), StatusFact.of(None)
        (<StatusFact.SUBSCRIBED: 0>, <StatusFact.UNREADABLE: 5>, <StatusFact.UNREADABLE: 5>)
        """
        return _STATUS.get(status, cls.UNREADABLE)


class ValidationFact(IntEnum):
    """What checking the address found, as a digit."""

    VALID = 0
    INVALID = 1
    RISKY = 2
    UNKNOWN = 3
    UNREADABLE = 4

    @classmethod
    def of(cls, validation: str | None) -> ValidationFact:
        """Read a stored state; whatever is not understood is ``UNREADABLE``."""
        return _VALIDATION.get(validation, cls.UNREADABLE)


class ConsentFact(IntEnum):
    """How well consent can be shown, as a digit."""

    PROVEN = 0
    SOFT_OPT_IN = 1
    UNPROVEN = 2
    NONE = 3
    UNREADABLE = 4

    @classmethod
    def of(cls, consent: str | None) -> ConsentFact:
        """Read a stored level; whatever is not understood is ``UNREADABLE``."""
        return _CONSENT.get(consent, cls.UNREADABLE)


class TopicFact(IntEnum):
    """The topic's default and the person's own choice, as one digit; ``NO_TOPIC`` for a send without one."""

    NO_TOPIC = 0
    SUBSCRIBED_NO_RECORD = 1
    SUBSCRIBED_JOINED = 2
    SUBSCRIBED_LEFT = 3
    SUBSCRIBED_UNREADABLE = 4
    NOT_SUBSCRIBED_NO_RECORD = 5
    NOT_SUBSCRIBED_JOINED = 6
    NOT_SUBSCRIBED_LEFT = 7
    NOT_SUBSCRIBED_UNREADABLE = 8


_STATUS: dict[str | None, StatusFact] = {
    Status.SUBSCRIBED.value: StatusFact.SUBSCRIBED,
    Status.UNSUBSCRIBED.value: StatusFact.UNSUBSCRIBED,
    Status.NON_SUBSCRIBED.value: StatusFact.NON_SUBSCRIBED,
    Status.BOUNCED.value: StatusFact.BOUNCED,
}
_VALIDATION: dict[str | None, ValidationFact] = {one.value: ValidationFact[one.name] for one in Validation}
_CONSENT: dict[str | None, ConsentFact] = {one.value: ConsentFact[one.name] for one in ConsentLevel}
_TOPIC_UNREADABLE = frozenset({TopicFact.SUBSCRIBED_UNREADABLE, TopicFact.NOT_SUBSCRIBED_UNREADABLE})


def topic_fact(default: DefaultSubscription, joined: bool | None) -> TopicFact:
    """
    Combine a topic's default with a personal record (``True`` joined, ``False`` left, ``None`` no record; R21 to R23).

    >>> topic_fact(DefaultSubscription("opt_in"), None).name
    'NOT_SUBSCRIBED_NO_RECORD'
    """
    subscribed = default is DefaultSubscription.SUBSCRIBED
    first = TopicFact.SUBSCRIBED_NO_RECORD if subscribed else TopicFact.NOT_SUBSCRIBED_NO_RECORD
    return TopicFact(first + (0 if joined is None else 1 if joined else 2))


RADIX = (len(Purpose), len(StatusFact), len(ValidationFact), 2, len(ConsentFact), len(TopicFact))
"""The base of each digit of a cell, most significant first: the one fact a store needs to pack cells itself."""

CELLS = 5_400
"""How many cells there are: the product of `RADIX`. A policy is checked in every one of them."""


def pack(purpose: int, status: int, validation: int, is_role: int, consent: int, topic: int) -> int:
    """
    The number of a cell from its digits, in mixed radix; for stores and loops that make no `Cell`.

    >>> pack(*Cell(Purpose.TRANSACTIONAL, StatusFact.SUBSCRIBED)) == Cell(Purpose.TRANSACTIONAL, StatusFact(0)).packed
    True
    """
    return ((((purpose * 6 + status) * 5 + validation) * 2 + is_role) * 5 + consent) * 9 + topic


class Cell(NamedTuple):
    """
    One combination of discrete facts; `packed` is its number, 0 to 5,399.

    >>> Cell.unpacked(Cell(Purpose.TRANSACTIONAL, StatusFact.SUBSCRIBED).packed).purpose.word
    'transactional'
    """

    purpose: Purpose
    status: StatusFact
    validation: ValidationFact = ValidationFact.UNKNOWN
    is_role: bool = False
    consent: ConsentFact = ConsentFact.NONE
    topic: TopicFact = TopicFact.NO_TOPIC

    @property
    def packed(self) -> int:
        """The cell as one number in mixed radix."""
        return pack(*self)

    @classmethod
    def unpacked(cls, packed: int) -> Cell:
        """Take a packed cell apart. Raises `ValueError` outside 0 to 5,399."""
        return _unpacked(packed)

    def is_unreadable(self, digit: str) -> bool:
        """Whether this digit (``"status"``, ``"validation"``, ``"consent"``, ``"topic"``) could not be read."""
        match digit:
            case "status":
                return self.status is StatusFact.UNREADABLE
            case "validation":
                return self.validation is ValidationFact.UNREADABLE
            case "consent":
                return self.consent is ConsentFact.UNREADABLE
            case "topic":
                return self.topic in _TOPIC_UNREADABLE
            case _:
                return False


@lru_cache(maxsize=CELLS)  # an audience stands in a few cells, and is asked about one by one
def _unpacked(packed: int) -> Cell:
    if not 0 <= packed < CELLS:
        raise ValueError(f"{packed} is no cell: cells are 0 to {CELLS - 1}")
    digits = []
    for base in reversed(RADIX):
        packed, digit = divmod(packed, base)
        digits.append(digit)
    topic, consent, role, validation, status, purpose = digits
    return Cell(
        Purpose(purpose),
        StatusFact(status),
        ValidationFact(validation),
        bool(role),
        ConsentFact(consent),
        TopicFact(topic),
    )


FIRST_TRANSACTIONAL = Cell(Purpose.TRANSACTIONAL, StatusFact(0), ValidationFact(0), False, ConsentFact(0)).packed
"""The number from which on cells are about transactional mail: the purpose is the first digit."""


class Standing(NamedTuple):
    """A packed cell and the denials (bits of `Denials`): all that a policy's table is asked."""

    cell: int
    denials: int = 0


def all_cells() -> Iterator[Cell]:
    """Every cell there is, in the order of their numbers."""
    for digits in product(Purpose, StatusFact, ValidationFact, (False, True), ConsentFact, TopicFact):
        yield Cell(*digits)
