"""The driver performs effects and decides nothing."""

from __future__ import annotations

from typing import Any

import pytest
from migma_runtime.drive import drive

from migma_core.delivery import effects as e
from migma_core.delivery.steps import Steps


def _two_waits() -> Steps[str]:
    first = yield e.Wait(1)
    second = yield e.Wait(2)
    return f"{first},{second}"


def _two_takes() -> Steps[None]:
    yield e.Take(1)
    yield e.Take(2)


def test_answers_go_back_in_order() -> None:
    """Each effect's answer is sent into the steps, and their result comes out."""
    assert drive(_two_waits(), lambda effect: getattr(effect, "seconds", None)) == "1,2"


def test_a_watcher_sees_every_effect_with_its_answer() -> None:
    """The watcher hears of each effect after it was performed."""
    seen: list[tuple[Any, Any]] = []

    drive(_two_takes(), lambda _effect: "done", lambda effect, answer: seen.append((effect, answer)))

    assert seen == [(e.Take(1), "done"), (e.Take(2), "done")]


def test_a_watcher_hears_of_a_wait_before_it_begins() -> None:
    """Whoever looks at the screen meanwhile is told what is waited for, once."""
    told: list[str] = []

    drive(_two_waits(), lambda _effect: told.append("waited"), lambda effect, _: told.append(type(effect).__name__))

    assert told == ["Wait", "waited", "Wait", "waited"]


def test_a_fault_of_the_store_reaches_the_caller() -> None:
    """An exception of a port ends the run and is not swallowed."""

    def broken(_effect: e.Effect[Any]) -> Any:
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        drive(_two_waits(), broken)
