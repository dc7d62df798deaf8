"""Writing people out: safe to open, and read back as they were."""

from __future__ import annotations

import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st
from migma_wire import from_json, read_contacts, write_contacts_csv, write_contacts_ndjson
from migma_wire.contacts_out import disarmed, rearmed

from migma_core import Contact
from migma_core.audience.values import canonical
from migma_core.ports import Row
from migma_core.testing import strategies as some

# what a database may hold and a cell can: no NUL, no half of a character, no blanks around
TEXT = (
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).map(str.strip).filter(bool)
)
WILD = TEXT | st.sampled_from(
    ("=1+1", "+49 30", "-1", "-1+1", "@SUM(A1)", "'=x", "''", "'quoted", "a\r\nb", '"', ";", "[x]")
)
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,9}", fullmatch=True).map("f_{}".format)
PEOPLE = some.contacts(fields=st.dictionaries(NAMES, WILD | st.integers() | st.booleans(), max_size=3))


def stripped(value: str | None) -> str | None:
    """A value as a cell can hold it."""
    return (value or "").strip() or None


def written(people: list[Contact]) -> str:
    """People as CSV."""
    stream = io.StringIO(newline="")
    fields = {name for one in people for name in one.fields}
    assert write_contacts_csv(people, stream, fields) == len(people)
    return stream.getvalue()


@given(people=st.lists(PEOPLE, max_size=4))
def test_what_was_written_is_read_back(people: list[Contact]) -> None:
    """Address, names, tags, status and fields come back through the importer, as far as a cell can hold them."""
    read = list(read_contacts(io.BytesIO(written(people).encode())))

    assert all(isinstance(one, Row) for one in read), read
    for person, row in zip(people, read, strict=True):
        assert isinstance(row, Row)
        draft = row.draft
        assert (draft.address, draft.status) == (person.address, person.status)
        assert {name.strip() for name in person.tags} - {""} == draft.tags
        for name in ("first_name", "last_name", "phone", "country", "language"):
            assert getattr(draft, name) == stripped(getattr(person, name))
        said = {name: canonical(value) for name, value in person.fields.items() if value is not None}
        assert {name: canonical(value) for name, value in draft.fields.items()} == said


@given(people=st.lists(PEOPLE, max_size=4))
def test_no_cell_is_a_formula(people: list[Contact]) -> None:
    """No cell begins with what makes a spreadsheet compute, save a plain negative number."""
    for row in csv.reader(io.StringIO(written(people), newline="")):
        for cell in row:
            assert cell[:1] not in {*"=+@\t\r\n＝＋－＠"} or not cell
            assert not cell.startswith("-") or float(cell) < 0 or cell.strip("-0.") == ""


@given(WILD)
def test_disarming_is_undone_exactly(cell: str) -> None:
    """Whatever a cell said, apostrophes included, it says again."""
    assert rearmed(disarmed(cell)) == cell


@given(people=st.lists(some.contacts(fields=st.dictionaries(NAMES, WILD, max_size=2)), max_size=3))
def test_every_line_of_json_is_a_whole_contact(people: list[Contact]) -> None:
    """NDJSON holds one contact a line, and each reads back as it was."""
    stream = io.StringIO()

    assert write_contacts_ndjson(people, stream) == len(people)
    assert [from_json(Contact, json.loads(line)) for line in stream.getvalue().split("\n")[:-1]] == people
