"""A store whose every call can fail once, in each way in which calls fail: not done, done and reported as failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from migma_core.ports import StoreBusy, StoreFault, StoreFull, StoreUnreachable, StoreUnusable

__all__ = ["FAULTS", "Fault", "Faults"]


class Fault(NamedTuple):
    """How a call fails; ``done`` where what was asked has happened all the same."""

    name: str
    error: Callable[[], StoreFault]
    done: bool = False


FAULTS = (
    Fault("busy", lambda: StoreBusy("locked by others")),
    Fault("full", lambda: StoreFull("no room left")),
    Fault("unusable", lambda: StoreUnusable("read-only")),
    Fault("unreachable", lambda: StoreUnreachable("does not answer")),
    Fault("commit lost", lambda: StoreUnreachable("the connection broke", in_doubt=True)),
    Fault("commit kept", lambda: StoreUnreachable("the connection broke", in_doubt=True), done=True),
)


@dataclass
class Faults:
    """Wraps ports. Of all their calls together, those ``at`` these numbers fail, in this way; ``called`` names all."""

    way: Fault
    at: frozenset[int] = frozenset()
    named: str | None = None
    called: list[str] = field(default_factory=list)
    injected: int = 0

    def of(self, port: Any) -> Any:
        """The port, as it is but for its faults."""
        return _Port(port, self)

    def call(self, name: str, method: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Call, or fail."""
        number = len(self.called)
        self.called.append(name)
        if number not in self.at and name != self.named:
            return method(*given, **named)
        self.injected += 1
        if self.way.done:
            method(*given, **named)
        raise self.way.error()


class _Port:
    def __init__(self, port: Any, faults: Faults) -> None:
        self._port, self._faults = port, faults

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *given, **named: self._faults.call(name, method, *given, **named)
