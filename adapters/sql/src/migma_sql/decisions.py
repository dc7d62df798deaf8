"""Decisions on record: the columns of a delivery that hold one, and what they say read back (D10, A-10)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from migma_wire.json import from_json, to_json

from migma_core.decision.circumstances import Circumstances
from migma_core.decision.reasons import ReasonKind
from migma_core.decision.record import Decision
from migma_core.decision.standing import Standing
from migma_core.delivery.delivery import DeliveryState

from .shapes import AnyRow

__all__ = ["decision_columns", "decision_of", "first_state", "kinds_of", "not_before"]

_MICROSECOND = timedelta(microseconds=1)


def decision_columns(decision: Decision) -> dict[str, Any]:
    """A decision as the columns ``cell`` to ``policy``; ``until`` goes with the circumstances it was read from."""
    return {
        "cell": decision.standing.cell,
        "denials": int(decision.standing.denials),
        "reasons": ",".join(decision.reasons),
        "outside": _outside(decision),
        "decided_at": decision.at,
        "policy": decision.policy,
    }


def decision_of(row: AnyRow) -> Decision:
    """The decision on a row of deliveries."""
    until, circumstances = (None, None) if row.outside is None else _read(row.outside)
    kinds = kinds_of(row.reasons)
    return Decision(Standing(row.cell, row.denials), kinds, row.decided_at, row.policy, until, circumstances)


def kinds_of(reasons: str) -> tuple[ReasonKind, ...]:
    """The reasons on a row, strongest first."""
    return tuple(ReasonKind(one) for one in reasons.split(",") if one)


def first_state(decision: Decision) -> DeliveryState:
    """Where a delivery begins; one that is put off is ready, later."""
    is_planned = decision.is_mailable or decision.until is not None
    return DeliveryState.READY if is_planned else DeliveryState.WITHHELD


def not_before(decision: Decision, clock: int) -> int | None:
    """When a deferred row is due, in microseconds of the database's own clock, of which ``clock`` is the present."""
    return None if decision.until is None else clock + (decision.until - decision.at) // _MICROSECOND


def _outside(decision: Decision) -> dict[str, Any] | None:
    if decision.circumstances is None and decision.until is None:
        return None
    return {
        "until": None if decision.until is None else decision.until.isoformat(),
        "read": to_json(decision.circumstances, Circumstances),
    }


def _read(stored: dict[str, Any]) -> tuple[Any, Any]:
    circumstances = stored["read"]
    return (
        datetime.fromisoformat(stored["until"]) if stored["until"] else None,
        None if circumstances is None else from_json(Circumstances, circumstances),
    )
