"""The ledger provider does what its manners say, and its book holds what it took, whatever becomes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from migma_http import HttpProvider, Limits, Secret, Urllib3Transport
from migma_resend import ResendCodec
from migma_sendgrid import SendGridCodec

from migma_core import Accepted, Batch, NotSent, Outcome, Rejected, Scope, Unknown
from tests.support.batches import attempt_for, batch_for, compiled_for
from tests.support.ledger_provider import CLEAR, TAKES, LedgerProvider, Manner, Script, ledger_provider

THREE = batch_for(compiled_for(), ({}, {}, {}))
PEOPLE = ["person0@example.com", "person1@example.com", "person2@example.com"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerProvider]:
    """One provider for all tests of this module."""
    with ledger_provider(tmp_path_factory.mktemp("provider") / "book") as one:
        yield one


def hand_over(url: str, name: str, batch: Batch = THREE, fence: int = 1) -> tuple[Outcome, ...]:
    """Hand a batch over as the loop does, once, with half a second's patience."""
    codec = SendGridCodec(Secret("SG.some-key"), url) if name == "sendgrid" else ResendCodec(Secret("re_some_key"), url)
    with Urllib3Transport(Limits(0.5, 0.5)) as transport:
        provider = HttpProvider(codec, transport)
        parcel = provider.encode(batch)
        return provider.hand_over(batch, parcel, attempt_for(batch, parcel, fence, name))


def taken_since(provider: LedgerProvider, before: int) -> list[str]:
    """Whose mail was taken after so many acceptances."""
    return [one.address for one in provider.accepted()[before:]]


@pytest.mark.parametrize("name", ["sendgrid", "resend"])
@pytest.mark.parametrize("manner", Manner)
def test_every_manner_takes_what_it_says(running: LedgerProvider, manner: Manner, name: str) -> None:
    """The book has everybody for a manner that takes mail and nobody for any other; doubt is there where it says so."""
    before = len(running.accepted())
    running.follow(manner, seconds=0.6)

    outcomes = hand_over(running.url, name, fence=before + 1)

    taken = taken_since(running, before)
    if manner is Manner.REFUSE_ONE:
        assert taken == ([] if name == "sendgrid" else PEOPLE[1:])
        assert outcomes[0] == Rejected(Scope.RECIPIENT, getattr(outcomes[0], "why", ""))
    else:
        assert taken == (PEOPLE if manner in TAKES else [])
        assert any(isinstance(one, Unknown) for one in outcomes) == (manner not in CLEAR)
        assert all(isinstance(one, Accepted) for one in outcomes) == (manner in CLEAR & TAKES)


@pytest.mark.parametrize("name", ["sendgrid", "resend"])
def test_refusals_say_what_to_do(running: LedgerProvider, name: str) -> None:
    """A throttle is not sent, with its time if it names one; a key and a suspension are the account's."""
    running.follow(
        *(Manner.THROTTLE, Manner.THROTTLE_FOR, Manner.BAD_KEY, Manner.SUSPENDED),
        retry_after="7",
    )
    first, second, third, fourth = (hand_over(running.url, name)[0] for _ in range(4))

    assert isinstance(first, NotSent) and first.retry_after is None
    assert isinstance(second, NotSent) and second.retry_after == 7.0
    assert isinstance(third, Rejected) and third.scope is Scope.ACCOUNT
    assert isinstance(fourth, Rejected) and fourth.scope is Scope.ACCOUNT


def test_a_known_key_takes_nothing_anew(tmp_path: Path) -> None:
    """Resend's idempotency: same key and octets give the first answer, other octets a conflict, after a restart too."""
    one, other = batch_for(compiled_for()), batch_for(compiled_for("Another"))
    with ledger_provider(tmp_path / "book") as provider:
        first = hand_over(provider.url, "resend", one)
        assert hand_over(provider.url, "resend", one) == first
    with ledger_provider(tmp_path / "book") as provider:
        assert hand_over(provider.url, "resend", one) == first
        assert isinstance(hand_over(provider.url, "resend", other)[0], Unknown)
        assert len(provider.accepted()) == 1
        provider.follow(Manner.FORGET_KEYS)
        hand_over(provider.url, "resend", one)
        assert len(provider.accepted()) == 2
        assert [entry.answers for entry in provider.entries()] == [None, 1, 1, 1, None]


def test_sigkill_after_an_answer_forgets_nothing(tmp_path: Path) -> None:
    """What was answered is in the book after SIGKILL, numbers go on where they ended, a torn line is dropped."""
    with ledger_provider(tmp_path / "book") as provider:
        hand_over(provider.url, "sendgrid")
    with (tmp_path / "book").open("ab") as book:
        book.write(b'{"request": 2, "accep')
    assert [one.address for one in provider.accepted()] == PEOPLE
    with ledger_provider(tmp_path / "book") as provider:
        hand_over(provider.url, "sendgrid")
        assert [one.request for one in provider.accepted()] == [1, 1, 1, 2, 2, 2]


def test_marketing_is_seen_to_carry_its_headers(running: LedgerProvider) -> None:
    """The book says of each mail whether both one-click headers came with it (RFC 8058)."""
    running.follow()
    for name in ("sendgrid", "resend"):
        for fence, transactional in ((901, None), (902, True)):
            hand_over(running.url, name, batch_for(compiled_for(transactional=transactional)), fence)
            assert running.entries()[-1].accepted[0].one_click is (transactional is None)


def test_everything_of_many_workers_is_in_the_book(running: LedgerProvider) -> None:
    """Eight workers at once: every request has its own number, and none is missing."""
    running.follow()
    before = len(running.entries())
    with ThreadPoolExecutor(8) as workers:
        all(workers.map(lambda _: hand_over(running.url, "sendgrid"), range(80)))
    numbers = [entry.request for entry in running.entries()[before:]]
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + 80))


def test_a_random_script_repeats_itself() -> None:
    """A seed gives the same manners again and another seed others; shares are kept, and JSON changes nothing."""
    script = Script(shares={Manner.ACCEPT: 0.8, Manner.THROTTLE: 0.2}, seed=7)
    drawn = [script.manner(number) for number in range(1_000)]
    again = Script.from_json(script.to_json())
    assert drawn == [again.manner(number) for number in range(1_000)]
    assert drawn != [Script(shares=script.shares, seed=8).manner(number) for number in range(1_000)]
    assert 150 < Counter(drawn)[Manner.THROTTLE] < 250
