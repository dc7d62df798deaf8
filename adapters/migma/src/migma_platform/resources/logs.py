"""Logs: what became of each mail of an email or a campaign, and of an account's sending (§1.13, §1.14)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from ..call import Call, Page, Told, call, cursored, one, rows_at_once

__all__ = ["EmailMetrics", "LogRow", "LogStatus", "SendingMetrics", "of_campaign", "of_email", "sending", "summary"]

LogStatus: TypeAlias = Literal["sent", "delivered", "opened", "clicked", "bounced", "complained", "suppressed"]


class LogRow(BaseModel):
    """One mail. Rows live about thirty days, and come in snake case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str | None = None
    tracking_id: str | None = None
    domain: str | None = None
    from_email: str | None = None
    to_email: str | None = Field(None, repr=False)
    subscriber_id: str | None = None
    subject: str | None = None
    status: str
    opened_at: datetime | None = None
    clicked_at: datetime | None = None
    open_count: int = 0
    click_count: int = 0
    bounce_type: str | None = None
    complaint_type: str | None = None
    suppression_type: str | None = None
    suppression_reason: str | None = None
    conversation_id: str | None = None
    campaign_id: str | None = None
    created_at: datetime | None = None


class EmailMetrics(Told):
    """Counts and rates of one email, as Migma lays them out."""

    summary: Mapping[str, Any] = {}
    time_series: tuple[Any, ...] = ()
    country_breakdown: tuple[Any, ...] = ()
    last_updated: datetime | None = None
    cached: bool = False


class SendingMetrics(Told):
    """What an account has sent, and may still send."""

    period: Any = None
    monthly: Mapping[str, Any] = {}
    today: Mapping[str, Any] = {}
    monthly_limit: int | None = None
    remaining_month: int | None = None
    history: tuple[Any, ...] = ()


def of_email(
    email: str, *, status: LogStatus | None = None, limit: int = 100, cursor: str | None = None
) -> Call[Page[LogRow]]:
    """What became of each mail of one email, newest first; read on with `Client.every`."""
    return _log(("emails", email, "logs"), status, limit, cursor)


def of_campaign(
    campaign: str, *, status: LogStatus | None = None, limit: int = 100, cursor: str | None = None
) -> Call[Page[LogRow]]:
    """The same for a campaign."""
    return _log(("campaigns", campaign, "logs"), status, limit, cursor)


def summary(email: str) -> Call[EmailMetrics]:
    """Counts and rates of one email."""
    return call("GET", ("emails", email, "metrics"), one(EmailMetrics))


def sending(months: int | None = None) -> Call[SendingMetrics]:
    """What the account has sent."""
    return call("GET", ("metrics", "sending"), one(SendingMetrics), query={"months": months})


def _log(path: tuple[str, ...], status: LogStatus | None, limit: int, cursor: str | None) -> Call[Page[LogRow]]:
    query = {"limit": rows_at_once(limit), "cursor": cursor, "status": status}
    return call("GET", path, cursored(LogRow, "emails"), query=query)
