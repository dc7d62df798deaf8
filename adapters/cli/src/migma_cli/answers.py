"""Answers: where a send stands, as it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from migma_runtime import SendAnswer

from .screen import Screen

__all__ = ["show_answer"]


def show_answer(screen: Screen, answer: SendAnswer, more: Mapping[str, object] | None = None) -> None:
    """Where a send stands; ``more`` goes beside it into the JSON."""
    rows = [(state.replace("_", " "), f"{number:,}") for state, number in answer.states.items()]
    rows += [(f"  {kind.replace('_', ' ')}", f"{number:,}") for kind, number in answer.withheld.items()]
    screen.say(f"{answer.status}" + (f": {answer.why}" if answer.why else ""))
    screen.table(("state", "people"), rows, "No one has been planned yet.")
    if answer.warning:
        screen.warn(answer.warning)
    for sign in answer.wording:
        screen.warn(str(sign))
    screen.json(answer if more is None else {**{one.name: getattr(answer, one.name) for one in fields(answer)}, **more})
