"""How people are found by rows that hold something about them; whom it finds is the same (performance §2)."""

from __future__ import annotations

from enum import Enum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, exists

from .functions import probed
from .schema import contacts
from .shapes import AnySelect

__all__ = ["AFTER", "Search", "after", "among", "within"]

AFTER = "page_begins_after"


class Search(Enum):
    """How the holders of a tag or a value are found; what they are is the same."""

    PAGED = "asked about one by one, in the order of the page"
    PROBED = "the same where PostgreSQL would read everybody instead, see `probed`"
    WHOLE = "in whatever order the database likes, since everybody is read"
    BESIDE = "the same below an OR, where PostgreSQL makes no join of it"
    GATHERED = "all beforehand: SQLite does not do so by itself where everybody is read (performance §2)"


def within(search: Search) -> Search:
    """The search below an ``OR``, which is what ``NOT`` makes of an ``AND``."""
    return {Search.PAGED: Search.PROBED, Search.WHOLE: Search.BESIDE}.get(search, search)


def among(
    found: AnySelect, named: ColumnElement[Any], search: Search, by: ColumnElement[Any] = contacts.c.id
) -> ColumnElement[bool]:
    """Whether a contact is one of those ``found``, whom the column ``named`` names as the contact's own ``by`` does."""
    if search is Search.GATHERED:
        return by.in_(found.with_only_columns(named))
    this = found.where(named == by).correlate(contacts)
    if search is Search.PAGED and by is contacts.c.id:
        this = this.where(named > after())
    return probed(this) if search is Search.PROBED else exists(this)


def after() -> ColumnElement[int]:
    """
    After which contact a page begins: the parameter `AFTER` of its query; where unset, before everybody.

    Whatever is joined to people by their number can say so as well, since it follows from the join: PostgreSQL, which
    may walk along such rows, would else begin with the first of them on every page.
    """
    return bindparam(AFTER, 1 - 2**63, BigInteger)
