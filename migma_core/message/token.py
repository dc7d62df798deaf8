"""Tokens: what an opt-out link carries instead of an address (design D12; compliance E)."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import NewType

from ..audience.contact import ContactId, ProjectId
from ..audience.topic import TopicId

__all__ = ["DeliveryId", "Token", "TokenKeys", "TokenPurpose", "mint_token", "minter", "verify_token"]

DeliveryId = NewType("DeliveryId", str)
"""One message to one person, as 32 hex digits that name neither."""

_VERSION = 1
_DOMAIN = b"migma-core/token/1"
_MAC = 16
_REFERENCE = 16
_BODY = 3 + 4 * _REFERENCE
_EXPIRY = 8
_LONGEST = 512
_NOBODY = bytes(_REFERENCE)
_REFERENCES = ("project", "contact", "delivery", "topic")
# What mail software appends to links (E-06); nothing else is ever stripped.
_TRAILING = "=>.)\r\n"


class TokenPurpose(IntEnum):
    """What the holder may do; a token never verifies for another purpose (E-01, E-07)."""

    UNSUBSCRIBE = 1
    PREFERENCES = 2
    CONFIRM = 3
    """The only one that expires (E-04): it lets the holder opt in."""


@dataclass(frozen=True, slots=True)
class Token:
    """
    What a verified token says. Ids are 32 hex digits; ``topic`` is ``None`` for all marketing. ``delivery`` is the
    message that carried it; of a confirmation, what is confirmed. ``expires`` is a whole second; only confirmations do.

    Raises `ValueError` for ids of another form, since they would not be opaque (E-02), for a confirmation that never
    expires, and for any other token that does (E-04).
    """

    purpose: TokenPurpose
    project: ProjectId
    contact: ContactId
    delivery: DeliveryId
    topic: TopicId | None = None
    expires: datetime | None = None

    def __post_init__(self) -> None:
        _check_opaque(self.project, self.contact, self.delivery, self.topic)
        if (self.expires is not None) is not (self.purpose is TokenPurpose.CONFIRM):
            raise ValueError("confirmations expire, and no other token does (E-04)")
        if self.expires is not None and (self.expires.tzinfo is None or self.expires.microsecond):
            raise ValueError("a token expires at a whole second of an aware datetime")


class TokenKeys:
    """
    The keys that sign links: the newest signs, all of them verify (E-03, E-05).

    ``keys`` maps a key id (0 to 255) to at least 32 octets from a random source; the highest id is the newest.
    Neither ``repr`` nor an error ever shows a key.
    """

    __slots__ = ("_begun", "_keys", "newest")

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        if not keys:
            raise ValueError("no token key is configured; make one with secrets.token_bytes(32)")
        for number, key in keys.items():
            if not 0 <= number <= 255:  # noqa: PLR2004 - one octet in the token
                raise ValueError(f"token key id {number} is not within 0 to 255")
            if len(key) < 32 or len(set(key)) < 8:  # noqa: PLR2004 - E-03: 256 bits, and no made-up pattern
                raise ValueError(f"token key {number} is too short or too plain; make one with secrets.token_bytes(32)")
        self._keys = dict(keys)
        # a key is taken in once, and every MAC goes on from there
        self._begun = {number: hmac.new(key, _DOMAIN, "sha256") for number, key in keys.items()}
        self.newest = max(keys)

    def mac(self, number: int, body: bytes) -> bytes | None:
        """HMAC-SHA-256 over the body, 128 bits kept; ``None`` for a key that does not exist."""
        begun = self._begun.get(number)
        if begun is None:
            return None
        mac = begun.copy()
        mac.update(body)
        return mac.digest()[:_MAC]

    def __reduce__(self) -> tuple[type[TokenKeys], tuple[dict[int, bytes]]]:
        return type(self), (self._keys,)  # what was begun can neither be copied nor sent to another process

    def __repr__(self) -> str:
        return f"TokenKeys(<{len(self._keys)} keys, newest {self.newest}>)"


def mint_token(token: Token, keys: TokenKeys) -> str:
    """
    Write a token as base64url without padding: version, key id, purpose, four references, expiry if any, MAC.

    >>> keys = TokenKeys({1: bytes(range(32))})
    >>> token = Token(TokenPurpose.UNSUBSCRIBE, ProjectId("a" * 32), ContactId("b" * 32), DeliveryId("c" * 32))
    >>> verify_token(mint_token(token, keys), TokenPurpose.UNSUBSCRIBE, keys) == token
    True
    """
    body = _head(token.purpose, keys) + _packed(token.project, token.contact, token.delivery, token.topic)
    if token.expires is not None:
        body += int(token.expires.timestamp()).to_bytes(_EXPIRY, "big", signed=True)
    return _signed(body, keys)


def minter(
    purpose: TokenPurpose, project: ProjectId, keys: TokenKeys, topic: TopicId | None = None
) -> Callable[[ContactId, DeliveryId], str]:
    """
    How to mint the tokens of a batch, which differ in contact and delivery alone: the same text as `mint_token`'s, and
    the same ids refused, without a `Token` made for everybody. Raises `ValueError` for confirmations, which expire.
    """
    if purpose is TokenPurpose.CONFIRM:
        raise ValueError("confirmations expire: mint each from a Token of its own (E-04)")
    head = _head(purpose, keys)

    def mint(contact: ContactId, delivery: DeliveryId) -> str:
        _check_opaque(project, contact, delivery, topic)
        return _signed(head + _packed(project, contact, delivery, topic), keys)

    return mint


def verify_token(text: str, purpose: TokenPurpose, keys: TokenKeys, now: datetime | None = None) -> Token | None:
    """
    Read a token, or ``None``: forged, truncated, foreign and garbled ones cannot be told apart from outside (D-07).

    Unsubscribe tokens never expire; a confirmation verifies before its expiry only, and not at all without ``now``, an
    aware datetime (E-04). Punctuation that mail software appends is ignored (E-06).

    >>> verify_token("not-a-token", TokenPurpose.UNSUBSCRIBE, TokenKeys({1: bytes(range(32))})) is None
    True
    """
    raw = _decoded(text.rstrip(_TRAILING) if len(text) <= _LONGEST else "")
    if raw is None:
        return None
    body, mac = raw[:-_MAC], raw[-_MAC:]
    genuine = keys.mac(body[1], body)
    if genuine is None or not hmac.compare_digest(genuine, mac) or body[0] != _VERSION or body[2] != purpose:
        return None
    expires = _expiry(body)
    if (expires is not None) is not (purpose is TokenPurpose.CONFIRM) or (expires and (now is None or now >= expires)):
        return None
    project, contact, delivery, topic = (body[at : at + _REFERENCE] for at in range(3, _BODY, _REFERENCE))
    return Token(
        purpose,
        ProjectId(project.hex()),
        ContactId(contact.hex()),
        DeliveryId(delivery.hex()),
        TopicId(topic.hex()) if topic != _NOBODY else None,
        expires,
    )


def _head(purpose: TokenPurpose, keys: TokenKeys) -> bytes:
    return bytes((_VERSION, keys.newest, purpose))


def _packed(project: str, contact: str, delivery: str, topic: str | None) -> bytes:
    return bytes.fromhex(f"{project}{contact}{delivery}{topic or _NULL}")


def _signed(body: bytes, keys: TokenKeys) -> str:
    mac = keys.mac(keys.newest, body)
    assert mac is not None  # noqa: S101 - the newest key exists; narrows the type
    return base64.urlsafe_b64encode(body + mac).rstrip(b"=").decode()


def _expiry(body: bytes) -> datetime | None:
    if len(body) == _BODY:
        return None
    return datetime.fromtimestamp(int.from_bytes(body[_BODY:], "big", signed=True), UTC)


def _decoded(text: str) -> bytes | None:
    # Python's decoder skips foreign characters unless told otherwise, and takes several spellings of the last octet.
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    canonical = base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == text
    return raw if canonical and len(raw) - _MAC in {_BODY, _BODY + _EXPIRY} else None


def _check_opaque(project: str, contact: str, delivery: str, topic: str | None) -> None:
    known = (project, contact, delivery) if topic is None else (project, contact, delivery, topic)
    if not _ALL_OPAQUE[len(known)].fullmatch(" ".join(known)):  # a blank within one would be one too many
        _refuse_plain(known)


def _refuse_plain(references: Iterable[str]) -> None:
    for name, value in zip(_REFERENCES, references, strict=False):  # a topic is not always there
        if not _HEX.fullmatch(value):
            raise ValueError(f"a token's {name} is an opaque id of 32 lower-case hex digits, such as uuid4().hex")


_NULL = _NOBODY.hex()
_OPAQUE = rf"(?!{_NULL})[0-9a-f]{{{2 * _REFERENCE}}}"
_HEX = re.compile(_OPAQUE)
_ALL_OPAQUE = {many: re.compile(" ".join([_OPAQUE] * many)) for many in (3, 4)}
