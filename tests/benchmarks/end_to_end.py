"""
End to end: a whole campaign out of SQLite, through SendGrid's shape, to a stub on loopback; decision, tokens, ledger
and all, against a loop written by hand that reads the same rows in the same batches, builds the same octets, and logs
for each person that they are being sent to, and then what was answered: a commit before each request and one after it.

The loop knows that everybody may be written to, decides nothing, and would lose or double people in a crash. It is one
process, since two of it would write to everybody twice. Ours is what ``migma campaigns send`` does: a second process
helps it, on a machine with another core, whose start counts. One process by itself is measured beside it, with a floor
of its own: so that neither way becomes slower unseen.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import urllib3
from migma_cli.garbage import look_seldom_while_sending
from migma_cli.helpers import Helpers
from migma_runtime import Migma, Progress

from migma_core import (
    Address,
    ContactDraft,
    DeliveryState,
    Intake,
    Project,
    Status,
)
from migma_core.delivery.effects import Effect
from migma_core.ports import Row
from tests.benchmarks.composing import HTML, SUBJECT, TEXT, Form, bare_body, form_of, prepare_bare, values
from tests.benchmarks.measuring import Figure, floor
from tests.benchmarks.stub import stub
from tests.support.batches import BRAND, batch_for, compiled_for

__all__ = ["figures", "installation", "letter"]

PEOPLE, TOGETHER, ROUNDS = 200_000, 1_000, 3
KEY: Final = "key.0123456789abcdef"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def figures() -> Iterator[Figure]:
    """How fast a campaign is, of the loop written by hand; both look for garbage as seldom as the command line does."""
    with look_seldom_while_sending(), tempfile.TemporaryDirectory() as folder, stub() as url:
        made = installation(Path(folder) / "made", PEOPLE, url)
        rounds = [_round(made, Path(folder) / "home", url) for _ in range(ROUNDS + 1)][1:]
    what = f"a campaign of {PEOPLE:,} from SQLite to SendGrid's shape, of a bare loop"
    yield floor(what, median(bare / both for bare, both, _ in rounds), 0.5)
    yield floor(f"{what}: one process", median(bare / one for bare, _, one in rounds), 0.3)


def _round(made: Path, home: Path, url: str) -> tuple[float, float, float]:
    """Seconds of the loop by hand, of ours with a helper, and of ours alone, each on a fresh installation."""
    return _bare(_copy(made, home), url), _ours(_copy(made, home), 2), _ours(_copy(made, home), 1)


def _copy(made: Path, home: Path) -> Path:
    """The table of deliveries is one campaign's each time, as the loop's is."""
    shutil.rmtree(home, ignore_errors=True)
    return Path(shutil.copytree(made, home))


def installation(home: Path, people: int, url: str) -> Path:
    """An installation with an audience tagged ``news``, all of it mailable."""
    with Migma.create(home=home) as migma:
        project = migma.start_project("Acme", BRAND)
        migma.store.domains.add(project.account, "acme.example.com", NOW)
        migma.store.domains.verify(project.account, "acme.example.com", NOW)
        migma.store.import_contacts(project.id, _people(people), Intake(Status.SUBSCRIBED, "checkout"), at=NOW)
    (home / "migma.toml").write_text(
        f'batch_size = {TOGETHER}\n[providers.sendgrid]\nbase_url = "{url}"\nallow_loopback = true\n'
    )
    with (home / "keys.toml").open("a") as keys:
        keys.write(f'\n[providers.sendgrid]\napi_key = "{KEY}"\n')
    return home


def _people(count: int) -> Iterator[Row]:
    for number in range(count):
        given = values(number)
        name = given.pop("first_name")
        fields = {field: str(value) for field, value in given.items()}
        address = Address(f"person{number}", f"mail{number % 500}.net")
        yield Row(
            number, ContactDraft(address=address, first_name=name or None, fields=fields, tags=frozenset({"news"}))
        )


def letter(project: Project) -> Any:
    """The campaign's words."""
    return {
        "project_id": project.id,
        "recipient_type": "tag",
        "recipient_id": "news",
        "from_": "news@acme.example.com",
        "from_name": "Acme",
        "subject": SUBJECT,
        "template": HTML,
        "text": TEXT,
        "provider_type": "sendgrid",
    }


def _ours(home: Path, workers: int) -> float:
    """Seconds from the command to the end of a campaign to everybody."""
    with Migma.open(home=home) as migma:
        send = migma.sending.send(queue_only=True, **letter(migma.store.projects.all()[0])).id
        seen, start = Progress(), perf_counter()
        with Helpers(migma, send, home, workers=workers) as helpers:

            def watch(effect: Effect[Any], answer: Any) -> None:
                seen(effect, answer)
                helpers.watch(effect, seen)

            answer = migma.sending.deliver(send, watch)
        passed = perf_counter() - start
    assert answer.states == {DeliveryState.ACCEPTED: PEOPLE}
    assert not helpers.faults()
    return passed


def _bare(home: Path, url: str) -> float:
    """The same by hand: seconds from the first row to the last."""
    form, headers = _form(), {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    with closing(sqlite3.connect(home / "migma.db", isolation_level=None)) as database, urllib3.PoolManager() as client:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("DROP TABLE IF EXISTS by_hand")
        database.execute(
            "CREATE TABLE by_hand (contact INTEGER PRIMARY KEY, delivery TEXT, state TEXT, at REAL, said TEXT)"
        )
        start, after, sent = perf_counter(), 0, 0
        while rows := database.execute(_ROWS, (after, TOGETHER)).fetchall():
            people = [_person(row) for row in rows]
            body = bare_body(form, people)
            begun = [(row[0], person[1], "sending", perf_counter()) for row, person in zip(rows, people, strict=True)]
            _commit(database, "INSERT INTO by_hand (contact, delivery, state, at) VALUES (?, ?, ?, ?)", begun)
            answer = client.request("POST", f"{url}/v3/mail/send", body=body, headers=headers)
            assert answer.status == 202
            said = answer.headers["X-Message-Id"]
            ended = [("accepted", perf_counter(), said, row[0]) for row in rows]
            _commit(database, "UPDATE by_hand SET state = ?, at = ?, said = ? WHERE contact = ?", ended)
            after, sent = rows[-1][0], sent + len(rows)
        passed = perf_counter() - start
    assert sent == PEOPLE
    return passed


def _commit(database: sqlite3.Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    database.execute("BEGIN IMMEDIATE")
    database.executemany(statement, rows)
    database.execute("COMMIT")


_ROWS = """
SELECT c.id, c.ref, c.local, c.domain, c.first_name, c.fields FROM contacts c
JOIN contact_tags h ON h.contact_id = c.id JOIN tags t ON t.id = h.tag_id
WHERE t.name = 'news' AND c.status = 'subscribed' AND h.contact_id > ? ORDER BY h.contact_id LIMIT ?
"""


def _person(row: tuple[Any, ...]) -> tuple[str, str, dict[str, str], str]:
    """Address, delivery, values and link; the token as long as ours, and as hard to forge."""
    _, ref, local, domain, first_name, fields = row
    delivery = secrets.token_hex(16)
    payload = _TOKEN + bytes.fromhex(ref) + _NO_TOPIC + bytes.fromhex(delivery)
    token = base64.urlsafe_b64encode(payload + hmac.digest(_SECRET, payload, "sha256")[:16]).rstrip(b"=").decode()
    given = {"first_name": first_name, **json.loads(fields)}
    return f"{local}@{domain}", delivery, given, f"https://mail.example.com/u/{token}"


_SECRET, _TOKEN, _NO_TOPIC = secrets.token_bytes(32), bytes(3) + secrets.token_bytes(16), bytes(16)


def _form() -> Form:
    """Read off a batch of ours, so that both write the same."""
    batch = batch_for(compiled_for(SUBJECT, HTML, TEXT), [values(number) for number in range(3)])
    prepare_bare(batch)
    return form_of(batch)


if __name__ == "__main__":
    for figure in figures():
        print(figure)
