"""``migma contacts story`` and ``migma contacts erase``: everything about one person, and forgetting them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, NamedTuple

from cyclopts import Parameter
from migma_wire import display, to_address, to_json

from migma_core.audience import ConsentEvent
from migma_core.ports import Erasure, Story

from .common import USUAL, Options
from .screen import Screen

__all__ = ["erase", "story"]


def story(email: str, /, *, common: Options = USUAL) -> int:
    """Show everything that is known about one person, as they may ask to be told."""
    with common.open() as migma:
        found = migma.contacts.story(common.project_of(migma).id, email)
    screen = common.screen
    shown = display(to_address(email))
    if found.is_empty:
        screen.say(f"Nothing is known about {shown}.")
    else:
        _show(screen, shown, found)
    screen.json(to_json(found, Story))
    return 0


def erase(
    email: str,
    /,
    *,
    yes: Annotated[bool, Parameter(help="Do it. Without this, only show what there is.", negative=())] = False,
    common: Options = USUAL,
) -> int:
    """Forget a person in the whole account. What stands against writing to them is kept, as a hash."""
    screen = common.screen
    with common.open() as migma:
        project = common.project_of(migma)
        if not yes:
            found = migma.contacts.story(project.id, email)
            _show(screen, display(to_address(email)), found)
            screen.warn("nothing was erased; this cannot be undone: say --yes to do it")
            screen.json(to_json(found, Story))
            return 1
        done = migma.contacts.erase(project.id, email, "operator")
    screen.say(
        f"Erased: {done.contacts} contacts, {done.deliveries} deliveries emptied, {done.cancelled} of them cancelled. "
        "No import brings this person back; their unsubscribe links still work."
    )
    screen.json(to_json(done, Erasure))
    return 0


class _Told(NamedTuple):
    """One line of the story."""

    at: datetime
    what: str
    how: str


def _show(screen: Screen, shown: str, found: Story) -> None:
    if found.contact is not None:
        one = found.contact
        screen.say(f"{shown} is {one.status}, known as {one.id}.")
        known = {**one.values, "tags": ", ".join(sorted(one.tags))}
        kept = ((name, value) for name, value in known.items() if value not in (None, "") and name not in _SAID)
        screen.table(("field", "value"), kept, "Nothing else is known.")
    if found.in_force:
        screen.say(f"In force against writing to {shown}: {', '.join(found.in_force)}.")
    rows = ((f"{one.at:%Y-%m-%d %H:%M}", one.what, one.how) for one in sorted(_told(found)))
    screen.table(("when", "what", "how"), rows, "Nothing has happened so far.")


_SAID = frozenset({"email", "firstName", "lastName", "name"})


def _told(found: Story) -> Iterator[_Told]:
    """Everything that happened, for one list in the order of time."""
    if found.added_at is not None:
        yield _Told(found.added_at, "added", "")
    topics = {one.topic: one.name for one in found.choices}
    for event in found.consents:
        yield _Told(event.at, _consent(event, topics.get(event.topic, "") if event.topic else ""), _means(event))
    for entry in found.suppressions:
        yield _Told(entry.at, f"suppressed: {entry.reason}", " ".join(filter(None, (entry.source, entry.provider))))
    for ended in found.ended:
        yield _Told(ended.ended_at, f"suppression ended: {ended.reason}", f"by {ended.ended_by}")
    for sent in found.deliveries:
        why = ", ".join(sent.reasons) or sent.why
        yield _Told(sent.updated_at, f"{sent.state}: {sent.name or sent.subject}", why)
    for seen in found.engagement:
        if seen.campaign is None:
            yield _Told(seen.last_at, f"{seen.action}, last of {seen.times}", f"first {seen.first_at:%Y-%m-%d %H:%M}")


def _consent(event: ConsentEvent, topic: str) -> str:
    level = f" ({event.level})" if event.level else ""
    return f"{event.act.replace('_', ' ')}{level}{f' {topic}' if topic else ''}"


def _means(event: ConsentEvent) -> str:
    """How it came about, in which words and edition, when the mailbox agreed, and what led there (O-01)."""
    words = f"“{event.shown.wording}”" if event.shown.wording else ""
    edition = f"edition {event.shown.version}" if event.shown.version else ""
    confirmed = f"confirmed {event.confirmed_at:%Y-%m-%d %H:%M}" if event.confirmed_at else ""
    return ", ".join(filter(None, (event.source, words, edition, confirmed, event.reference)))
