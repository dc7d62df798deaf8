"""The demo, on a small list; its own checks fail the run."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from email import message_from_bytes
from itertools import starmap
from pathlib import Path
from typing import Any

import httpx2
import pytest
from migma_cli.__main__ import main
from migma_cli.demo.people import HEADER, write_people
from migma_outbox import Outbox
from migma_sql.engine import connect, reading
from migma_wire import read_contacts
from sqlalchemy import text

from migma_core import Attempt, Batch, Outcome, Parcel
from migma_core.message.certificate import certify_mime
from tests.support.postgresql import empty_database

Run = Callable[..., Any]
README = Path(__file__).parents[3] / "README.md"


def test_the_demo_tells_its_story(run: Run, tmp_path: Path) -> None:
    """The demo runs to its end, keeps its files where asked, and no withheld person has a mail."""
    shown = run("demo", "--contacts", "600", "--keep", "kept")

    assert shown.code == 0, shown.err
    assert "9. That was all real" in shown.out or "That was all real" in shown.out
    mails = [message_from_bytes(path.read_bytes()) for path in (tmp_path / "kept/installation/outbox/new").iterdir()]
    assert len(mails) > 300
    marketing = [mail for mail in mails if mail["List-Unsubscribe"]]
    assert len(mails) == len(marketing) + 1


def test_one_changed_url_has_the_demo_run_on_postgresql(
    run: Run, postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The story is the same, number by number, and every delivery of it stands in that database."""
    told = [line for line in run("demo", "--contacts", "600").out.splitlines() if "Previewed = accepted" in line]
    with empty_database(postgres_server) as url:
        monkeypatch.setenv("MIGMA_DATABASE", url)
        shown = run("demo", "--contacts", "600")
        engine = connect(url)
        with reading(engine) as connection:
            accepted = connection.scalar(text("SELECT count(*) FROM deliveries WHERE state = 'accepted'"))
        engine.dispose()

    assert shown.code == 0, shown.err
    counted = [int(re.sub(r"Sent ([\d,]+) .*", r"\1", line).replace(",", "")) for line in told]
    assert [_without_seconds(line) for line in shown.out.splitlines() if "Previewed = accepted" in line] == [
        _without_seconds(line) for line in told
    ]
    assert len(counted) == 2
    assert accepted == sum(counted) + 1, "both campaigns, and the one transactional mail"


def _without_seconds(line: str) -> str:
    return re.sub(r" in [\d.]+ s", "", line)


def test_the_transcript_in_the_readme_is_the_demos(run: Run) -> None:
    """Every number and every person of the README's transcript is what the demo prints on its 10,000 rows."""
    block = README.read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    promised = re.findall(
        r"^ (?:mailable|withheld|audience).*|^10,000 rows.*|^Previewed.*|^- .*?(?= on )", block, re.MULTILINE
    )

    shown = run("demo")

    assert len(promised) > 10
    printed = " ".join(shown.out.split())
    missing = [line for line in promised if " ".join(line.split()) not in printed]
    assert missing == []


def test_a_folder_in_use_is_left_alone(run: Run, tmp_path: Path) -> None:
    """``--keep`` refuses a folder that holds something."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("keep")

    shown = run("demo", "--keep", "full")

    assert shown.code == 1
    assert "not empty" in shown.err
    assert (tmp_path / "full" / "mine").read_text() == "keep"


def test_the_list_is_the_same_for_the_same_seed_and_messy(tmp_path: Path) -> None:
    """Two runs of the generator give the same bytes, with a byte order mark, CRLF and all kinds of bad rows."""
    write_people(tmp_path / "a.csv", 2_000)
    write_people(tmp_path / "b.csv", 2_000)

    raw = (tmp_path / "a.csv").read_bytes()

    assert raw == (tmp_path / "b.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and b"\r\n" in raw
    rows = list(csv.reader(raw.decode("utf-8-sig").splitlines(keepends=True)))
    assert tuple(rows[0]) == HEADER
    assert len(rows) == 2_001
    with (tmp_path / "a.csv").open("rb") as stream:
        refused = [row for row in read_contacts(stream) if hasattr(row, "reason")]
    assert 10 < len(refused) < 100


def test_every_mail_of_the_demo_is_certified(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message that the demo hands over, marketing and transactional, holds what the law and providers ask for."""
    certified: list[tuple[str, ...]] = []
    hand_over = Outbox.hand_over

    def certifying(self: Outbox, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> tuple[Outcome, ...]:
        certified.extend(starmap(certify_mime, zip(parcel.bodies, batch.messages, strict=True)))
        return hand_over(self, batch, parcel, attempt)

    monkeypatch.setattr(Outbox, "hand_over", certifying)
    assert main(["demo", "--contacts", "300"]) == 0
    assert len(certified) > 200
    assert set(certified) == {()}


def test_the_demo_ends_at_a_page_that_changes_the_next_preview(tmp_path: Path) -> None:
    """``--serve`` ends at a page behind a link of a mail just sent; acting on it takes one from the next preview."""
    command = [sys.executable, "-m", "migma_cli", "demo", "--contacts", "300", "--serve", "--keep", str(tmp_path / "k")]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "BROWSER": "true"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as demo:
        assert demo.stdout is not None
        lines = iter(demo.stdout.readline, "")
        link = next(line for line in lines if line.startswith("Open http://127.0.0.1:")).split()[1]
        told = re.search(r"would reach ([\d,]+) people", next(lines))
        assert told is not None and "Act on the page" in next(lines)
        assert "Stop all marketing mail from Acme" in httpx2.get(link).text
        assert httpx2.post(link, content=b"List-Unsubscribe=One-Click").status_code == 200
        assert next(lines) == f"Spring would reach {int(told[1].replace(',', '')) - 1:,} people now: -1.\n"
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=30) == 0
