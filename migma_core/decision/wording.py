"""
Wording: whether mail sent as transactional reads like promotion. It warns, and never decides (B-04).

Law goes by purpose, not by flag: a mixed message counts as commercial where its subject would make a reasonable reader
expect an advertisement, or where the transactional part does not come first (16 CFR 316.3(a)(2)).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ..request.send_request import SendRequest
from .purpose import Purpose, classify

__all__ = ["Marker", "PromotionalWording", "lint"]

_FIRST_BLOCK = 400
_TAGS = re.compile(r"<(?:style|script|head)\b.*?</(?:style|script|head)\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_BLANKS = re.compile(r"\s+")


class Marker(StrEnum):
    """What makes a message read like an advertisement."""

    DISCOUNT = "discount"
    OFFER = "offer"
    CAMPAIGN_LINK = "campaign_link"
    OPT_OUT_LINK = "opt_out_link"


_PERCENT = r"\d+\s?(?:%|percent|prozent)"
_WORDS = {
    Marker.DISCOUNT: re.compile(
        rf"{_PERCENT}\s+(?:off|discount|rabatt|günstiger|reduziert)"
        rf"|(?:save|spare|sparen sie)\s+(?:up to |bis zu )?{_PERCENT}"
        r"|\b(?:coupon|promo(?:tion)? code|voucher code|gutschein(?:code)?|rabatt(?:code|aktion)?)\b",
        re.IGNORECASE,
    ),
    Marker.OFFER: re.compile(
        r"\b(?:special offer|limited[- ]time offer|exclusive deal|black friday|cyber monday|flash sale|buy now|shop now"
        r"|sonderangebot|nur für kurze zeit|jetzt (?:kaufen|bestellen|zuschlagen)|schlussverkauf)\b",
        re.IGNORECASE,
    ),
}
_LINKS = {
    Marker.CAMPAIGN_LINK: re.compile(r"[?&;]utm_campaign=", re.IGNORECASE),
    Marker.OPT_OUT_LINK: re.compile(r"\{\{\s*unsubscribe_url\b"),
}


@dataclass(frozen=True, slots=True)
class PromotionalWording:
    """One sign of promotion: what was found, and in which part (``subject``, ``html`` or ``text``)."""

    marker: Marker
    found: str
    part: str

    def __str__(self) -> str:
        return f"the {self.part} of this transactional mail reads like promotion ({self.marker}): {self.found!r}"


def lint(request: SendRequest) -> tuple[PromotionalWording, ...]:
    """
    Find promotional wording in the subject and the first block of a request that goes out as transactional.

    Marketing may promote: nothing is found there. Links are looked for in the whole body. Words are English and German.

    >>> from migma_core import Address, Content, OneAddress, ProjectId
    >>> request = SendRequest(project=ProjectId("p"), sender=Address("hi", "example.com"), sender_name="Us",
    ...     recipients=OneAddress(Address("ada", "example.org")), content=Content("20 % off today!", "<p>Hello</p>"))
    >>> print(*lint(request))
    the subject of this transactional mail reads like promotion (discount): '20 % off'
    """
    if classify(request).purpose is not Purpose.TRANSACTIONAL:
        return ()
    content = request.content
    bodies = {"html": content.html, "text": content.text or ""}
    shown = {"subject": content.subject, **{part: _first_block(body) for part, body in bodies.items()}}
    found = [_finding(marker, words, part, text) for part, text in shown.items() for marker, words in _WORDS.items()]
    found += [_finding(marker, link, part, body) for part, body in bodies.items() for marker, link in _LINKS.items()]
    return tuple(one for one in found if one is not None)


def _first_block(body: str) -> str:
    """What a reader sees first."""
    return _BLANKS.sub(" ", _TAGS.sub(" ", body)).strip()[:_FIRST_BLOCK]


def _finding(marker: Marker, pattern: re.Pattern[str], part: str, text: str) -> PromotionalWording | None:
    match = pattern.search(text)
    return None if match is None else PromotionalWording(marker, match.group(0), part)
