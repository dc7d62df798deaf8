"""The audience of a request, as a store gives it out: a page of members at a time."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ..audience.address import AddressKey
from ..decision.circumstances import Circumstances
from ..decision.standing import Standing

__all__ = ["AudiencePage", "AudienceRow"]


class AudienceRow(NamedTuple):
    """
    One member of the audience as the store packs it. ``contact`` is the store's own number, or ``None``;
    ``circumstances`` are there where some were wanted.
    """

    contact: int | None
    address_key: AddressKey
    standing: Standing
    circumstances: Circumstances | None = None


class AudiencePage(NamedTuple):
    """
    The next members in a fixed order, as they were ``at`` this moment of the clock; ``after`` is where the next page
    begins, ``None`` at the end.
    """

    at: datetime
    rows: tuple[AudienceRow, ...]
    after: int | None
