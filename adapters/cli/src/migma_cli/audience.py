"""``migma contacts``: import, export, add, list."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, TextIO

from cyclopts import App, Parameter
from migma_wire import display, to_address
from rich.progress import Progress

from migma_core.audience import ContactDraft, Intake, Status
from migma_core.ports import ImportReport

from .common import USUAL, Mistake, Options
from .screen import Screen

__all__ = ["app"]

app = App(name="contacts", help="The people of a project.")

_SHOWN = 10


@app.command(name="import")
def import_(  # noqa: PLR0913 - one parameter per option
    file: Path,
    /,
    *,
    status: Annotated[Status, Parameter(help="Status of people whose row says none.")] = Status.NON_SUBSCRIBED,
    consent: Annotated[
        str | None, Parameter(help="Where these people gave consent; needed to subscribe anyone.")
    ] = None,
    on_conflict: Annotated[
        Literal["upsert", "skip"], Parameter(help="What to do with people already known.")
    ] = "upsert",
    tag: Annotated[tuple[str, ...], Parameter(help="Tag everyone in the file; repeatable.", negative=())] = (),
    map: Annotated[
        dict[str, str] | None,
        Parameter(help="Read exactly these columns: --map.email Adresse --map.plan Tarif. Guessed otherwise."),
    ] = None,
    encoding: Annotated[str | None, Parameter(help="Told from the file otherwise, such as cp1252.")] = None,
    delimiter: Annotated[str | None, Parameter(help="Told from the header otherwise.")] = None,
    dry_run: Annotated[bool, Parameter(help="Report only, change nothing.", negative=())] = False,
    report: Annotated[Path | None, Parameter(help="Write every refused row to this CSV file.")] = None,
    common: Options = USUAL,
) -> int:
    """Import a CSV file. No row ever lifts an opt-out, a complaint or a bounce."""
    screen = common.screen
    intake = _intake(status, consent)
    refused = Refusals(report)
    with common.open() as migma, refused, Progress(console=screen.err, transient=True, disable=common.json) as bar:
        done = migma.contacts.import_csv(
            common.project_of(migma).id,
            file,
            intake,
            on_conflict=on_conflict,
            tags=frozenset(tag),
            columns=map,
            encoding=encoding,
            delimiter=delimiter,
            dry_run=dry_run,
            report_row=refused.note,
            progress=_progress(bar),
        )
    show_report(screen, done, refused, dry_run=dry_run)
    screen.json({"report": done, "refused_rows": refused.first, "dry_run": dry_run})
    return 0


def _intake(status: Status, consent: str | None) -> Intake:
    try:
        return Intake(status, consent)
    except ValueError as wrong:
        raise Mistake(f"{wrong}: say where with --consent") from None


@app.command
def add(  # noqa: PLR0913 - one parameter per option
    *,
    email: str,
    first_name: str | None = None,
    last_name: str | None = None,
    phone: str | None = None,
    country: str | None = None,
    language: str | None = None,
    tags: Annotated[str, Parameter(help="Names of tags, separated by commas.")] = "",
    status: Annotated[Status | None, Parameter(help="subscribed unless said otherwise.")] = None,
    common: Options = USUAL,
) -> int:
    """Add one person."""
    draft = ContactDraft(
        address=to_address(email),
        status=status,
        first_name=first_name,
        last_name=last_name,
        phone=phone,
        country=country,
        language=language,
        tags=frozenset(name.strip() for name in tags.split(",") if name.strip()),
    )
    with common.open() as migma:
        contact = migma.contacts.add(common.project_of(migma).id, draft, "command line")
    common.screen.say(f"Added {display(contact.address)} as {contact.status} ({contact.id}).")
    common.screen.json(contact)
    return 0


@app.command(name="list")
def list_(
    *,
    tag: Annotated[str | None, Parameter(help="Only those who hold this tag.")] = None,
    status: Annotated[Status | None, Parameter(help="Only those with this status.")] = None,
    search: Annotated[str | None, Parameter(help="Part of an address or a name.")] = None,
    limit: Annotated[int, Parameter(help="At most so many.")] = 20,
    after: Annotated[int, Parameter(help="Go on after this number, as the last page says.")] = 0,
    common: Options = USUAL,
) -> int:
    """List people, page by page."""
    screen = common.screen
    with common.open() as migma:
        project = common.project_of(migma)
        page = migma.store.contacts.list(project.id, tag=tag, status=status, search=search, after=after, limit=limit)
    rows = (
        (
            display(one.address),
            " ".join(filter(None, (one.first_name, one.last_name))),
            one.status,
            ", ".join(sorted(one.tags)),
        )
        for one in page.contacts
    )
    screen.table(("address", "name", "status", "tags"), rows, "Nobody matches.")
    if page.after is not None:
        screen.say(f"More: --after {page.after}")
    screen.json({"contacts": page.contacts, "after": page.after})
    return 0


@app.command
def export(
    file: Annotated[Path | None, Parameter(help="Where to write; standard output otherwise.")] = None,
    /,
    *,
    tag: Annotated[str | None, Parameter(help="Only those who hold this tag.")] = None,
    segment: Annotated[str | None, Parameter(help="Only the members of this segment.")] = None,
    format: Annotated[
        Literal["csv", "ndjson"] | None,
        Parameter(help="Told from the file's name otherwise."),
    ] = None,
    common: Options = USUAL,
) -> int:
    """Write people to a file: CSV that a spreadsheet opens safely and that imports again, or one JSON object a line."""
    as_json = (format or (file.suffix.removeprefix(".") if file else "csv")) in {"ndjson", "jsonl"}
    with common.open() as migma, _written(file) as stream:
        written = migma.contacts.export(common.project_of(migma).id, stream, tag=tag, segment=segment, as_json=as_json)
    if file is not None:
        common.screen.say(f"Wrote {written:,} people to {file}.")
        common.screen.json({"written": written, "file": str(file)})
    return 0


@contextmanager
def _written(file: Path | None) -> Iterator[TextIO]:
    """The stream to write to. A file takes its name once it is whole, so that none is ever left cut off."""
    if file is None:
        yield sys.stdout
        return
    part = file.with_name(f"{file.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


class Refusals:
    """Rows held back: all of them to a file if wanted, the first few for the screen."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: Any = None
        self._write: Callable[[tuple[object, ...]], object] = lambda _row: None
        self.first: list[tuple[int, str, str]] = []

    def note(self, line: int, value: str, reason: str) -> None:
        """Hear of one row."""
        if len(self.first) < _SHOWN:
            self.first.append((line, value, reason))
        self._write((line, value, reason))

    def __enter__(self) -> Refusals:
        if self._path is not None:
            self._file = self._path.open("w", encoding="utf-8", newline="")
            self._write = csv.writer(self._file).writerow
            self._write(("line", "value", "reason"))
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def show_report(screen: Screen, done: ImportReport, refused: Refusals, *, dry_run: bool = False) -> None:
    """An import's report for people."""
    would = "would be " if dry_run else ""
    screen.say(
        f"{done.total:,} rows: {done.created:,} {would}created, {done.updated:,} {would}updated, "
        f"{done.skipped:,} skipped, {done.refused:,} refused, {done.noted:,} with a note."
    )
    if refused.first:
        rows = ((line, value[:40], reason) for line, value, reason in refused.first)
        screen.table(("line", "value", "why"), rows, "")
        more = done.refused + done.noted - len(refused.first)
        if more > 0:
            screen.say(f"… and {more:,} more (--report FILE writes them all)")


def _progress(bar: Progress) -> Callable[[ImportReport], None]:
    task = bar.add_task("importing", total=None)

    def update(report: ImportReport) -> None:
        bar.update(task, completed=report.total, description=f"importing: {report.total:,} rows")

    return update
