"""The spool: what was answered while the store could not take it, in files of this machine (reliability §13)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ValidationError

from migma_core.delivery import DeliveryState
from migma_core.delivery.attempt import AttemptId
from migma_core.delivery.effects import Settled
from migma_core.message import DeliveryId
from migma_core.ports import Ledger

from .telling import LOGGER

__all__ = ["Spool"]

_KEPT, _UNREADABLE = ".json", ".unreadable"


class _Row(BaseModel, frozen=True, extra="forbid"):
    """What became of one delivery, as `Settled` has it; an answer decides nothing anew."""

    delivery: DeliveryId
    fence: int
    state: DeliveryState
    why: str
    wait: float
    keeps_attempt: bool
    provider_id: str | None
    spends: bool
    doubts: bool

    @classmethod
    def of(cls, one: Settled) -> _Row:
        return cls.model_validate({name: getattr(one, name) for name in cls.model_fields})

    def settled(self) -> Settled:
        return Settled(**dict(self))


class _Answers(BaseModel, frozen=True, extra="forbid"):
    """The answers to some attempts, and when they came."""

    at: AwareDatetime
    attempts: tuple[AttemptId, ...]
    settled: tuple[_Row, ...]


class Spool:
    """
    A folder with a file for each wave of attempts whose outcomes the store would not take.

    A file is whole or not there, and is on disk before anything else happens. Taking it up again does no harm however
    often and by whomever: the ledger takes each answer once, and only onto rows that still wait for it (D10).

    No address and no text of a mail is in it; what a provider said of a refusal is, so only the owner may read it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, attempts: Sequence[AttemptId], settled: Sequence[Settled], at: datetime) -> bool:
        """
        Keep what was answered until the store takes it; a second time changes nothing. Whether it is kept: where there
        is no room for it here either, the rows stay in doubt, as after a crash, and that is logged.
        """
        answers = _Answers(at=at, attempts=tuple(attempts), settled=tuple(map(_Row.of, settled)))
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            _write(self._file(attempts), answers.model_dump_json().encode())
        except OSError as fault:
            told = {"attempts": len(attempts), "rows": len(settled), "fault": type(fault).__name__}
            LOGGER.warning("What was answered cannot be kept here either", extra={"migma": told})
            return False
        return True

    def drop(self, attempts: Sequence[AttemptId]) -> None:
        """The store has them."""
        _remove(self._file(attempts))

    def take_up(self, ledger: Ledger) -> int:
        """
        Record what is kept, each with the time when it was answered; how many files that were.

        One that nobody can read is set aside under another name and logged: it stops nothing, and its rows stay in
        doubt. Raises `StoreFault` where the store cannot take them yet: they stay.
        """
        taken = 0
        for path in sorted(self._folder.glob(f"*{_KEPT}")):
            if (answers := _read(path)) is not None:
                ledger.record(answers.attempts, [one.settled() for one in answers.settled], answers.at)
                _remove(path)
                taken += 1
        return taken

    def _file(self, attempts: Sequence[AttemptId]) -> Path:
        return self._folder / f"{attempts[0]}{_KEPT}"  # an attempt is answered once: its wave has no other name


def _write(path: Path, octets: bytes) -> None:
    """All of it or nothing, and durable: the file before it has its name, and then the name."""
    half = path.with_suffix(".half")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(descriptor)
    half.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _remove(path: Path) -> None:
    """Where that is not possible it is recorded again some day, which changes nothing: no send fails by it."""
    with suppress(OSError):
        path.unlink()


def _read(path: Path) -> _Answers | None:
    try:
        return _Answers.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None  # another process took it up meanwhile
    except (OSError, ValidationError):
        aside = path.with_suffix(_UNREADABLE)
        with suppress(OSError):  # another process was quicker, or the folder is not ours either
            path.replace(aside)
        LOGGER.warning("What was answered cannot be read, and is set aside as %s", aside)
        return None
