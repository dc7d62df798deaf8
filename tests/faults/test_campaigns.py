"""
Campaigns from the command line, killed half-way and taken up again, through every provider that mail leaves by; judged
by the provider's own list. ``nox -s faults`` sends to 10,000 people each, the default run to few.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import PROGRAM, Run, run_alone, run_here
from tests.support.examples import is_thorough
from tests.support.mail_takers import DOMAIN, TAKERS, Taker

CAMPAIGN = "Autumn"
MAILABLE = 10_000 if is_thorough() else 120
AUDIENCE = MAILABLE * 11 // 10  # one in eleven has left, or never joined
NOT_MAILABLE = ("unsubscribed", "bounced", "non-subscribed")
STATES = ("accepted", "held", "withheld")
# what a user would leave as it is, unless the point is to be quick
QUICK = {} if is_thorough() else {"MIGMA_BATCH_SIZE": "12", "MIGMA_LEASE_SECONDS": "1"}
TOGETHER = {"resend": 100, "mailgun": 500, "sendgrid": 500} if is_thorough() else dict.fromkeys(TAKERS, 12)
migma: Run = run_alone if is_thorough() else run_here  # what is killed, and what takes it up, is always a process


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An installation made by commands alone: a verified domain, and an audience, one in eleven not mailable."""
    place = tmp_path_factory.mktemp("prepared")
    (place / "people.csv").write_text("email,first_name,status,tags\n" + "".join(map(line_of, range(AUDIENCE))))
    (place / "mail.html").write_text("<p>Hello {{first_name|you}}, this is our news.</p>")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("MIGMA_HOME", str(place / "home"))
        for command in (
            ("init", "--brand", "Acme", "--postal-address", "1 Main Street", "--base-url", f"https://{DOMAIN}"),
            ("domains", "add", DOMAIN),
            ("domains", "verify", DOMAIN),
            ("contacts", "import", "people.csv", "--status", "subscribed", "--consent", "checkout"),
        ):
            ran = migma(*command)
            assert ran.code == 0, ran.err
        yield place


def address_of(number: int) -> str:
    """Of the person with this number."""
    return f"reader{number}@example.com"


def line_of(number: int) -> str:
    """Their line in the file."""
    status = NOT_MAILABLE[number // 11 % len(NOT_MAILABLE)] if number % 11 == 0 else "subscribed"
    return f"{address_of(number)},Ada {number},{status},news\n"


@pytest.fixture
def place(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to stand in."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for name, value in {"MIGMA_HOME": str(tmp_path / "home"), "NO_COLOR": "1", **QUICK}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


# by default one of each kind: no evidence, the same attempt under the same key, and a transaction for each message
@pytest.fixture(params=sorted(TAKERS) if is_thorough() else ["resend", "sendgrid", "smtp"])
def taker(request: pytest.FixtureRequest, place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Taker]:
    """Whoever takes the mail, made known in the environment; in step with us, where it keeps an audience itself."""
    with TAKERS[request.param](place) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        if running.provider == "migma":
            assert migma("sync").code == 0
        yield running


def test_a_campaign_is_killed_half_way_and_taken_up_again(taker: Taker) -> None:
    """Nobody twice, nobody lost, nobody who left; whoever is in doubt is held, says why, and is settled by the list."""
    make_campaign(taker)
    clock = [time.monotonic()]
    before = kill_half_way(taker)
    leaver = leave(taker)
    clock.append(time.monotonic())

    again = run_alone("campaigns", "send", CAMPAIGN, "--json", seconds=1_800)

    clock.append(time.monotonic())
    assert again.code == 0, again.err
    log = rows()
    agree(log, taker)
    assert log[leaver]["state"] == "withheld"
    held = {one["address"] for one in log.values() if one["state"] == "held"}
    assert not (taker.knows_repeats and held), "it was asked again, and said"
    settle(held, taker)
    agree(rows(), taker, settled=True)
    print(
        f"{taker.provider}: {AUDIENCE:,} people, {MAILABLE - 1:,} of them mailable; {before:,} taken at the kill "
        f"after {clock[1] - clock[0]:.1f} s; resumed in {clock[2] - clock[1]:.1f} s, lease awaited; {len(held)} held; "
        f"{taker.count():,} taken in the end, nobody twice"
    )


def make_campaign(taker: Taker) -> None:
    """Write the draft."""
    made = migma(
        *("campaigns", "create", "--name", CAMPAIGN, "--tag", "news", "--html", "mail.html", "--subject", "Hi"),
        *("--from", f"news@{DOMAIN}", "--from-name", "Acme", "--provider", taker.provider),
    )
    assert made.code == 0, made.err


def kill_half_way(taker: Taker) -> int:
    """Send, and SIGKILL the process once half is taken: in batches at a moment when the answer is on its way."""
    half = MAILABLE // 2
    if taker.stalls is not None:
        taker.stalls((half - 1) // TOGETHER[taker.provider])
    else:
        half += 7  # where each is answered by itself: in the middle of what is handed over together
    quiet = subprocess.DEVNULL
    with subprocess.Popen([*PROGRAM, "campaigns", "send", CAMPAIGN], stdout=quiet, stderr=quiet) as sender:
        while taker.count() < half:
            assert sender.poll() is None, f"the send ended before it could be killed: {sender.returncode}"
            time.sleep(0.01)
        sender.send_signal(signal.SIGKILL)
    return taker.count()


def leave(taker: Taker) -> str:
    """Put somebody on the list of those not to be mailed, whose turn is yet to come."""
    address = address_of(AUDIENCE - 1)
    assert address not in {one.address for one in taker.taken()}
    assert migma("suppressions", "add", address).code == 0
    return address


def rows() -> dict[str, dict[str, Any]]:
    """The campaign's rows by address, as the log tells them."""
    told = migma("campaigns", "logs", CAMPAIGN, "--limit", str(10 * AUDIENCE), "--json").json
    assert len({one["address"] for one in told}) == len(told)
    return {one["address"]: one for one in told}


def agree(log: Mapping[str, Mapping[str, Any]], taker: Taker, *, settled: bool = False) -> None:
    """Both lists say the same, doubt aside; everybody has a row, and every row that was not accepted says why."""
    taken = taker.taken()
    times = Counter(one.address for one in taken)
    assert times.most_common(1)[0][1] == 1, "somebody has two"
    assert set(log) == set(map(address_of, range(AUDIENCE))), "somebody is missing"
    by_state = {state: {address for address, one in log.items() if one["state"] == state} for state in STATES}
    assert sum(map(len, by_state.values())) == AUDIENCE, Counter(one["state"] for one in log.values())
    assert by_state["accepted"] <= set(times), "accepted, and the provider has nothing"
    assert set(times) <= by_state["accepted"] | by_state["held"], "the provider has it, and the row denies it"
    assert len(by_state["accepted"] | by_state["held"]) == MAILABLE - 1
    assert all(one["why"] or one["reasons"] for one in log.values() if one["state"] != "accepted")
    assert all(log[one.address]["id"] == one.delivery for one in taken if one.delivery)
    if settled:
        assert set(times) == by_state["accepted"]


def settle(held: Collection[str], taker: Taker) -> None:
    """Do as the list of those held says: look each up, say so, and send the others again."""
    listed = migma("campaigns", "held", CAMPAIGN, "--json").json
    assert {one["address"] for one in listed} == held
    arrived = sorted(held & {one.address for one in taker.taken()})
    for found, verdict in ((arrived, "accepted"), (sorted(held - set(arrived)), "again")):
        if found:
            Path("found.txt").write_text("".join(f"{one}\n" for one in found))
            ran = migma("campaigns", "held", CAMPAIGN, "--settle", verdict, "--addresses", "found.txt", "--json")
            assert (ran.code, ran.json["settled"]) == (0, len(found)), ran.err
    if held - set(arrived):
        assert migma("campaigns", "send", CAMPAIGN).code == 0
