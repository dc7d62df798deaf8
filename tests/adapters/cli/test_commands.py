"""Every command, run as its user would."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

CAMPAIGN = (
    *("campaigns", "create", "--name", "Autumn", "--tag", "news", "--html", "mail.html"),
    *("--from", "news@mail.example.com", "--from-name", "Acme", "--subject", "Autumn, {{first_name|you}}"),
)


def test_nobody_is_imported_as_subscribed_without_a_source(ready: Run) -> None:
    """Whoever forgets it is told which option says where consent was given, and nothing is written."""
    refused = ready("contacts", "import", "people.csv", "--status", "subscribed", "--tag", "late")
    assert refused.code == 1
    assert "needs the source of their consent" in refused.err
    assert "--consent" in refused.err
    assert ready("contacts", "list", "--tag", "late", "--json").json["contacts"] == []


def test_help_names_every_command(run: Run) -> None:
    """``migma --help`` lists all commands and exits with 0."""
    shown = run("--help")

    assert shown.code == 0
    for name in (
        "init",
        "contacts",
        "tags",
        "segments",
        "topics",
        "domains",
        "suppressions",
        "campaigns",
        "send",
        "unsubscribe",
        "explain",
        "policy",
        "demo",
    ):
        assert name in shown.out


def test_init_makes_an_installation_once(run: Run, tmp_path: Path) -> None:
    """``init`` makes secrets, database and a project; a second one refuses and changes nothing."""
    arguments = (
        "init",
        "--brand",
        "Acme",
        "--postal-address",
        "1 Main Street",
        "--base-url",
        "https://mail.example.com",
    )

    first = run(*arguments)
    keys = (tmp_path / "home" / "keys.toml").read_text()
    second = run(*arguments)

    assert (first.code, second.code) == (0, 1)
    assert "already" in second.err
    assert (tmp_path / "home" / "keys.toml").read_text() == keys


def test_init_refuses_links_that_no_mail_client_follows(run: Run, tmp_path: Path) -> None:
    """A base URL without https is refused before anything is made."""
    wrong = run("init", "--brand", "Acme", "--postal-address", "x", "--base-url", "http://mail.example.com")

    assert wrong.code == 1
    assert "https" in wrong.err
    assert not (tmp_path / "home" / "migma.db").exists()


def test_without_an_installation_every_command_says_how_to_begin(run: Run) -> None:
    """A command without an installation names the command that makes one, on stderr, with exit code 1."""
    shown = run("contacts", "list")

    assert (shown.code, shown.out) == (1, "")
    assert "migma init" in shown.err


def test_wrong_usage_is_exit_code_2(ready: Run) -> None:
    """An option nobody knows is refused with exit code 2 and its name."""
    shown = ready("contacts", "list", "--colour", "red")

    assert shown.code == 2
    assert "--colour" in shown.err


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("tags", "list"), "There are no tags."),
        (("segments", "list"), "There are no segments."),
        (("topics", "list"), "There are no topics."),
        (("domains", "list"), "There are no domains."),
        (("suppressions", "list"), "Nobody is suppressed."),
        (("campaigns", "list"), "There are no campaigns."),
        (("contacts", "list"), "Nobody matches."),
    ],
)
def test_empty_lists_say_so(run: Run, command: tuple[str, ...], says: str) -> None:
    """A list without entries is a sentence for people and an empty JSON document for programs."""
    run("init", "--brand", "Acme", "--postal-address", "1 Main Street", "--base-url", "https://mail.example.com")

    assert says in run(*command).out
    empty = run(*command, "--json").json
    assert empty in ([], {"contacts": [], "after": None})


def test_import_reports_every_refused_row(ready: Run, tmp_path: Path) -> None:
    """Refused rows are shown with line and reason, written whole to the report, and stop nothing."""
    (tmp_path / "more.csv").write_text("E-Mail;Vorname\nd@example.com;Di\nno address;\n")

    shown = ready("contacts", "import", "more.csv", "--report", "refused.csv", "--json")

    assert shown.code == 0
    assert (shown.json["report"]["created"], shown.json["report"]["refused"]) == (1, 1)
    assert "no address" in (tmp_path / "refused.csv").read_text()


def test_import_without_addresses_is_refused(ready: Run, tmp_path: Path) -> None:
    """A file without a column of addresses is an error that names the columns found; nothing is written."""
    (tmp_path / "bad.csv").write_text("name,town\nAda,London\n")
    before = ready("contacts", "list", "--json").json

    shown = ready("contacts", "import", "bad.csv")

    assert shown.code == 1
    assert "name" in shown.err and "town" in shown.err
    assert ready("contacts", "list", "--json").json == before


def test_import_as_subscribed_needs_a_source(ready: Run) -> None:
    """Importing people as subscribed without saying where they consented is refused (D13)."""
    shown = ready("contacts", "import", "people.csv", "--status", "subscribed")

    assert shown.code == 1
    assert "consent" in shown.err


def test_a_missing_file_is_an_error_in_words(ready: Run) -> None:
    """A file that is not there is named, without a traceback."""
    shown = ready("contacts", "import", "nowhere.csv")

    assert shown.code == 1
    assert "nowhere.csv" in shown.err
    assert "Traceback" not in shown.err


def test_contacts_are_added_once(ready: Run) -> None:
    """``contacts add`` stores a person with the product's default status; the same address again is an error."""
    added = ready("contacts", "add", "--email", "D@Example.com", "--first-name", "Di", "--tags", "news,beta", "--json")

    assert added.code == 0
    assert added.json["status"] == "subscribed"
    again = ready("contacts", "add", "--email", "d@example.COM")
    assert again.code == 1
    assert "Traceback" not in again.err
    assert "D@example.com" in ready("contacts", "list", "--tag", "beta").out


def test_people_are_exported_and_imported_again(ready: Run, tmp_path: Path) -> None:
    """What was exported changes nothing when it is imported; unknown audiences are errors, and leave no file behind."""
    assert ready("contacts", "export", "out.csv").code == 0
    again = ready("contacts", "import", "out.csv", "--consent", "export", "--json").json["report"]
    lines = ready("contacts", "export", "--format", "ndjson", "--tag", "news").out.splitlines()

    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("a@example.com,Ada,")
    assert (again["total"], again["skipped"]) == (3, 3)
    assert [json.loads(line)["first_name"] for line in lines] == ["Ada", "Bo", "Cy"]
    assert ready("contacts", "export", "none.csv", "--segment", "nobody").code == 1
    assert [path.name for path in tmp_path.glob("none*")] == []


def test_a_person_is_told_of_and_forgotten(ready: Run) -> None:
    """``story`` shows everything, ``erase`` asks for ``--yes``, and afterwards nothing but the hash is left."""
    told = ready("contacts", "story", "a@example.com")
    refused = ready("contacts", "erase", "a@example.com")
    erased = ready("contacts", "erase", "a@example.com", "--yes")

    assert (told.code, refused.code, erased.code) == (0, 1, 0)
    assert "Ada" in told.out and "opt in (unproven)" in told.out and "checkout" in told.out
    assert "--yes" in refused.err
    assert "a@example.com" not in ready("contacts", "list").out
    left = ready("contacts", "story", "a@example.com", "--json").json
    assert (left["contact"], left["in_force"]) == (None, ["erased"])
    assert "Nothing is known" in ready("contacts", "story", "nobody@example.com").out


def test_tags_segments_and_topics_are_created_and_listed(ready: Run) -> None:
    """What was created is listed, in words for people and with ids for programs."""
    assert ready("tags", "create", "vip").code == 0
    assert ready("segments", "create", "Both", "--tags", "news,vip", "--status", "subscribed").code == 0
    assert ready("segments", "create", "Bad", "--filters", '{"kind": "nonsense"}').code == 1
    assert ready("topics", "create", "Product news", "--default", "not-subscribed").code == 0

    assert {one["name"]: one["holders"] for one in ready("tags", "list", "--json").json} == {"news": 3, "vip": 0}
    assert "tagged news or vip and status is subscribed" in ready("segments", "list").out
    assert "nobody is subscribed" in ready("topics", "list").out
    assert ready("tags", "create", "vip").code == 1


def test_domains_show_state_and_health(ready: Run) -> None:
    """A verified domain is listed as verified and healthy; a managed one is verified at once (R43)."""
    ready("domains", "add", "acme.migma.email")

    listed = {one["name"]: one["is_verified"] for one in ready("domains", "list", "--json").json}

    assert listed == {"mail.example.com": True, "acme.migma.email": True}
    assert ready("domains", "add", "localhost").code == 1


def test_suppressions_come_and_go_by_the_rules(ready: Run) -> None:
    """
    A manual entry can be removed, and an address reinstated after bounces, on record; a complaint cannot, and the
    answer says what would end it (D13).
    """
    assert ready("suppressions", "add", "a@example.com").code == 0
    assert "a@example.com" in ready("suppressions", "list", "--reason", "manual").out
    assert ready("suppressions", "remove", "a@example.com", "--by", "support").code == 0
    assert ready("suppressions", "add", "b@example.com", "--reason", "soft_bounce_limit").code == 0
    reinstated = ready("suppressions", "remove", "b@example.com", "--reason", "soft_bounce_limit", "--by", "support")
    assert ready("suppressions", "add", "c@example.com", "--reason", "bounce").code == 0
    works = ready("suppressions", "remove", "c@example.com", "--reason", "bounce", "--by", "support")
    refused = ready("suppressions", "remove", "c@example.com", "--reason", "complaint", "--by", "support")

    assert reinstated.code == 0
    assert "counted anew" in reinstated.out
    assert refused.code == 1
    assert (works.code, "marketing waits for their consent anew" in works.out) == (0, True)
    assert "double opt-in" in refused.err
    assert ready("suppressions", "list", "--reason", "manual").out.strip() == "Nobody is suppressed."


def test_a_campaign_from_draft_to_explanation(ready: Run, tmp_path: Path) -> None:
    """Create, preview, send, stats, logs, explain, unsubscribe by the mail's link, and be left out of the next one."""
    assert ready(*CAMPAIGN).code == 0
    preview = ready("campaigns", "preview", "Autumn", "--json").json
    sent = ready("campaigns", "send", "Autumn", "--json")
    again = ready("campaigns", "send", "Autumn")

    assert preview["partition"]["withheld"] == {"hard_bounce": 1, "unsubscribed": 1}
    assert (preview["partition"]["mailable"], preview["total"]) == (1, 3)
    assert (sent.code, sent.json["states"]) == (0, {"accepted": 1, "withheld": 2})
    assert again.code == 1 and "cannot send" in again.err
    assert "accepted" in ready("campaigns", "stats", "Autumn").out
    assert "c@example.com" in ready("campaigns", "logs", "Autumn", "--state", "withheld").out
    explained = ready("explain", "Autumn", "c@example.com").out
    assert "hard-bounced" in explained
    assert "checked: a second reading of the rules agrees" in explained
    assert "Not in the audience" in ready("explain", "Autumn", "z@example.com").out
    (mail,) = (tmp_path / "home" / "outbox" / "new").iterdir()
    link = message_from_bytes(mail.read_bytes())["List-Unsubscribe"].strip("<>")
    assert ready("unsubscribe", link, "--json").json["changed"] is True
    assert "already" in ready("unsubscribe", link).out
    renamed = tuple("Winter" if part == "Autumn" else part for part in CAMPAIGN)
    ready(*renamed)
    assert ready("campaigns", "send", "Winter").code == 1
    assert "unsubscribed" in ready("explain", "Winter", "a@example.com").out


def test_a_campaign_leaves_out_whom_an_earlier_one_reached(ready: Run) -> None:
    """Excluded by a segment or an earlier campaign, people are counted as excluded; one that is unknown is refused."""
    ready("segments", "create", "Everyone", "--filters", '{"tags": ["news"]}')
    assert ready(*CAMPAIGN).code == 0
    ready("campaigns", "send", "Autumn")
    again = tuple("Winter" if part == "Autumn" else part for part in CAMPAIGN)
    assert ready(*again, "--exclude-recipients-of", "Autumn").code == 0
    shown = ready("campaigns", "preview", "Winter", "--json").json["partition"]
    assert (shown["mailable"], shown["withheld"]["excluded"]) == (0, 1)
    spring = tuple("Spring" if part == "Autumn" else part for part in CAMPAIGN)
    assert ready(*spring, "--exclude-segment", "Everyone").code == 0
    shown = ready("campaigns", "preview", "Spring", "--json").json["partition"]
    assert (shown["mailable"], shown["withheld"]["excluded"]) == (0, 1)
    refused = ready(*("Summer" if part == "Autumn" else part for part in CAMPAIGN), "--exclude-segment", "Nobody")
    assert refused.code == 1
    assert "Nobody" in refused.err


def test_a_forged_link_claims_nothing(ready: Run) -> None:
    """A token that is not ours is refused in one sentence that does not say why."""
    shown = ready("unsubscribe", "https://mail.example.com/u/" + "A" * 112)

    assert shown.code == 1
    assert "no link of ours" in shown.err


def test_send_takes_exactly_one_kind_of_recipient(ready: Run) -> None:
    """Both or neither of ``--to`` and ``--tag`` is refused (R37)."""
    base = ("send", "--from", "a@mail.example.com", "--from-name", "Acme", "--subject", "Hi", "--html", "mail.html")

    for wrong in ((), ("--to", "a@example.com", "--tag", "news")):
        shown = ready(*base, *wrong)
        assert shown.code == 1
        assert "exactly one" in shown.err


def test_send_to_one_address_and_as_marketing(ready: Run) -> None:
    """One address is transactional; ``--marketing`` makes it marketing, which withholds who opted out (R1, R5)."""
    base = ("send", "--from", "a@mail.example.com", "--from-name", "Acme", "--subject", "Hi", "--html", "mail.html")

    assert ready(*base, "--to", "b@example.com", "--json").json["states"] == {"accepted": 1}
    assert ready(*base, "--to", "b@example.com", "--marketing", "--json").json["states"] == {"withheld": 1}


def test_cancelled_is_cancelled(ready: Run) -> None:
    """A cancelled draft cannot be sent any more (R55)."""
    ready(*CAMPAIGN)

    assert ready("campaigns", "cancel", "Autumn").code == 0
    assert "cancelled cannot send" in ready("campaigns", "send", "Autumn").err
    assert "cancelled" in ready("campaigns", "list").out


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("me:hunter2@localhost", "named by a URL"),
        ("mysql://localhost/x", "use sqlite:///file.db or postgresql://host/name"),
        ("sqlite:////no/such/folder/migma.db", "its folder must be there"),
        ("postgresql://nobody@/nothing?host=/no/such/socket", "does not answer"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence(
    ready: Run, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    """Whatever is wrong with it, the command says so in a line, without a traceback or a secret, and fails."""
    monkeypatch.setenv("MIGMA_DATABASE", url)

    shown = ready("contacts", "list")

    assert (shown.code, shown.out) == (1, "")
    assert shown.err.startswith("migma: ")
    assert words in shown.err
    assert shown.err.count("\n") == 1
    assert "hunter2" not in shown.err


def test_a_log_has_a_line_of_json_for_each_event(ready: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With MIGMA_LOG what the loop does is appended, nobody's address among it; without, nothing is written."""
    ready(*CAMPAIGN)
    monkeypatch.setenv("MIGMA_LOG", str(tmp_path / "log.jsonl"))

    assert ready("campaigns", "send", "Autumn").code == 0

    told = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert {"FanOut", "HandOver", "Finish"} <= {one["event"] for one in told}
    assert all({"level", "timestamp", "migma"} <= one.keys() for one in told)
    assert "example.com" not in str(told)


def test_a_log_that_cannot_be_written_is_told_before_anything_is_sent(
    ready: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the file and the setting."""
    monkeypatch.setenv("MIGMA_LOG", str(tmp_path / "nowhere" / "log.jsonl"))
    ran = ready(*CAMPAIGN)
    assert ran.code == 1
    assert "cannot be written" in ran.err
    assert "MIGMA_LOG" in ran.err


def test_stats_are_counts_and_what_nobody_told_stays_open(ready: Run) -> None:
    """People see rows and numbers; programs have both in one document."""
    ready(*CAMPAIGN)
    ready("campaigns", "send", "Autumn")

    shown, told = ready("campaigns", "stats", "Autumn"), ready("campaigns", "stats", "Autumn", "--json").json

    assert re.search(r"sent +1\b", shown.out)
    assert re.search(r"delivered +not told", shown.out)
    assert told["status"] == "sent"
    assert told["stats"]["sent"] == told["stats"]["accepted"] == told["states"]["accepted"] == 1
    assert told["stats"]["delivered"] is None


def test_a_campaign_is_tried_out(ready: Run) -> None:
    """Who may get it gets it, who may not is told why, and the campaign is a draft as before."""
    made = ("--name", "Autumn", "--tag", "news", "--html", "mail.html", "--subject", "Hi", "--from-name", "Acme")
    ready("campaigns", "create", *made, "--from", "news@mail.example.com")
    tried = ready("campaigns", "test", "Autumn", "--to", "a@example.com", "--json")
    assert (tried.code, [one["state"] for one in tried.json]) == (0, ["accepted"])
    both = ready("campaigns", "test", "Autumn", "--to", "a@example.com", "--to", "b@example.com")
    assert both.code == 1
    assert "unsubscribed" in both.out
    assert ready("campaigns", "stats", "Autumn", "--json").json["status"] == "draft"
