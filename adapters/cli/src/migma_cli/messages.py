"""``migma send``, ``migma resume`` and ``migma unsubscribe``: direct sends, and leaving."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from migma_core.delivery import SendId

from .carrying_out import carry_out
from .common import USUAL, Mistake, Options
from .helpers import Helpers
from .left_over import where_it_stopped

__all__ = ["resume", "send", "unsubscribe"]


def send(  # noqa: PLR0913 - one parameter per option
    *,
    from_: Annotated[str, Parameter(name="--from", help="Address at a verified domain.")],
    from_name: str,
    subject: str,
    html: Annotated[Path, Parameter(help="File with the HTML template.")],
    to: Annotated[str | None, Parameter(help="One address: transactional.")] = None,
    tag: Annotated[str | None, Parameter(help="Everyone with this tag: marketing.")] = None,
    segment: Annotated[str | None, Parameter(help="Everyone in this segment: marketing.")] = None,
    text: Annotated[Path | None, Parameter(help="File with the text; derived from the HTML otherwise.")] = None,
    topic: str | None = None,
    reply_to: str | None = None,
    cc: Annotated[tuple[str, ...], Parameter(help="Copied for all to see, with --to; repeat it.")] = (),
    bcc: Annotated[tuple[str, ...], Parameter(help="Copied without the others knowing; repeat it.")] = (),
    provider: Annotated[str, Parameter(help="Who delivers it.")] = "migma",
    transactional: Annotated[
        bool | None, Parameter(negative="--marketing", help="Override what the recipients imply.")
    ] = None,
    justification: Annotated[str | None, Parameter(help="Why a whole audience is mailed as transactional.")] = None,
    var: Annotated[dict[str, str] | None, Parameter(help="Values for the template: --var.code 42")] = None,
    header: Annotated[dict[str, str] | None, Parameter(help="Headers of your own: --header.X-Campaign spring")] = None,
    label: Annotated[tuple[str, ...], Parameter(help="Comes back with the provider's events; repeat it.")] = (),
    metadata: Annotated[dict[str, str] | None, Parameter(help="The same, with a name: --metadata.order o-1042")] = None,
    deliver_at: Annotated[
        datetime | None,
        Parameter(help="When the provider is to deliver transactional mail; UTC, or with an offset."),
    ] = None,
    idempotency_key: Annotated[
        str | None, Parameter(help="Repeated under the same key within a day, the same send is made once.")
    ] = None,
    common: Options = USUAL,
) -> int:
    """Send now, to one address, a tag or a segment."""
    given = [(kind, who) for kind, who in (("email", to), ("tag", tag), ("audience", segment)) if who is not None]
    if len(given) != 1:
        raise Mistake("say to whom with exactly one of --to, --tag and --segment")
    kind, who = given[0]
    with common.open() as migma:
        project = common.project_of(migma)
        begun = migma.sending.begin(
            idempotency_key=idempotency_key,
            recipient_type=kind,
            recipient_email=who if kind == "email" else None,
            recipient_id=None if kind == "email" else who,
            from_=from_,
            from_name=from_name,
            subject=subject,
            template=html.read_text(encoding="utf-8"),
            text=text.read_text(encoding="utf-8") if text else None,
            project_id=project.id,
            topic_id=topic,
            reply_to=reply_to,
            cc=cc,
            bcc=bcc,
            provider_type=provider,
            transactional=transactional,
            justification=justification,
            variables=var or {},
            headers=header or {},
            labels=label,
            metadata=metadata or {},
            deliver_at=_aware(deliver_at),
        )
        common.screen.say(f"Accepted as {begun.id}.")
        before = migma.store.sends.states(begun.id)
        run = partial(migma.sending.complete, begun)
        helpers = Helpers(migma, begun.id, common.home)
        return carry_out(common.screen, run, f"migma resume {begun.id}", before, helpers)


def resume(send_id: str, /, *, common: Options = USUAL) -> int:
    """Take up a direct send that was interrupted or paused, by its id. Repeating it doubles nobody."""
    with common.open() as migma:
        answer = migma.sending.status(SendId(send_id))
        common.screen.note(where_it_stopped(answer))
        run = partial(migma.sending.resume, SendId(send_id))
        helpers = Helpers(migma, answer.id, common.home)
        return carry_out(common.screen, run, f"migma resume {send_id}", answer.states, helpers)


def _aware(moment: datetime | None) -> datetime | None:
    """A time without an offset is in UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def unsubscribe(token: str, /, *, common: Options = USUAL) -> int:
    """Opt out of all marketing, by the link of a mail or the token in it."""
    with common.open() as migma:
        done = migma.opt_outs.leave(token)
    changed = "is unsubscribed from all marketing" if done.changed else "was unsubscribed already; nothing changed"
    common.screen.say(f"{done.address} {changed}.")
    common.screen.json(done)
    return 0
