"""Pace: one token bucket and one breaker per stream, for all workers, by the database's clock (design D11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, and_, bindparam, select, update

from migma_core.ports import Breaker, Granted, Rate, Stream

from .engine import Durable, read_clock, writing
from .functions import insert_new
from .schema import pace

__all__ = ["SqlPace"]

_SECOND = 1_000_000
_PROBE = 60 * _SECOND
_FULL = 2.0**62  # of a stream nobody has asked about; a bucket holds its burst at most
_MOST_DOUBLINGS = 30
_DAY = 86_400 * _SECOND


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
    day: int
    sent_today: int

    @property
    def troubled(self) -> bool:
        """Whether a success would be news."""
        return self.failures > 0 or self.openings > 0


class SqlPace:
    """Implements `migma_core.ports.Pace` in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, stream: Stream, messages: int, rate: Rate) -> Granted:
        """Ask to send so many messages now."""
        with _changing(self._engine, stream, Durable.SOON) as state:  # an attempt is committed before anything leaves
            if state.rests_until > state.clock:
                return Granted(0, (state.rests_until - state.clock) / _SECOND)
            return _probe(state) if state.openings else _draw(state, messages, rate)

    def put_back(self, stream: Stream, messages: int) -> None:
        """Return what was granted and not sent."""
        with _changing(self._engine, stream, Durable.SOON) as state:  # lost, it costs a moment of waiting
            state.tokens, state.sent_today = state.tokens + messages, max(0, state.sent_today - messages)
            state.probed_at = None

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
    tokens, left_today = min(state.tokens + earned, rate.burst), _left_today(state, rate)
    granted = max(0, min(messages, int(tokens), left_today))
    state.tokens, state.counted_at = tokens - granted, state.clock
    state.sent_today += granted
    if granted >= messages:
        return Granted(granted, troubled=state.troubled)
    if granted == left_today:
        return Granted(granted, (_DAY - state.clock % _DAY) / _SECOND, troubled=state.troubled)
    missing = min(messages - granted, rate.burst) - state.tokens
    return Granted(granted, max(0.0, missing / rate.per_second), troubled=state.troubled)


def _left_today(state: _State, rate: Rate) -> int:
    """What the day's cap leaves, a day of UTC."""
    today = state.clock // _DAY
    if today != state.day:
        state.day, state.sent_today = today, 0
    return int(_FULL) if rate.per_day is None else max(0, rate.per_day - state.sent_today)


def _probe(state: _State) -> Granted:
    """One message of all workers together; if nobody hears of it for a minute, another."""
    if state.probed_at is not None and state.clock - state.probed_at < _PROBE:
        return Granted(0, (state.probed_at + _PROBE - state.clock) / _SECOND)
    state.probed_at = state.clock
    return Granted(1, probe=True, troubled=True)


@contextmanager
def _changing(engine: Engine, stream: Stream, durable: Durable = Durable.NOW) -> Iterator[_State]:
    """The stream's row, nobody else's until the block ends, and written back then."""
    this = {f"its_{name}": value for name, value in stream._asdict().items()}
    with writing(engine, durable) as connection:
        state = _read(connection, stream, this)
        yield state
        connection.execute(_WRITE, {**this, **{name: getattr(state, name) for name in _COLUMNS}})


def _read(connection: Connection, stream: Stream, this: Mapping[str, Any]) -> _State:
    row = connection.execute(_READ, this).first()
    if row is None:  # nobody has asked about it before
        fresh = {**stream._asdict(), "tokens": _FULL, "counted_at": 0}
        connection.execute(insert_new(connection, pace), fresh)
        row = connection.execute(_READ, this).one()
    return _State(read_clock(connection), *row)


_COLUMNS = ("tokens", "counted_at", "rests_until", "failures", "openings", "probed_at", "day", "sent_today")
_THIS = and_(*(pace.c[name] == bindparam(f"its_{name}") for name in Stream._fields))
_READ = select(*(pace.c[name] for name in _COLUMNS)).where(_THIS).with_for_update()
_WRITE = update(pace).where(_THIS)
