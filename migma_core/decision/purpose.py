"""Purpose: is this mail the recipient needs, or mail they may opt out of? (R1 to R8)"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from ..request.recipients import OneAddress
from ..request.send_request import SendRequest

__all__ = ["Classified", "Purpose", "classify"]


class Purpose(IntEnum):
    """What a message is for. The number is its digit in a standing's cell."""

    MARKETING = 0
    TRANSACTIONAL = 1

    @property
    def word(self) -> str:
        """``marketing`` or ``transactional``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Classified:
    """A purpose, the rule that gave it, and a warning where the caller overrode the usual one."""

    purpose: Purpose
    rule: str
    warning: str | None = None


def classify(request: SendRequest) -> Classified:
    """
    Find the purpose of a request. An explicit flag wins (R4, R5); else one address means transactional (R1), and a
    tag or a segment marketing, even if it holds one contact (R2, R3, B-02).
    """
    single = isinstance(request.recipients, OneAddress)
    usual = Purpose.TRANSACTIONAL if single else Purpose.MARKETING
    # Anything but True itself is no permission to pass over an opt-out: callers without a type checker say 0 and "no".
    asked = Purpose.TRANSACTIONAL if request.transactional is True else Purpose.MARKETING
    if request.transactional is None or asked is usual:
        return _ONE if single else _MANY  # R6: saying the usual changes nothing
    return _ONE_ASKED if single else _MANY_ASKED


# R7, compliance B-03: the engine cannot read intentions, so it never blocks, but it is never silent either.
_OVERRIDE_WARNING = (
    "a whole audience is mailed as transactional: people who opted out will receive it. That is lawful only for mail "
    "they expect regardless of subscription; promotion sent this way breaks CAN-SPAM and the GDPR"
)

_ONE = Classified(Purpose.TRANSACTIONAL, "R1")
_MANY = Classified(Purpose.MARKETING, "R2")
_ONE_ASKED = Classified(Purpose.MARKETING, "R5")
_MANY_ASKED = Classified(Purpose.TRANSACTIONAL, "R4", _OVERRIDE_WARNING)
