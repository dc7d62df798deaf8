"""The outbox as a provider: hand-over, its outcomes, and the list of what it holds."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from migma_core.delivery import Accepted, Attempt, AttemptId, NotSent, Outcome, Parcel, Rejected, Scope, Unknown
from migma_core.message import Batch, DeliveryId, mime_messages
from migma_core.ports import Capabilities

from .file_name import FileName
from .maildir import Maildir, scan

__all__ = ["CAPABILITIES", "Outbox"]

CAPABILITIES: Final = Capabilities(
    "outbox", most_messages=500, international_local_parts=True, lists_deliveries=True, stays_here=True, copies=True
)
"""What the outbox can carry: anything a file can."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_DAY: Final = 86_400


class Outbox:
    """
    Writes every message into a Maildir, where any mail program can read it, and nowhere else.

    Nothing is created before the first hand-over.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     outbox = Outbox(Path(folder) / "outbox")
    ...     outbox.count(), outbox.holds([DeliveryId("d1")])
    (0, frozenset())
    """

    __slots__ = ("_maildir",)

    def __init__(self, path: Path | str) -> None:
        self._maildir = Maildir(Path(path))

    @property
    def path(self) -> Path:
        """Where the Maildir lies."""
        return self._maildir.path

    @property
    def capabilities(self) -> Capabilities:
        """What it can carry."""
        return CAPABILITIES

    def encode(self, batch: Batch, /) -> Parcel:
        """One RFC 5322 message per body, in order. Raises `ValueError` for what it does not take."""
        if len(batch.messages) > CAPABILITIES.most_messages:
            raise ValueError(f"the outbox takes {CAPABILITIES.most_messages} messages at once; divide the batch")
        if batch.compiled.request.deliver_at is not None:
            raise ValueError("the outbox keeps no mail until its time; leave deliver_at out")
        return Parcel(mime_messages(batch))

    def hand_over(self, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> tuple[Outcome, ...]:
        """
        Write the parcel, each message whole or not at all, and on the disk when this returns; a file for each delivery,
        copies among them.

        A fault of the disk is an answer: before the first message appeared nothing was sent; later each is told apart.
        """
        names = _names(attempt)
        if len(names) != len(batch.deliveries) or len(parcel.bodies) != len(batch.messages):
            raise ValueError("a parcel has one body for each message of its batch, and an attempt every delivery")
        files = batch.for_each_delivery(tuple(map(_as_file, parcel.bodies)))
        try:
            self._maildir.prepare()
            self._maildir.write(zip(names, files, strict=True))
        except OSError as fault:
            self._maildir.discard(names)
            return (_nothing_left(fault),) * len(names)
        return self._publish(names)

    def holds(self, deliveries: Sequence[DeliveryId], /) -> frozenset[DeliveryId]:
        """
        Those of the deliveries it has; absence is proof, except where somebody took files away.

        Reads names only, whatever the number of messages. Raises `OSError` where the names cannot be read: then
        nothing is proven.
        """
        wanted = frozenset(deliveries)
        return frozenset(delivery for delivery, _ in self._found() if delivery in wanted)

    def messages(self) -> Iterator[tuple[DeliveryId, Path]]:
        """Everything it holds, in no order; a delivery that was written twice comes twice."""
        return ((delivery, Path(path)) for delivery, path in self._found())

    def count(self) -> int:
        """How many messages it holds."""
        return sum(1 for _ in self._found())

    def read(self, delivery: DeliveryId) -> bytes | None:
        """
        The octets of one message as it would travel, or ``None``. Looks through all names: for a look at one mail, not
        for many.
        """
        for found, path in self.messages():
            if found == delivery:
                try:
                    return path.read_bytes().replace(b"\n", b"\r\n")
                except FileNotFoundError:
                    continue  # a reader has just moved it to cur, where it is met again
        return None

    def tidy(self, now: datetime, absent: Collection[AttemptId] = ()) -> int:
        """
        Remove what a crash left unfinished, and say how many files that was.

        Only files a day older than ``now``, and those of attempts that are settled as ``absent``: with its files, a
        writer that was merely slow loses the means to publish them after all.
        """
        stale = [
            name
            for name, _ in scan(self._maildir.tmp)
            if (ours := FileName.read(name)) is not None
            and (ours.attempt in absent or now.timestamp() - ours.seconds > _DAY)
        ]
        self._maildir.discard(stale)
        return len(stale)

    def _found(self) -> Iterator[tuple[DeliveryId, str]]:
        for name, path in self._maildir.entries():
            if (ours := FileName.read(name)) is not None:
                yield ours.delivery, path

    def _publish(self, names: Sequence[str]) -> tuple[Outcome, ...]:
        """Let the messages appear one by one; at the first fault the rest is taken back."""
        outcomes: list[Outcome] = []
        for name in names:
            try:
                self._maildir.publish(name)
            except OSError as fault:
                outcomes.append(self._in_doubt(name, fault))
                rest = names[len(outcomes) :]
                self._maildir.discard(names[len(outcomes) - 1 :])
                outcomes.extend((_nothing_left(fault),) * len(rest))
                break
            outcomes.append(Accepted(name))
        return self._durable(outcomes)

    def _in_doubt(self, name: str, fault: OSError) -> Outcome:
        """A move that reported a fault: only looking tells whether it happened."""
        try:
            os.lstat(self._maildir.new / name)
        except FileNotFoundError:
            return _nothing_left(fault)
        except OSError:
            return Unknown(f"the outbox could not say whether the message appeared: {_said(fault)}")
        return Accepted(name)

    def _durable(self, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
        """Nothing is accepted that a power cut could take back."""
        try:
            self._maildir.sync()
        except OSError as fault:
            doubt = Unknown(f"the message appeared, but may not survive a power cut: {_said(fault)}")
            return tuple(doubt if isinstance(one, Accepted) else one for one in outcomes)
        return tuple(outcomes)

    def __repr__(self) -> str:
        return f"Outbox({str(self.path)!r})"


def _names(attempt: Attempt) -> list[str]:
    return [
        str(FileName.of(attempt.composed_at, attempt.id, position, delivery))
        for position, delivery in enumerate(attempt.deliveries)
    ]


def _as_file(octets: bytes) -> bytes:
    """A message as files hold it, with lines ended as everywhere on the disk: some readers show a CR as ``^M``."""
    return octets.replace(b"\r\n", b"\n")


def _nothing_left(fault: OSError) -> Rejected | NotSent:
    if fault.errno in _FULL:
        # no row's fault, and waiting frees no space: the stream pauses and says why, and no row loses an attempt (D8)
        return Rejected(Scope.ACCOUNT, "the disk of the outbox is full: free some space, or name another disk")
    return NotSent(f"the outbox cannot be written: {_said(fault)}")


def _said(fault: OSError) -> str:
    # Without the path: it ends in the logs of every row
    return f"{errno.errorcode.get(fault.errno or 0, 'OSError')}, {fault.strerror or 'no reason given'}"
