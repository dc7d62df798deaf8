"""
Telling: what the sending loop does, as structured log records, and as OpenTelemetry's spans and measurements where its
API is installed.

Numbers, ids and our own words only: no address, no value, no body, and nothing that a provider said, which may quote
one.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Final, TypeAlias

from migma_core.delivery import effects as e

from .tracing import tracing

__all__ = ["LOGGER", "Fields", "fields_of", "told"]

LOGGER: Final = logging.getLogger("migma.sending")
"""Records of the loop: the event is the message, what belongs to it stands in ``record.migma``, a mapping."""

Fields: TypeAlias = dict[str, int | float | str | bool]

_TELLING = (e.HandOver, e.Pause, e.Finish, e.Reconcile, e.Wait)
"""What is told to everybody (INFO); the rest is for those who look closely (DEBUG)."""


@contextmanager
def told(effect: e.Effect[Any]) -> Iterator[Callable[[Any], None]]:
    """Tell of an effect that is performed inside; call what is yielded with its answer."""
    name, begun, answers = type(effect).__name__, perf_counter(), list[Any]()
    with tracing().span(name) as span:
        try:
            yield answers.append
        except Exception as fault:
            fields = {**_asked(effect), "fault": type(fault).__name__, "seconds": perf_counter() - begun}
            _log(logging.WARNING, f"{name} failed", fields)
            span.tell(fields)
            raise
        fields = {**fields_of(effect, answers[0] if answers else None), "seconds": perf_counter() - begun}
        _log(logging.INFO if isinstance(effect, _TELLING) else logging.DEBUG, name, fields)
        span.tell(fields)


def fields_of(effect: e.Effect[Any], answer: Any) -> Fields:
    """What an effect and its answer come to, in numbers and ids."""
    return {**_asked(effect), **_answered(effect, answer)}


def _log(level: int, event: str, fields: Mapping[str, Any]) -> None:
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, event, extra={"migma": fields})


def _asked(effect: e.Effect[Any]) -> Fields:
    match effect:
        case e.CommitAttempts(attempts, fences, settled):
            return {"attempts": len(attempts), "rows": len(fences), "settled": len(settled)}
        case e.HandOver(lots):
            return _handed_over(lots)
        case e.Record(attempts, settled):
            return {"attempts": len(attempts), **_states(settled)}
        case e.Reconcile(found, absent, undecided):
            return {"found": len(found), "absent": len(absent), "undecided": len(undecided)}
        case e.Wait(seconds, why):
            return {"wait": seconds, "why": why}
        case _:
            return {"send": of} if (of := getattr(effect, "send", None)) is not None else {}


def _handed_over(lots: Any) -> Fields:
    of = {"send": lots[0].attempt.send, "provider": lots[0].attempt.provider} if lots else {}
    return {**of, "attempts": len(lots), "rows": sum(len(lot.members) for lot in lots)}


def _answered(effect: e.Effect[Any], answer: Any) -> Fields:
    match effect, answer:
        case e.FanOut(), e.FannedOut(people, planned, goes_on):
            return {"rows": people, "planned": planned, "ended": not goes_on}
        case e.Claim(), e.Claimed():
            return {"rows": len(answer.rows), "stopped": answer.stopped}
        case e.HandOver(), tuple():
            return dict(_outcomes(answer))
        case e.CommitAttempts(), bool():
            return {"committed": answer}
        case e.Finish(), e.Finished(states):
            return {state.value: rows for state, rows in states.items()}
        case _:
            return {}


def _outcomes(answers: Any) -> Counter[str]:
    """How many of each outcome; ``late`` lots were never handed over."""
    told = Counter[str](one.kind for outcomes in answers if outcomes is not None for one in outcomes)
    late = sum(outcomes is None for outcomes in answers)
    return told + Counter({"late": late}) if late else told


def _states(settled: Any) -> Fields:
    return dict(Counter(one.state.value for one in settled))
