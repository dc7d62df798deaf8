"""Time zones at the edge: a name read or refused, and which data this machine knows the zone by."""

from __future__ import annotations

import hashlib
import zoneinfo
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from zoneinfo import ZoneInfo

__all__ = ["read_zone", "read_zone_anew", "zone_data"]


def read_zone(name: str) -> ZoneInfo | None:
    """
    The time zone of this IANA name, or ``None`` where nobody knows one of that name: never a guess.

    >>> read_zone("Europe/Berlin"), read_zone("Berlin") is None
    (zoneinfo.ZoneInfo(key='Europe/Berlin'), True)
    """
    try:
        return ZoneInfo(name.strip())
    except (ValueError, OSError, LookupError):  # a malformed key, a folder of zones, an unknown one
        return None


def read_zone_anew(name: str) -> ZoneInfo | None:
    """The same from the files as they are now: a process that runs for months outlives the rules it began with."""
    known = read_zone(name)
    return None if known is None else ZoneInfo.no_cache(known.key)


def zone_data(zone: ZoneInfo) -> str:
    """
    By which data this machine knows the zone: the release of the time zone database, such as ``2026a``, or, where its
    files do not tell, a digest of the zone's own.
    """
    for folder in map(Path, zoneinfo.TZPATH):
        file = folder / zone.key
        if file.is_file():
            return _release(folder) or _digest(file.read_bytes())
    packed = resources.files("tzdata")  # what `zoneinfo` itself falls back to
    return _release(packed.joinpath("zoneinfo")) or _digest(packed.joinpath("zoneinfo", zone.key).read_bytes())


def _release(folder: Path | Traversable) -> str | None:
    """The first line of the database's own text says it; some systems keep it in a file of its own."""
    for name, mark in (("tzdata.zi", "# version "), ("+VERSION", "")):
        file = folder.joinpath(name)
        if file.is_file():
            with file.open(encoding="ascii", errors="replace") as text:
                said = text.readline().strip()
            if said.startswith(mark) and said.removeprefix(mark):
                return said.removeprefix(mark)
    return None


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()[:16]}"
