"""The stand-in's routes about sending: sends, campaigns, domains, webhooks, logs."""

from __future__ import annotations

import re
from typing import Any

from .routes import Asked, cursored, listed, route
from .sends import send, send_campaign
from .world import MANAGED, Refusal, Row, World

__all__ = ["sending"]

_PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]")
_TRANSITIONS = {"send": ("draft", "scheduled"), "schedule": ("draft", "scheduled"), "cancel": ("draft", "scheduled")}


@route("POST", "sending", "email:send")
def sending(world: World, asked: Asked) -> Any:
    """Take a direct send."""
    return send(world, asked.body)


@route("GET", "sending/batches/{id}", "email:read")
def batch(world: World, asked: Asked) -> Any:
    """How far a batch is."""
    return _one(world.batches, asked.id, "batch")


@route("POST", "emails/test/send", "email:send")
def test_send(world: World, asked: Asked) -> Any:
    """Send to one's own mailbox to look at."""
    if not (asked.body.get("conversationId") or asked.body.get("emailId")):
        raise Refusal(400, "conversationId or emailId is required")
    return {"messageId": world.new_id(), "sentTo": asked.required("to"), "sentAt": world.stamp(), "subject": "Test"}


@route("GET", "emails/{id}/logs", "email:read")
def email_logs(world: World, asked: Asked) -> Any:
    """What became of each mail of an email."""
    return cursored([one for one in reversed(world.log) if one["email_id"] == asked.id], asked.query)


@route("GET", "emails/{id}/metrics", "email:read")
def metrics(world: World, asked: Asked) -> Any:
    """Counts of an email."""
    rows = [one for one in world.log if one["email_id"] == asked.id]
    return {"summary": {"sent": len(rows)}, "timeSeries": [], "countryBreakdown": [], "cached": False}


@route("GET", "metrics/sending", "email:read")
def usage(world: World, asked: Asked) -> Any:
    """What the account has sent."""
    sent = sum(one["status"] == "sent" for one in world.log)
    return {"period": asked.query.get("months", "1"), "monthly": {"sent": sent}, "today": {"sent": sent}}


@route("GET", "campaigns", "campaign:read")
def campaigns(world: World, asked: Asked) -> Any:
    """A page of campaigns, and how many there are."""
    project, wanted = asked.project(world), asked.query.get("status")
    found = [one for one in world.campaigns.values() if one["projectId"] == project and wanted in {None, one["status"]}]
    _, rows, more = listed(found, asked.query)
    return {"campaigns": rows, "total": more["count"]}


@route("POST", "campaigns", "campaign:write")
def add_campaign(world: World, asked: Asked) -> Any:
    """Make a draft (R51)."""
    for name in ("name", "conversationId", "from", "fromName", "recipientId"):
        asked.required(name)
    if asked.body.get("recipientType") not in {"audience", "tag"}:  # R50
        raise Refusal(400, "recipientType: audience or tag")
    made = {"subject": "News", **asked.body, "projectId": asked.project(world)}
    made |= {"id": world.new_id(), "status": "draft", "createdAt": world.stamp()}
    world.campaigns[made["id"]] = made
    return 201, made


@route("GET", "campaigns/{id}", "campaign:read")
def campaign(world: World, asked: Asked) -> Any:
    """One campaign."""
    return _one(world.campaigns, asked.id, "campaign")


@route("POST", "campaigns/{id}/{act}", "campaign:write")
def act(world: World, asked: Asked) -> Any:
    """Send, schedule, cancel, hide or show; what its state does not allow is a conflict (R55)."""
    row, what = _one(world.campaigns, asked.id, "campaign"), asked.path.rpartition("/")[2]
    if what in _TRANSITIONS and row["status"] not in _TRANSITIONS[what]:
        raise Refusal(409, f"a campaign that is {row['status']} cannot be changed so: {what}")
    match what:
        case "send":
            send_campaign(world, row)
        case "schedule":
            row.update(status="scheduled", scheduledAt=asked.required("scheduledAt"), scheduledTimezone="UTC")
            row.update(asked.said("scheduledTimezone"))
        case "cancel":
            row["status"] = "cancelled"
        case "archive" | "unarchive":
            row["archived"] = what == "archive"
        case _:
            raise Refusal(404, "there is no such route")
    return row


@route("GET", "campaigns/{id}/stats", "campaign:read")
def stats(world: World, asked: Asked) -> Any:
    """Counts of a campaign."""
    rows = _of_campaign(world, asked)
    return {"totalSent": sum(one["status"] == "sent" for one in rows), "lastUpdated": world.stamp()}


@route("GET", "campaigns/{id}/logs", "campaign:read")
def campaign_logs(world: World, asked: Asked) -> Any:
    """What became of each mail of a campaign."""
    return cursored(_of_campaign(world, asked)[::-1], asked.query)


@route("GET", "domains", "domain:read")
def domains(world: World, _: Asked) -> Any:
    """The account's own domains."""
    return [one for one in world.domains.values() if not one["isManagedDomain"]]


@route("GET", "domains/managed", "domain:read")
def managed(world: World, _: Asked) -> Any:
    """The account's domains below migma.email."""
    return [one for one in world.domains.values() if one["isManagedDomain"]]


@route("POST", "domains", "domain:write")
def add_domain(world: World, asked: Asked) -> Any:
    """Add a domain, with the records to publish."""
    name = asked.required("domain").lower()
    if name in world.domains:
        raise Refusal(409, "the domain is there already")
    if name.endswith(MANAGED):
        raise Refusal(400, "managed domains are made by their prefix")
    return 201, world.domain(name, verified=False)


@route("POST", "domains/managed", "domain:write")
def add_managed(world: World, asked: Asked) -> Any:
    """Take a managed domain."""
    prefix = asked.required("prefix")
    if (why := _taken(world, prefix)) is not None:
        raise Refusal(409 if why == "taken" else 400, f"prefix: {why}")
    return 201, world.domain(f"{prefix}{MANAGED}")


@route("GET", "domains/managed/check/{id}", "domain:read")
def available(world: World, asked: Asked) -> Any:
    """Whether a prefix is free."""
    why = _taken(world, asked.id)
    said = {"available": why is None, "prefix": asked.id, "fullDomain": f"{asked.id}{MANAGED}"}
    return said if why is None else {**said, "reason": why}


@route("DELETE", "domains/managed/{id}", "domain:write")
@route("DELETE", "domains/{id}", "domain:write")
def delete_domain(world: World, asked: Asked) -> Any:
    """Remove a domain."""
    del world.domains[_one(world.domains, asked.id, "domain")["domain"]]
    return {"domain": asked.id, "deleted": True}


@route("GET", "domains/{id}", "domain:read")
def domain(world: World, asked: Asked) -> Any:
    """One domain."""
    return _one(world.domains, asked.id, "domain")


@route("POST", "domains/{id}/verify", "domain:write")
def verify(world: World, asked: Asked) -> Any:
    """Look at the records; those of `World.published` are there."""
    row = _one(world.domains, asked.id, "domain")
    if row["domain"] in world.published:
        row.update(isVerified=True, status="verified", verifiedAt=world.stamp())
    return row


@route("PATCH", "domains/{id}", "domain:write")
def track(world: World, asked: Asked) -> Any:
    """Switch tracking."""
    row = _one(world.domains, asked.id, "domain")
    row.update(asked.said("openTracking", "clickTracking", "brandedTracking"))
    return row


@route("GET", "webhooks", "webhook:read")
def webhooks(world: World, _: Asked) -> Any:
    """Every webhook, without its secret."""
    return [_bare(one) for one in world.webhooks.values()]


@route("GET", "webhooks/events", "webhook:read")
def events(world: World, _: Asked) -> Any:
    """What can be told."""
    del world
    return ["subscriber.added", "subscriber.updated", "subscriber.unsubscribed", "subscriber.bulk_imported"]


@route("GET", "webhooks/stats", "webhook:read")
def webhook_stats(world: World, _: Asked) -> Any:
    """How tellings went."""
    return {"total": len(world.webhooks), "active": sum(one["active"] for one in world.webhooks.values())}


@route("POST", "webhooks", "webhook:write")
def add_webhook(world: World, asked: Asked) -> Any:
    """Make one; its secret is told here alone."""
    if not asked.required("url").startswith("https://"):
        raise Refusal(400, "url is an https one")
    if not asked.body.get("events"):
        raise Refusal(400, "events: at least one")
    row = {"id": world.new_id(), "active": True, "successCount": 0, "failureCount": 0, **asked.body}
    world.webhooks[row["id"]] = row
    return 201, {**row, "secret": f"whsec_{row['id']}"}


@route("GET", "webhooks/{id}", "webhook:read")
def webhook(world: World, asked: Asked) -> Any:
    """One webhook."""
    return _bare(_one(world.webhooks, asked.id, "webhook"))


@route("PATCH", "webhooks/{id}", "webhook:write")
def change_webhook(world: World, asked: Asked) -> Any:
    """Change one."""
    row = _one(world.webhooks, asked.id, "webhook")
    row.update(asked.said("url", "events", "description", "customHeaders", "active"))
    return _bare(row)


@route("DELETE", "webhooks/{id}", "webhook:write")
def delete_webhook(world: World, asked: Asked) -> Any:
    """Delete one."""
    del world.webhooks[_one(world.webhooks, asked.id, "webhook")["id"]]
    return {"id": asked.id, "deleted": True}


@route("POST", "webhooks/{id}/test", "webhook:write")
def try_webhook(world: World, asked: Asked) -> Any:
    """Say that it was told something; nothing leaves this machine."""
    _one(world.webhooks, asked.id, "webhook")
    return {"success": True, "statusCode": 200, "responseTime": 12}


@route("GET", "webhooks/{id}/deliveries", "webhook:read")
def deliveries(world: World, asked: Asked) -> Any:
    """Nothing was told."""
    _one(world.webhooks, asked.id, "webhook")
    return []


def _one(table: dict[str, Row], key: str, what: str) -> Row:
    if key not in table:
        raise Refusal(404, f"there is no such {what}")
    return table[key]


def _of_campaign(world: World, asked: Asked) -> list[Row]:
    _one(world.campaigns, asked.id, "campaign")
    return [one for one in world.log if one["campaign_id"] == asked.id]


def _taken(world: World, prefix: str) -> str | None:
    if not _PREFIX.fullmatch(prefix):
        return "format"
    return "taken" if f"{prefix}{MANAGED}" in world.domains else None


def _bare(row: Row) -> Row:
    return {**row, "secretConfigured": True}
