"""Recipients: one address, everyone with a tag, or everyone in a segment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..audience.address import Address
from ..audience.segment import SegmentId

__all__ = ["OneAddress", "Recipients", "SegmentMembers", "TagHolders", "read_recipients"]

_TYPES = ("email", "audience", "segment", "tag")


@dataclass(frozen=True, slots=True)
class OneAddress:
    """A single send; it works for an address nobody has stored (R49)."""

    address: Address
    kind: Literal["email"] = field(default="email", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class TagHolders:
    """Everyone who holds the tag when sending starts (R54); the name is compared exactly."""

    tag: str
    kind: Literal["tag"] = field(default="tag", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class SegmentMembers:
    """Everyone who belongs to the segment when sending starts (R54)."""

    segment: SegmentId
    kind: Literal["audience"] = field(default="audience", kw_only=True, repr=False)


Recipients: TypeAlias = OneAddress | TagHolders | SegmentMembers


def read_recipients(recipient_type: str, recipient_email: Address | None, recipient_id: str | None) -> Recipients:
    """
    Read the guide's three fields. Exactly one of address and id goes with each type (R37); raises `ValueError`.

    >>> read_recipients("segment", None, "seg_42") == read_recipients("audience", None, "seg_42")  # R3
    True
    >>> read_recipients("email", None, None)
    Traceback (most recent call last):
    ValueError: recipient_type 'email' takes recipient_email and no recipient_id; given: neither
    """
    if recipient_type not in _TYPES:
        raise ValueError(f"recipient_type {recipient_type!a} is unknown; use one of: {', '.join(_TYPES)}")
    single = recipient_type == "email"
    if single is not (recipient_email is not None) or single is (recipient_id is not None) or recipient_id == "":
        wanted, other = ("recipient_email", "recipient_id") if single else ("recipient_id", "recipient_email")
        given = _given(recipient_email is not None, recipient_id, single)
        raise ValueError(f"recipient_type {recipient_type!r} takes {wanted} and no {other}; given: {given}")
    if recipient_email is not None:
        return OneAddress(recipient_email)
    assert recipient_id is not None  # noqa: S101 - follows from the check above; narrows the type
    return TagHolders(recipient_id) if recipient_type == "tag" else SegmentMembers(SegmentId(recipient_id))


def _given(an_address: bool, recipient_id: str | None, single: bool) -> str:
    if an_address and recipient_id is not None:
        return "both"
    if recipient_id == "" and not single:
        return "an empty one"
    return "only the other" if an_address or recipient_id is not None else "neither"
