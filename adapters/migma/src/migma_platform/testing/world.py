"""What the stand-in knows: rows in memory, as they are on the wire, and what becomes of people (R9 to R23, R32)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any, Final, TypeAlias

__all__ = ["MANAGED", "Mail", "Refusal", "Row", "World"]

Row: TypeAlias = dict[str, Any]
MANAGED: Final = ".migma.email"
_PLACE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}")
_LINK: Final = "unsubscribe_url"
_FOOTER: Final = '\n<p>Acme, 1 Main Street · <a href="{link}">Unsubscribe</a></p>'


class Refusal(Exception):
    """A call that is refused: a status, what is said, and a code where there is one."""

    def __init__(
        self, status: int, said: str, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(said)
        self.status, self.said, self.code, self.headers = status, said, code, dict(headers or {})


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as a mailbox received it."""

    to: str
    sender: str
    subject: str
    html: str
    headers: Mapping[str, str]
    marketing: bool
    reply_to: str | None = None


@dataclass
class World:
    """
    An account at Migma. Where its documentation says nothing, this is assumed: the newest contacts come first; adding a
    contact that is there is a conflict; a sender that may not send is refused with 403; the placeholder of the opt-out
    link is ``{{unsubscribe_url}}``; what nobody knows of a placeholder is left empty.
    """

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    projects: dict[str, Row] = field(default_factory=dict)
    contacts: dict[str, Row] = field(default_factory=dict)
    tags: dict[str, Row] = field(default_factory=dict)
    segments: dict[str, Row] = field(default_factory=dict)
    topics: dict[str, Row] = field(default_factory=dict)
    choices: dict[tuple[str, str], bool] = field(default_factory=dict)
    campaigns: dict[str, Row] = field(default_factory=dict)
    domains: dict[str, Row] = field(default_factory=dict)
    webhooks: dict[str, Row] = field(default_factory=dict)
    batches: dict[str, Row] = field(default_factory=dict)
    jobs: dict[str, Row] = field(default_factory=dict)
    log: list[Row] = field(default_factory=list)
    suppressions: dict[str, set[str]] = field(default_factory=dict)
    published: set[str] = field(default_factory=set)
    connected: set[str] = field(default_factory=lambda: {"migma"})
    mails: list[Mail] = field(default_factory=list)
    _by_address: dict[tuple[str, str], str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def new_id(self) -> str:
        """24 hex digits, as Migma's are."""
        return f"{next(self._numbers):024x}"

    def stamp(self) -> str:
        """The present, as it is on the wire."""
        return self.now().astimezone(UTC).isoformat().replace("+00:00", "Z")

    def start_project(self, name: str = "Acme") -> str:
        """A project; its id."""
        project = self.new_id()
        self.projects[project] = {"id": project, "name": name, "status": "active"}
        return project

    def domain(self, name: str, *, verified: bool = True, status: str | None = None) -> Row:
        """A sending domain; one below migma.email is verified at once (R43)."""
        verified = verified or name.endswith(MANAGED)
        row = {
            "_id": self.new_id(),
            "domain": name,
            "region": "us-east-1",
            "status": status or ("verified" if verified else "pending"),
            "isVerified": verified,
            "isManagedDomain": name.endswith(MANAGED),
            "dnsRecords": [{"type": "TXT", "name": f"_dmarc.{name}", "value": "v=DMARC1; p=none"}],
            "openTracking": True,
            "clickTracking": True,
            "brandedTracking": False,
            "createdAt": self.stamp(),
        }
        self.domains[name] = row
        return row

    def person(self, project: str, email: str, status: str = "subscribed", **said: Any) -> Row:
        """A contact of a project, with what else is said on the wire's names."""
        row = {
            "id": self.new_id(),
            "projectId": project,
            "email": email,
            "tags": [],
            "customFields": {},
            **said,
            "createdAt": self.stamp(),
        }
        self.contacts[row["id"]] = row
        self._by_address[project, email.lower()] = row["id"]
        self.set_status(row, status)
        for name in row["tags"]:
            self.tag(project, name)
        return row

    def tag(self, project: str, name: str, **said: Any) -> Row:
        """A tag of a project, made where there is none of this name."""
        for row in self.tags.values():
            if row["projectId"] == project and row["name"] == name:
                return row
        row = {"id": self.new_id(), "projectId": project, "name": name, **said, "createdAt": self.stamp()}
        self.tags[row["id"]] = row
        return row

    def find(self, project: str, email: str) -> Row | None:
        """The contact of a project with this address, in any case of it."""
        return self.contacts.get(self._by_address.get((project, email.lower()), ""))

    def forget(self, row: Row) -> None:
        """Delete a contact; the list of suppressions is the account's, and stays."""
        del self.contacts[row["id"]]
        del self._by_address[row["projectId"], row["email"].lower()]

    def people(self, project: str) -> list[Row]:
        """Everybody of a project, the newest first."""
        return [one for one in reversed(self.contacts.values()) if one["projectId"] == project]

    def set_status(self, row: Row, status: str) -> None:
        """
        Set a status, and what goes with it: the time, and the entry on the list (§1.8); back to subscribed takes an
        ``unsubscribe`` off the list, and nothing else.
        """
        listed = self.suppressions.setdefault(row["email"].lower(), set())
        if status != row.get("status"):
            row["updatedAt"] = self.stamp()
        if status == "unsubscribed":
            row["unsubscribedAt"] = row.get("unsubscribedAt") or self.stamp()
            listed.add("unsubscribe")
        elif status == "bounced":
            listed.add("bounce")
        elif status == "subscribed":
            row.pop("unsubscribedAt", None)
            listed.discard("unsubscribe")
        row["status"] = status

    def click_unsubscribe(self, mail: Mail) -> None:
        """What a recipient does with the link of a marketing mail (R32)."""
        for row in self.contacts.values():
            if row["email"].lower() == mail.to.lower():
                self.set_status(row, "unsubscribed")

    def audience(self, kind: str, recipient: str) -> list[Row]:
        """Everybody with a tag, or in a segment. Raises `Refusal` where there is none."""
        table = self.tags if kind == "tag" else self.segments
        if (found := table.get(recipient)) is None:
            raise Refusal(400, f"there is no such {kind}: recipientId")
        people = self.people(found["projectId"])
        if kind == "tag":
            return [one for one in people if found["name"] in one["tags"]]
        return [one for one in people if self.matches(one, found["filters"])]

    def matches(self, person: Row, filters: Mapping[str, Any]) -> bool:
        """Whether somebody is in a segment; tags, excluded tags and status are all that is understood here."""
        held = {one["id"] for one in self.tags.values() if one["name"] in person["tags"]}
        if unknown := set(filters) - {"tags", "excludeTags", "status", "match"}:
            raise Refusal(400, f"this stand-in does not understand the filters {sorted(unknown)}")
        said = [bool(held & set(filters["tags"]))] if filters.get("tags") else []
        said += [not held & set(filters["excludeTags"])] if filters.get("excludeTags") else []
        said += [person["status"] == filters["status"]] if filters.get("status") else []
        return any(said) if filters.get("match") == "any" and said else all(said)

    def skipped(self, email: str, person: Row | None, *, marketing: bool, topic: Row | None) -> str | None:
        """Why somebody is not written to, or ``None`` (R9 to R23, the truth table §2.8)."""
        listed = self.suppressions.get(email.lower(), set())
        status = person["status"] if person else "non-subscribed"
        if status == "bounced" or "bounce" in listed:
            return "bounced"
        if "complaint" in listed:
            return "complained"
        if "manual" in listed:
            return "manual"
        if person and person.get("validation") == "invalid":
            return "invalid"
        if not marketing:
            return None
        if status == "unsubscribed" or "unsubscribe" in listed:
            return "unsubscribed"
        if status != "subscribed":
            return "non-subscribed"
        if topic is not None:
            default = topic["defaultSubscription"] == "opt_out"
            if not self.choices.get((topic["id"], person["id"] if person else ""), default):
                return "topic"
        return None

    def deliver(self, send: Row, email: str, person: Row | None, tracking: str) -> bool:
        """Decide about one recipient, and write the mail or why there is none; whether it was sent."""
        marketing = not send["transactional"]
        topic = self.topics.get(send.get("topicId") or "")
        why = self.skipped(email, person, marketing=marketing, topic=topic)
        if why is None:
            self.mails.append(self._mail(send, email, person, marketing=marketing))
        self.log.append(
            {
                "id": self.new_id(),
                "tracking_id": tracking,
                "from_email": send["from"],
                "to_email": email,
                "subscriber_id": person["id"] if person else None,
                "subject": send["subject"],
                "status": "sent" if why is None else "suppressed",
                "suppression_reason": why,
                "conversation_id": send.get("conversationId"),
                "campaign_id": send.get("campaignId"),
                "email_id": send.get("emailId"),
                "created_at": self.stamp(),
            }
        )
        return why is None

    def _mail(self, send: Row, email: str, person: Row | None, *, marketing: bool) -> Mail:
        link = f"https://counterpart.example/u/{escape(email)}"
        known = {**(person or {}), **((person or {}).get("customFields") or {}), **(send.get("variables") or {})}
        known[_LINK] = link
        page = send.get("template") or "<p>generated</p>"
        html = _filled(page, known)
        headers: dict[str, str] = {}
        if marketing:
            headers = {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
            if _LINK not in _PLACE.findall(page):  # R30
                html += _FOOTER.format(link=link)
        sender = f"{send['fromName']} <{send['from']}>"
        return Mail(email, sender, _filled(send["subject"], known), html, headers, marketing, send.get("replyTo"))


def _filled(text: str, known: Mapping[str, Any]) -> str:
    return _PLACE.sub(lambda found: str(known.get(found[1]) or ""), text)
