"""Copies of transactional mail: decided about one by one, in one message, and a row for each (design D9)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import getaddresses
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migma_runtime import Migma, SendAnswer

from migma_core import (
    MIGMA,
    Address,
    Brand,
    ContactDraft,
    DeliveryState,
    InvalidTemplate,
    LocalTime,
    Project,
    Purpose,
    Suppression,
    SuppressionReason,
)
from migma_core.message.certificate import read_mime
from tests.support.examples import few

Mails = Callable[[], list[bytes]]

NOW = datetime(2026, 5, 1, tzinfo=UTC)
TO, BOSS, ARCHIVE = "ada@example.com", "boss@example.com", "archive@example.com"


def send(migma: Migma, project: Project, **changes: object) -> SendAnswer:
    """A receipt to Ada, seen by her boss and, blind, the archive."""
    words = {
        "recipient_type": "email",
        "recipient_email": TO,
        "cc": (BOSS,),
        "bcc": (ARCHIVE,),
        "from_": "shop@mail.example.com",
        "from_name": "Acme",
        "subject": "Your receipt",
        "template": "<p>Thank you, {{first_name|you}}</p>",
        "project_id": project.id,
        **changes,
    }
    return migma.sending.send(**words)  # type: ignore[arg-type]  # words by name


def deny(migma: Migma, project: Project, address: str, reason: SuppressionReason) -> None:
    """Put an address on the account's list."""
    local, _, domain = address.partition("@")
    migma.store.suppressions.add(project.account, Address(local, domain), Suppression(reason, NOW, "test"))


def rows(migma: Migma, answer: SendAnswer) -> dict[str, str]:
    """The state of each address."""
    return {row.address: row.state.value for row in migma.store.sends.log(answer.id)}


def shown(mail: bytes) -> dict[str, list[str]]:
    """The addresses in each header of a mail that holds some."""
    parsed = message_from_bytes(mail)
    return {name: [a for _, a in getaddresses(parsed.get_all(name, []))] for name in ("To", "Cc", "Bcc")}


def test_everybody_has_a_row_and_the_same_mail(migma: Migma, project: Project, mails: Mails) -> None:
    """Recipient and copies are accepted, a file each; the open copy stands in all of them, the blind one in none."""
    answer = send(migma, project)

    assert rows(migma, answer) == dict.fromkeys((TO, BOSS, ARCHIVE), "accepted")
    assert [shown(one) for one in mails()] == [{"To": [TO], "Cc": [BOSS], "Bcc": []}] * 3
    assert all(ARCHIVE.encode() not in one for one in mails())
    assert len(set(mails())) == 1


def test_who_may_not_be_written_to_is_left_out(migma: Migma, project: Project, mails: Mails) -> None:
    """A copy to a bounced address is withheld with its reason, is in no header, and stops nobody else."""
    deny(migma, project, BOSS, SuppressionReason.BOUNCE)

    answer = send(migma, project)

    assert rows(migma, answer) == {TO: "accepted", BOSS: "withheld", ARCHIVE: "accepted"}
    assert [shown(one)["Cc"] for one in mails()] == [[], []]
    assert {kind.value: people for kind, people in answer.withheld.items()} == {"hard_bounce": 1}


def test_a_copy_goes_nowhere_without_its_mail(migma: Migma, project: Project, mails: Mails) -> None:
    """Where the recipient may not be written to, nothing leaves, and the copies' rows say why."""
    deny(migma, project, TO, SuppressionReason.BOUNCE)

    answer = send(migma, project)

    assert rows(migma, answer) == {TO: "withheld", BOSS: "cancelled", ARCHIVE: "cancelled"}
    log = migma.store.sends.log(answer.id, state=DeliveryState.CANCELLED)
    assert {row.why for row in log} == {"the mail it is a copy of was settled without it"}
    assert mails() == []


def test_preview_counts_the_copies(migma: Migma, project: Project) -> None:
    """As many as are previewed have rows, by the same verdicts (design §2.2)."""
    deny(migma, project, ARCHIVE, SuppressionReason.COMPLAINT)
    request = migma.sending.request(
        recipient_type="email",
        recipient_email=TO,
        cc=(BOSS,),
        bcc=(ARCHIVE,),
        from_="shop@mail.example.com",
        from_name="Acme",
        subject="Your receipt",
        template="<p>Thank you</p>",
        project_id=project.id,
    )
    partition = migma.sending.preview(request).partition
    assert (partition.mailable, sum(partition.withheld.values())) == (2, 1)


def test_the_recipients_values_fill_it(migma: Migma, project: Project, mails: Mails) -> None:
    """Those copied read what the recipient reads, whatever is known of themselves."""
    for address, name in ((TO, "Ada"), (BOSS, "Bo")):
        local, _, domain = address.partition("@")
        migma.contacts.add(project.id, ContactDraft(address=Address(local, domain), first_name=name))

    send(migma, project)

    assert [read_mime(one).html for one in mails()] == ["<p>Thank you, Ada</p>"] * 3


def early(migma: Migma, first: str) -> Migma:
    """The installation under a policy by which it is time to write to ``first``, and to nobody else for hours."""
    local, _, domain = first.partition("@")
    far_east = ContactDraft(address=Address(local, domain), fields={"time_zone": "Pacific/Kiritimati"})
    migma.contacts.add(migma.store.projects.all()[0].id, far_east)
    later = (datetime.now(UTC) + timedelta(hours=6)).replace(tzinfo=None)
    rule = LocalTime(later, ZoneInfo("UTC"), frozenset(Purpose))
    return Migma(replace(migma.parts, policy=MIGMA.with_rules(rule, name="early")))


def test_the_mail_does_not_wait_for_its_copies(migma: Migma, project: Project, mails: Mails) -> None:
    """Copies whose time has not come are left out and cancelled, and say why."""
    answer = send(early(migma, TO), project)

    assert rows(migma, answer) == {TO: "accepted", BOSS: "cancelled", ARCHIVE: "cancelled"}
    log = migma.store.sends.log(answer.id, state=DeliveryState.CANCELLED)
    assert all(row.why is not None and row.why.startswith("the mail left when no copy could: ") for row in log)
    assert [shown(one) for one in mails()] == [{"To": [TO], "Cc": [], "Bcc": []}]


def test_copies_wait_with_their_mail(migma: Migma, project: Project, mails: Mails) -> None:
    """Nothing leaves before the recipient's time, whatever the time of those copied."""
    answer = send(early(migma, BOSS), project)

    assert rows(migma, answer) == dict.fromkeys((TO, BOSS, ARCHIVE), "ready")
    assert (answer.status, mails()) == ("sending", [])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"recipient_type": "tag", "recipient_email": None, "recipient_id": "news"}, "cc and bcc go with one address"),
        ({"transactional": False}, "marketing has no cc and no bcc"),
        ({"cc": (BOSS, TO)}, "an address stands once"),
        ({"cc": (BOSS, "BOSS@EXAMPLE.COM")}, "an address stands once"),
        ({"cc": tuple(f"p{n}@example.com" for n in range(50))}, "has 49 copies at most, this one has 51"),
        ({"cc": ("nobody",)}, "nobody"),
    ],
)
def test_what_makes_no_sense_is_refused(
    migma: Migma, project: Project, mails: Mails, changes: dict[str, object], why: str
) -> None:
    """Copies of marketing, of an audience, twice the same, or too many: nothing is sent, and the sentence says why."""
    migma.store.tags.create(project.id, "news", NOW)
    with pytest.raises(ValueError, match=why):
        send(migma, project, **changes)
    assert mails() == []


@pytest.mark.parametrize("name", ["unsubscribe_url", "preferences_url"])
def test_no_link_of_one_person_is_copied(migma: Migma, project: Project, name: str) -> None:
    """With it, somebody copied could opt the recipient out (E-01)."""
    with pytest.raises(InvalidTemplate, match="one person's own, and others are copied"):
        send(migma, project, template=f'<p><a href="{{{{{name}}}}}">link</a></p>')


def opened(installation: Path, folder: Path) -> Migma:
    """A fresh installation in the folder."""
    return Migma.open(home=Path(shutil.copytree(installation, folder / "home")))


DENIED = st.sampled_from((None, None, SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT, SuppressionReason.MANUAL))


@settings(max_examples=few(12))
@given(denied=st.lists(DENIED, min_size=1, max_size=5), blind=st.integers(1, 5), known=st.sets(st.integers(0, 4)))
def test_accepted_rows_are_the_files_and_no_denied_address_has_one(
    installation: Path, denied: list[SuppressionReason | None], blind: int, known: set[int]
) -> None:
    """Whoever of recipient and copies is denied: everybody has a row, who was accepted a file, and nobody else."""
    with tempfile.TemporaryDirectory() as folder, opened(installation, Path(folder)) as migma:
        project = migma.start_project("Acme", Brand("Acme", "1 Main Street", "https://mail.example.com"))
        migma.store.domains.add(project.account, "mail.example.com", NOW)
        migma.store.domains.verify(project.account, "mail.example.com", NOW)
        everybody = [f"p{number}@example.com" for number in range(len(denied))]
        for number, (address, reason) in enumerate(zip(everybody, denied, strict=True)):
            if number in known:
                migma.contacts.add(project.id, ContactDraft(address=Address(f"p{number}", "example.com")))
            if reason is not None:
                deny(migma, project, address, reason)

        answer = send(
            migma,
            project,
            recipient_email=everybody[0],
            cc=tuple(everybody[1:blind]),
            bcc=tuple(everybody[max(1, blind) :]),
        )

        states = rows(migma, answer)
        new = Path(folder) / "home" / "outbox" / "new"
        files = list(new.iterdir()) if new.exists() else []
    may = {address for address, reason in zip(everybody, denied, strict=True) if reason is None}
    expected = may if everybody[0] in may else set()
    assert {address for address, state in states.items() if state == "accepted"} == expected
    assert states.keys() == set(everybody)
    assert len(files) == len(expected)
