"""``migma campaigns schedule`` and ``unschedule``, and ``migma run``, which starts what is due."""

from __future__ import annotations

import signal
from contextlib import suppress
from datetime import datetime
from types import FrameType
from typing import Annotated, Any

from cyclopts import Parameter
from migma_runtime import Campaigns, Ran, Runner

from migma_core import Action, CampaignStatus, Fold, Gap

from .campaigns import after
from .common import USUAL, Mistake, Options
from .screen import Screen

__all__ = ["run", "schedule", "unschedule"]


def schedule(
    campaign: str,
    /,
    *,
    at: Annotated[str, Parameter(help="2026-12-01T09:00 on the clocks of the zone, or an instant: …09:00Z, …+01:00.")],
    zone: Annotated[str, Parameter(help="IANA name of a time zone, such as Europe/Berlin.")] = "UTC",
    gap: Annotated[Gap, Parameter(help="A time that the clocks skip is so much later, or earlier.")] = Gap.FORWARD,
    fold: Annotated[Fold, Parameter(help="Of a time that the clocks read twice, which.")] = Fold.FIRST,
    common: Options = USUAL,
) -> int:
    """Have a draft start at a time; `migma run` starts it then. Said again, the last word counts."""
    with common.open() as migma:
        record = migma.campaigns.find(common.project_of(migma).id, campaign)
        made = migma.campaigns.schedule(record, _time(at), zone, gap=gap, fold=fold)
    common.screen.say(f"{record.name} starts at {made.words}, as long as migma run --forever is running then.")
    common.screen.json(made)
    return 0


def unschedule(campaign: str, /, *, common: Options = USUAL) -> int:
    """Make a scheduled campaign a draft again."""
    return after(common, campaign, Campaigns.unschedule)


def run(
    *,
    forever: Annotated[bool, Parameter(help="Go on, and start each campaign at its time.", negative=())] = False,
    common: Options = USUAL,
) -> int:
    """
    Start the campaigns that are due, carry on those that wait for something, and end when nothing is due any more.

    Any number may run at once, on one database: each campaign is started once. Exit code 1 where one was missed or
    stopped.
    """
    screen, trouble = common.screen, list[Ran]()

    def tell(ran: Ran) -> None:
        _tell(screen, ran)
        if ran.action is Action.MISS or ran.status in {CampaignStatus.PAUSED, CampaignStatus.FAILED}:
            trouble.append(ran)

    with common.open() as migma:
        runner = migma.runner(tell)
        if forever:
            screen.say("Campaigns start at their time from now on; stop with Ctrl-C.")
            _until_interrupted(runner)
        else:
            runner.run_due()
    return 1 if trouble else 0


def _tell(screen: Screen, ran: Ran) -> None:
    counted = ", ".join(f"{number:,} {state}" for state, number in ran.answer.states.items()) if ran.answer else ""
    told = ": ".join(filter(None, (f"{ran.name or ran.id} is {ran.status}", counted or None)))
    if ran.why is None:
        screen.say(told)
    else:
        screen.warn(f"{told}: {ran.why}")
    screen.line(ran)


def _until_interrupted(runner: Runner) -> None:
    """Ctrl-C, and a service manager's way to ask for an end, are how this ends: what is in hand is finished first."""
    signal.signal(signal.SIGTERM, _interrupt)
    with suppress(KeyboardInterrupt):
        runner.run_forever()


def _interrupt(number: int, frame: FrameType | None) -> Any:
    del number, frame
    raise KeyboardInterrupt


def _time(text: str) -> datetime:
    """ISO 8601 with a time of day (R52)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or len(text) <= len("2026-12-01"):
        raise Mistake(f"{text[:40]!r} is no time: give ISO 8601, such as 2026-12-01T09:00, 2026-12-01T09:00Z or +01:00")
    return moment
