"""Tracing: OpenTelemetry where its API is installed (extra ``otel``), and nothing where it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol

__all__ = ["Span", "Tracing", "tracing"]


class Span(Protocol):
    """One effect under way."""

    def tell(self, fields: Mapping[str, Any], /) -> None:
        """What it came to."""
        ...


class Tracing(Protocol):
    """Where spans are made."""

    def span(self, name: str, /) -> Any:
        """A context in which an effect is performed; it gives a `Span`."""
        ...


@cache
def tracing() -> Tracing:
    """OpenTelemetry's, by whatever provider the process has set up; silence where the package is missing."""
    try:
        from opentelemetry import metrics, trace
    except ImportError:
        return _Silence()
    return _OpenTelemetry(trace.get_tracer("migma"), metrics.get_meter("migma"))


class _Silence:
    """Nobody listens."""

    @contextmanager
    def span(self, _name: str) -> Iterator[_Silence]:
        yield self

    def tell(self, fields: Mapping[str, Any]) -> None:
        """Nothing."""


class _OpenTelemetry:
    """
    A span for each effect, named ``migma.<effect>``, with its numbers as attributes; and three instruments:
    ``migma.outcomes`` counts what providers answered, ``migma.settled`` the rows by state, ``migma.hand_over`` measures
    how long an answer took, in seconds.
    """

    def __init__(self, tracer: Any, meter: Any) -> None:
        self._tracer = tracer
        self._outcomes = meter.create_counter("migma.outcomes", "{message}", "What providers answered")
        self._settled = meter.create_counter("migma.settled", "{message}", "Rows settled, by state")
        self._took = meter.create_histogram("migma.hand_over", "s", "How long a provider's answer took")

    @contextmanager
    def span(self, name: str) -> Iterator[_Told]:
        with self._tracer.start_as_current_span(f"migma.{name}") as span:
            yield _Told(self, name, span)

    def measure(self, name: str, fields: Mapping[str, Any]) -> None:
        """Add what an effect came to."""
        if name == "HandOver" and "fault" not in fields:
            provider = {"provider": fields.get("provider", "")}
            self._took.record(fields["seconds"], provider)
            for kind in ("accepted", "rejected", "not_sent", "unknown"):
                if number := fields.get(kind):
                    self._outcomes.add(number, {**provider, "outcome": kind})
        if name == "Record" and "fault" not in fields:
            for state, number in fields.items():
                if state not in {"attempts", "seconds"}:
                    self._settled.add(number, {"state": state})


class _Told:
    """One span, and the instruments beside it."""

    def __init__(self, to: _OpenTelemetry, name: str, span: Any) -> None:
        self._to, self._name, self._span = to, name, span

    def tell(self, fields: Mapping[str, Any]) -> None:
        self._span.set_attributes({f"migma.{key}": value for key, value in fields.items()})
        self._to.measure(self._name, fields)
