"""The return path: an envelope sender that says which delivery a bounce is about (VERP)."""

from __future__ import annotations

import re
from typing import Final

from migma_core.audience import Address
from migma_core.message import DeliveryId

__all__ = ["ReturnPath"]

SEPARATORS: Final = ("+", "-", "=")
_DELIVERY = re.compile(r"[0-9a-f]{32}")
_ROOM = 64 - 32 - 1  # octets of a local part, less the delivery's id and the separator (RFC 5321 §4.5.3.1.1)


class ReturnPath:
    """
    Puts a delivery's id behind a mailbox: ``bounces@example.com`` becomes ``bounces+<id>@example.com``.

    The id is opaque and says nothing of the recipient. Raises `ValueError` for a mailbox that leaves no room, and for a
    separator other than ``+``, ``-`` and ``=``.

    >>> path = ReturnPath(Address.parse("bounces@example.com"))
    >>> path.of(DeliveryId("0" * 31 + "7"))
    'bounces+00000000000000000000000000000007@example.com'
    >>> path.delivery_of("Bounces+00000000000000000000000000000007@example.COM")
    '00000000000000000000000000000007'
    """

    __slots__ = ("_mailbox", "_separator")

    def __init__(self, mailbox: Address, separator: str = "+") -> None:
        if separator not in SEPARATORS:
            raise ValueError(f"a return path's separator is one of {' '.join(SEPARATORS)}, and not {separator[:9]!a}")
        if mailbox.is_international or len(mailbox.local) > _ROOM:
            raise ValueError(f"the return path's mailbox has at most {_ROOM} ASCII characters before the @")
        self._mailbox, self._separator = mailbox, separator

    def of(self, delivery: DeliveryId) -> str:
        """The envelope sender of a delivery. Raises `ValueError` for an id that is not 32 lower-case hex digits."""
        if not _DELIVERY.fullmatch(delivery):
            raise ValueError("a delivery's id has 32 lower-case hex digits")
        return f"{self._mailbox.local}{self._separator}{delivery}@{self._mailbox.domain}"

    def delivery_of(self, address: str) -> DeliveryId | None:
        """
        Which delivery a bounce to this address is about, or ``None`` for an address that is not ours.

        In any case, since relays change it; with angle brackets or without.
        """
        local, _, domain = address.strip().removeprefix("<").removesuffix(">").lower().rpartition("@")
        mailbox, _, delivery = local.rpartition(self._separator)
        ours = (mailbox, domain) == (self._mailbox.local.lower(), self._mailbox.domain)
        return DeliveryId(delivery) if ours and _DELIVERY.fullmatch(delivery) else None

    def __repr__(self) -> str:
        return f"ReturnPath({self._mailbox.local}{self._separator}…@{self._mailbox.domain})"
