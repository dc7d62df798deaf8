"""Campaigns: sends of a generated email to a tag or segment at Migma, and what came of them (§1.12, §3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import AliasChoices, Field

from ..call import Asked, Call, Page, Told, call, one, paged, pages
from .sending import ProviderType

__all__ = [
    "Campaign",
    "CampaignStats",
    "NewCampaign",
    "archive",
    "cancel",
    "create",
    "get",
    "list_page",
    "schedule",
    "send",
    "stats",
    "unarchive",
]


class NewCampaign(Asked):
    """A draft. It is always marketing (R8); whom it goes to is a tag or a segment (R50)."""

    project_id: str
    name: str = Field(min_length=1)
    conversation_id: str
    from_: str = Field(alias="from")
    from_name: str
    recipient_type: Literal["audience", "tag"]
    recipient_id: str
    email_id: str | None = None
    subject: str | None = None
    preheader_text: str | None = None
    reply_to: str | None = None
    topic_id: str | None = None
    provider_type: ProviderType | None = None
    variables: Mapping[str, object] | None = None


class Campaign(Told):
    """A campaign and where it stands: ``draft``, ``scheduled``, ``sending``, ``sent`` and others."""

    id: str
    project_id: str | None = None
    name: str | None = None
    conversation_id: str | None = None
    email_id: str | None = None
    subject: str | None = None
    preheader_text: str | None = None
    reply_to: str | None = None
    from_: str | None = Field(None, validation_alias=AliasChoices("from", "from_"))
    from_name: str | None = None
    recipient_type: str | None = None
    recipient_id: str | None = None
    topic_id: str | None = None
    estimated_recipients: int | None = None
    provider_type: str | None = None
    variables: Mapping[str, Any] | None = None
    status: str
    scheduled_at: datetime | None = None
    scheduled_timezone: str | None = None
    batch_id: str | None = None
    sent_at: datetime | None = None
    completed_at: datetime | None = None
    error: str | None = None
    archived: bool = False
    triggered_by: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class CampaignStats(Told):
    """What came of a campaign; values are cached and may lag. Rates are 0 to 100."""

    total_sent: int = 0
    total_delivered: int = 0
    unique_opens: int = 0
    total_opens: int = 0
    unique_clicks: int = 0
    total_clicks: int = 0
    unsubscribes: int = 0
    bounces: int = 0
    open_rate: float = 0.0
    click_rate: float = 0.0
    bot_opens: int | None = None
    bot_clicks: int | None = None
    mpp_opens: int | None = None
    last_updated: datetime | None = None


def list_page(
    project: str, *, page: int = 1, limit: int = 100, status: str | None = None, archived: bool | None = None
) -> Call[Page[Campaign]]:
    """Campaigns of a project, a page of them."""
    query = {"projectId": project, **pages(page, limit), "status": status, "archived": archived}
    return call("GET", ("campaigns",), paged(Campaign, "campaigns"), query=query)


def create(what: NewCampaign) -> Call[Campaign]:
    """Make a draft."""
    return call("POST", ("campaigns",), one(Campaign), body=what)


def get(campaign: str) -> Call[Campaign]:
    """One campaign, by id."""
    return call("GET", ("campaigns", campaign), one(Campaign))


def send(campaign: str, *, key: str | None = None) -> Call[Campaign]:
    """Send a draft now. Under a ``key``, the same asked again within a day is done once (R63)."""
    asked = _act(campaign, "send")
    return asked if key is None else asked.keyed(key)


def schedule(campaign: str, at: datetime, *, timezone: str | None = None) -> Call[Campaign]:
    """
    Send it at a time (R52, R53). ``timezone`` is for display, an IANA name; the moment is aware.

    Raises `ValueError` for a time without an offset: whose morning it means, nobody knows.
    """
    if at.tzinfo is None:
        raise ValueError("a schedule needs a time with an offset: pass an aware datetime")
    body = {"scheduledAt": at.isoformat(), "scheduledTimezone": timezone}
    return call("POST", ("campaigns", campaign, "schedule"), one(Campaign), body=body)


def cancel(campaign: str) -> Call[Campaign]:
    """Call off what was not handed over yet."""
    return _act(campaign, "cancel")


def archive(campaign: str) -> Call[Campaign]:
    """Hide it from lists."""
    return _act(campaign, "archive")


def unarchive(campaign: str) -> Call[Campaign]:
    """Show it in lists again."""
    return _act(campaign, "unarchive")


def stats(campaign: str) -> Call[CampaignStats]:
    """What came of it."""
    return call("GET", ("campaigns", campaign, "stats"), one(CampaignStats))


def _act(campaign: str, what: str) -> Call[Campaign]:
    return call("POST", ("campaigns", campaign, what), one(Campaign))
