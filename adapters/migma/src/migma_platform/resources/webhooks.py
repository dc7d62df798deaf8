"""Webhooks: where Migma tells what happens (§4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, SecretStr, field_validator

from ..call import Asked, Call, Told, call, one, rows, rows_at_once

__all__ = [
    "EVENTS",
    "NewWebhook",
    "Webhook",
    "WebhookChanges",
    "WebhookDeleted",
    "WebhookDelivery",
    "WebhookStats",
    "WebhookTested",
    "change",
    "create",
    "delete",
    "deliveries",
    "event_types",
    "get",
    "list_all",
    "stats",
    "test",
]

EVENTS: Final = (
    *("email.generation.started", "email.generation.completed", "email.generation.failed", "email.test.sent"),
    *("project.import.started", "project.import.processing", "project.import.completed", "project.import.failed"),
    *("export.completed", "export.failed"),
    *("subscriber.added", "subscriber.updated", "subscriber.unsubscribed", "subscriber.bulk_imported"),
    *("api_key.created", "api_key.revoked"),
)
"""What Migma documents that it tells; nothing of deliveries (A23)."""


def _https(url: str) -> str:
    if urlsplit(url).scheme != "https":
        raise ValueError("a webhook's URL is an https one")
    return url


class NewWebhook(Asked):
    """Where to tell what. Raises `ValueError` for a URL that is not https, or no events."""

    url: str
    events: tuple[str, ...] = Field(min_length=1)
    description: str | None = None
    custom_headers: Mapping[str, str] | None = None
    active: bool | None = None

    _is_https = field_validator("url")(_https)


class WebhookChanges(Asked):
    """What to change of a webhook. Its secret never changes: make another."""

    url: str | None = None
    events: tuple[str, ...] | None = Field(None, min_length=1)
    description: str | None = None
    custom_headers: Mapping[str, str] | None = None
    active: bool | None = None

    @field_validator("url")
    @classmethod
    def _is_https(cls, url: str | None) -> str | None:
        return None if url is None else _https(url)


class Webhook(Told):
    """A webhook. ``secret`` is told once, when it is made, and is in no print."""

    id: str
    url: str
    events: tuple[str, ...] = ()
    active: bool = True
    description: str | None = None
    custom_headers: Mapping[str, str] | None = Field(None, repr=False)
    secret: SecretStr | None = None
    secret_configured: bool | None = None
    success_count: int = 0
    failure_count: int = 0
    last_triggered_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class WebhookDeleted(Told):
    """Which was deleted."""

    id: str | None = None
    deleted: bool = True


class WebhookTested(Told):
    """What came of trying one."""

    success: bool
    status_code: int | None = None
    response_time: float | None = None
    error: str | None = None


class WebhookDelivery(Told):
    """One telling."""

    id: str
    event_id: str | None = None
    event_type: str | None = None
    status: str | None = None
    attempts: int = 0
    last_attempt_at: datetime | None = None
    response: Any = None
    created_at: datetime | None = None


class WebhookStats(Told):
    """How tellings went; whatever else Migma counts stands in ``model_extra``."""

    model_config = ConfigDict(extra="allow")


def list_all() -> Call[tuple[Webhook, ...]]:
    """Every webhook of the account."""
    return call("GET", ("webhooks",), rows(Webhook))


def create(what: NewWebhook) -> Call[Webhook]:
    """Make one; its secret is in the answer, and never again."""
    return call("POST", ("webhooks",), one(Webhook), body=what)


def get(webhook: str) -> Call[Webhook]:
    """One webhook, by id."""
    return call("GET", ("webhooks", webhook), one(Webhook))


def change(webhook: str, changes: WebhookChanges) -> Call[Webhook]:
    """Change a webhook."""
    return call("PATCH", ("webhooks", webhook), one(Webhook), body=changes)


def delete(webhook: str) -> Call[WebhookDeleted]:
    """Delete a webhook."""
    return call("DELETE", ("webhooks", webhook), one(WebhookDeleted))


def test(webhook: str) -> Call[WebhookTested]:
    """Have Migma tell it something, now."""
    return call("POST", ("webhooks", webhook, "test"), one(WebhookTested))


test.__test__ = False  # type: ignore[attr-defined]  # it is none of pytest's


def deliveries(webhook: str, *, limit: int = 100) -> Call[tuple[WebhookDelivery, ...]]:
    """What it was told last."""
    return call("GET", ("webhooks", webhook, "deliveries"), rows(WebhookDelivery), query={"limit": rows_at_once(limit)})


def event_types() -> Call[tuple[Any, ...]]:
    """The kinds of event that can be told, as Migma lists them."""
    return call("GET", ("webhooks", "events"), rows(object))


def stats() -> Call[WebhookStats]:
    """How tellings went, over all webhooks."""
    return call("GET", ("webhooks", "stats"), one(WebhookStats))
