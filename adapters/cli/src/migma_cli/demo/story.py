"""The demo's story, scene by scene. Every number it shows is checked before it goes on."""

from __future__ import annotations

import email
import email.policy
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from email.message import EmailMessage
from pathlib import Path
from typing import TypeAlias

from migma_runtime import Migma, SendAnswer
from rich.markup import escape

from migma_core.audience import (
    AllOf,
    Contact,
    FieldIs,
    Intake,
    Mode,
    Not,
    Status,
    SuppressionReason,
    Tagged,
    in_words,
)
from migma_core.decision import ReasonKind
from migma_core.delivery import DeliveryState
from migma_core.ports import DeliveryRecord, SendRecord
from migma_core.request import Brand, Project

from ..audience import Refusals, show_report
from ..campaigns import show_preview
from ..following import follow
from ..screen import Screen
from .content import AUTUMN, RESET, WINTER
from .people import write_people
from .visit import link_of, watch

__all__ = ["DemoFailed", "Story"]

Served: TypeAlias = Callable[[Migma], AbstractContextManager[str]]
"""Serves the pages of an installation for as long as a block runs, and gives their address."""

_SHOWN_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "List-ID", "List-Unsubscribe", "List-Unsubscribe-Post")
_EXPLAINED = (
    ReasonKind.HARD_BOUNCE,
    ReasonKind.COMPLAINT,
    ReasonKind.TOPIC_LEFT,
    ReasonKind.MANUAL,
    ReasonKind.UNSUBSCRIBED,
)


class DemoFailed(RuntimeError):
    """A promise of the demo did not hold: a defect of ours."""


class Story:
    """One installation in a folder, and what happens in it."""

    def __init__(
        self, screen: Screen, folder: Path, contacts: int, *, kept: bool, served: Served | None = None
    ) -> None:
        self._screen = screen
        self._folder = folder
        self._contacts = contacts
        self._kept = kept
        self._served = served
        self._scenes = 0

    def tell(self) -> None:
        """All scenes in order. Raises `DemoFailed` where a number does not add up."""
        with Migma.create(home=self._folder / "installation") as migma, self._pages(migma) as address:
            project = migma.start_project("Acme", _brand(address))
            self._import(migma, project)
            autumn = self._campaign(migma, project, "Autumn", AUTUMN)
            sent = self._send(migma, autumn)
            mail, reader = self._look(migma, autumn, sent)
            self._leave(migma, mail)
            winter = self._campaign(migma, project, "Winter", WINTER)
            self._send(migma, winter)
            self._explain(migma, winter, reader)
            self._reset(migma, project, reader)
            self._end(migma)
            if self._served is not None:
                self._visit(migma, project, winter)

    def _import(self, migma: Migma, project: Project) -> None:
        self._scene(
            f"A list of {self._contacts:,} people, with the mess of real lists", "migma contacts import people.csv"
        )
        path = self._folder / "people.csv"
        write_people(path, self._contacts)
        refused = Refusals(self._folder / "refused.csv")
        started = time.perf_counter()
        with refused:
            done = migma.contacts.import_csv(
                project.id, path, Intake(Status.SUBSCRIBED, "webshop checkout"), report_row=refused.note
            )
        show_report(self._screen, done, refused)
        self._screen.say(
            f"Imported in {time.perf_counter() - started:.1f} s. No row ever lifts an opt-out or a bounce."
        )
        self._prepare(migma, project)

    def _prepare(self, migma: Migma, project: Project) -> None:
        """A verified domain, a topic some people left, an operator's entry, and a segment."""
        now = migma.parts.clock.now()
        store = migma.store
        store.domains.add(project.account, "mail.example.com", now)
        store.domains.verify(project.account, "mail.example.com", now)
        topic = store.topics.create(project.id, "Product news", now)
        some = store.contacts.list(project.id, tag="newsletter", status=Status.SUBSCRIBED, limit=40).contacts
        for contact in some[5:25]:
            store.topics.choose(contact.id, topic.id, False, now, "preference center")
        migma.suppressions.add(project.id, str(_in_segment(some[25:]).address), SuppressionReason.MANUAL, "operator")
        condition = AllOf((Tagged(("newsletter",)), Not(FieldIs("country", Mode.IS, ("fr",)))))
        segment = store.segments.create(project.id, "Readers", condition, now)
        self._screen.say(
            f"Segment {segment.name}: {in_words(segment.condition)}. Topic: {topic.name}, which 20 people left."
        )

    def _campaign(self, migma: Migma, project: Project, name: str, template: str) -> SendRecord:
        self._scene(f"The campaign {name}: who would get it, and who would not", f"migma campaigns preview {name}")
        campaign = migma.campaigns.create(
            name=name,
            recipient_type="segment",
            recipient_id="Readers",
            topic_id="Product news",
            from_="news@mail.example.com",
            from_name="Acme News",
            subject=f"{name} at Acme, {{{{first_name|reader}}}}",
            template=template,
            project_id=project.id,
        )
        show_preview(self._screen, migma.campaigns.preview(campaign))
        return campaign

    def _send(self, migma: Migma, campaign: SendRecord) -> SendAnswer:
        """Send, and hold the numbers of preview, ledger and outbox against each other."""
        self._command(f"migma campaigns send {campaign.name}")
        shown = migma.campaigns.preview(campaign).partition
        before, started = _mails(migma), time.perf_counter()
        answer = follow(self._screen, lambda watch: migma.campaigns.send(campaign, watch))
        seconds = time.perf_counter() - started
        written = _mails(migma) - before
        self._check(answer.sent_count == shown.mailable == written, "previewed = accepted = mails in the outbox")
        self._check(answer.withheld == shown.withheld, "withheld in the preview = withheld in the ledger")
        self._check(sum(answer.states.values()) == shown.total, "everyone in the audience has exactly one delivery")
        self._screen.say(
            f"Sent {answer.sent_count:,} mails in {seconds:.1f} s. Previewed = accepted = in the outbox: {written:,}; "
            f"{shown.total - written:,} withheld, each with a reason."
        )
        return answer

    def _look(self, migma: Migma, campaign: SendRecord, sent: SendAnswer) -> tuple[EmailMessage, DeliveryRecord]:
        """Parse one written mail with a parser that is not ours."""
        self._scene("One of the mails, read by an independent parser", None)
        self._check(sent.sent_count > 0, "somebody got the mail")
        delivery = migma.store.sends.log(campaign.id, state=DeliveryState.ACCEPTED, limit=1)[0]
        raw = _outbox(migma) / (delivery.provider_id or "")
        mail = email.message_from_bytes(raw.read_bytes(), _class=EmailMessage, policy=email.policy.default)
        for name in _SHOWN_HEADERS:
            self._screen.out.print(f"  [bold]{name}:[/] {escape(str(mail[name]))}")
        self._check(mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", "the one-click header is exact")
        return mail, delivery

    def _leave(self, migma: Migma, mail: EmailMessage) -> None:
        link = str(mail["List-Unsubscribe"]).strip("<>")
        self._scene("That person opts out, with the link from that mail", f"migma unsubscribe {link[:52]}…")
        done = migma.opt_outs.leave(link)
        self._check(done.changed, "the opt-out was recorded")
        self._screen.say(f"{done.address} is unsubscribed from all marketing, durable before the answer.")

    def _explain(self, migma: Migma, campaign: SendRecord, reader: DeliveryRecord) -> None:
        self._scene("Why that person and three others were left out", f"migma explain {campaign.name} ADDRESS")
        explained = migma.campaigns.explain(campaign, reader.address)
        self._check(explained.state is DeliveryState.WITHHELD, "who opted out is withheld from the next campaign")
        self._screen.say(f"- {explained.address}: {explained.words}")
        for address in self._others(migma, campaign, reader.address):
            other = migma.campaigns.explain(campaign, address)
            self._screen.say(f"- {other.address}: {other.words}")
            self._screen.say(f"    what may change that: {'; '.join(other.remedies) or 'nothing'}")
            self._check(not other.doubts, "a second reading of the rules agrees with each of these answers")

    def _others(self, migma: Migma, campaign: SendRecord, not_this: str) -> list[str]:
        """Three people withheld for different reasons, found page by page."""
        found: dict[ReasonKind, str] = {}
        after = 0
        while page := migma.store.sends.log(campaign.id, state=DeliveryState.WITHHELD, after=after, limit=500):
            for one in page:
                if one.reasons[0] in _EXPLAINED and one.address != not_this:
                    found.setdefault(one.reasons[0], one.address)
            after = page[-1].number
        return [found[kind] for kind in _EXPLAINED if kind in found][:3]

    def _reset(self, migma: Migma, project: Project, reader: DeliveryRecord) -> None:
        self._scene(
            "The same person asks for a new password: transactional mail still goes", "migma send --to ADDRESS …"
        )
        before = _mails(migma)
        answer = migma.sending.send(
            recipient_type="email",
            recipient_email=reader.address,
            from_="service@mail.example.com",
            from_name="Acme",
            subject="Your new password",
            template=RESET,
            project_id=project.id,
            variables={"code": "7f3a"},
        )
        self._check(answer.sent_count == 1 == _mails(migma) - before, "the password reset was sent")
        self._screen.say(
            f"{answer.purpose.word}: sent. It carries no List-Unsubscribe header, since there is nothing to leave."
        )

    def _end(self, migma: Migma) -> None:
        self._scene("That was all real", None)
        if self._kept:
            self._screen.say(
                f"{_mails(migma):,} mails lie in {_outbox(migma)}, refused rows in {self._folder / 'refused.csv'}."
            )
            self._screen.say(f"Go on with: migma campaigns logs Winter --home {migma.parts.settings.home}")
        else:
            self._screen.say("Run it again with --keep demo-files to look at the mails, the list and the database,")
            self._screen.say("and with --contacts 100000 for a larger list. Then: migma --help, and docs/tutorial.md.")

    def _pages(self, migma: Migma) -> AbstractContextManager[str | None]:
        """The pages behind the links, where they are wanted: their address, or ``None``."""
        return nullcontext() if self._served is None else self._served(migma)

    def _visit(self, migma: Migma, project: Project, winter: SendRecord) -> None:
        """A page at a link from a mail just sent, and what acting on it changes."""
        spring = self._campaign(migma, project, "Spring", WINTER)
        self._scene("A link from one of those mails, and the page behind it", "migma serve")
        delivery = migma.store.sends.log(winter.id, state=DeliveryState.ACCEPTED, limit=1)[0]
        watch(migma, spring, link_of(_outbox(migma) / (delivery.provider_id or "")), self._screen.say)

    def _scene(self, title: str, command: str | None) -> None:
        self._scenes += 1
        self._screen.out.print(f"\n[bold cyan]{self._scenes}. {escape(title)}[/]")
        if command is not None:
            self._command(command)

    def _command(self, command: str) -> None:
        self._screen.out.print(f"[dim]$ {escape(command)}[/]")

    def _check(self, holds: bool, promise: str) -> None:
        if not holds:
            raise DemoFailed(f"this did not hold: {promise}")


def _brand(address: str | None) -> Brand:
    """The sender; where pages are served, their address on this machine, which no provider but the outbox takes."""
    postal = "Acme Ltd\n1 Main Street\nSpringfield"
    if address is None:
        return Brand("Acme", postal, "https://mail.example.com")
    return Brand("Acme", postal, address, loopback=True)


def _in_segment(some: tuple[Contact, ...]) -> Contact:
    return next(contact for contact in some if contact.country != "FR")


def _outbox(migma: Migma) -> Path:
    return migma.parts.settings.outbox_path / "new"


def _mails(migma: Migma) -> int:
    try:
        with os.scandir(_outbox(migma)) as found:  # one name at a time: the demo's memory is flat, too
            return sum(1 for _ in found)
    except FileNotFoundError:
        return 0
