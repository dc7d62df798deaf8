"""Carrying out a send: with helpers where it is large, until it ends or is to stop, and what is said of it then."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from threading import Event
from typing import Any, Protocol, TypeAlias

from migma_runtime import Progress, SendAnswer, Watch

from migma_core.delivery import CampaignStatus, DeliveryState
from migma_core.delivery import effects as e
from migma_core.ports import StoreFault

from .answers import show_answer
from .ending import INTERRUPTED
from .following import follow
from .garbage import look_seldom_while_sending
from .helpers import Helpers
from .left_over import what_is_held
from .screen import Screen
from .stopping import Stopping

__all__ = ["Run", "carry_out"]

States: TypeAlias = Mapping[DeliveryState, int]


class Run(Protocol):
    """Carries a send out, until it is to ``stop``."""

    def __call__(self, watch: Watch, *, stop: Event) -> SendAnswer: ...


def carry_out(screen: Screen, run: Run, again: str, before: States, helpers: Helpers) -> int:
    """
    Follow a send to its end, or say by which command it goes on; the exit code. ``before`` are its rows as an earlier
    run left them, ``helpers`` join in where it is large.
    """

    def watch(effect: e.Effect[Any], seen: Progress) -> None:
        stopping.watch(effect)
        helpers.watch(effect, seen)

    try:
        with helpers, look_seldom_while_sending(), Stopping() as stopping:
            answer = follow(screen, partial(run, stop=stopping.event), Progress(before), watch, stopping.event)
    except (KeyboardInterrupt, StoreFault):
        screen.warn(f"what was under way is settled first when you go on with: {again}")
        raise
    for fault in helpers.faults():
        screen.warn(f"of a process that helps: {fault}; nothing is lost by it")
    show_answer(screen, answer)
    if (held := what_is_held(answer, again.rpartition(" ")[2])) is not None:
        screen.warn(held)
    if answer.status in {CampaignStatus.SENDING, CampaignStatus.PAUSED}:
        screen.warn(f"not everybody was reached; go on with: {again}")
    if answer.status == CampaignStatus.SENDING and stopping.event.is_set():
        return INTERRUPTED
    return 0 if answer.status == CampaignStatus.SENT else 1
