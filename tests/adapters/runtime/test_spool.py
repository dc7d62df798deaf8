"""The spool: what was answered while the store could not take it is neither lost nor told to anybody else."""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_runtime import Migma
from migma_runtime.spool import Spool

from migma_core import DeliveryState, Project
from migma_core.delivery.attempt import AttemptId
from migma_core.delivery.effects import Settled
from migma_core.message import DeliveryId
from migma_core.ports import StoreUnreachable
from migma_core.testing import strategies as some
from tests.support.news import news

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
REFERENCES = st.uuids(allow_nil=False).map(lambda one: one.hex)
ANSWERS = st.builds(
    Settled,
    delivery=REFERENCES.map(DeliveryId),
    fence=st.integers(1, 2**31),
    state=st.sampled_from(DeliveryState),
    why=st.text(),
    wait=st.floats(0, 1e6),
    keeps_attempt=st.booleans(),
    provider_id=st.none() | st.text(),
    decision=st.none(),
    spends=st.booleans(),
    doubts=st.booleans(),
)

ONE = Settled(DeliveryId("d" * 32), 1, DeliveryState.ACCEPTED, provider_id="p1")
Recorded = tuple[tuple[AttemptId, ...], tuple[Settled, ...], datetime]


@dataclass
class Notes:
    """A ledger as far as it records, or cannot."""

    taken: list[Recorded] = field(default_factory=list)
    away: bool = False

    def record(self, attempts: Sequence[AttemptId], settled: Sequence[Settled], now: datetime) -> None:
        """Take it."""
        if self.away:
            raise StoreUnreachable("does not answer")
        self.taken.append((tuple(attempts), tuple(settled), now))


def taken_up(folder: Path, *, away: bool = False) -> list[Recorded]:
    """What a ledger hears of the spool in a process of its own."""
    notes: Any = Notes(away=away)
    Spool(folder).take_up(notes)
    taken: list[Recorded] = notes.taken
    return taken


@given(
    attempts=st.lists(REFERENCES.map(AttemptId), min_size=1, max_size=3, unique=True),
    settled=st.lists(ANSWERS, max_size=4),
    at=some.moments(),
)
def test_what_is_kept_is_taken_up_as_it_was_answered(
    attempts: list[AttemptId], settled: list[Settled], at: datetime
) -> None:
    """Every answer, with its time, once; kept a second time it is still one, and once taken up it is gone."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / "spool"
        for _ in range(2):
            assert Spool(place).keep(attempts, settled, at)
        assert taken_up(place) == [(tuple(attempts), tuple(settled), at)]
        assert taken_up(place) == [] == list(place.iterdir())


def test_what_the_store_has_after_all_is_dropped(tmp_path: Path) -> None:
    """A later try went through: nobody records it again."""
    spool = Spool(tmp_path / "spool")
    spool.keep([AttemptId("a")], [ONE], NOW)
    spool.drop([AttemptId("a")])
    spool.drop([AttemptId("b")])
    assert taken_up(tmp_path / "spool") == []


def test_while_the_store_is_away_it_stays(tmp_path: Path) -> None:
    """The fault is the store's own; nothing is taken off before it is recorded."""
    Spool(tmp_path / "spool").keep([AttemptId("a")], [ONE], NOW)
    with pytest.raises(StoreUnreachable):
        taken_up(tmp_path / "spool", away=True)
    assert len(taken_up(tmp_path / "spool")) == 1


@pytest.mark.parametrize("octets", [b"", b"{", b"\xff\xfe", b"[]", b'{"at":"2026-05-01T12:00:00","attempts":[]}'])
def test_a_file_that_nobody_can_read_stops_nothing(
    tmp_path: Path, octets: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """It is set aside, octet for octet, and logged; the others are recorded."""
    place = tmp_path / "spool"
    Spool(place).keep([AttemptId("b")], [ONE], NOW)
    (place / "a.json").write_bytes(octets)
    with caplog.at_level(logging.WARNING, "migma.sending"):
        assert [attempts for attempts, _, _ in taken_up(place)] == [("b",)]
    assert caplog.messages == [f"What was answered cannot be read, and is set aside as {place / 'a.unreadable'}"]
    assert [(path.name, path.read_bytes()) for path in place.iterdir()] == [("a.unreadable", octets)]


def test_what_is_no_file_stops_nothing_either(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever lies there under the name of one, what can be read is recorded."""
    place = tmp_path / "spool"
    Spool(place).keep([AttemptId("b")], [ONE], NOW)
    (place / "a.json").mkdir()
    assert [attempts for attempts, _, _ in taken_up(place)] == [("b",)]
    assert caplog.messages == [f"What was answered cannot be read, and is set aside as {place / 'a.unreadable'}"]


def test_half_a_file_is_no_file(tmp_path: Path) -> None:
    """A process that dies while it writes leaves nothing that is taken up."""
    place = tmp_path / "spool"
    Spool(place).keep([AttemptId("b")], [ONE], NOW)
    (place / "a.half").write_bytes(b'{"at":')
    assert len(taken_up(place)) == 1


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    """What a provider said of a refusal may quote an address."""
    place = tmp_path / "spool"
    Spool(place).keep([AttemptId("b")], [ONE], NOW + timedelta(days=1))
    assert [stat.S_IMODE(path.stat().st_mode) for path in (place, place / "b.json")] == [0o700, 0o600]


def test_no_send_fails_by_a_folder_that_cannot_be_written(
    migma: Migma, project: Project, imported: Callable[[str], None]
) -> None:
    """A file is in its place: whatever the store takes is sent and recorded, and there is nothing to take up."""
    migma.parts.settings.spool_path.write_text("in the way")
    imported("email,tags\na@example.com,news\n")
    assert migma.sending.send(**news(project)).states == {DeliveryState.ACCEPTED: 1}
    assert migma.parts.spool.take_up(migma.store.ledger) == 0


def test_what_cannot_be_taken_off_is_recorded_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a disk that is read-only by now it stays, and whoever takes it up again changes nothing."""
    Spool(tmp_path / "spool").keep([AttemptId("a")], [ONE], NOW)

    def read_only(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "unlink", read_only)
    assert taken_up(tmp_path / "spool") == taken_up(tmp_path / "spool") != []
    Spool(tmp_path / "spool").drop([AttemptId("a")])


def test_where_there_is_no_room_either_it_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The store's own fault is what is told; the log says that the answer is not kept."""
    (tmp_path / "spool").write_text("in the way")
    with caplog.at_level(logging.WARNING, "migma.sending"):
        assert not Spool(tmp_path / "spool").keep([AttemptId("a")], [ONE], NOW)
    assert caplog.messages == ["What was answered cannot be kept here either"]
