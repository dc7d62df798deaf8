"""Circumstances: what rules outside the table read of a recipient: clock, consent, the mail they have had."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..audience.address import Address
from ..audience.consent import Consent
from ..audience.contact import Contact
from ..audience.values import Scalar

__all__ = ["Circumstances", "Wanted", "circumstances_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """
    What is not discrete about a recipient, or changes with the clock. Each fact is known, or known to be missing
    (``None`` or empty); what a record holds but nobody could read is named in ``unreadable``, and withholds.

    ``zone`` is the recipient's own, ``received`` the aware moments of earlier marketing mail to the address,
    ``values`` are the contact's. Loading a zone reads files, so the core takes a `ZoneInfo` and makes none.
    """

    address: Address | None = None
    zone: ZoneInfo | None = None
    consent: Consent | None = None
    received: tuple[datetime, ...] = ()
    values: Mapping[str, Scalar] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if any(moment.tzinfo is None for moment in self.received):
            raise ValueError("the times of mail received need zones: pass aware datetimes")
        if unknown := self.unreadable - READABLE:
            raise ValueError(f"{', '.join(sorted(unknown))} is no circumstance; use {', '.join(sorted(READABLE))}")

    def only(self, names: Collection[str]) -> Circumstances:
        """These circumstances less what nobody reads: what is kept on record with a decision."""
        kept = {name: getattr(self, name) for name in READABLE if name in names}
        return Circumstances(**kept, unreadable=self.unreadable & frozenset(names))


READABLE = frozenset(one.name for one in fields(Circumstances)) - {"unreadable"}
"""The names a rule may say it reads."""


class Wanted(NamedTuple):
    """
    Which circumstances a policy needs, so that a store gathers no others, and how far back the mail received matters.
    """

    names: frozenset[str] = frozenset()
    looks_back: timedelta = timedelta()


def circumstances_of(
    who: Contact | Address, *, zone: ZoneInfo | None = None, received: Iterable[datetime] = ()
) -> Circumstances:
    """
    Gather the circumstances of a contact, or of an address nobody has stored.

    >>> circumstances_of(Address("ada", "example.com")).values
    {}
    """
    known = Circumstances(zone=zone, received=tuple(received))
    if isinstance(who, Address):
        return replace(known, address=who)
    return replace(known, address=who.address, consent=who.consent, values=who.values)
