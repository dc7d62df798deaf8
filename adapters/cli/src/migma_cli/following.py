"""Following a send while it goes: how far it is, how fast, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

from migma_runtime import Progress, SendAnswer, Watch
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task
from rich.progress import Progress as Bar
from rich.text import Text

from migma_core.delivery import effects as e

from .screen import Screen

__all__ = ["follow", "pace_in_words"]


def follow(
    screen: Screen,
    run: Callable[[Watch], SendAnswer],
    progress: Progress | None = None,
    also: Callable[[e.Effect[Any], Progress], None] = lambda *_: None,
    stop: Event | None = None,
) -> SendAnswer:
    """
    Run a send with a progress bar on stderr; ``progress`` knows what earlier runs have done, and ``also`` is told of
    each effect and of the progress so far. The bar says so once ``stop`` is set.
    """
    seen = progress or Progress()
    columns = (_Doing(stop or Event()), BarColumn(), MofNCompleteColumn(), _Pace(seen))
    with Bar(*columns, console=screen.err, disable=screen.as_json) as bar:
        task = bar.add_task("planning", total=seen.planned or None, completed=seen.settled)

        def watch(effect: e.Effect[Any], answer: Any) -> None:
            seen(effect, answer)
            also(effect, seen)
            bar.update(task, description=_doing(effect, seen), total=seen.planned or None, completed=seen.settled)

        return run(watch)


def pace_in_words(rate: float, seconds_left: float | None) -> str:
    """
    A rate and what is left of the time, as a line has room for it.

    >>> pace_in_words(412.7, 3725.0), pace_in_words(0.0, None), pace_in_words(3.25, 0.2)
    ('413/s, 1:02:05 left', '', '3.3/s, 0:00:01 left')
    """
    if rate <= 0:
        return ""
    shown = f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"  # noqa: PLR2004 - two digits are enough
    if seconds_left is None:
        return shown
    minutes, seconds = divmod(max(1, round(seconds_left)) if seconds_left else 0, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{shown}, {hours}:{minutes:02}:{seconds:02} left"


class _Doing(ProgressColumn):
    def __init__(self, stop: Event) -> None:
        super().__init__()
        self._stop = stop

    def render(self, task: Task) -> Text:
        """What is done, in a word or two."""
        return Text("stopping" if self._stop.is_set() else task.description)


class _Pace(ProgressColumn):
    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def render(self, task: Task) -> Text:
        """Nothing while nothing moves."""
        del task
        return Text(pace_in_words(self._progress.rate, self._progress.seconds_left))


def _doing(effect: e.Effect[Any], seen: Progress) -> str:
    match effect:
        case e.Wait(seconds, why):
            return f"waiting {seconds:.0f} s: {why}"
        case e.FanOut() if not seen.settled:
            return "planning"
        case _:
            return "sending"
