"""Rows of your own: decisions, counts and previews over people that another table holds, without copying them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import groupby, islice
from typing import NamedTuple

from ..audience.address import Address, InvalidAddress, is_reserved_name
from ..audience.contact import ContactId, Status
from ..audience.suppression import Denials
from . import reasons as why
from .circumstances import Circumstances
from .eligibility import decide
from .facts import Facts, facts_about
from .planning import Partition, divide, plan
from .policy import MIGMA, Policy
from .purpose import Purpose
from .standing import Cell, ConsentFact, Standing, StatusFact, ValidationFact
from .verdict import Verdict, Withheld

__all__ = ["Judged", "OwnRow", "OwnRows", "is_plain"]


class OwnRow(NamedTuple):
    """
    What one of your rows says about a person. Whatever is ``None`` or not understood withholds where it matters (A-01).

    ``subscribed`` is a boolean, or one of the four words of `Status`; ``validation`` and ``consent`` are words of
    `Validation` and `ConsentLevel`. ``circumstances`` are needed only under a policy with rules outside its table.
    """

    ref: str
    address: str | None
    subscribed: bool | str | None
    denials: int = 0
    validation: str | None = "unknown"
    consent: str | None = "none"
    circumstances: Circumstances | None = None

    def facts(self, address: Address, purpose: Purpose) -> Facts:
        """The row as facts, its address read already."""
        cell = Cell(
            purpose,
            _status(self.subscribed),
            ValidationFact.of(self.validation),
            address.is_role,
            ConsentFact.of(self.consent),
        )
        is_known = 0 <= self.denials <= sum(Denials)
        denials = self.denials if is_known else int(Denials.UNREADABLE)
        if is_reserved_name(address.domain):
            denials |= Denials.RESERVED_NAME
        return Facts(
            address, Standing(cell.packed, int(denials)), ContactId(self.ref), circumstances=self.circumstances
        )


class Judged(NamedTuple):
    """A row and the verdict about it; ``address`` is as it is stored, ``facts`` are missing where it is none."""

    ref: str
    address: str | None
    verdict: Verdict
    facts: Facts | None = None


_NO_ADDRESS = Withheld((why.Unreadable(("address",)),))


class OwnRows(ABC):
    """
    Subclass it with two queries, and everyone in your table is decided about, once: rows that share an address are one
    person, of whom the strictest facts win, the others are duplicates (A-08).

    `OwnRowsLaws` of the kit holds your queries to that. A table that SQLAlchemy knows needs no subclass: see
    ``migma_sql.TableRows``.

    >>> class Few(OwnRows):
    ...     people = [OwnRow("1", "ada@migma.email", True), OwnRow("2", "ADA@migma.email", False)]
    ...     def rows(self):
    ...         return sorted(self.people, key=lambda row: (row.address or "").lower())
    ...     def rows_of(self, address):
    ...         return [row for row in self.people if (row.address or "").lower() == address.canonical]
    >>> counted = Few().count()
    >>> counted.mailable, counted.total, sorted(counted.withheld)
    (0, 2, [<ReasonKind.DUPLICATE: 'duplicate'>, <ReasonKind.UNSUBSCRIBED: 'unsubscribed'>])
    """

    read_address: Callable[[str], Address] = staticmethod(Address.parse)
    """How a stored text is read; ``migma_wire.to_address`` takes domains in any script."""

    @abstractmethod
    def rows(self) -> Iterable[OwnRow]:
        """Hook: everyone, rows whose addresses differ in the case of ASCII letters alone next to each other."""

    @abstractmethod
    def rows_of(self, address: Address) -> Iterable[OwnRow]:
        """Hook: at least all plain rows that are ``address.canonical`` in lower case; more do no harm."""

    def odd_rows(self) -> Iterable[OwnRow]:
        """
        Hook: at least all rows whose address is not plain, see `is_plain`. They are few, and are held in memory.

        Read from `rows` here; a query that finds them alone spares reading everything twice.
        """
        return (row for row in self.rows() if row.address is not None and not is_plain(row.address))

    def judge(
        self, policy: Policy = MIGMA, purpose: Purpose = Purpose.MARKETING, now: datetime | None = None
    ) -> Generator[Judged, None, None]:
        """Decide about everyone, in memory that stays flat. ``now`` as for `decide`."""
        odd: dict[str, list[OwnRow]] = defaultdict(list)
        for row in self.odd_rows():
            if row.address is not None and not is_plain(row.address):
                odd[self._key(row)].append(row)
        plain = (row for row in self.rows() if row.address is None or is_plain(row.address))
        for _, same in groupby(plain, key=lambda row: (row.address or "").lower()):
            people = list(same)
            yield from self._judged([*people, *odd.pop(self._key(people[0]), ())], policy, purpose, now)
        for rest in odd.values():
            yield from self._judged(rest, policy, purpose, now)

    def count(
        self, policy: Policy = MIGMA, purpose: Purpose = Purpose.MARKETING, now: datetime | None = None
    ) -> Partition:
        """How everyone divides: mailable, withheld by their strongest reason, deferred."""
        return divide(one.verdict for one in self.judge(policy, purpose, now))

    def preview(
        self,
        limit: int = 50,
        policy: Policy = MIGMA,
        purpose: Purpose = Purpose.MARKETING,
        now: datetime | None = None,
    ) -> Sequence[Judged]:
        """The first so many of `judge`."""
        with closing(self.judge(policy, purpose, now)) as judged:  # whatever is being read is let go of at once
            return tuple(islice(judged, limit))

    def decide(
        self,
        address: Address | str,
        policy: Policy = MIGMA,
        purpose: Purpose = Purpose.MARKETING,
        now: datetime | None = None,
    ) -> Verdict:
        """
        Decide about one address; whoever is in none of your rows is a stranger (R49). Raises `InvalidAddress`.
        """
        asked = address if isinstance(address, Address) else self.read_address(address)
        found = {row.ref: row for row in (*self.rows_of(asked), *self.odd_rows())}
        same = [row for row in found.values() if self._key(row) == asked.canonical]
        if not same:
            return decide(facts_about(asked, purpose, circumstances=Circumstances(address=asked)), policy, now)
        return next(self._judged(same, policy, purpose, now)).verdict

    def _key(self, row: OwnRow) -> str:
        """The canonical address, or a text that is none."""
        address = self._address(row)
        return address.canonical if address is not None else f"\0{row.address}"

    def _address(self, row: OwnRow) -> Address | None:
        try:
            return None if row.address is None else self.read_address(row.address)
        except InvalidAddress:
            return None

    def _judged(
        self, rows: Sequence[OwnRow], policy: Policy, purpose: Purpose, now: datetime | None
    ) -> Iterator[Judged]:
        """Rows of one address, planned together; the one that is decided about comes first."""
        facts, stored = list[Facts](), {row.ref: row.address for row in rows}
        for row in rows:
            address = self._address(row)
            if address is None:
                yield Judged(row.ref, row.address, _NO_ADDRESS)
            else:
                facts.append(row.facts(address, purpose))
        for planned in plan(facts, policy, now):
            ref = planned.facts.contact or ""
            yield Judged(ref, stored[ref], planned.verdict, planned.facts)


def is_plain(address: str) -> bool:
    """
    Whether a stored text is ASCII without blanks: such addresses are one exactly where they are alike in lower case.

    >>> is_plain("Ada@migma.email"), is_plain(" ada@migma.email"), is_plain("ada@bücher.example")
    (True, False, False)
    """
    return address.isascii() and address.isprintable() and " " not in address


def _status(subscribed: bool | str | None) -> StatusFact:
    if isinstance(subscribed, bool):
        return StatusFact.SUBSCRIBED if subscribed else StatusFact.UNSUBSCRIBED
    return StatusFact.of(subscribed) if isinstance(subscribed, Status | str) else StatusFact.UNREADABLE
