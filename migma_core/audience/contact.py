"""Contacts: a person as one project knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from .address import Address, hidden_characters
from .consent import Consent
from .topic import TopicId
from .values import Scalar

__all__ = ["Contact", "ContactId", "ProjectId", "Status", "Validation"]

ContactId = NewType("ContactId", str)
"""An opaque random reference (32 hex digits, 128 bits): it may stand in a link, an address may not (E-02)."""

ProjectId = NewType("ProjectId", str)

_ATTRIBUTES = ("first_name", "last_name", "phone", "country", "language")


class Status(StrEnum):
    """What the person said about marketing, under the product's names."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    NON_SUBSCRIBED = "non-subscribed"
    BOUNCED = "bounced"


class Validation(StrEnum):
    """What checking the address found. ``UNKNOWN`` is a known fact: nobody has looked yet."""

    VALID = "valid"
    INVALID = "invalid"
    RISKY = "risky"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """
    A person in one project: address, status, labels and what else is known.

    ``topics`` holds the person's own choices only (``True`` joined, ``False`` left); silence leaves the topic's default
    in force (R21 to R23). Raises `ValueError` where a name would break a header (compliance G-01).
    """

    id: ContactId
    project: ProjectId
    address: Address
    status: Status = Status.SUBSCRIBED
    validation: Validation = Validation.UNKNOWN
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    country: str | None = None
    language: str | None = None
    tags: frozenset[str] = frozenset()
    fields: Mapping[str, Scalar] = field(default_factory=dict)
    topics: Mapping[TopicId, bool] = field(default_factory=dict)
    consent: Consent | None = None

    def __post_init__(self) -> None:
        for name in _ATTRIBUTES:
            value = getattr(self, name)
            if value is not None and (hidden := hidden_characters(value)) is not None:
                raise ValueError(f"{name} holds the invisible character {hidden}; remove it")
        if any(not tag or len(tag) > 100 or hidden_characters(tag) for tag in self.tags):  # noqa: PLR2004 - §1.4
            raise ValueError("a tag's name has 1 to 100 visible characters")

    @property
    def values(self) -> Mapping[str, Scalar]:
        """
        What a template may say about this person, by name; the product's spelling works as well.

        >>> someone = Contact(id=ContactId("c"), project=ProjectId("p"), address=Address("ada", "example.com"),
        ...                   first_name="Ada", last_name="Lovelace", fields={"plan": "pro"})
        >>> someone.values["name"], someone.values["firstName"], someone.values["plan"]
        ('Ada Lovelace', 'Ada', 'pro')
        """
        return contact_values(
            self.address, self.first_name, self.last_name, self.phone, self.country, self.language, self.fields
        )


def contact_values(
    address: Address | str,
    first_name: str | None,
    last_name: str | None,
    phone: str | None,
    country: str | None,
    language: str | None,
    fields: Mapping[str, Scalar],
) -> dict[str, Scalar]:
    """Lay out a person's values under the names that templates use. Custom fields never hide built-in ones."""
    name = f"{first_name} {last_name}" if first_name and last_name else first_name or last_name or None
    built_in: dict[str, Scalar] = {
        "email": str(address),
        "name": name,
        "first_name": first_name,
        "firstName": first_name,
        "last_name": last_name,
        "lastName": last_name,
        "phone": phone,
        "country": country,
        "language": language,
    }
    return {**fields, **built_in}


BUILT_IN_VALUES = frozenset(contact_values(Address("a", "b.c"), None, None, None, None, None, {}))
"""Names that every contact has, known or not."""
