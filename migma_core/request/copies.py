"""Copies: who else sees a message to one person, openly or blind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..audience.address import Address
from .recipients import OneAddress, Recipients

__all__ = ["MOST_COPIES", "check_copies"]

MOST_COPIES: Final = 49
"""With the recipient that is 50, as many as the strictest provider takes for one message (esp-apis §0)."""


def check_copies(
    recipients: Recipients, cc: Sequence[Address], bcc: Sequence[Address], transactional: bool | None
) -> None:
    """
    Raise `ValueError` for copies of anything but transactional mail to one address, for too many, and for an address
    that stands twice: some providers refuse that, others send twice (design D9).

    >>> ada, bob = Address("ada", "example.org"), Address("bob", "example.org")
    >>> check_copies(OneAddress(ada), [bob], [], None)
    >>> check_copies(OneAddress(ada), [bob], [], False)
    Traceback (most recent call last):
    ValueError: marketing has no cc and no bcc: its links are one person's own; send it to each by themselves
    """
    if not cc and not bcc:
        return
    if not isinstance(recipients, OneAddress):
        raise ValueError(
            "cc and bcc go with one address: whoever is copied on a whole audience would get it many times"
        )
    if transactional is False:
        raise ValueError(
            "marketing has no cc and no bcc: its links are one person's own; send it to each by themselves"
        )
    if len(cc) + len(bcc) > MOST_COPIES:
        raise ValueError(f"a message has {MOST_COPIES} copies at most, this one has {len(cc) + len(bcc)}")
    everyone = (recipients.address, *cc, *bcc)
    if len({one.canonical for one in everyone}) < len(everyone):
        raise ValueError("an address stands once among recipient, cc and bcc; this request repeats one")
