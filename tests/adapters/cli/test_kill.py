"""A send killed half-way and run again: nobody is missing, nobody has two."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from migma_runtime import Migma
from migma_wire import to_address

from migma_core import address_key
from tests.support.examples import is_thorough

Run = Callable[..., Any]

PEOPLE = 3_000 if is_thorough() else 1_000


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9] if is_thorough() else [0.5])
def test_sigkill_half_way_loses_nobody_and_doubles_nobody(run: Run, tmp_path: Path, fraction: float) -> None:
    """After SIGKILL at some point and a second run, the outbox holds exactly one mail for each mailable delivery."""
    migma_home = _prepare(run, tmp_path)

    _kill_when(tmp_path, migma_home, int(PEOPLE * fraction))
    again = run("campaigns", "send", "Autumn", "--json")

    assert again.code == 0, again.err
    held = _deliveries_in(migma_home / "outbox" / "new")
    assert again.json["states"] == {"accepted": PEOPLE}
    assert len(held) == PEOPLE, "somebody is missing"
    assert set(held.values()) == {1}, "somebody has two"
    with Migma.open(home=migma_home) as migma:
        key = address_key(to_address("reader0@example.com"), migma.parts.keys.pepper_bytes())
        campaign = migma.campaigns.find(migma.store.projects.all()[0].id, "Autumn")
        assert migma.store.sends.delivery_of(campaign.id, key) is not None


def _prepare(run: Run, tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_text(
        "email,tags\n" + "".join(f"reader{number}@example.com,news\n" for number in range(PEOPLE))
    )
    (tmp_path / "mail.html").write_text("<p>Hello {{first_name|you}}</p>")
    run("init", "--brand", "Acme", "--postal-address", "1 Main Street", "--base-url", "https://mail.example.com")
    run("domains", "add", "mail.example.com")
    run("domains", "verify", "mail.example.com")
    run("contacts", "import", "people.csv", "--status", "subscribed", "--consent", "checkout")
    made = run(
        *("campaigns", "create", "--name", "Autumn", "--tag", "news", "--html", "mail.html", "--subject", "Hi"),
        *("--from", "news@mail.example.com", "--from-name", "Acme"),
    )
    assert made.code == 0, made.err
    return tmp_path / "home"


def _kill_when(tmp_path: Path, home: Path, mails: int) -> None:
    """Start sending in small batches, and kill the process once so many mails are in the outbox."""
    environment = {**os.environ, "MIGMA_HOME": str(home), "MIGMA_BATCH_SIZE": "50", "MIGMA_LEASE_SECONDS": "2"}
    sender = subprocess.Popen(
        [sys.executable, "-m", "migma_cli", "campaigns", "send", "Autumn", "--json"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    new = home / "outbox" / "new"
    deadline = time.monotonic() + 60
    while sender.poll() is None and time.monotonic() < deadline:
        if new.exists() and sum(1 for _ in os.scandir(new)) >= mails:
            break
        time.sleep(0.002)
    assert sender.poll() is None, "the send ended before it could be killed"
    sender.send_signal(signal.SIGKILL)
    sender.wait()


def _deliveries_in(folder: Path) -> Counter[str]:
    """Hand-overs per delivery id, as the outbox's own file names list them."""
    return Counter(path.name.rpartition(".")[2] for path in folder.iterdir())
