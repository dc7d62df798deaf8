"""Connections used again: each while it is good, none after a surprise, and no message twice because of it."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier, Thread
from time import monotonic, sleep
from typing import Any

import pytest
from migma_smtp import Smtp, SmtpProvider, SmtpSettings

from migma_core import Accepted, Batch, NotSent, Outcome, Rejected, Scope, Unknown
from tests.support.batches import attempt_for, batch_for, compiled_for
from tests.support.smtp_servers import DROP, SILENT, USUAL, Say, Scripted, free_port, scripted_server

TEN = batch_for(compiled_for(), [{}] * 10)
ONE = batch_for(compiled_for())


@pytest.fixture
def server() -> Iterator[Scripted]:
    """A server of the usual answers."""
    with scripted_server() as made:
        yield made


@pytest.fixture
def connected(server: Scripted) -> Iterator[Any]:
    """Make providers of that server, closed in the end."""
    made: list[SmtpProvider] = []

    def connect(**options: Any) -> SmtpProvider:
        usual = {"host": "127.0.0.1", "port": server.port, "tls": "none", "hello": "test.example", "connections": 1}
        made.append(Smtp.connect(SmtpSettings.model_validate({**usual, "reply_seconds": 2, **options})))
        return made[-1]

    yield connect
    for one in made:
        one.close()


def hand_over(provider: SmtpProvider, batch: Batch = ONE) -> tuple[Outcome, ...]:
    """Hand the batch over, whatever comes of it."""
    parcel = provider.encode(batch)
    return provider.hand_over(batch, parcel, attempt_for(batch, parcel))


def verbs(server: Scripted) -> list[str]:
    """The commands it was given, in a word each."""
    return [one.partition(" ")[0].upper() for one in server.commands]


def test_a_connection_is_used_again(server: Scripted, connected: Any) -> None:
    """Greeted once; each transaction but the first begins with RSET; nothing is opened for the next hand-over."""
    provider = connected()
    assert all(isinstance(one, Accepted) for one in hand_over(provider, TEN))
    assert all(isinstance(one, Accepted) for one in hand_over(provider))
    assert server.connections == 1
    first, later = ["EHLO", "MAIL", "RCPT", "DATA"], ["RSET", "MAIL", "RCPT", "DATA"]
    assert verbs(server) == first + later * 10


def test_a_connection_carries_so_many_messages(server: Scripted, connected: Any) -> None:
    """At the limit it is left with a word, and another opened."""
    hand_over(connected(messages_per_connection=4), TEN)
    assert server.connections == 3
    assert verbs(server).count("QUIT") == 2
    assert server.transactions == 10


def test_there_are_so_many_connections_and_no_more(server: Scripted, connected: Any) -> None:
    """Several hand-overs at once share them, wait for each other, and each message is sent once."""
    server.says({"RCPT": USUAL["RCPT"], ".": Say.line("250 ok")})
    provider, outcomes = connected(connections=3), list[Outcome]()
    start = Barrier(4)

    def work() -> None:
        start.wait()
        outcomes.extend(hand_over(provider, TEN))

    threads = [Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [type(one) for one in outcomes] == [Accepted] * 40
    assert server.connections <= 3
    assert server.transactions == 40


def test_whoever_finds_all_of_them_lent_is_told(server: Scripted, connected: Any) -> None:
    """Where no connection comes free in time, nothing was sent, and the answer says so."""
    server.says({".": SILENT})
    provider = connected(begin_seconds=0.2, data_seconds=1.5)
    slow = Thread(target=hand_over, args=(provider,))
    slow.start()
    while not server.ended:
        sleep(0.01)
    assert hand_over(provider) == (NotSent("all 1 connections are busy"),)
    slow.join()


def test_one_that_died_in_its_rest_is_found_out(server: Scripted, connected: Any) -> None:
    """A server that leaves after each message costs a new connection each time, and no message."""
    server.says({".": Say.line("250 ok", closes=True)})
    provider = connected()
    for _ in range(3):
        assert isinstance(hand_over(provider)[0], Accepted)
        sleep(0.05)
    assert (server.connections, server.transactions) == (3, 3)


def test_one_that_was_told_to_leave_is_left(server: Scripted, connected: Any) -> None:
    """421 said unasked, after the answer, is seen before anything is said on that connection again."""
    server.says({".": Say(b"250 ok\r\n421 4.4.2 enough\r\n")})
    provider = connected()
    for _ in range(3):
        assert isinstance(hand_over(provider)[0], Accepted)
        sleep(0.05)
    assert (server.connections, server.transactions) == (3, 3)


def test_one_that_rested_too_long_is_left(server: Scripted, connected: Any) -> None:
    """After the seconds that the settings say, it is closed with a word, unused ones too, and another opened."""
    provider = connected(idle_seconds=0.1, connections=3)
    hand_over(provider, TEN)
    rested = server.connections
    sleep(0.2)
    hand_over(provider)
    assert server.connections == rested + 1
    assert verbs(server).count("QUIT") == rested


def test_one_that_rested_is_asked_first(server: Scripted, connected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while of rest it must answer RSET before it is given a message; where it does not, nothing is lost."""
    monkeypatch.setattr("migma_smtp.pool._ASKED_AFTER", 0.0)
    provider = connected()
    hand_over(provider)
    hand_over(provider)
    assert verbs(server)[4:] == ["RSET", "MAIL", "RCPT", "DATA"]
    server.script = {"RSET": DROP}
    assert isinstance(hand_over(provider)[0], Accepted)
    assert (server.connections, server.transactions) == (2, 3)


@pytest.mark.parametrize(
    ("script", "kept"),
    [
        ({"MAIL": Say.line("451 later")}, True),
        ({"RCPT": Say.line("550 5.1.1 nobody")}, True),
        ({"DATA": Say.line("554 no")}, True),
        ({".": Say.line("554 no")}, True),
        ({".": Say.line("451 later")}, True),
        ({"MAIL": Say.line("421 enough")}, False),
        ({"RCPT": Say.line("421 enough")}, False),
        ({"MAIL": Say.line("503 sender already specified")}, False),
        ({"RCPT": Say.line("354 what")}, False),
        ({"RCPT": Say.line("550 5.1.1 nobody"), "DATA": Say.line("354 all the same")}, False),
        ({".": Say.line("421 enough")}, False),
        ({".": Say.line("503 what")}, False),
        ({".": Say.line("what")}, False),
    ],
)
def test_what_is_kept_after_an_error(server: Scripted, connected: Any, script: dict[str, Say], kept: bool) -> None:
    """A refusal leaves the connection in step, and RSET follows; a surprise ends it, and nothing more is said on it."""
    server.says(script)
    provider = connected()
    hand_over(provider)
    server.script = {}
    assert isinstance(hand_over(provider)[0], Accepted)
    assert server.connections == (1 if kept else 2)
    assert verbs(server).count("RSET") == (1 if kept else 0)


def test_a_message_that_nobody_was_asked_for_is_not_ended(server: Scripted, connected: Any) -> None:
    """A server that says 354 after it refused the recipient gets no dot: it could take the message for nobody."""
    server.says({"RCPT": Say.line("550 5.1.1 nobody"), "DATA": Say.line("354 all the same")})
    assert isinstance(hand_over(connected())[0], Rejected)
    assert server.ended == []


def test_a_reset_that_fails_is_no_transaction(server: Scripted, connected: Any) -> None:
    """Whatever is said to RSET, the message is either sent once or certainly not at all."""
    for said in (Say.line("421 enough"), Say.line("500 what"), DROP, Say.line("250 ok", closes=True)):
        server.says({})
        provider = connected()
        hand_over(provider)
        server.script = {"RSET": said}
        (outcome,) = hand_over(provider)
        assert isinstance(outcome, NotSent)
        assert len(server.ended) == 1


def test_an_account_that_is_refused_stops_everybody(server: Scripted, connected: Any) -> None:
    """Those after it are not tried, and have the same answer: their rows go back, and lose no attempt (design D8)."""
    server.says({"MAIL": Say.line("550 5.7.1 you are blocked")})
    outcomes = hand_over(connected(connections=2), TEN)
    assert set(outcomes) == {Rejected(Scope.ACCOUNT, "MAIL FROM: 550 5.7.1 you are blocked")}
    assert server.transactions <= 2


def test_a_recipient_that_is_refused_stops_nobody(server: Scripted, connected: Any) -> None:
    """Each has an answer of its own, in order."""
    server.says({"RCPT": Say.line("550 5.1.1 nobody")})
    outcomes = hand_over(connected(connections=2), TEN)
    assert [one.scope for one in outcomes if isinstance(one, Rejected)] == [Scope.RECIPIENT] * 10
    assert server.transactions == 10


def test_a_server_that_goes_away_is_knocked_at_once(server: Scripted, connected: Any) -> None:
    """With nobody there, a whole batch costs one try."""
    server.says({"": Say.line("421 4.3.2 not now", closes=True)})
    outcomes = hand_over(connected(connections=8), TEN)
    assert set(outcomes) == {NotSent("greeting: 421 4.3.2 not now")}
    assert server.connections == 1


def test_nothing_is_begun_when_its_time_is_over(server: Scripted, connected: Any) -> None:
    """What could not be begun in the seconds for it was not sent, and may go again at once."""
    server.says({".": SILENT})
    outcomes = hand_over(connected(begin_seconds=0.3, data_seconds=0.2), TEN)
    kinds = [type(one) for one in outcomes]
    assert 1 <= kinds.count(Unknown) <= 3
    assert kinds == [Unknown] * kinds.count(Unknown) + [NotSent] * kinds.count(NotSent)
    assert outcomes[-1] == NotSent("there was no time left to begin", 0.0)
    assert server.transactions == kinds.count(Unknown)


def test_closing_leaves_with_a_word(server: Scripted, connected: Any) -> None:
    """All connections are left with QUIT; closing twice does nothing more, and a later hand-over keeps none open."""
    provider = connected(connections=2)
    hand_over(provider, TEN)
    provider.close()
    provider.close()
    assert verbs(server).count("QUIT") == server.connections
    assert isinstance(hand_over(provider)[0], Accepted)
    assert verbs(server).count("QUIT") == server.connections


def test_a_server_that_does_not_say_goodbye_is_left_all_the_same(
    server: Scripted, connected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QUIT is waited for a moment, and what it is answered says nothing of the message (reliability §14)."""
    monkeypatch.setattr("migma_smtp.session._FAREWELL", 0.1)
    for farewell in (SILENT, DROP, Say.line("500 what")):
        server.says({"QUIT": farewell})
        provider = connected()
        assert isinstance(hand_over(provider)[0], Accepted)
        began = monotonic()
        provider.close()
        assert monotonic() - began < 1


def test_an_exception_nobody_listed_is_the_one_messages_alone(
    server: Scripted, connected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong while one is sent leaves that one unknown and its connection closed, and the others alone (D7)."""
    from migma_smtp.session import Session

    real, calls = Session._handed_over, 0

    def failing(session: Session, body: bytes) -> Outcome:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ZeroDivisionError
        return real(session, body)

    monkeypatch.setattr(Session, "_handed_over", failing)
    outcomes = hand_over(connected(), TEN)
    assert outcomes[2] == Unknown("ZeroDivisionError while sending")
    assert [type(one) for one in outcomes].count(Accepted) == 9
    assert server.connections == 2


def test_a_parcel_of_another_batch_is_a_bug(server: Scripted, connected: Any) -> None:
    """Bodies that do not match their messages are refused before anything is said."""
    provider = connected()
    with pytest.raises(ValueError, match="one body for each message"):
        provider.hand_over(TEN, provider.encode(ONE), attempt_for(TEN, provider.encode(TEN)))
    assert server.connections == 0


def test_nothing_is_said_before_the_first_hand_over(connected: Any) -> None:
    """Connecting a provider, asking what it can do and encoding need no server."""
    provider = connected(port=free_port())
    assert provider.encode(ONE).bodies
    assert provider.capabilities.name == "smtp"
