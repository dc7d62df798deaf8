"""How the stand-in takes a send: shape, kind, provider, domain and topic in order, and then people (§2.0)."""

from __future__ import annotations

import re
from typing import Any

from .world import MANAGED, Refusal, Row, World

__all__ = ["batch", "check_sender", "send", "send_campaign"]

_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")
_PROVIDERS = ("migma", "ses", "resend", "sendgrid", "mailgun")
_KINDS = ("email", "audience", "segment", "tag")


def send(world: World, body: Row) -> Row:
    """Take a direct send: everything that is wrong refuses it as a whole, and nothing is sent then."""
    _check_shape(world, body)
    single = body["recipientType"] == "email"
    transactional = body.get("transactional")
    said = {**body, "transactional": single if transactional is None else transactional}  # R1 to R5
    check_sender(world, said)
    _check_topic(world, said)
    if single:
        tracking = world.new_id()
        email = said["recipientEmail"]
        world.deliver(said, email, world.find(said.get("projectId") or "", email), tracking)
        return {"id": tracking, "sendId": tracking, "provider": _provider(said), "status": "queued", "sentCount": 1}
    made = batch(world, said)
    return {"id": made["batchId"], "batchId": made["batchId"], "provider": _provider(said), "status": "queued"}


def batch(world: World, said: Row) -> Row:
    """Send to everybody in an audience once (R57), and keep count."""
    people = world.audience("tag" if said["recipientType"] == "tag" else "segment", said["recipientId"])
    once = {one["email"].lower(): one for one in people}
    sent = [world.deliver(said, one["email"], one, world.new_id()) for one in once.values()]
    made = {
        "batchId": world.new_id(),
        "status": "completed",
        "recipientType": said["recipientType"],
        "recipientId": said["recipientId"],
        "provider": _provider(said),
        "totalCount": len(sent),
        "queuedCount": 0,
        "sentCount": sum(sent),
        "failedCount": 0,
        "from": said["from"],
        "fromName": said["fromName"],
        "subject": said["subject"],
        "createdAt": world.stamp(),
    }
    world.batches[made["batchId"]] = made
    return made


def send_campaign(world: World, campaign: Row) -> None:
    """Send a campaign, which is always marketing (R8); nobody to write to is a failure, and no silent success (R58)."""
    said = {**campaign, "transactional": False, "campaignId": campaign["id"]}
    check_sender(world, said)
    _check_topic(world, said)
    made = batch(world, said)
    campaign.update(batchId=made["batchId"], sentAt=world.stamp(), completedAt=world.stamp())
    campaign["status"] = "sent" if made["sentCount"] else "failed"
    if not made["sentCount"]:
        campaign["error"] = "nobody in the audience may be written to"


def check_sender(world: World, said: Row) -> None:
    """Provider and domain (R38 to R46)."""
    provider = _provider(said)
    if provider not in _PROVIDERS:
        raise Refusal(400, f"providerType: one of {', '.join(_PROVIDERS)}")
    if provider not in world.connected:
        raise Refusal(400, f"the provider {provider} is not connected")
    name = said["from"].rpartition("@")[2].lower()
    domain = world.domains.get(name)
    if domain is None or not domain["isVerified"]:
        raise Refusal(403, f"the domain {name} is not verified")
    if domain["status"] == "suspended":
        raise Refusal(403, f"the domain {name} is suspended")
    if name.endswith(MANAGED) and provider != "migma":
        raise Refusal(400, "a managed domain sends through migma only")


def _check_shape(world: World, body: Row) -> None:
    kind = body.get("recipientType")
    if kind not in _KINDS:
        raise Refusal(400, f"recipientType: one of {', '.join(_KINDS)}")
    for name in ("from", "fromName", "subject"):  # R36
        if not _text(body.get(name)):
            raise Refusal(400, f"{name} is required")
    wanted, other = ("recipientEmail", "recipientId") if kind == "email" else ("recipientId", "recipientEmail")
    if not _text(body.get(wanted)) or body.get(other) is not None:  # R37
        raise Refusal(400, f"{wanted} is required for {kind}, and nothing else")
    if kind == "email" and not _ADDRESS.fullmatch(body["recipientEmail"]):
        raise Refusal(400, "recipientEmail is no email address")
    if not isinstance(body.get("transactional"), bool | None):
        raise Refusal(400, "transactional is true or false")
    if not (body.get("conversationId") or body.get("emailId")):  # R48
        if not _text(body.get("template")):
            raise Refusal(400, "template is required unless conversationId or emailId is given")
        if body.get("projectId") not in world.projects:
            raise Refusal(404, "there is no such project")


def _check_topic(world: World, said: Row) -> None:
    topic = said.get("topicId")
    if topic is None or said["transactional"]:  # R19
        return
    if topic not in world.topics or not world.topics[topic]["isActive"]:  # R25
        raise Refusal(400, "topicId: there is no such active topic")


def _provider(said: Row) -> str:
    return said.get("providerType") or "migma"  # R41


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
