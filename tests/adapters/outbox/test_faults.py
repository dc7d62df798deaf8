"""A disk that fails: every fault is an answer, and the answer is true."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from migma_outbox import Outbox

from migma_core import Accepted, Batch, NotSent, Outcome, Rejected, Scope, Unknown
from tests.support.batches import attempt_for, batch_for, compiled_for

BATCH = batch_for(compiled_for(), [{}] * 5)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """An outbox with nothing in it."""
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"mounting a small tmpfs is not permitted here: {mounted.stderr.decode().strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def hand_over(outbox: Outbox, batch: Batch = BATCH, fence: int = 1) -> tuple[Outcome, ...]:
    """Hand the batch over, whatever comes of it."""
    parcel = outbox.encode(batch)
    return outbox.hand_over(batch, parcel, attempt_for(batch, parcel, fence))


def files(outbox: Outbox, room: str) -> list[str]:
    """Names in one room."""
    return sorted(path.name for path in (outbox.path / room).iterdir())


def check_true(outbox: Outbox, outcomes: tuple[Outcome, ...]) -> None:
    """Accepted are exactly those in new, and nothing is left over in tmp."""
    assert sorted(one.provider_id or "" for one in outcomes if isinstance(one, Accepted)) == files(outbox, "new")
    assert files(outbox, "tmp") == []


def test_a_full_disk_sends_nothing(small_disk: Path) -> None:
    """Where not all fits, nothing appears, tmp is left empty, and the answer stops the stream and says what to do."""
    outbox = Outbox(small_disk / "outbox")
    batch = batch_for(compiled_for(), [{"name": "x" * 20_000}] * 20)
    outcomes = hand_over(outbox, batch)
    assert set(outcomes) == {
        Rejected(Scope.ACCOUNT, "the disk of the outbox is full: free some space, or name another disk")
    }
    check_true(outbox, outcomes)


def test_a_disk_that_fills_up_keeps_what_it_had(small_disk: Path) -> None:
    """What was accepted before the disk was full stays whole, and once there is room again, sending goes on."""
    outbox, ballast = Outbox(small_disk / "outbox"), small_disk / "ballast"
    assert all(isinstance(one, Accepted) for one in hand_over(outbox))
    before = {path.name: path.read_bytes() for _, path in outbox.messages()}
    with pytest.raises(OSError, match="No space left"):
        ballast.write_bytes(b"x" * 300_000)
    assert all(isinstance(one, Rejected) for one in hand_over(outbox, fence=2))
    assert {path.name: path.read_bytes() for _, path in outbox.messages()} == before
    ballast.unlink()
    assert all(isinstance(one, Accepted) for one in hand_over(outbox, fence=3))


def test_a_path_that_is_no_directory_sends_nothing(tmp_path: Path) -> None:
    """A file where the outbox should be is an answer, not an exception, and it does not show the path."""
    path = tmp_path / "outbox"
    path.write_text("a file")
    outcomes = hand_over(Outbox(path))
    assert set(outcomes) == {NotSent("the outbox cannot be written: ENOTDIR, Not a directory")} or set(outcomes) == {
        NotSent("the outbox cannot be written: EEXIST, File exists")
    }


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES, errno.EROFS, errno.EMFILE])
@pytest.mark.parametrize("call", ["open", "write", "fsync"])
def test_a_fault_before_the_first_move_sends_nothing(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    """Opening, writing or syncing may fail at any file: nothing was sent, and nothing remains."""
    hand_over(outbox)
    before, real, calls = files(outbox, "new"), getattr(os, call), 0

    def failing(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError(code, os.strerror(code))
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(os, call, failing)
        outcomes = hand_over(outbox, fence=2)
    assert all(isinstance(one, NotSent) for one in outcomes)
    assert files(outbox, "new") == before
    assert files(outbox, "tmp") == []


def test_short_writes_are_completed(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes a few octets at a time still gets the whole file."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, bytes(data[:100])))
    outcomes = hand_over(outbox)
    monkeypatch.undo()
    assert [outbox.read(message.delivery) for message in BATCH.messages] == list(outbox.encode(BATCH).bodies)
    check_true(outbox, outcomes)


@pytest.mark.parametrize("fails", range(5))
def test_a_fault_between_moves_is_told_apart(outbox: Outbox, monkeypatch: pytest.MonkeyPatch, fails: int) -> None:
    """Those that appeared before the fault are accepted, all others were not sent, whichever move it was."""
    real = Path.replace

    def failing(path: Path, target: Path) -> Path:
        if f"_{fails}." in path.name:
            raise OSError(errno.EIO, "Input/output error")
        return real(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", failing)
        outcomes = hand_over(outbox)
    kinds = [type(one) for one in outcomes]
    assert kinds == [Accepted] * fails + [NotSent] * (5 - fails)
    check_true(outbox, outcomes)
    assert all(isinstance(one, Accepted) for one in hand_over(outbox))


def test_a_move_that_happened_in_spite_of_its_fault_counts(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only looking tells: what is there was accepted."""
    real = Path.replace

    def late(path: Path, target: Path) -> Path:
        real(path, target)
        if "_2." in path.name:
            raise OSError(errno.EIO, "Input/output error")
        return target

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", late)
        outcomes = hand_over(outbox)
    assert [type(one) for one in outcomes] == [Accepted] * 3 + [NotSent] * 2
    check_true(outbox, outcomes)


def test_what_cannot_be_looked_at_is_unknown(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even looking works, nothing is claimed about that one message."""

    def failing(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", failing)
        patched.setattr(os, "lstat", failing)
        outcomes = hand_over(outbox)
    assert [type(one) for one in outcomes] == [Unknown] + [NotSent] * 4


def test_what_may_not_survive_is_unknown(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that cannot be synced makes no promise: the messages appeared, but nothing is accepted."""
    hand_over(outbox)
    real = os.fsync

    def failing(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing)
        outcomes = hand_over(outbox, fence=2)
    assert set(outcomes) == {Unknown("the message appeared, but may not survive a power cut: EIO, Input/output error")}
    assert outbox.holds([message.delivery for message in BATCH.messages]) == {m.delivery for m in BATCH.messages}


def test_a_listing_that_fails_proves_nothing(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absence is never concluded from names that could not be read."""

    def failing(_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "scandir", failing)
    with pytest.raises(OSError, match="Input/output error"):
        outbox.holds([BATCH.messages[0].delivery])
