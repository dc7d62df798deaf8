"""Adapters, found by entry point: the runtime names none of them."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

__all__ = ["AdapterMissing", "adapter"]

_PACKAGES = {"sqlite": "migma-sql", "postgresql": "migma-sql", "system": "migma-clock"}


class AdapterMissing(LookupError):
    """No installed package offers this adapter; the message says which to install."""

    def __init__(self, group: str, name: str) -> None:
        have = ", ".join(sorted(one.name for one in entry_points(group=group))) or "none"
        package = _PACKAGES.get(name, f"migma-{name}")
        super().__init__(f"there is no {name!r} among the adapters for {group}; install {package} (installed: {have})")


def adapter(group: str, name: str) -> Any:
    """Load the adapter of this name, such as ``adapter("migma.provider", "outbox")``. Raises `AdapterMissing`."""
    found = entry_points(group=group, name=name)
    for one in found:
        return one.load()
    raise AdapterMissing(group, name)
