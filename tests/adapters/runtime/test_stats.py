"""Stats of a real send: who left by its link, and what was reported about its messages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from migma_runtime import Migma

from migma_core import Address, EngagementAction, Project, SendStats
from migma_core.message.certificate import read_mime
from migma_core.ports import EngagementEvent, MailboxEvent, MailboxFact
from tests.support.news import news

Import = Callable[[str], None]
Mails = Callable[[], list[bytes]]


def test_a_campaign_is_counted_from_what_was_told(
    migma: Migma, project: Project, imported: Import, mails: Mails
) -> None:
    """Sent and accepted at once; delivered, opened and left once somebody says so (§1.12)."""
    imported("email,tags\n" + "".join(f"p{n}@example.com,news\n" for n in range(4)))
    campaign = migma.campaigns.create(name="News", **news(project))
    migma.campaigns.send(campaign)
    before = migma.campaigns.stats(campaign)
    assert before == SendStats(sent=4, accepted=4, as_of=before.as_of)

    first, second, *_ = migma.store.sends.log(campaign.id)
    now = migma.parts.clock.now()
    events = [
        MailboxEvent(
            id=row.id,
            what=what,
            address=_read(row.address),
            domain="mail.example.com",
            source="test",
            at=now,
            delivery=row.id,
        )
        for row, what in ((first, MailboxFact.DELIVERED), (second, MailboxFact.HARD_BOUNCE))
    ]
    migma.store.feedback.mailbox(project.account, events)
    opened = EngagementEvent(id="3", action=EngagementAction.OPENED, at=now, delivery=first.id)
    migma.store.feedback.engaged([opened, replace(opened, id="4")])
    (link,) = re.findall(r"<(https://\S+)>", read_mime(mails()[0]).all("List-Unsubscribe")[0])
    migma.opt_outs.leave(link)
    migma.opt_outs.leave(link)

    told = migma.campaigns.stats(campaign)
    assert (told.delivered, told.bounced, told.complained) == (1, 1, 0)
    assert (told.opened, told.opens, told.clicked, told.unsubscribed) == (1, 2, 0, 1)
    assert (told.delivery_rate, told.open_rate, told.bounce_rate) == (25.0, 100.0, 25.0)


def _read(address: str) -> Address:
    local, _, domain = address.partition("@")
    return Address(local, domain)
