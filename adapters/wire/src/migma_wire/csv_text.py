"""The text of a CSV file: in which encoding it is written, what divides its cells, and its lines, as a stream."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

__all__ = ["CsvRow", "NoCsv", "encoding_of", "read_csv"]

_DELIMITERS = ",;\t|"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNMARKED = ((re.compile(rb"(?:[\x01-\x7f]\0){2}"), "utf-16-le"), (re.compile(rb"(?:\0[\x01-\x7f]){2}"), "utf-16-be"))
_ESCAPED = re.compile("[\udc80-\udcff]")
_BEYOND_ASCII = re.compile("[^\0-\x7f\udc80-\udcff]")
_AT_ONCE = 1 << 20


class NoCsv(ValueError):
    """The file cannot be a CSV file; the message says why."""


class CsvRow(NamedTuple):
    """One row and the lines of the file it stands on; ``broken`` says why its cells cannot be told apart."""

    first_line: int
    last_line: int
    cells: list[str]
    broken: str = ""


def read_csv(stream: BinaryIO, *, encoding: str | None = None, delimiter: str | None = None) -> Iterator[CsvRow]:
    """
    Read a file row by row, the header first. Empty lines are passed over, and no row stops the others.

    Octets that are no text in the encoding stay in their cells as lone surrogates. Raises `NoCsv`, and `LookupError`
    for an encoding that does not exist. The stream can be told to seek, and stays open.
    """
    text = io.TextIOWrapper(stream, encoding=encoding or encoding_of(stream), errors="surrogateescape", newline="")
    first, line = _first_line(text), 0
    if first.lower().startswith("sep="):  # a spreadsheet's own hint
        delimiter, first, line = delimiter or first[4:5], _first_line(text), 1
    # strict: a quote that is never closed would swallow the rest of the file as one cell
    reader = csv.reader(_lines(first, text), delimiter=delimiter or _delimiter_of(first), strict=True)
    return _rows(reader, text, line)


def encoding_of(stream: BinaryIO) -> str:
    """
    Tell the encoding, by reading ahead: by the byte order mark, by the zeros of UTF-16, else UTF-8; but Windows-1252
    for a file that is neither ASCII nor holds a single well-formed letter of UTF-8, as older spreadsheets write them.

    >>> encoding_of(io.BytesIO("email,name".encode("utf-16-le")))
    'utf-16-le'
    >>> encoding_of(io.BytesIO(b"email,name\\na@example.com,Bj\\xf6rn"))
    'cp1252'
    """
    begin, start = stream.tell(), stream.read(_AT_ONCE)
    marked = next((encoding for mark, encoding in _MARKS if start.startswith(mark)), None)
    unmarked = next((encoding for pattern, encoding in _UNMARKED if pattern.match(start)), None)
    found = marked or unmarked or _utf8_or_not(stream, start)
    stream.seek(begin)
    return found


def _utf8_or_not(stream: BinaryIO, octets: bytes) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    foreign = False
    while octets:
        if not octets.isascii():
            text = decoder.decode(octets)
            if _BEYOND_ASCII.search(text):
                return "utf-8"
            foreign = foreign or _ESCAPED.search(text) is not None
        octets = stream.read(_AT_ONCE)
    foreign = foreign or bool(decoder.decode(b"", final=True))
    return "cp1252" if foreign else "utf-8"


def _first_line(text: io.TextIOWrapper) -> str:
    line = text.readline(_AT_ONCE)
    if len(line) == _AT_ONCE:
        raise NoCsv("the first line is longer than a million characters: this is no CSV file")
    return line


def _lines(first: str, text: io.TextIOWrapper) -> Iterator[str]:
    """Lines of bounded length: a file without line breaks is not read into memory to find that out."""
    yield first
    while line := text.readline(_AT_ONCE):
        yield line


def _delimiter_of(header: str) -> str:
    unquoted = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=unquoted.count)


def _rows(reader: Iterator[list[str]], text: io.TextIOWrapper, line: int) -> Iterator[CsvRow]:
    skipped = line
    while True:
        first, cells, broken = line + 1, None, ""
        try:
            cells = next(reader, None)
        except csv.Error as wrong:
            broken = str(wrong)
        line = skipped + getattr(reader, "line_num", line)
        if broken:
            yield CsvRow(first, line, [], broken)
        elif cells is None:
            text.detach()  # the stream is the caller's to close
            return
        elif any(cells):
            yield CsvRow(first, line, cells)
