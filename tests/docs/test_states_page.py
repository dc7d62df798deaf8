"""
The page of states is what the tables of the core say; run this file to print them anew, between their marks.

``python tests/docs/test_states_page.py`` writes the page; what stands around the tables is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from migma_core.decision import Purpose
from migma_core.delivery.campaign import TRANSITIONS, CampaignStatus
from migma_core.delivery.delivery import DELIVERY_TRANSITIONS, SETTLED, DeliveryState
from migma_core.delivery.next_state import MOST_ATTEMPTS, WHEN_UNKNOWN, Next, Situation, after
from migma_core.delivery.outcome import Accepted, NotSent, Outcome, Rejected, Scope, Unknown

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "states.md"

_FIRST, _LAST = Situation(1), Situation(MOST_ATTEMPTS)
_TOGETHER = Situation(1, alone=False)
_CASES: tuple[tuple[str, Outcome, Situation], ...] = (
    ("accepted", Accepted("id"), _FIRST),
    ("rejected, the recipient's fault", Rejected(Scope.RECIPIENT, "why"), _FIRST),
    ("rejected, the request's fault, alone in it", Rejected(Scope.REQUEST, "why"), _FIRST),
    ("rejected, the request's fault, one of several", Rejected(Scope.REQUEST, "why"), _TOGETHER),
    ("rejected, the account's fault", Rejected(Scope.ACCOUNT, "why"), _FIRST),
    ("certainly not sent", NotSent("why"), _FIRST),
    (f"certainly not sent, for the {MOST_ATTEMPTS}th time", NotSent("why"), _LAST),
    ("certainly not sent, as an open breaker's probe", NotSent("why"), Situation(MOST_ATTEMPTS, probe=True)),
    ("unknown, and the provider can settle it", Unknown("why"), Situation(1, settles=True)),
    *(
        (f"unknown for good, {purpose.word}, {time} time", Unknown("why"), Situation(1, doubts, when_unknown=when))
        for purpose, when in WHEN_UNKNOWN.items()
        for doubts, time in enumerate(("the first", "the second"))
    ),
)


def campaigns() -> str:
    """The steps of a campaign: from where, by which action, to where."""
    steps = [(status, action, TRANSITIONS[status, action]) for status, action in TRANSITIONS]
    return _table(("from", "action", "to"), steps)


def deliveries() -> str:
    """The steps of a delivery, and which states are the end of it."""
    rows = [
        (_spaced(state), ", ".join(sorted(map(_spaced, following))) or "nothing", "yes" if state in SETTLED else "no")
        for state, following in DELIVERY_TRANSITIONS.items()
    ]
    return _table(("state", "may become", "settled"), rows)


def outcomes() -> str:
    """Where each outcome leads, asked of the core itself."""
    rows = [(said, *_led(after(outcome, situation))) for said, outcome, situation in _CASES]
    return _table(("what became of the attempt", "the delivery is", "waits at most", "counts against it", "and"), rows)


TABLES: dict[str, Callable[[], str]] = {"campaigns": campaigns, "deliveries": deliveries, "outcomes": outcomes}


def printed(page: str) -> str:
    """The page with every table printed anew."""
    for name, table in TABLES.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}{table()}\n{end}{rest.partition(end)[2]}"
    return page


def _led(way: Next) -> tuple[str, str, str, str]:
    also = "the stream pauses" if way.pauses else "it stays in question" if way.doubts else ""
    return _spaced(way.state), f"{way.wait:g} s" if way.wait else "", "yes" if way.spends else "no", also


def _spaced(state: DeliveryState) -> str:
    return state.value.replace("_", " ")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines)


def test_the_page_is_what_the_tables_say() -> None:
    """No step is on the page that the core does not take, and none it takes is missing."""
    page = PAGE.read_text(encoding="utf-8")
    assert printed(page) == page, "print it anew: python tests/docs/test_states_page.py"


@pytest.mark.parametrize("status", CampaignStatus)
def test_every_status_of_a_campaign_is_on_the_page(status: CampaignStatus) -> None:
    """A state that nothing leads to, or that is not told, is a gap."""
    assert status.value in campaigns()


def test_every_outcome_leads_along_a_legal_step() -> None:
    """Whatever becomes of an attempt, its row goes where a row in flight may go."""
    for _, outcome, situation in _CASES:
        assert after(outcome, situation).state in DELIVERY_TRANSITIONS[DeliveryState.IN_FLIGHT]


def test_purposes_have_a_policy_each() -> None:
    """What is unknown has a policy for both purposes."""
    assert WHEN_UNKNOWN.keys() == set(Purpose)


if __name__ == "__main__":
    PAGE.write_text(printed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE} is printed anew\n")
