"""The tree of commands."""

from __future__ import annotations

from cyclopts import App

from . import (
    audience,
    campaigns,
    domains,
    doubt,
    home,
    lists,
    messages,
    person,
    policies,
    scheduling,
    serve,
    suppressions,
    syncs,
)
from .demo import command as demo

__all__ = ["app"]

app = App(
    name="migma",
    help="May this message go to this person, now, and what must it carry?",
    result_action="return_value",
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,  # said as everything else is, by `run`
)

app.command(home.init)
app.command(audience.app)
audience.app.command(person.story)
audience.app.command(person.erase)
app.command(lists.tags)
app.command(lists.segments)
app.command(lists.topics)
app.command(domains.app)
app.command(suppressions.app)
app.command(campaigns.app)
campaigns.app.command(scheduling.schedule)
campaigns.app.command(scheduling.unschedule)
app.command(scheduling.run)
campaigns.app.command(doubt.held)
campaigns.app.command(doubt.reconcile)
app.command(messages.send)
app.command(messages.resume)
app.command(messages.unsubscribe)
app.command(campaigns.explain)
app.command(policies.app)
app.command(syncs.app)
app.command(serve.serve)
app.command(demo.demo)
