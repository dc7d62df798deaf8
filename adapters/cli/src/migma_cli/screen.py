"""What a command shows: tables and sentences for people, JSON for programs, errors on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from migma_wire import display
from pydantic_core import to_jsonable_python
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from migma_core.audience import Address, InvalidAddress
from migma_core.decision import Partition

__all__ = ["Screen", "for_people", "partition_rows"]


class Screen:
    """One command's output. With ``as_json`` nothing but one JSON document reaches stdout."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.out = Console(highlight=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """A sentence for people."""
        if not self.as_json:
            self.out.print(escape(text))

    def note(self, text: str | None) -> None:
        """A sentence on the side, if there is anything to say: on stderr, and nothing for programs."""
        if text is not None and not self.as_json:
            self.err.print(escape(text))

    def warn(self, text: str) -> None:
        """A sentence that must not get lost in a pipe."""
        self.err.print(f"[yellow]warning:[/] {escape(text)}")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
        """A table for people; ``empty`` is said where there are no rows."""
        if self.as_json:
            return
        table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
        for row in rows:
            table.add_row(*(escape(str(cell if cell is not None else "")) for cell in row))
        if table.row_count:
            self.out.print(table)
        else:
            self.say(empty)

    def json(self, value: Any) -> None:
        """The answer for programs: dataclasses, enums and moments as plain JSON."""
        if self.as_json:
            json.dump(to_jsonable_python(value), sys.stdout, ensure_ascii=False, indent=2)
            sys.stdout.write("\n")


def for_people(address: str) -> str:
    """An address in its own script; a text that is none, such as that of somebody forgotten, as it stands."""
    try:
        return display(Address.parse(address))
    except InvalidAddress:
        return address


def partition_rows(partition: Partition) -> list[tuple[str, str]]:
    """A partition as lines that visibly add up."""
    withheld = sorted(partition.withheld.items(), key=lambda one: -one[1])
    rows = [("mailable", f"{partition.mailable:,}")]
    rows += [(f"withheld: {kind.replace('_', ' ')}", f"{people:,}") for kind, people in withheld]
    if partition.deferred:
        rows.append(("deferred", f"{partition.deferred:,}"))
    return [*rows, ("audience", f"{partition.total:,}")]
