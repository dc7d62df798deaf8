"""Callers' idempotency keys: a request repeated under its key is carried out once, whatever happened (R63)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migma_clock import SimulatedClock
from migma_runtime import KeyConflict, KeyInProgress, Migma, SendAnswer, SendRefused, SendWords
from migma_sql.engine import connect, reading
from sqlalchemy import Engine, text

from migma_core import Attachment, Project, SendRequest
from migma_core.delivery import effects as e
from migma_core.ports import KeyHold
from tests.adapters.conftest import BRAND, start_acme
from tests.support.clock_jumps import jump
from tests.support.examples import few

Mails = Callable[[], list[bytes]]


class Killed(BaseException):
    """The process ends here: nothing after it happens, no clean-up either."""


def words(project: Project, **more: Any) -> SendWords:
    """A receipt to Ada."""
    usual = SendWords(
        recipient_type="email",
        recipient_email="ada@example.com",
        from_="shop@mail.example.com",
        from_name="Acme",
        subject="Receipt",
        template="<p>Thank you</p>",
        project_id=project.id,
    )
    return usual | more  # type: ignore[return-value]  # the same words, more of them


def sends_in(database: Engine) -> int:
    """How many sends are on record."""
    with reading(database) as connection:
        return int(connection.execute(text("SELECT count(*) FROM sends")).scalar_one())


@pytest.mark.parametrize("queue_only", [False, True])
def test_the_same_request_has_the_same_answer_and_one_send(
    migma: Migma, project: Project, mails: Mails, database: Engine, queue_only: bool
) -> None:
    """Repeated, also by another process, it is answered word for word as the first time."""
    first = migma.sending.send(queue_only=queue_only, idempotency_key="k1", **words(project))
    with Migma.open(home=migma.parts.settings.home) as other:
        for one in (migma, other, other):
            assert one.sending.send(queue_only=queue_only, idempotency_key="k1", **words(project)) == first
    assert first.status == ("queued" if queue_only else "sent")
    assert (sends_in(database), len(mails())) == (1, 0 if queue_only else 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient_email": "bo@example.com"},
        {"subject": "Invoice"},
        {"variables": {"code": "1"}},
        {"transactional": True},
        {"attachments": (Attachment("a.txt", b"a", "text/plain"),)},
    ],
)
def test_another_request_under_the_key_is_a_conflict(
    migma: Migma, project: Project, mails: Mails, database: Engine, changes: dict[str, Any]
) -> None:
    """Whatever differs: nothing is done, and the first answer still stands."""
    first = migma.sending.send(idempotency_key="k1", **words(project))
    with pytest.raises(KeyConflict, match="used for another request; nothing was done"):
        migma.sending.send(idempotency_key="k1", **words(project, **changes))
    assert migma.sending.send(idempotency_key="k1", **words(project)) == first
    assert (sends_in(database), len(mails())) == (1, 1)


def test_other_files_are_another_request(migma: Migma, project: Project) -> None:
    """Attachments count by their content, though they are kept beside the request."""
    one, other = (words(project, attachments=(Attachment("a.txt", data, "text/plain"),)) for data in (b"1", b"2"))
    migma.sending.send(idempotency_key="k1", **one)
    with pytest.raises(KeyConflict):
        migma.sending.send(idempotency_key="k1", **other)


def test_a_key_is_one_of_its_project(migma: Migma, project: Project, mails: Mails) -> None:
    """The same word in another project is another key."""
    other = migma.start_project("Other", project.brand)
    for one in (project, other):
        migma.sending.send(idempotency_key="k1", **words(one))
    assert len(mails()) == 2


def test_a_refused_request_does_not_occupy_its_key(migma: Migma, project: Project, mails: Mails) -> None:
    """Once it is mended, or is another request, the key serves it (reliability §5)."""
    with pytest.raises(SendRefused):
        migma.sending.send(idempotency_key="k1", **words(project, from_="shop@elsewhere.example"))
    with pytest.raises(ValueError, match="needs a subject"):
        migma.sending.send(idempotency_key="k1", **words(project, subject=" "))
    assert migma.sending.send(idempotency_key="k1", **words(project)).sent_count == 1
    assert len(mails()) == 1


def test_while_it_is_carried_out_a_repetition_is_told_so(migma: Migma, project: Project, mails: Mails) -> None:
    """It is asked to come again, nothing is done twice, and then it has the answer."""
    refused: list[KeyInProgress] = []

    def again(effect: e.Effect[Any], _answer: Any) -> None:
        if isinstance(effect, e.HandOver):
            with pytest.raises(KeyInProgress, match="is being carried out") as told:
                migma.sending.send(idempotency_key="k1", **words(project))
            refused.append(told.value)

    first = migma.sending.send(watch=again, idempotency_key="k1", **words(project))
    assert [0 < one.seconds <= 30 for one in refused] == [True]
    assert migma.sending.send(idempotency_key="k1", **words(project)) == first
    assert len(mails()) == 1


def test_sixteen_calls_at_once_make_one_send(migma: Migma, project: Project, mails: Mails, database: Engine) -> None:
    """Whoever is told anything but the answer is told that it is in progress."""

    def call(_number: int) -> SendAnswer | KeyInProgress:
        try:
            return migma.sending.send(idempotency_key="k1", **words(project))
        except KeyInProgress as running:
            return running

    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(call, range(16)))

    answers = [one for one in told if isinstance(one, SendAnswer)]
    assert answers
    assert answers == [answers[0]] * len(answers)
    assert (sends_in(database), len(mails())) == (1, 1)
    assert migma.sending.send(idempotency_key="k1", **words(project)) == answers[0]


def _killed_at(migma: Migma, project: Project, point: int) -> bool:
    """Send under a key of this point in a process that dies at that effect of the loop; whether it lived that long."""
    effects = count()

    def dying(_effect: e.Effect[Any], _answer: Any) -> None:
        if next(effects) == point:
            raise Killed

    try:
        with Migma.open(home=migma.parts.settings.home) as process:
            process.sending.send(watch=dying, idempotency_key=f"k{point}", **words(project))
    except Killed:
        return True
    return False


@pytest.fixture
def no_clean_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A process that is killed lets go of nothing."""
    with monkeypatch.context() as dead:
        dead.setattr("migma_runtime.sending.let_go", lambda *_: None)
        dead.setattr("migma_runtime.repeating.let_go", lambda *_: None)
        yield dead


def test_a_crash_after_any_step_loses_neither_the_key_nor_the_send(
    migma: Migma, project: Project, mails: Mails, database: Engine, no_clean_up: pytest.MonkeyPatch
) -> None:
    """Killed after each effect in turn: once its lease is over the same request carries the same send on, once."""
    point = 0
    while _killed_at(migma, project, point):
        with pytest.raises(KeyInProgress):
            migma.sending.send(idempotency_key=f"k{point}", **words(project))
        jump(database, timedelta(minutes=1))
        done = migma.sending.send(idempotency_key=f"k{point}", **words(project))
        assert (done.sent_count, sends_in(database), len(mails())) == (1, point + 1, point + 1)
        point += 1
    assert point >= 6, "the loop has an effect for each step"


@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_crash_around_the_acceptance_makes_one_send(
    migma: Migma, project: Project, mails: Mails, database: Engine, no_clean_up: pytest.MonkeyPatch, lost: str
) -> None:
    """Killed just before the send is on record, or just after: the key and the send are both there, or neither."""
    accept = type(migma.store.sends).accept

    def dying(*arguments: Any, **more: Any) -> None:
        if lost == "after":
            accept(*arguments, **more)
        raise Killed

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(type(migma.store.sends), "accept", dying)
        with pytest.raises(Killed):
            migma.sending.send(idempotency_key="k1", **words(project))
    assert sends_in(database) == (1 if lost == "after" else 0)
    jump(database, timedelta(minutes=1))
    assert migma.sending.send(idempotency_key="k1", **words(project)).sent_count == 1
    assert (sends_in(database), len(mails())) == (1, 1)


def test_a_crash_before_the_answer_was_kept_is_answered_alike(
    migma: Migma, project: Project, mails: Mails, database: Engine, no_clean_up: pytest.MonkeyPatch
) -> None:
    """Everything was sent and nothing said: the repetition says it."""

    def dying(*_: Any) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(type(migma.store.idempotency_keys), "finish", dying)
        with pytest.raises(Killed):
            migma.sending.send(idempotency_key="k1", **words(project))
    assert len(mails()) == 1
    jump(database, timedelta(minutes=1))
    done = migma.sending.send(idempotency_key="k1", **words(project))
    assert (done.status, done.sent_count, len(mails()), sends_in(database)) == ("sent", 1, 1, 1)


def test_a_run_that_was_slow_makes_nothing_once_another_took_over(
    migma: Migma, project: Project, mails: Mails, database: Engine
) -> None:
    """It stood still between taking its key and accepting; when it goes on, its send is not written."""
    queue = migma.sending.queue

    def slow(request: SendRequest, under: KeyHold | None = None) -> SendAnswer:
        jump(database, timedelta(minutes=1))
        with Migma.open(home=migma.parts.settings.home) as other:
            assert other.sending.send(idempotency_key="k1", **words(project)).sent_count == 1
        return queue(request, under)

    migma.sending.queue = slow  # type: ignore[method-assign]  # to stop in the middle
    with pytest.raises(RuntimeError, match="taken this idempotency key over"):
        migma.sending.send(idempotency_key="k1", **words(project))
    assert (sends_in(database), len(mails())) == (1, 1)


def test_what_was_stopped_is_carried_on_by_its_repetition(
    migma: Migma, project: Project, mails: Mails, database: Engine
) -> None:
    """An answer that leaves something to do is not kept for a day: the same request does it, under the same id."""
    accepted = migma.sending.begin(idempotency_key="k1", **words(project))
    migma.store.ledger.pause(accepted.id, "the account was refused")
    migma.sending.let_go(accepted)
    done = migma.sending.send(idempotency_key="k1", **words(project))
    assert (done.id, done.sent_count, done.why) == (accepted.id, 1, None)
    assert (sends_in(database), len(mails())) == (1, 1)


def test_after_a_day_the_key_is_free(migma: Migma, project: Project, mails: Mails) -> None:
    """Within 24 hours it is the same request, after that a new one (R63)."""
    clock = SimulatedClock(migma.parts.clock.now())
    timed = Migma(replace(migma.parts, clock=clock))
    first = timed.sending.send(idempotency_key="k1", **words(project))
    clock.advance(timedelta(hours=23, minutes=59))
    assert timed.sending.send(idempotency_key="k1", **words(project)) == first
    clock.advance(timedelta(minutes=2))
    assert timed.sending.send(idempotency_key="k1", **words(project, subject="Other")).id != first.id
    assert len(mails()) == 2


@pytest.mark.parametrize("key", ["", " ", "a b ", "k\n1", "k" * 256, "\u202e"])
def test_what_is_no_key_is_refused(migma: Migma, project: Project, database: Engine, key: str) -> None:
    """Empty, blank, too long, or with what nobody sees."""
    with pytest.raises(ValueError, match="an idempotency key has 1 to 255 visible characters"):
        migma.sending.send(idempotency_key=key, **words(project))
    assert sends_in(database) == 0


@pytest.fixture
def readers(imported: Callable[[str], None]) -> None:
    """Somebody to write a campaign to."""
    imported("email,tags\nbo@example.com,news\n")


def draft(project: Project, **more: Any) -> SendWords:
    """A campaign's words."""
    usual = {name: value for name, value in words(project, **more).items() if name != "recipient_email"}
    return usual | {"recipient_type": "tag", "recipient_id": "news"}  # type: ignore[return-value]  # of a tag's holders


@pytest.mark.usefixtures("readers")
def test_a_draft_repeated_under_its_key_is_one_campaign(migma: Migma, project: Project, database: Engine) -> None:
    """By another process as well; another name or other words are a conflict, and a send may have the same key."""
    first = migma.campaigns.create(name="Autumn", idempotency_key="k1", **draft(project))
    with Migma.open(home=migma.parts.settings.home) as other:
        for one in (migma, other):
            assert one.campaigns.create(name="Autumn", idempotency_key="k1", **draft(project)) == first
    for name, subject in (("Winter", "Receipt"), ("Autumn", "Invoice")):
        with pytest.raises(KeyConflict):
            migma.campaigns.create(name=name, idempotency_key="k1", **draft(project, subject=subject))
    assert sends_in(database) == 1
    assert migma.sending.send(idempotency_key="k1", **words(project)).sent_count == 1


@pytest.mark.usefixtures("readers")
def test_a_draft_that_was_sent_meanwhile_is_not_written_again(migma: Migma, project: Project, database: Engine) -> None:
    """The repetition has the campaign as it is by now."""
    first = migma.campaigns.create(name="Autumn", idempotency_key="k1", **draft(project))
    migma.campaigns.cancel(first)
    again = migma.campaigns.create(name="Autumn", idempotency_key="k1", **draft(project))
    assert (again.id, again.status, sends_in(database)) == (first.id, "cancelled", 1)


@pytest.mark.usefixtures("readers")
@pytest.mark.parametrize("step", ["accept", "finish"])
@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_crash_while_a_draft_is_written_makes_one_campaign(
    migma: Migma, project: Project, database: Engine, no_clean_up: pytest.MonkeyPatch, step: str, lost: str
) -> None:
    """Killed before or after it is on record, or before or after its answer is: the repetition makes the rest."""
    port = type(migma.store.sends if step == "accept" else migma.store.idempotency_keys)
    whole = getattr(port, step)

    def dying(*arguments: Any, **more: Any) -> None:
        if lost == "after":
            whole(*arguments, **more)
        raise Killed

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(port, step, dying)
        with pytest.raises(Killed):
            migma.campaigns.create(name="Autumn", idempotency_key="k1", **draft(project))
    jump(database, timedelta(minutes=1))
    made = migma.campaigns.create(name="Autumn", idempotency_key="k1", **draft(project))
    assert (made.name, made.status, sends_in(database)) == ("Autumn", "draft", 1)


@pytest.mark.usefixtures("readers")
def test_a_draft_that_is_refused_does_not_occupy_its_key(migma: Migma, project: Project, database: Engine) -> None:
    """Mended, it is written under the same key."""
    with pytest.raises(SendRefused):
        migma.campaigns.create(name="Autumn", idempotency_key="k1", **draft(project, from_="shop@elsewhere.example"))
    assert migma.campaigns.create(name="Autumn", idempotency_key="k1", **draft(project)).name == "Autumn"
    assert sends_in(database) == 1


@pytest.fixture(scope="module")
def shared(installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Migma, Project, Engine]]:
    """An installation for the property, each example of which has keys of its own."""
    home = shutil.copytree(installation, tmp_path_factory.mktemp("keys") / "home")
    with Migma.open(home=home) as migma:
        project = start_acme(migma, BRAND)
        engine = connect(migma.parts.settings.database_url)
        yield migma, project, engine
        engine.dispose()


REQUESTS = st.tuples(st.sampled_from(("Receipt", "Invoice")), st.booleans())
_numbers = count()


@settings(max_examples=few(15))
@given(calls=st.lists(st.tuples(st.sampled_from("ab"), REQUESTS), max_size=6))
def test_any_calls_make_one_send_for_each_key(
    shared: tuple[Migma, Project, Engine], calls: list[tuple[str, tuple[str, bool]]]
) -> None:
    """The first request under a key is the only one that is ever carried out or answered under it."""
    migma, project, database = shared
    example, before = next(_numbers), sends_in(database)
    first = dict(reversed(calls))
    answers: dict[str, SendAnswer] = {}
    for key, (subject, queue_only) in calls:
        call = partial(migma.sending.send, queue_only=queue_only, idempotency_key=f"{example}{key}")
        asked = words(project, subject=subject)
        if first[key] == (subject, queue_only):
            told = call(**asked)
            assert answers.setdefault(key, told) == told
        else:
            with pytest.raises(KeyConflict):
                call(**asked)
    assert sends_in(database) - before == len(first)
