"""Values of an exchange: masked, strict, and total."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_http import (
    HttpRequest,
    HttpResponse,
    HttpSettings,
    Limits,
    NoAnswer,
    Secret,
    Sent,
    base_url_fault,
    retry_after,
    said,
    usual_outcome,
)
from migma_http.retry_after import LONGEST_WAIT
from pydantic import SecretStr, ValidationError

from migma_core import Accepted, NotSent, Outcome, Rejected, Scope, Unknown

KEY = "SG.abcdefghijklmnop"
NOON = "Fri, 01 May 2026 12:00:00 GMT"


def test_a_request_prints_without_its_secrets() -> None:
    """Neither the key, nor the query, nor anybody's address is in what it prints."""
    shown = repr(HttpRequest("POST", f"https://a.example/x?k={KEY}", (("Authorization", KEY),), b"ada@example.com"))
    assert KEY not in shown
    assert "ada" not in shown


def test_a_header_cannot_be_broken() -> None:
    """A line break in a header is refused, and the value is not in what is said."""
    with pytest.raises(ValueError, match="the header Authorization holds") as refused:
        HttpRequest("POST", "https://a.example", (("Authorization", f"{KEY}\r\nX: y"),))
    assert KEY not in str(refused.value)


def test_a_secret_stays_one() -> None:
    """It prints as stars in any form, is taken out of texts, and is not written down."""
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]} {secret:>40}"
    assert secret.out_of(f"bad key {KEY}") == "bad key ***"
    assert copy.copy(secret) is secret
    with pytest.raises(TypeError, match="not written down"):
        pickle.dumps(secret)


def test_a_token_may_be_longer_than_a_key() -> None:
    """As long as whoever knows it says, and no longer."""
    assert Secret("a" * 600, 600).reveal() == "a" * 600
    with pytest.raises(ValueError, match="an API key has 8 to 600 characters, this one 601"):
        Secret("a" * 601, 600)


@pytest.mark.parametrize("text", ["short", "a" * 600, "with a blank in it", "ends in a break\n", "schlüssel-schlüssel"])
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    """The error says what is wrong and not what was given."""
    with pytest.raises(ValueError, match="an API key") as refused:
        Secret(text)
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        ("007", 7.0),
        (" 7\t", 7.0),
        ("99999", LONGEST_WAIT),
        ("999999999999", LONGEST_WAIT),
        ("1" + "0" * 30, None),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        ("1e3", None),
        ("1_0", None),
        ("nan", None),
        ("１２０", None),
        ("٣", None),
        ("", None),
        ("soon", None),
        ("Fri, 01 May 2026 12:00:30 GMT", 30.0),
        ("Fri, 01 May 2026 11:00:00 GMT", 0.0),
        ("Fri, 01 May 2027 12:00:00 GMT", LONGEST_WAIT),
        ("Fri, 31 Feb 2026 12:00:00 GMT", None),
        ("Friday, 01-May-26 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_strictly(value: str, seconds: float | None) -> None:
    """Decimal seconds or a date of today's form, within an hour; anything else says nothing (reliability §7)."""
    assert retry_after(HttpResponse(429, (("Date", NOON), ("Retry-After", value)))) == seconds


def test_two_of_them_or_a_date_without_a_clock_say_nothing() -> None:
    """Where two stand neither is believed, and a date needs the answer's own Date to be seconds."""
    assert retry_after(HttpResponse(429, (("Retry-After", "1"), ("retry-after", "1")))) is None
    assert retry_after(HttpResponse(429, (("Retry-After", NOON),))) is None


@given(st.text(max_size=40))
def test_retry_after_never_raises_and_stays_in_bounds(value: str) -> None:
    """Whatever stands in the header."""
    seconds = retry_after(HttpResponse(503, (("Date", NOON), ("Retry-After", value))))
    assert seconds is None or 0 <= seconds <= LONGEST_WAIT


EXPECTED: dict[int, tuple[type[Outcome], Scope | None]] = {
    **dict.fromkeys((200, 201, 202, 204, 226, 299), (Accepted, None)),
    **dict.fromkeys((401, 402, 403), (Rejected, Scope.ACCOUNT)),
    **dict.fromkeys((301, 302, 303, 307, 308), (Rejected, Scope.ACCOUNT)),
    **dict.fromkeys((400, 404, 405, 406, 410, 413, 415, 422, 431, 451), (Rejected, Scope.REQUEST)),
    429: (NotSent, None),
    **dict.fromkeys((408, 409, 425, 500, 501, 502, 503, 504, 511, 599, 600, 999, 100, 103, 0, -1), (Unknown, None)),
}


@pytest.mark.parametrize("status", sorted(EXPECTED))
def test_a_status_means_what_the_design_says(status: int) -> None:
    """Every 5xx is unknown, 429 is not sent, a redirect or a missing right is the account's (reliability §2)."""
    outcome = usual_outcome(HttpResponse(status))
    assert (type(outcome), getattr(outcome, "scope", None)) == EXPECTED[status]


def test_no_answer_is_an_answer() -> None:
    """Certainly nothing left: it may go again. Anything else: nobody knows."""
    assert isinstance(usual_outcome(NoAnswer(Sent.NOTHING, "refused")), NotSent)
    assert isinstance(usual_outcome(NoAnswer(Sent.MAYBE, "timeout")), Unknown)


@given(st.integers(-10, 1000), st.text(max_size=300))
def test_the_usual_outcome_is_total(status: int, words: str) -> None:
    """Any status and any words give an outcome; what is said of it is one short line."""
    outcome = usual_outcome(HttpResponse(status), said(words))
    assert len(getattr(outcome, "why", "")) < 320
    assert "\n" not in getattr(outcome, "why", "")


def test_words_of_a_provider_hide_addresses() -> None:
    """A log holds no address in full, and no character that would move the reader's screen."""
    assert (
        said("The to field 'ada.b@example.com' is \x1b[31mwrong\u202e")
        == "The to field 'a***@example.com' is [31mwrong"
    )
    assert said(None) == said({"a": 1}) == ""


@pytest.mark.parametrize(
    ("url", "loopback", "fits"),
    [
        ("https://api.sendgrid.com", False, True),
        ("https://127.0.0.1:4110", False, True),
        ("http://127.0.0.1:4110", True, True),
        ("http://localhost:4110", True, True),
        ("http://127.0.0.1:4110", False, False),
        ("http://api.sendgrid.com", True, False),
        ("http://127.0.0.1.example.com", True, False),
        ("ftp://127.0.0.1", True, False),
        ("https://user:pass@api.example.com", False, False),
        ("https://api.example.com?x=1", False, False),
        ("https://", False, False),
        ("https://api.example.com:99999", False, False),
        ("nonsense", False, False),
        ("", False, False),
    ],
)
def test_a_key_goes_over_https_or_to_this_machine(url: str, loopback: bool, fits: bool) -> None:
    """Plain http is for loopback, and there only where it is asked for."""
    assert (base_url_fault(url, allow_loopback=loopback) is None) is fits


def test_settings_hide_the_key_in_every_error() -> None:
    """Neither a settings' text nor an error about them holds the key."""
    good = HttpSettings(api_key=SecretStr(KEY), base_url="https://api.example.com/")
    assert good.base_url == "https://api.example.com"
    assert good.key == Secret(KEY)
    assert KEY not in repr(good)
    for wrong in (
        {"base_url": "http://api.example.com"},
        {"whole_seconds": 90},
        {"colour": 1},
        {"connect_seconds": 30},
    ):
        with pytest.raises(ValidationError) as refused:
            HttpSettings(**{"api_key": KEY, "base_url": "https://api.example.com", **wrong})
        assert KEY not in str(refused.value)


@pytest.mark.parametrize("wrong", [{"connect": 0}, {"whole": 61}, {"connect": 21}, {"body": 0}, {"connections": 0}])
def test_limits_make_sense(wrong: dict[str, int]) -> None:
    """They go up, end within a claim's minute, and let something through."""
    with pytest.raises(ValueError, match=r"limits|at least"):
        Limits(**wrong)
