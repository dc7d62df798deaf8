"""Pace: one token bucket and one breaker per stream, for all workers, by the database's clock (design D11)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, and_, select, update

from migma_core.ports import Breaker, Granted, Rate, Stream

from .engine import now_us, writing
from .functions import insert_new
from .schema import pace

__all__ = ["SqlPace"]

_SECOND = 1_000_000
_PROBE = 60 * _SECOND
_FULL = 2.0**62  # of a stream nobody has asked about; a bucket holds its burst at most
_MOST_DOUBLINGS = 30


@dataclass(slots=True)
class _State:
    """A stream's row while it is worked on, and the clock of that moment."""

    clock: int
    tokens: float
    counted_at: int
    rests_until: int
    failures: int
    openings: int
    probed_at: int | None


class SqlPace:
    """Implements `migma_core.ports.Pace` in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, stream: Stream, messages: int, rate: Rate) -> Granted:
        """Ask to send so many messages now."""
        with _changing(self._engine, stream) as state:
            if state.rests_until > state.clock:
                return Granted(0, (state.rests_until - state.clock) / _SECOND)
            return _probe(state) if state.openings else _draw(state, messages, rate)

    def rest(self, stream: Stream, seconds: float) -> None:
        """Let nothing through for so long."""
        with _changing(self._engine, stream) as state:
            state.rests_until = max(state.rests_until, state.clock + round(seconds * _SECOND))

    def failed(self, stream: Stream, breaker: Breaker) -> bool:
        """Count a failure; whether the breaker is open now."""
        with _changing(self._engine, stream) as state:
            state.failures += 1
            waits_for_probe = state.openings > 0 and state.rests_until <= state.clock
            if waits_for_probe or (not state.openings and state.failures >= breaker.failures):
                doubled = breaker.rest * 2.0 ** min(state.openings, _MOST_DOUBLINGS)
                rest = min(doubled, breaker.longest)
                state.rests_until = max(state.rests_until, state.clock + round(rest * _SECOND))
                state.openings, state.probed_at = state.openings + 1, None
            return state.openings > 0

    def succeeded(self, stream: Stream) -> None:
        """Close the breaker and count failures anew."""
        with _changing(self._engine, stream) as state:
            state.failures, state.openings, state.probed_at = 0, 0, None


def _draw(state: _State, messages: int, rate: Rate) -> Granted:
    earned = max(0, state.clock - state.counted_at) / _SECOND * rate.per_second
    tokens = min(state.tokens + earned, rate.burst)
    granted = max(0, min(messages, int(tokens)))
    state.tokens, state.counted_at = tokens - granted, state.clock
    missing = min(messages - granted, rate.burst) - state.tokens
    return Granted(granted, 0.0 if granted >= messages else max(0.0, missing / rate.per_second))


def _probe(state: _State) -> Granted:
    """One message of all workers together; if nobody hears of it for a minute, another."""
    if state.probed_at is not None and state.clock - state.probed_at < _PROBE:
        return Granted(0, (state.probed_at + _PROBE - state.clock) / _SECOND)
    state.probed_at = state.clock
    return Granted(1)


@contextmanager
def _changing(engine: Engine, stream: Stream) -> Iterator[_State]:
    """The stream's row, nobody else's until the block ends, and written back then."""
    named = stream._asdict()
    this = and_(*(pace.c[name] == value for name, value in named.items()))
    with writing(engine) as connection:
        fresh = {**named, "tokens": _FULL, "counted_at": 0}
        connection.execute(insert_new(connection, pace), fresh)
        state = _read(connection, this)
        yield state
        columns = ("tokens", "counted_at", "rests_until", "failures", "openings", "probed_at")
        connection.execute(update(pace).where(this).values({name: getattr(state, name) for name in columns}))


def _read(connection: Connection, this: ColumnElement[bool]) -> _State:
    row = connection.execute(select(pace).where(this).with_for_update()).one()
    clock: int = connection.execute(select(now_us())).scalar_one()
    return _State(clock, row.tokens, row.counted_at, row.rests_until, row.failures, row.openings, row.probed_at)
