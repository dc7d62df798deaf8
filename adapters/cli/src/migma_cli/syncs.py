"""``migma sync``: keeping in step with the audience that a provider keeps itself."""

from __future__ import annotations

from cyclopts import App
from migma_wire import to_json

from migma_core.ports import SyncReport
from migma_core.request import Sync

from .common import USUAL, Options

__all__ = ["app"]

app = App(name="sync", help="Keep contacts, topics, opt-outs and domains in step with Migma's own platform.")


@app.default
def run(*, common: Options = USUAL) -> int:
    """Run a pass, or the rest of one that was interrupted. Repeating it changes nothing."""
    with common.open() as migma:
        report = migma.syncing.run(common.project_of(migma).id)
    screen = common.screen
    screen.say(f"In step as of {report.as_of:%Y-%m-%d %H:%M} UTC.")
    rows = [(name.replace("_", " "), f"{count:,}") for name, count in report.counts.items()]
    screen.table(("what", "how many"), rows, "Nothing had changed.")
    for note in report.notes:
        screen.warn(note)
    screen.json(to_json(report, SyncReport))
    return 0


@app.command
def status(*, common: Options = USUAL) -> int:
    """Show what is connected, and how old it is; exit code 1 where marketing waits for a pass."""
    with common.open() as migma:
        found, now = migma.syncing.state(common.project_of(migma).id), migma.parts.clock.now()
    rows = (
        (
            one.provider,
            f"{one.as_of:%Y-%m-%d %H:%M}" if one.as_of else "never",
            f"{one.bound.total_seconds() / 3600:g} hours",
            "overdue: no marketing leaves" if one.is_overdue(now) else "in step",
        )
        for one in found
    )
    common.screen.table(("provider", "as of", "bound", "state"), rows, "Nothing is connected.")
    common.screen.json([{**to_json(one, Sync), "overdue": one.is_overdue(now)} for one in found])
    return 1 if any(one.is_overdue(now) for one in found) else 0


@app.command
def end(*, common: Options = USUAL) -> int:
    """Disconnect: marketing waits for no pass any more. Denials stay."""
    with common.open() as migma:
        ended = migma.syncing.end(common.project_of(migma).id)
    common.screen.say("Disconnected." if ended else "Nothing was connected.")
    common.screen.json({"ended": ended})
    return 0
