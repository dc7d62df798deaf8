"""Time zones at the edge: what a record says about where somebody lives, read or refused."""

from __future__ import annotations

from zoneinfo import ZoneInfo

__all__ = ["read_zone"]


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
