"""``migma domains``: where mail may come from."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter
from migma_wire import to_domain

from migma_core.decision import health

from .common import USUAL, Options

__all__ = ["app"]

app = App(name="domains", help="Sending domains of the account.")


@app.command
def add(name: str, /, *, common: Options = USUAL) -> int:
    """Add a domain. A managed one (below migma.email) is verified at once."""
    with common.open() as migma:
        account = common.project_of(migma).account
        domain = migma.store.domains.add(account, to_domain(name), migma.parts.clock.now())
    common.screen.say(f"Added {domain.name}" + (", verified." if domain.is_verified else "; verify it next."))
    common.screen.json(domain)
    return 0


@app.command
def verify(
    name: str,
    /,
    *,
    provider: Annotated[str | None, Parameter(help="Ask this provider first; without one, nobody is asked.")] = None,
    common: Options = USUAL,
) -> int:
    """Mark a domain as verified: on your word, or on that of a connected provider."""
    with common.open() as migma:
        account = common.project_of(migma).account
        domain = migma.verify_domain(account, to_domain(name), provider)
    common.screen.say(f"{domain.name} is verified.")
    common.screen.json(domain)
    return 0


@app.command(name="list")
def list_(*, common: Options = USUAL) -> int:
    """List domains with their state and health."""
    with common.open() as migma:
        found = migma.store.domains.list(common.project_of(migma).account)
    rows = (
        (
            one.name,
            "suspended" if one.is_suspended else "verified" if one.is_verified else "pending",
            health(one),
            f"{one.sent:,}",
            f"{one.bounced:,}",
            f"{one.complained:,}",
        )
        for one in found
    )
    common.screen.table(("domain", "state", "health", "sent", "bounced", "complaints"), rows, "There are no domains.")
    common.screen.json(found)
    return 0
