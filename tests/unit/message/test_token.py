"""Tokens: opaque, forgery-proof, bound to one purpose (design D12; compliance E)."""

from __future__ import annotations

import base64
import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

import pytest

from migma_core import (
    ContactId,
    DeliveryId,
    ProjectId,
    Token,
    TokenKeys,
    TokenPurpose,
    TopicId,
    mint_token,
    verify_token,
)
from migma_core.message.token import minter

OLD, NEW, FOREIGN = (bytes((n + step) % 256 for n in range(32)) for step in (0, 40, 80))
KEYS = TokenKeys({1: OLD})
TOKEN = Token(
    TokenPurpose.UNSUBSCRIBE, ProjectId("a1" * 16), ContactId("b2" * 16), DeliveryId("c3" * 16), TopicId("d4" * 16)
)
TEXT = mint_token(TOKEN, KEYS)
UNSUBSCRIBE = TokenPurpose.UNSUBSCRIBE
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(days=7)


def test_every_flipped_bit_is_noticed() -> None:
    """No token with any one bit of its octets flipped verifies (E-06)."""
    raw = base64.urlsafe_b64decode(TEXT + "=" * (-len(TEXT) % 4))
    for bit in range(len(raw) * 8):
        forged = bytearray(raw)
        forged[bit // 8] ^= 1 << bit % 8
        text = base64.urlsafe_b64encode(forged).rstrip(b"=").decode()
        assert verify_token(text, UNSUBSCRIBE, KEYS) is None


def test_every_other_letter_is_noticed() -> None:
    """No letter can be exchanged for another, not even where the last one has bits to spare (E-06)."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/ \x00"
    for at, letter in enumerate(TEXT):
        for other in letters.replace(letter, ""):
            assert verify_token(TEXT[:at] + other + TEXT[at + 1 :], UNSUBSCRIBE, KEYS) is None


@pytest.mark.parametrize("cut", range(len(TEXT)))
def test_a_truncated_token_is_none(cut: int) -> None:
    """A token cut short anywhere is no token (E-06)."""
    assert verify_token(TEXT[:cut], UNSUBSCRIBE, KEYS) is None


@pytest.mark.parametrize(
    "more", ["A", "-", "_", "/", "+", "a=", " ", "\x00", "%3D", "?x=1", "&", "AAAA", "\u0661", ".A"]
)
def test_an_appended_character_is_noticed(more: str) -> None:
    """Whatever follows, other than the known trailing punctuation, makes it invalid (E-06)."""
    assert verify_token(TEXT + more, UNSUBSCRIBE, KEYS) is None


@pytest.mark.parametrize("more", ["=", ">", ".", ")", "\r\n", ">.", ").\n", "=="])
def test_trailing_punctuation_is_ignored(more: str) -> None:
    """What mail software appends to a link does not break it (E-06)."""
    assert verify_token(TEXT + more, UNSUBSCRIBE, KEYS) == TOKEN


@pytest.mark.parametrize("before", [" ", "=", ".", ">", "A", "\n", "\ufeff"])
def test_nothing_is_ignored_in_front(before: str) -> None:
    """Only trailing punctuation is stripped (E-06)."""
    assert verify_token(before + TEXT, UNSUBSCRIBE, KEYS) is None


def test_other_encodings_of_the_same_octets_are_refused() -> None:
    """A token encoded twice, percent-encoded, upper-cased or in the other alphabet is none (E-06)."""
    twice = base64.urlsafe_b64encode(TEXT.encode()).rstrip(b"=").decode()
    percent = "".join(f"%{ord(letter):02X}" for letter in TEXT)
    others = [twice, percent, quote(percent), TEXT.upper(), TEXT[:40] + "\n" + TEXT[40:]]
    if "-" in TEXT or "_" in TEXT:
        others.append(TEXT.replace("-", "+").replace("_", "/"))
    assert [verify_token(other, UNSUBSCRIBE, KEYS) for other in others] == [None] * len(others)


@pytest.mark.parametrize("text", ["", "A" * 513, "A" * 10_000_000, "\ud800", "é" * 111, "=" * 111, "\x00" * 111])
def test_anything_else_is_none(text: str) -> None:
    """Foreign text of any length and alphabet is answered, never raised over (D-07)."""
    assert verify_token(text, UNSUBSCRIBE, KEYS) is None


def test_a_foreign_key_verifies_nothing() -> None:
    """A token signed by somebody else's key of the same number is none (E-01)."""
    assert verify_token(mint_token(TOKEN, TokenKeys({1: FOREIGN})), UNSUBSCRIBE, KEYS) is None
    assert verify_token(mint_token(TOKEN, TokenKeys({2: OLD})), UNSUBSCRIBE, KEYS) is None


def test_the_newest_key_signs_and_every_key_verifies() -> None:
    """After a rotation old links keep working, and new ones carry the new key (E-05)."""
    both = TokenKeys({1: OLD, 2: NEW})
    assert verify_token(TEXT, UNSUBSCRIBE, both) == TOKEN
    assert verify_token(mint_token(TOKEN, both), UNSUBSCRIBE, TokenKeys({2: NEW})) == TOKEN


@pytest.mark.parametrize("minted", TokenPurpose)
@pytest.mark.parametrize("asked", TokenPurpose)
def test_a_token_serves_one_purpose(minted: TokenPurpose, asked: TokenPurpose) -> None:
    """A token verifies for the purpose it was minted for, and for no other (E-01, E-07)."""
    expires = SOON if minted is TokenPurpose.CONFIRM else None
    token = Token(minted, TOKEN.project, TOKEN.contact, TOKEN.delivery, expires=expires)
    assert verify_token(mint_token(token, KEYS), asked, KEYS, NOW) == (token if minted is asked else None)


def test_a_confirmation_expires() -> None:
    """It verifies until its second has come, not from then on, and never where nobody says what time it is (E-04)."""
    token = Token(TokenPurpose.CONFIRM, TOKEN.project, TOKEN.contact, TOKEN.delivery, expires=SOON)
    text = mint_token(token, KEYS)
    assert verify_token(text, TokenPurpose.CONFIRM, KEYS, SOON - timedelta(microseconds=1)) == token
    assert verify_token(text, TokenPurpose.CONFIRM, KEYS, SOON) is None
    assert verify_token(text, TokenPurpose.CONFIRM, KEYS) is None


@pytest.mark.parametrize(
    ("purpose", "expires"),
    [
        (TokenPurpose.UNSUBSCRIBE, datetime(2026, 5, 1, tzinfo=UTC)),
        (TokenPurpose.PREFERENCES, datetime(2026, 5, 1, tzinfo=UTC)),
        (TokenPurpose.CONFIRM, None),
        (TokenPurpose.CONFIRM, datetime(2026, 5, 1)),  # noqa: DTZ001 - that is what is refused
        (TokenPurpose.CONFIRM, datetime(2026, 5, 1, microsecond=1, tzinfo=UTC)),
    ],
)
def test_only_confirmations_expire_and_at_a_second(purpose: TokenPurpose, expires: datetime | None) -> None:
    """A way out never expires, a way in always does, at a moment that a token can hold (E-04)."""
    with pytest.raises(ValueError, match="expire"):
        Token(purpose, TOKEN.project, TOKEN.contact, TOKEN.delivery, expires=expires)


def test_a_token_says_nothing_about_the_person() -> None:
    """What can be decoded from a token is a version, a key's number, a purpose, four ids and a signature (E-02)."""
    raw = base64.urlsafe_b64decode(TEXT + "=")
    ids = TOKEN.project + TOKEN.contact + TOKEN.delivery + (TOKEN.topic or "")
    assert raw[:67].hex() == "010101" + ids
    assert len(raw) == 67 + 16
    assert unquote(TEXT) == TEXT


@pytest.mark.parametrize("bad", ["", "ada@example.com", "A1" * 16, "a" * 31, "a" * 33, "0" * 32, "g" * 32])
@pytest.mark.parametrize("field", ["project", "contact", "delivery", "topic"])
def test_only_opaque_ids_become_tokens(field: str, bad: str) -> None:
    """An id that is not 32 lower-case hex digits could carry a person, and is refused (E-02)."""
    given = {"project": "a" * 32, "contact": "b" * 32, "delivery": "c" * 32, "topic": None, field: bad}
    with pytest.raises(ValueError, match=f"a token's {field} is an opaque id of 32 lower-case hex digits"):
        Token(UNSUBSCRIBE, **given)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, "no token key is configured"),
        ({1: b"short"}, "too short or too plain"),
        ({1: b"a" * 32}, "too short or too plain"),
        ({1: b"hunter22" * 3}, "too short or too plain"),
        ({256: OLD}, "not within 0 to 255"),
        ({-1: OLD}, "not within 0 to 255"),
    ],
)
def test_weak_keys_are_refused(keys: dict[int, bytes], says: str) -> None:
    """A short, empty or made-up key is an error at start, and the error does not show it (E-03)."""
    with pytest.raises(ValueError, match=says) as refused:
        TokenKeys(keys)
    assert "hunter" not in str(refused.value)


def test_keys_do_not_print_themselves() -> None:
    """Neither repr nor str nor an attribute's name gives a key away (E-03)."""
    assert repr(TokenKeys({1: OLD, 7: NEW})) == "TokenKeys(<2 keys, newest 7>)"
    assert str(TokenKeys({1: OLD})) == "TokenKeys(<1 keys, newest 1>)"


@pytest.mark.parametrize("topic", [None, TOKEN.topic])
def test_a_batchs_tokens_are_those_minted_one_by_one(topic: TopicId | None) -> None:
    """What is minted without a value made for everybody is the same text, octet for octet."""
    mint = minter(UNSUBSCRIBE, TOKEN.project, KEYS, topic)
    for number in range(1, 50):
        contact, delivery = ContactId(f"{number:032x}"), DeliveryId(f"{number * 7:032x}")
        assert mint(contact, delivery) == mint_token(Token(UNSUBSCRIBE, TOKEN.project, contact, delivery, topic), KEYS)


@pytest.mark.parametrize("plain", ["", "ada@example.com", "0" * 32, "A1" * 16, f"{'a' * 15} {'b' * 16}"])
@pytest.mark.parametrize("place", ["project", "contact", "delivery", "topic"])
def test_a_batchs_tokens_hold_opaque_ids_only(place: str, plain: str) -> None:
    """An id of another form is refused in each place, as a token refuses it (E-02)."""
    ids = {"project": "a1" * 16, "contact": "b2" * 16, "delivery": "c3" * 16, "topic": "d4" * 16, place: plain}
    mint = minter(UNSUBSCRIBE, ProjectId(ids["project"]), KEYS, TopicId(ids["topic"]))
    with pytest.raises(ValueError, match=f"a token's {place} is an opaque id"):
        mint(ContactId(ids["contact"]), DeliveryId(ids["delivery"]))


def test_no_batch_has_confirmations() -> None:
    """A confirmation expires, and is minted from a value that says when (E-04)."""
    with pytest.raises(ValueError, match="E-04"):
        minter(TokenPurpose.CONFIRM, TOKEN.project, KEYS)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda keys: pickle.loads(pickle.dumps(keys))])  # noqa: S301 - our own
def test_keys_can_be_handed_to_another_process(again: Callable[[TokenKeys], TokenKeys]) -> None:
    """A copy of the keys, or what another process makes of them, signs and verifies the same."""
    both = TokenKeys({1: OLD, 2: NEW})
    assert mint_token(TOKEN, again(both)) == mint_token(TOKEN, both)
    assert verify_token(TEXT, UNSUBSCRIBE, again(both)) == TOKEN
