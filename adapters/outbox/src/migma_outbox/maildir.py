"""A Maildir: files appear in it whole, and what it says it keeps survives a power cut."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path

__all__ = ["Maildir"]

_OPEN_FILES = 64
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW


class Maildir:
    """
    Three rooms: ``tmp`` for writing, ``new`` for what is whole, ``cur`` for what a reader has seen.

    Methods raise `OSError` as the system does; files are readable by their owner alone, since they hold personal data.
    """

    __slots__ = ("_rooms", "cur", "new", "path", "tmp")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tmp, self.new, self.cur = self._rooms = (path / "tmp", path / "new", path / "cur")

    def prepare(self) -> None:
        """Make the rooms that are missing, durably."""
        missing = [room for room in self._rooms if not room.is_dir()]
        for room in missing:
            self.path.mkdir(parents=True, exist_ok=True)
            room.mkdir(mode=0o700, exist_ok=True)
        if missing:
            _sync(self.path)
            _sync(self.path.parent)

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """
        Write files into ``tmp``; when this returns, their content is on the disk.

        Writing several before the first fsync, and asking the kernel to begin at once, lets it write in parallel and
        commit its journal once for many: 1.2 to 2 times as fast here (ext4) as an fsync after each write. syncfs was
        faster still on an idle disk, but waits for everybody else's files as well.
        """
        remaining = iter(files)
        while group := list(islice(remaining, _OPEN_FILES)):
            self._write_group(group)

    def publish(self, name: str) -> None:
        """Move a file from ``tmp`` to ``new``: readers see all of it or nothing. Durable after `sync`."""
        (self.tmp / name).replace(self.new / name)

    def sync(self) -> None:
        """Make all moves so far durable: one fsync of the directory, for any number of files."""
        _sync(self.new)

    def discard(self, names: Iterable[str]) -> None:
        """Remove files from ``tmp`` as far as possible; what remains is removed by tidying."""
        for name in names:
            with suppress(OSError):
                (self.tmp / name).unlink()

    def entries(self) -> Iterator[tuple[str, str]]:
        """
        Names and paths of what is whole, without reading a file or holding a list.

        ``new`` comes first: a file that a reader moves to ``cur`` meanwhile is then met at least once.
        """
        for room in (self.new, self.cur):
            yield from scan(room)

    def _write_group(self, group: Sequence[tuple[str, bytes]]) -> None:
        with ExitStack() as closing:
            written = []
            for name, content in group:
                descriptor = os.open(self.tmp / name, _CREATE, 0o600)
                closing.callback(os.close, descriptor)
                _fill(descriptor, content)
                written.append(descriptor)
            for descriptor in written:
                os.fsync(descriptor)


def scan(room: Path) -> Iterator[tuple[str, str]]:
    """Names and paths of a room's files; a room that does not exist holds none."""
    try:
        with os.scandir(room) as found:
            for entry in found:
                yield entry.name, entry.path
    except FileNotFoundError:
        return


def _fill(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:  # a disk that fills up takes part of it first
        rest = rest[os.write(descriptor, rest) :]
    if hasattr(os, "posix_fadvise"):
        # We shall not read it again: told so, Linux begins to write at once. A hint only; the fsync is the promise.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
