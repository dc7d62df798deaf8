"""Installations whose provider is the ledger provider: a few people, and both sides of what became of sends to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from migma_runtime import Migma
from migma_sql import schema
from migma_sql.engine import connect, reading, writing
from sqlalchemy import func, select, update

from migma_core import Address, Brand, ContactDraft, Purpose, SendId, Status
from migma_core.ports import DeliveryRecord
from tests.support.http_worlds import KEY
from tests.support.invariants import Attempted, Denial, Row, Run
from tests.support.ledger_provider import LedgerProvider

__all__ = ["LEAVER", "TOGETHER", "Installation", "prepare"]

LEAVER = Address("p0", "customers.example.com")
"""The first person has left before anything is sent."""

TOGETHER = 3


def addresses(people: int) -> list[Address]:
    """Those of so many people."""
    return [Address(f"p{number}", LEAVER.domain) for number in range(people)]


def prepare(home: Path, people: int, database: str = "sqlite:///migma.db") -> Path:
    """An installation with so many subscribers under the tag ``news``, the first of whom has left since."""
    home.mkdir(parents=True)
    (home / "migma.toml").write_text(f'database = "{database}"\n')
    with Migma.create(home=home) as migma:
        project = migma.start_project("Acme", Brand("Acme", "1 Main Street", "https://mail.example.com"))
        now = migma.parts.clock.now()
        migma.store.domains.add(project.account, "mail.example.com", now)
        migma.store.domains.verify(project.account, "mail.example.com", now)
        migma.store.tags.create(project.id, "news", now)
        for address in addresses(people):
            draft = ContactDraft(address=address, status=Status.SUBSCRIBED, tags=frozenset({"news"}))
            contact = migma.contacts.add(project.id, draft)
            if address == LEAVER:
                migma.store.contacts.unsubscribe(contact.id, now, "link")
    return home


@dataclass(frozen=True, slots=True)
class Installation:
    """An installation with so many ``people``, and the ledger provider behind the name of a real one."""

    home: Path
    people: int
    provider: LedgerProvider
    name: str

    def settle_in(self, *settings: str, seconds: float = 1.0) -> None:
        """Connect the two, once, with further lines of settings; a request has so many ``seconds``."""
        with (self.home / "keys.toml").open("a") as keys:
            keys.write(f'\n[providers.{self.name}]\napi_key = "{KEY}"\n')
        where = f'base_url = "{self.provider.url}"', "allow_loopback = true"
        patience = "connect_seconds = 1.0", f"whole_seconds = {seconds}"
        lines = (f"batch_size = {TOGETHER}", *settings, f"[providers.{self.name}]", *where, *patience)
        with (self.home / "migma.toml").open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def queue(self, migma: Migma, purpose: Purpose = Purpose.MARKETING) -> SendId:
        """Accept a send to all who hold the tag; nothing leaves yet."""
        transactional = purpose is Purpose.TRANSACTIONAL
        answer = migma.sending.send(
            queue_only=True,
            project_id=migma.parts.project("Acme").id,
            recipient_type="tag",
            recipient_id="news",
            from_="news@mail.example.com",
            from_name="Acme",
            subject="Hello",
            template="<p>Hello</p>",
            provider_type=self.name,
            transactional=transactional,
            justification="an order was placed" if transactional else None,
        )
        return answer.id

    def leases_end(self, migma: Migma) -> None:
        """Nobody is at work any more: what they had claimed is nobody's."""
        engine, d = connect(migma.parts.settings.database_url), schema.deliveries.c
        with writing(engine) as connection:
            connection.execute(update(schema.deliveries).where(d.lease_until.is_not(None)).values(lease_until=1))
        engine.dispose()

    def unknown(self, migma: Migma, send: SendId) -> int:
        """How often the outcome of a message stayed unknown for good, as the rows say."""
        engine, d = connect(migma.parts.settings.database_url), schema.deliveries.c
        with reading(engine) as connection:
            doubts: int = connection.execute(select(func.sum(d.doubts)).where(d.send_id == send)).scalar_one()
        engine.dispose()
        return doubts

    def run_of(self, migma: Migma, send: SendId, doubts: int = 0) -> Run:
        """What the store says and what the provider's book says, side by side."""
        found = migma.store.sends.get(send)
        log = migma.store.sends.log(send, limit=10_000)
        engine, a = connect(migma.parts.settings.database_url), schema.attempts
        m = schema.attempt_members
        with reading(engine) as connection:
            them = select(m.c.deliveries, a.c.composed_at).select_from(a.join(m)).where(a.c.send_id == send)
            made = connection.execute(them).all()
        engine.dispose()
        attempted = [Attempted(one, row.composed_at.timestamp()) for row in made for one in row.deliveries]
        ours = {one.id for one in log}
        return Run(
            found.purpose,
            found.status,
            found.why or "",
            frozenset(map(str, addresses(self.people))),
            [Row(one.address, one.id, one.state, _why(one)) for one in log],
            attempted,
            [one for one in self.provider.accepted() if one.delivery in ours],
            _denials(found.purpose, attempted),
            doubts,
        )


def _denials(purpose: Purpose, attempted: Sequence[Attempted]) -> list[Denial]:
    """Whoever left did so before the first claim; that stops marketing."""
    first = min((one.claimed_at for one in attempted), default=0.0)
    return [Denial(str(LEAVER), first - 1)] if purpose is Purpose.MARKETING else []


def _why(one: DeliveryRecord) -> str:
    return one.why or ", ".join(one.reasons)
