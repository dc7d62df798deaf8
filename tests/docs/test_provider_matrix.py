"""The page of providers is what they declare; run this file to print its table anew."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from migma_mailgun import CAPABILITIES as MAILGUN
from migma_outbox import CAPABILITIES as OUTBOX
from migma_platform import CAPABILITIES as PLATFORM
from migma_resend import CAPABILITIES as RESEND
from migma_sendgrid import CAPABILITIES as SENDGRID
from migma_ses import BULK_CAPABILITIES as SES_BULK
from migma_ses import CAPABILITIES as SES
from migma_smtp import CAPABILITIES as SMTP

from migma_core.ports import Capabilities

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "providers.md"
BEGIN, END = "<!-- declared -->", "<!-- end -->"
PROVIDERS = {
    "outbox": OUTBOX,
    "mailgun": MAILGUN,
    "platform": PLATFORM,
    "resend": RESEND,
    "sendgrid": SENDGRID,
    "ses": SES,
    "ses, with bulk": SES_BULK,
    "smtp": SMTP,
}


def _attaches_in_batches(can: Capabilities) -> bool:
    return can.attachments and can.attachments_in_batches and can.most_messages > 1


ROWS: tuple[tuple[str, Callable[[Capabilities], object]], ...] = (
    ("messages in one hand-over", lambda can: f"{can.most_messages:,}"),
    ("attachments and inline images", lambda can: can.attachments),
    ("the same in a batch of several", _attaches_in_batches),
    ("in a batch, calls an inline image by its file's name", lambda can: can.images_by_name),
    ("addresses with a non-ASCII local part", lambda can: can.international_local_parts),
    ("an answer and an id for every message", lambda can: can.answers_each),
    ("the same attempt twice within a day is sent once", lambda can: can.knows_repeats),
    ("keeps transactional mail until its time", lambda can: can.schedules),
    ("the same in a batch", lambda can: can.schedules_batches),
    ("cc and bcc of transactional mail", lambda can: can.copies),
    ("labels of a message", lambda can: can.most_labels),
    ("can list what it accepted", lambda can: can.lists_deliveries),
    ("headers of your own", lambda can: can.own_headers),
    ("a text of your own beside the HTML", lambda can: can.own_text),
    ("labels, metadata and our delivery's id come back with events", lambda can: can.marks),
    ("keeps people's choices itself, and adds the opt-out to marketing", lambda can: can.delegates_compliance),
    ("mail stays on this machine, and may hold links to it", lambda can: can.stays_here),
)


def table() -> str:
    """What the providers declare, as Markdown."""
    lines = [("", *PROVIDERS), ("---",) * (len(PROVIDERS) + 1)]
    lines += [(name, *map(_shown, map(of, PROVIDERS.values()))) for name, of in ROWS]
    return "\n".join(f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines)


def _shown(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def test_the_page_is_what_providers_declare() -> None:
    """The table on the page is the one made of their capabilities."""
    assert PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip() == table()


def test_every_capability_has_a_row() -> None:
    """A new field of `Capabilities` is not forgotten on the page."""
    from dataclasses import fields

    assert len(ROWS) == len(fields(Capabilities)) - 1


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    sys.stdout.write(f"{PAGE} is printed anew\n")
