"""The stand-in's routes about contacts, one by one and as lists."""

from __future__ import annotations

import csv
import io
import json
from email.message import Message
from email.parser import BytesParser
from typing import Any

from .routes import Asked, listed, route
from .world import Refusal, Row, World

__all__ = ["contacts"]

_FIELDS = ("firstName", "lastName", "phone", "country", "language", "customFields", "tags")
_STATUSES = ("subscribed", "unsubscribed", "non-subscribed", "bounced")
_AT_ONCE = 5_000
_MOST_DELETED = 1_000


@route("GET", "contacts", "audience:read")
def contacts(world: World, asked: Asked) -> Any:
    """A page of people, the newest first."""
    project, query = asked.project(world), asked.query
    people = world.people(project)
    if status := query.get("status"):
        people = [one for one in people if one["status"] == status]
    if tags := query.get("tags"):
        people = [one for one in people if set(tags.split(",")) & set(one["tags"])]
    if search := query.get("search", "").lower():
        people = [one for one in people if search in f"{one['email']} {one.get('firstName')}".lower()]
    return listed(people, query)


@route("POST", "contacts", "audience:write")
def add(world: World, asked: Asked) -> Any:
    """Add one; who is there already is a conflict."""
    body, project = asked.body, asked.project(world)
    _check(body)
    if world.find(project, body["email"]):
        raise Refusal(409, "there is a contact with this address")
    said = {name: body[name] for name in _FIELDS if body.get(name) is not None}
    return 201, world.person(project, body["email"], body.get("status") or "subscribed", **said)


@route("GET", "contacts/{id}", "audience:read")
def get(world: World, asked: Asked) -> Any:
    """One person."""
    return _contact(world, asked)


@route("PATCH", "contacts/{id}", "audience:write")
def change(world: World, asked: Asked) -> Any:
    """Change what is said; the address is nothing the API changes."""
    row, body = _contact(world, asked), asked.body
    if "email" in body:
        raise Refusal(400, "email cannot be changed")
    row.update({name: body[name] for name in _FIELDS if name in body}, updatedAt=world.stamp())
    if body.get("status"):
        _check_status(body["status"])
        world.set_status(row, body["status"])
    return row


@route("DELETE", "contacts/{id}", "audience:write")
def delete(world: World, asked: Asked) -> Any:
    """Delete one, and their record."""
    row = _contact(world, asked)
    world.forget(row)
    return {"id": row["id"], "deleted": True}


@route("POST", "contacts/status", "audience:write")
def status(world: World, asked: Asked) -> Any:
    """Set a status by address."""
    body = asked.body
    _check_status(body.get("status"))
    row = world.find(asked.project(world), str(body.get("email")))
    if row is None:
        raise Refusal(404, "there is no contact with this address")
    world.set_status(row, body["status"])
    return {"success": True}


@route("POST", "contacts/bulk", "audience:write")
def bulk(world: World, asked: Asked) -> Any:
    """Add or update many: who is there is updated, status included."""
    project, people = asked.project(world), asked.body.get("subscribers") or []
    done: Row = {"success": 0, "failed": 0, "updated": 0, "errors": []}
    for one in people:
        try:
            _check(one)
        except Refusal as refused:
            done["failed"] += 1
            done["errors"].append({"email": one.get("email"), "error": refused.said})
            continue
        done["updated" if _upsert(world, project, one) else "success"] += 1
    if len(people) <= _AT_ONCE:
        return done
    found, job = (
        world.new_id(),
        {"status": "completed", "totalContacts": len(people), "processed": len(people), "result": done},
    )
    world.jobs[found] = job
    return 202, {"jobId": found, "status": "processing", "totalContacts": len(people), "message": "in the background"}


@route("GET", "contacts/bulk/{id}", "audience:read")
@route("GET", "contacts/imports/{id}", "audience:read")
@route("GET", "contacts/exports/{id}", "audience:read")
def job(world: World, asked: Asked) -> Any:
    """How far a job is."""
    if asked.id not in world.jobs:
        raise Refusal(404, "there is no such job")
    return world.jobs[asked.id]


@route("POST", "contacts/imports", "audience:write")
def imports(world: World, asked: Asked) -> Any:
    """Import a CSV file; ``skip`` leaves whoever is there as they are."""
    form = _form(asked)
    project = form.get("projectId", b"").decode()
    if project not in world.projects:
        raise Refusal(404, "there is no such project")
    columns, skip = json.loads(form["columnMap"]), form.get("onConflict", b"upsert") == b"skip"
    if "email" not in columns:
        raise Refusal(400, "columnMap needs email")
    counts = dict.fromkeys(("total", "created", "updated", "skipped", "failed"), 0)
    for line in csv.DictReader(io.StringIO(form["file"].decode(), newline="")):
        counts["total"] += 1
        counts[_taken(world, project, line, columns, skip=skip)] += 1
    made: Row = {"id": world.new_id(), "object": "contact_import", "status": "completed", "counts": counts}
    world.jobs[made["id"]] = made
    return 202, {"object": "contact_import", "id": made["id"], "status": "pending"}


@route("POST", "contacts/exports", "audience:read")
def exports(world: World, asked: Asked) -> Any:
    """Write everybody to a file, as a job."""
    asked.project(world)
    made = {"jobId": world.new_id(), "status": "completed", "url": "https://counterpart.example/export.csv"}
    world.jobs[made["jobId"]] = made
    return 202, made


@route("POST", "contacts/bulk-delete", "audience:write")
def delete_many(world: World, asked: Asked) -> Any:
    """Delete up to a thousand by address."""
    emails = asked.body.get("emails") or []
    if not 1 <= len(emails) <= _MOST_DELETED:
        raise Refusal(400, "emails: 1 to 1000")
    found = {email: world.find(asked.project(world), email) for email in emails}
    for row in filter(None, found.values()):
        world.forget(row)
    return {"deleted": sum(map(bool, found.values())), "notFound": [one for one, row in found.items() if not row]}


def _contact(world: World, asked: Asked) -> Row:
    row = world.contacts.get(asked.id)
    if row is None or row["projectId"] != asked.project(world):
        raise Refusal(404, "there is no such contact")
    return row


def _check(body: Row) -> None:
    email = body.get("email")
    if not isinstance(email, str) or "@" not in email or " " in email:
        raise Refusal(400, "email is no email address")
    if len(body.get("phone") or "") > 30:  # noqa: PLR2004 - §1.2
        raise Refusal(400, "phone has at most 30 characters")
    if body.get("status") is not None:
        _check_status(body["status"])


def _check_status(status: object) -> None:
    if status not in _STATUSES:
        raise Refusal(400, f"status: one of {', '.join(_STATUSES)}")


def _upsert(world: World, project: str, one: Row) -> bool:
    """Write one; whether they were there."""
    said = {name: one[name] for name in _FIELDS if one.get(name) is not None}
    row = world.find(project, one["email"])
    if row is None:
        world.person(project, one["email"], one.get("status") or "subscribed", **said)
        return False
    row.update(said)
    if one.get("status"):
        world.set_status(row, one["status"])
    return True


def _taken(world: World, project: str, line: Row, columns: Row, *, skip: bool) -> str:
    own = columns.get("customFields") or {}
    one: Row = {name: line.get(header) or None for name, header in columns.items() if name != "customFields"}
    fields = {name: line[header] for name, header in own.items() if line.get(header)}
    one["customFields"] = fields or None
    try:
        _check(one)
    except Refusal:
        return "failed"
    if skip and world.find(project, one["email"]):
        return "skipped"
    return "updated" if _upsert(world, project, one) else "created"


def _form(asked: Asked) -> dict[str, bytes]:
    head = f"Content-Type: {asked.media_type}\r\n\r\n".encode()
    parsed: Message = BytesParser().parsebytes(head + asked.octets)
    found: dict[str, bytes] = {}
    for part in parsed.walk():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            found[name] = payload
    if not {"projectId", "columnMap", "file"} <= set(found):
        raise Refusal(400, "file, projectId and columnMap are required")
    return found
