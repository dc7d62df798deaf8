"""``migma suppressions``: addresses not to be mailed."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from migma_core.audience import SuppressionReason

from .common import USUAL, Options
from .screen import for_people

__all__ = ["app"]

app = App(name="suppressions", help="Addresses not to be mailed, for the whole account.")


_THEN = {
    SuppressionReason.SOFT_BOUNCE_LIMIT: " Soft bounces are counted anew.",
    SuppressionReason.BOUNCE: " They get what they need; marketing waits for their consent anew.",
}


@app.command
def add(
    email: str,
    /,
    *,
    reason: Annotated[
        SuppressionReason, Parameter(help="Why; manual unless said otherwise.")
    ] = SuppressionReason.MANUAL,
    common: Options = USUAL,
) -> int:
    """Put an address on the list."""
    with common.open() as migma:
        migma.suppressions.add(common.project_of(migma).id, email, reason, "operator")
    common.screen.say(f"{email} is suppressed ({reason}).")
    common.screen.json({"email": email, "reason": reason})
    return 0


@app.command
def remove(
    email: str,
    /,
    *,
    by: Annotated[str, Parameter(help="Who decided this; it is kept on record.")],
    reason: Annotated[SuppressionReason, Parameter(help="Which entry.")] = SuppressionReason.MANUAL,
    common: Options = USUAL,
) -> int:
    """
    Take a manual entry off the list, or reinstate an address that bounced (--reason bounce) or bounced softly too often
    (--reason soft_bounce_limit). Opt-outs and complaints end in other ways; the answer says how.
    """
    with common.open() as migma:
        migma.suppressions.remove(common.project_of(migma).id, email, reason, by)
    then = _THEN.get(reason, "")
    common.screen.say(f"{email} is no longer suppressed ({reason}); recorded as decided by {by}.{then}")
    common.screen.json({"email": email, "reason": reason, "by": by})
    return 0


@app.command(name="list")
def list_(
    *,
    reason: Annotated[SuppressionReason | None, Parameter(help="Only entries of this kind.")] = None,
    limit: Annotated[int, Parameter(help="At most so many.")] = 50,
    common: Options = USUAL,
) -> int:
    """List entries, newest first."""
    with common.open() as migma:
        found = migma.store.suppressions.list(common.project_of(migma).account, reason=reason, limit=limit)
    rows = (
        (for_people(one.address or "(forgotten)"), one.reason, one.source, f"{one.at:%Y-%m-%d %H:%M}") for one in found
    )
    common.screen.table(("address", "reason", "source", "since"), rows, "Nobody is suppressed.")
    common.screen.json(found)
    return 0
