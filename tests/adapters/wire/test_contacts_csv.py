"""Reading lists: any CSV a spreadsheet writes, row by row."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_wire import NoCsv, NoEmailColumn, column_map_from_json, encoding_of, read_contacts

from migma_core import Status, SuppressionReason
from migma_core.ports import Incoming, RefusedRow, Row


def _read(content: str | bytes, encoding: str = "utf-8") -> list[Incoming]:
    raw = content if isinstance(content, bytes) else content.encode(encoding)
    return list(read_contacts(io.BytesIO(raw)))


def _row(content: str | bytes) -> Row:
    (row,) = _read(content)
    assert isinstance(row, Row), row
    return row


cells = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    lambda text: text == text.strip()
)


@given(rows=st.lists(st.tuples(st.integers(0, 9999), cells, cells), max_size=8), delimiter=st.sampled_from(",;\t|"))
def test_what_a_writer_wrote_is_read_back(rows: list[tuple[int, str, str]], delimiter: str) -> None:
    """Custom fields come back as they were written, whatever the delimiter, quotes and blanks in them."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(("email", "plan", "note"))
    writer.writerows((f"p{number}@example.com", plan, note) for number, plan, note in rows)

    read = _read(text.getvalue())

    assert [(row.draft.fields["plan"], row.draft.fields["note"]) for row in read if isinstance(row, Row)] == [
        (plan, note) for _, plan, note in rows
    ]


@given(st.binary(max_size=300))
def test_no_octets_raise(noise: bytes) -> None:
    """Whatever follows a good header is a row or a refused row, never an exception."""
    for row in _read(b"email,name\n" + noise):
        assert isinstance(row, Row | RefusedRow)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_are_told_from_the_file(encoding: str) -> None:
    """A file is read in the encoding its mark or its octets say: UTF-8 if it can be, else as old programs wrote."""
    raw = "E-Mail,First Name\r\nada@example.com,Åsa\r\n".encode(encoding)

    assert _row(raw).draft.first_name == "Åsa"


@pytest.mark.parametrize("header", ["email", "E-Mail", "EMAIL ADDRESS", "e_mail", "Mail"])
def test_the_column_of_addresses_has_many_names(header: str) -> None:
    """Case, blanks, dashes and underscores of a header do not matter."""
    assert str(_row(f"{header},x\na@example.com,1\n").draft.address) == "a@example.com"


def test_a_file_without_addresses_names_its_columns() -> None:
    """Without a column of addresses nothing is read, and the error lists the columns found."""
    with pytest.raises(NoEmailColumn, match="'name', 'town'") as wrong:
        _read("name,town\nAda,London\n")

    assert wrong.value.columns == ["name", "town"]


def test_an_empty_file_is_refused() -> None:
    """A file with nothing in it has no column of addresses."""
    with pytest.raises(NoEmailColumn, match="none"):
        _read("")


def test_a_full_name_is_split_at_its_last_blank() -> None:
    """``name`` fills first and last name where they have no columns of their own."""
    draft = _row("email,name\na@example.com,Ada King Lovelace\n").draft

    assert (draft.first_name, draft.last_name) == ("Ada King", "Lovelace")


@pytest.mark.parametrize(
    ("word", "status", "suppress"),
    [
        ("subscribed", Status.SUBSCRIBED, None),
        ("Active", Status.SUBSCRIBED, None),
        ("non-subscribed", Status.NON_SUBSCRIBED, None),
        ("Unsubscribed", Status.UNSUBSCRIBED, None),
        ("bounced", Status.BOUNCED, None),
        ("complained", Status.UNSUBSCRIBED, SuppressionReason.COMPLAINT),
        ("", None, None),
    ],
)
def test_statuses_in_the_words_of_the_product(
    word: str, status: Status | None, suppress: SuppressionReason | None
) -> None:
    """Statuses are read in all spellings the product has used; a complaint is more than a status (A2)."""
    row = _row(f"email,status\na@example.com,{word}\n")

    assert (row.draft.status, row.suppress) == (status, suppress)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no address,Ada,subscribed", "there is no @"),
        (",Ada,subscribed", "there is no address in this row"),
        ("a@example.com,Ada,perhaps", "the status is unknown"),
        ("a@example.com,Ada,subscribed,more", "the row has 4 cells and the header 3"),
        ('a@example.com,"Ada\nBcc: x@example.com",subscribed', "invisible character U\\+000A"),
        ("a@example.com,Ada\0,subscribed", "octets that are no text"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_stops_no_other(line: str, reason: str) -> None:
    """A row that cannot be used says where it stands and why, and the next one is read."""
    first, second = _read(f"email,first_name,status\n{line}\nb@example.com,Bo,subscribed\n")

    assert isinstance(first, RefusedRow)
    assert first.line == 2
    assert re.search(reason, first.reason)
    assert isinstance(second, Row)


def test_octets_of_another_encoding_are_refused_in_their_row() -> None:
    """One row in another encoding is refused; the file goes on."""
    first, second = _read(b"email,first_name\na@example.com,Bj\xf6rn\nb@example.com,\xc3\x85sa\n")

    assert isinstance(first, RefusedRow)
    assert isinstance(second, Row)


def test_an_encoding_is_told_from_the_whole_file() -> None:
    """One letter at the end of a long file says what the many plain lines before it do not."""
    plain = b"email,note\n" + b"a@example.com,x\n" * 100_000

    assert encoding_of(io.BytesIO(plain)) == "utf-8"
    assert encoding_of(io.BytesIO(plain + b"b@example.com,\xf6\n")) == "cp1252"
    assert encoding_of(io.BytesIO(plain + "b@example.com,ö\n".encode())) == "utf-8"
    assert encoding_of(io.BytesIO(plain + b"b@example.com,\xc3")) == "cp1252"


def test_a_given_encoding_and_delimiter_win() -> None:
    """What the caller knows is not guessed; an encoding that does not exist is an error."""
    raw = "email~city\na@example.com~Łódź\n".encode("cp1250")
    (row,) = read_contacts(io.BytesIO(raw), encoding="cp1250", delimiter="~")

    assert isinstance(row, Row) and row.draft.fields == {"city": "Łódź"}
    with pytest.raises(LookupError):
        read_contacts(io.BytesIO(raw), encoding="cp0")


def test_a_quote_that_is_never_closed_swallows_nothing_in_silence() -> None:
    """The rows it hides are refused, with the lines they stand on; those before it are read."""
    first, broken = _read('email,note\na@example.com,x\nb@example.com,"oops\nc@example.com,y\nd@example.com,z\n')

    assert isinstance(first, Row)
    assert isinstance(broken, RefusedRow) and broken.line == 3
    assert "lines 3 to 5" in broken.reason and "never closed" in broken.reason


def test_a_huge_cell_stops_no_other_row() -> None:
    """A cell beyond what the reader takes is refused in its row, and the next one is read."""
    huge, after = _read(f'email,note\na@example.com,"{"x" * 200_000}"\nb@example.com,y\n')

    assert isinstance(huge, RefusedRow) and "field larger than field limit" in huge.reason
    assert isinstance(after, Row)


def test_a_file_without_lines_is_no_csv() -> None:
    """Something else than a CSV file is refused without being read into memory."""
    with pytest.raises(NoCsv, match="no CSV file"):
        _read("x" * 2_000_000)


def test_ragged_rows_are_read_as_far_as_they_go() -> None:
    """Cells missing at the end say nothing, and empty ones beyond the header are what spreadsheets leave behind."""
    short, long = _read("email,first_name,plan\na@example.com\nb@example.com,Bo,pro,,,\n")

    assert isinstance(short, Row) and (short.draft.first_name, dict(short.draft.fields)) == (None, {})
    assert isinstance(long, Row) and (long.draft.first_name, dict(long.draft.fields)) == ("Bo", {"plan": "pro"})


def test_a_map_says_which_columns_are_read() -> None:
    """With a map exactly the named columns are read, under the meaning it gives them (§1.2)."""
    raw = b"Adresse;Wer;Tarif;Notiz\na@example.com;Ada;pro;secret\n"
    columns = column_map_from_json({"email": "Adresse", "firstName": "Wer", "customFields": {"plan": "Tarif"}})
    (row,) = read_contacts(io.BytesIO(raw), columns=columns)

    assert isinstance(row, Row)
    assert (row.draft.first_name, dict(row.draft.fields)) == ("Ada", {"plan": "pro"})


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"email": "E-Mail"}, "no column 'E-Mail' .*'Adresse', 'Wer'"),
        ({"email": "Adresse", "first_name": "Adresse"}, "named twice"),
        ({"first_name": "Wer"}, "no column of addresses"),
    ],
)
def test_a_map_that_does_not_fit_is_refused(columns: dict[str, str], says: str) -> None:
    """A map that names a header which is not there, or no addresses, is refused before the first row."""
    with pytest.raises(ValueError, match=says):
        read_contacts(io.BytesIO(b"Adresse;Wer\na@example.com;Ada\n"), columns=columns)


@pytest.mark.parametrize(
    "data", [[], {"email": 1}, {"customFields": []}, {"plan": "Tarif"}, {"customFields": {"plan": None}}]
)
def test_a_column_map_that_is_none_is_refused(data: object) -> None:
    """Anything but headers by what they mean is no column map, and the error says what one is."""
    with pytest.raises(ValueError, match="column map"):
        column_map_from_json(data)


def test_lines_are_those_of_the_file() -> None:
    """A quoted line break counts: the line told is where the row begins."""
    rows = _read('email,note\na@example.com,"one\ntwo\nthree"\nbad,x\n')

    assert [row.line for row in rows] == [2, 5]


def test_custom_fields_get_names_a_template_can_use() -> None:
    """``Signed up`` becomes ``signed_up``; a name in one word and lower case stays."""
    draft = _row("email,Signed up,Plan,lastPurchase\na@example.com,2026-01-01,pro,x\n").draft

    assert dict(draft.fields) == {"signed_up": "2026-01-01", "plan": "pro", "lastPurchase": "x"}


def test_a_spreadsheets_own_hint_is_obeyed() -> None:
    """``sep=;`` in the first line names the delimiter."""
    assert _row("sep=;\nemail;tags\na@example.com;x, y\n").draft.tags == {"x", "y"}
