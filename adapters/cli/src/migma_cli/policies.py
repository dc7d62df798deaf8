"""``migma policy``: who may be mailed, as a page to read, and what another policy would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from cyclopts import App, Parameter

from migma_core.audience import Denials
from migma_core.decision import (
    MIGMA,
    STRICT,
    Policy,
    ReasonKind,
    Standing,
    diff_standings,
    printed,
    truth_table,
    widened,
)
from migma_core.decision.standing import CELLS

from .common import USUAL, Common, Options

__all__ = ["app"]

app = App(name="policy", help="The built-in policies: who may be mailed, case by case.")

Name: TypeAlias = Literal["migma", "strict"]
_POLICIES: Mapping[Name, Policy] = {"migma": MIGMA, "strict": STRICT}


@app.command
def table(name: Name = "migma", /, *, common: Options = USUAL) -> int:
    """Print a policy's truth table as Markdown, read off the policy itself. Needs no installation."""
    common.screen.say(printed(_POLICIES[name]).rstrip())
    common.screen.json(truth_table(_POLICIES[name]))
    return 0


@app.command
def diff(
    before: Name,
    after: Name,
    /,
    *,
    campaign: Annotated[
        str | None, Parameter(help="Count the people of this campaign's audience; every case there is otherwise.")
    ] = None,
    common: Options = USUAL,
) -> int:
    """Show who would gain mail and who would lose it, if one policy took another's place."""
    old, new = _POLICIES[before], _POLICIES[after]
    standings = _every_case() if campaign is None else _audience(campaign, common)
    moves = sorted(diff_standings(old, new, standings).items(), key=_weight)
    wider = bool(widened(old, new))
    common.screen.say(f"{after} mails {'people' if wider else 'nobody'} whom {before} would not.")
    common.screen.table(
        (f"under {before}", f"under {after}", "cases" if campaign is None else "people"),
        ((_in_words(was), _in_words(becomes), f"{number:,}") for (was, becomes), number in moves),
        "Nothing would change.",
    )
    told = [{"before": was, "after": becomes, "number": number} for (was, becomes), number in moves]
    common.screen.json({"before": before, "after": after, "is_wider": wider, "moves": told})
    return 0


def _every_case() -> Mapping[Standing, int]:
    """Each cell alone and with each single denial, once: they settle all others (design D4)."""
    return {Standing(cell, int(denial)): 1 for cell in range(CELLS) for denial in (0, *Denials)}


def _audience(campaign: str, common: Common) -> Mapping[Standing, int]:
    with common.open() as migma:
        record = migma.campaigns.find(common.project_of(migma).id, campaign)
        return migma.store.sends.count_standings(record.request, record.purpose)


def _weight(move: tuple[tuple[ReasonKind | None, ReasonKind | None], int]) -> tuple[bool, int]:
    """Whoever gains or loses mail comes first, then the greatest number."""
    reasons, number = move
    return None not in reasons, -number


def _in_words(reason: ReasonKind | None) -> str:
    return "mailable" if reason is None else reason.replace("_", " ")
