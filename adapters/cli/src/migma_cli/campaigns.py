"""``migma campaigns`` and ``migma explain``: preview, send, follow, and say why."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from migma_runtime import Campaigns, Preview, SendAnswer
from migma_runtime.scheduling import appointment

from migma_core.decision import Refused
from migma_core.decision import explain as in_words
from migma_core.delivery import DeliveryState
from migma_core.ports import SendRecord

from .answers import show_answer
from .carrying_out import carry_out
from .common import USUAL, Mistake, Options
from .helpers import Helpers
from .left_over import where_it_stopped
from .screen import Screen, for_people, partition_rows
from .stats import stats_rows

__all__ = ["after", "app", "explain", "show_preview"]

app = App(name="campaigns", help="Named sends to a tag or a segment; always marketing.")


@app.command
def create(  # noqa: PLR0913 - one parameter per option
    *,
    name: str,
    from_: Annotated[str, Parameter(name="--from", help="Address at a verified domain.")],
    from_name: str,
    subject: str,
    html: Annotated[Path, Parameter(help="File with the HTML template.")],
    text: Annotated[Path | None, Parameter(help="File with the text; derived from the HTML otherwise.")] = None,
    tag: Annotated[str | None, Parameter(help="Send to everyone with this tag, or …")] = None,
    segment: Annotated[str | None, Parameter(help="… to everyone in this segment.")] = None,
    topic: str | None = None,
    reply_to: str | None = None,
    exclude_segment: Annotated[tuple[str, ...], Parameter(help="Leave out whoever is in this segment.")] = (),
    exclude_recipients_of: Annotated[tuple[str, ...], Parameter(help="Leave out whom this campaign reached.")] = (),
    provider: Annotated[str, Parameter(help="Who delivers it.")] = "migma",
    var: Annotated[dict[str, str] | None, Parameter(help="Values for the template: --var.code 42")] = None,
    idempotency_key: Annotated[
        str | None, Parameter(help="Repeated under the same key within a day, the same draft is made once.")
    ] = None,
    common: Options = USUAL,
) -> int:
    """Write a draft. Everything that would be refused later is refused here."""
    kind, audience = _audience(tag, segment)
    with common.open() as migma:
        made = migma.campaigns.create(
            name=name,
            idempotency_key=idempotency_key,
            recipient_type=kind,
            recipient_id=audience,
            from_=from_,
            from_name=from_name,
            subject=subject,
            template=html.read_text(encoding="utf-8"),
            text=text.read_text(encoding="utf-8") if text else None,
            project_id=common.project_of(migma).id,
            topic_id=topic,
            reply_to=reply_to,
            provider_type=provider,
            variables=var or {},
            exclude_segments=exclude_segment,
            exclude_recipients_of=exclude_recipients_of,
        )
    common.screen.say(f"Created the campaign {name} ({made.id}), a draft. Next: migma campaigns preview {made.id}")
    common.screen.json({"id": made.id, "name": made.name, "status": made.status})
    return 0


@app.command(name="list")
def list_(*, common: Options = USUAL) -> int:
    """List campaigns, newest first."""
    with common.open() as migma:
        found = migma.store.sends.list(common.project_of(migma).id)
        starts = {one.send: appointment(one).words for one in migma.store.schedules.waiting()}
    rows = ((one.name, one.status, starts.get(one.id, ""), f"{one.created_at:%Y-%m-%d %H:%M}", one.id) for one in found)
    common.screen.table(("campaign", "status", "starts", "created", "id"), rows, "There are no campaigns.")
    common.screen.json(
        [
            {
                "id": one.id,
                "name": one.name,
                "status": one.status,
                "starts": starts.get(one.id),
                "created_at": one.created_at,
            }
            for one in found
        ]
    )
    return 0


@app.command
def preview(campaign: str, /, *, common: Options = USUAL) -> int:
    """Count who would get it and who would not: mailable + withheld + deferred = the audience."""
    with common.open() as migma:
        shown = migma.campaigns.preview(migma.campaigns.find(common.project_of(migma).id, campaign))
    show_preview(common.screen, shown)
    common.screen.json({"partition": shown.partition, "total": shown.partition.total, "answer": shown.answer})
    return 0


@app.command
def send(campaign: str, /, *, common: Options = USUAL) -> int:
    """Send a draft, or take up a campaign that was interrupted. Repeating it doubles nobody."""
    with common.open() as migma:
        record = migma.campaigns.find(common.project_of(migma).id, campaign)
        answer = migma.campaigns.status(record)
        common.screen.note(where_it_stopped(answer))
        again = f"migma campaigns send {campaign}"
        helpers = Helpers(migma, record.id, common.home)
        return carry_out(common.screen, partial(migma.campaigns.send, record), again, answer.states, helpers)


@app.command(name="test")
def try_out(
    campaign: str,
    /,
    *,
    to: Annotated[tuple[str, ...], Parameter(help="A subscribed contact's address; up to ten.")],
    common: Options = USUAL,
) -> int:
    """Send the very mail to a few people who may get it, to look at; the campaign stays as it is."""
    with common.open() as migma:
        tried = migma.campaigns.test_send(migma.campaigns.find(common.project_of(migma).id, campaign), to)
    rows = ((for_people(one.address), one.state, one.words) for one in tried)
    common.screen.table(("address", "state", "why"), rows, "")
    for way in dict.fromkeys(way for one in tried for way in one.remedies):
        common.screen.say(f"  what may change that: {way}")
    common.screen.json(tried)
    return 0 if all(one.state is DeliveryState.ACCEPTED for one in tried) else 1


@app.command
def pause(campaign: str, /, *, common: Options = USUAL) -> int:
    """Stop a campaign that is being sent, here or in another process; `send` takes it up again."""
    return after(common, campaign, Campaigns.pause)


@app.command
def cancel(campaign: str, /, *, common: Options = USUAL) -> int:
    """Stop whatever has not been handed over."""
    return after(common, campaign, Campaigns.cancel)


@app.command
def stats(campaign: str, /, *, common: Options = USUAL) -> int:
    """Show where a campaign stands, and what became of its messages as far as providers have told."""
    with common.open() as migma:
        record = migma.campaigns.find(common.project_of(migma).id, campaign)
        answer, told = migma.campaigns.status(record), migma.campaigns.stats(record)
    show_answer(common.screen, answer, {"stats": told})
    common.screen.table(("", "", "rate"), stats_rows(told), "")
    return 0


@app.command
def logs(
    campaign: str,
    /,
    *,
    state: Annotated[DeliveryState | None, Parameter(help="Only rows in this state.")] = None,
    limit: Annotated[int, Parameter(help="At most so many.")] = 50,
    after: Annotated[int, Parameter(help="Go on after this number, as the last page says.")] = 0,
    common: Options = USUAL,
) -> int:
    """List what became of each person."""
    with common.open() as migma:
        record = migma.campaigns.find(common.project_of(migma).id, campaign)
        found = migma.store.sends.log(record.id, state=state, after=after, limit=limit)
    rows = (
        (for_people(one.address), one.state, ", ".join(one.reasons) or one.why, f"{one.updated_at:%Y-%m-%d %H:%M:%S}")
        for one in found
    )
    common.screen.table(("address", "state", "why", "when"), rows, "There is nothing in the log.")
    if len(found) == limit:
        common.screen.say(f"More: --after {found[-1].number}")
    common.screen.json(found)
    return 0


def explain(campaign: str, address: str, /, *, common: Options = USUAL) -> int:
    """Say in words why an address was, was not, or would not be written to."""
    with common.open() as migma:
        record = migma.campaigns.find(common.project_of(migma).id, campaign)
        explained = migma.campaigns.explain(record, address)
    common.screen.say(f"{for_people(explained.address)}: {explained.words}")
    for way in explained.remedies:
        common.screen.say(f"  what may change that: {way}")
    for doubt in explained.doubts or ("a second reading of the rules agrees",):
        common.screen.say(f"  checked: {doubt}")
    common.screen.json(explained)
    return 0


def show_preview(screen: Screen, shown: Preview) -> None:
    """A partition that visibly adds up, and what would stop the whole send."""
    screen.table(("who", "people"), partition_rows(shown.partition), "")
    if isinstance(shown.answer, Refused):
        screen.warn(in_words(shown.answer))


def after(common: Options, campaign: str, step: Callable[[Campaigns, SendRecord], SendAnswer]) -> int:
    """Take a step with a campaign, and show where it stands then."""
    with common.open() as migma:
        answer = step(migma.campaigns, migma.campaigns.find(common.project_of(migma).id, campaign))
    show_answer(common.screen, answer)
    return 0


def _audience(tag: str | None, segment: str | None) -> tuple[str, str]:
    if tag is not None and segment is None:
        return "tag", tag
    if segment is not None and tag is None:
        return "audience", segment
    raise Mistake("a campaign goes to one tag or one segment: give --tag or --segment, not both")
