"""What the outbox holds: told by names alone, whoever reads the mail meanwhile."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest
from migma_outbox import Outbox
from migma_outbox.file_name import FileName

from migma_core import AttemptId, Batch, DeliveryId, Scalar
from tests.support.batches import NOW, attempt_for, batch_for, compiled_for, delivery_id

PEOPLE: list[dict[str, Scalar]] = [{}, {}, {}]


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """An outbox with three messages."""
    made = Outbox(tmp_path)
    batch = batch_for(compiled_for(), PEOPLE)
    parcel = made.encode(batch)
    made.hand_over(batch, parcel, attempt_for(batch, parcel))
    return made


def unfinished(outbox: Outbox, fence: int = 7) -> tuple[Batch, AttemptId]:
    """Leave behind what a crash between writing and moving leaves behind."""
    batch = batch_for(compiled_for(), PEOPLE)
    attempt = attempt_for(batch, outbox.encode(batch), fence)
    for position, delivery in enumerate(attempt.deliveries):
        name = FileName.of(attempt.composed_at, attempt.id, position, delivery)
        (outbox.path / "tmp" / str(name)).write_bytes(b"half")
    return batch, attempt.id


def test_an_outbox_that_was_never_written_to_is_empty(tmp_path: Path) -> None:
    """Asking creates nothing and finds nothing."""
    outbox = Outbox(tmp_path / "none")
    assert (outbox.count(), list(outbox.messages()), outbox.read(delivery_id()), outbox.tidy(NOW)) == (0, [], None, 0)
    assert outbox.holds([delivery_id()]) == frozenset()
    assert not outbox.path.exists()


def test_it_holds_what_it_accepted_and_nothing_else(outbox: Outbox) -> None:
    """Only deliveries that were asked about are answered, and only those that are there."""
    assert outbox.holds([delivery_id(0), delivery_id(2), delivery_id(9)]) == {delivery_id(0), delivery_id(2)}
    assert outbox.holds([]) == frozenset()


def test_what_a_reader_has_seen_is_still_held(outbox: Outbox) -> None:
    """A mail program that moves messages to cur and flags them takes nothing away."""
    for number, (_, path) in enumerate(sorted(outbox.messages(), key=lambda one: one[1].name)):
        path.rename(outbox.path / "cur" / f"{path.name}:2,{'FS'[:number]}")
    assert outbox.holds([delivery_id(n) for n in range(4)]) == {delivery_id(n) for n in range(3)}
    assert outbox.count() == 3
    assert outbox.read(delivery_id(1)) == outbox.encode(batch_for(compiled_for(), PEOPLE)).bodies[1]


def test_unfinished_files_are_not_held(outbox: Outbox, tmp_path: Path) -> None:
    """What lies in tmp was never accepted."""
    other = Outbox(tmp_path / "other")
    (tmp_path / "other" / "tmp").mkdir(parents=True)
    unfinished(other)
    assert (other.count(), other.holds([delivery_id()])) == (0, frozenset())


def test_foreign_files_are_left_alone(outbox: Outbox) -> None:
    """Mail that something else delivered here is neither counted nor touched."""
    foreign = [outbox.path / room / "1777636800.M20P9.host" for room in ("new", "tmp")]
    for path in foreign:
        path.write_bytes(b"From: x\r\n\r\n")
    assert outbox.count() == 3
    assert outbox.tidy(NOW + timedelta(days=400)) == 0
    assert all(path.exists() for path in foreign)


def test_messages_are_listed_with_their_paths(outbox: Outbox) -> None:
    """Each delivery comes with the file that holds it."""
    bodies = outbox.encode(batch_for(compiled_for(), PEOPLE)).bodies
    assert {delivery: path.read_bytes() for delivery, path in outbox.messages()} == {
        delivery_id(n): body.replace(b"\r\n", b"\n") for n, body in enumerate(bodies)
    }


def test_one_message_can_be_read(outbox: Outbox) -> None:
    """By its delivery, or not at all."""
    assert outbox.read(delivery_id(1)) == outbox.encode(batch_for(compiled_for(), PEOPLE)).bodies[1]
    assert outbox.read(delivery_id(9)) is None


@pytest.mark.parametrize(("age", "removed"), [(timedelta(hours=23), 0), (timedelta(hours=25), 3)])
def test_tidying_removes_what_is_a_day_old(outbox: Outbox, age: timedelta, removed: int) -> None:
    """Younger leftovers may belong to a writer that is still at work."""
    unfinished(outbox)
    assert outbox.tidy(NOW + age) == removed
    assert len(list((outbox.path / "tmp").iterdir())) == 3 - removed
    assert outbox.count() == 3


def test_tidying_removes_what_is_known_to_be_absent(outbox: Outbox) -> None:
    """Once an attempt is settled as absent, its leftovers go at once, and no other's."""
    _, absent = unfinished(outbox, 7)
    unfinished(outbox, 8)
    assert outbox.tidy(NOW, {absent}) == 3
    assert len(list((outbox.path / "tmp").iterdir())) == 3


def test_looking_needs_no_memory(tmp_path: Path) -> None:
    """Asking about one delivery among 20,000 takes no more memory than among 20 (design D14)."""
    (tmp_path / "new").mkdir()
    outbox = Outbox(tmp_path)
    peaks = []
    for count in (20, 20_000):
        for number in range(count):
            (tmp_path / "new" / f"1777636800.a_{number}.{delivery_id(number)}").touch()
        tracemalloc.start()
        assert outbox.holds([delivery_id(3)]) == {delivery_id(3)}
        assert outbox.count() == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


@pytest.mark.parametrize(
    "bad", ["", "../../etc/passwd", "a/b", "a.b", "a b", "a\0", "é", "x" * 65, "a_b", ".", "a:2,S"]
)
def test_ids_that_are_no_plain_words_are_refused(bad: str) -> None:
    """Nothing in a name can leave the directory, or be read as something else."""
    for attempt, delivery in ((bad, "d"), ("a", bad)):
        with pytest.raises(ValueError, match="1 to 64 ASCII letters, digits and hyphens"):
            FileName.of(NOW, AttemptId(attempt), 0, DeliveryId(delivery))


@pytest.mark.parametrize(
    "name", ["", "1.a_0", "x.a_0.d", "1.a.d", "1.a_0.d.e", "1.a_0.d:1,S", ".1.a_0.d", "1.a_0.d\n", "١.a_0.d"]
)
def test_names_that_are_not_ours_are_none(name: str) -> None:
    """Any other name is somebody else's file."""
    assert FileName.read(name) is None


def test_names_are_read_back() -> None:
    """Whatever was named is read back, with a reader's flags or without."""
    name = FileName.of(NOW, AttemptId("a1"), 3, delivery_id())
    assert FileName.read(str(name)) == FileName.read(f"{name}:2,RS") == name
