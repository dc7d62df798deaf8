"""Printed: a policy as a page that a lawyer can read, and a test can read back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .policy import Policy
from .reasons import ReasonKind
from .standing import CELLS, FIRST_TRANSACTIONAL
from .truth_table import WORDS, DenialRow, OutsideRow, RuleRow, RuleTable, TruthTable, truth_table

__all__ = ["printed"]

_COLUMN = {"is_role": "role address"}


def printed(policy: Policy) -> str:
    """
    Write a policy's truth table as Markdown: a small table per rule, one for the denials, one for rules outside it.

    >>> from migma_core import MIGMA
    >>> print(printed(MIGMA).partition("\\n")[0])
    ## Policy `migma`, version 1
    """
    table = truth_table(policy)
    blocks = (
        f"## Policy `{_line(table.policy)}`, version {table.version}",
        _head(table),
        *(block for rule in table.rules for block in _rule(rule)),
        "### Denials",
        "What stands against the address, or leaves a person out of this send; each stops by itself what its row says.",
        _grid(("denial", "marketing", "transactional", "rule", "source"), map(_denial, table.denials)),
        *_outside(table.outside),
    )
    return "\n\n".join(blocks) + "\n"


def _head(table: TruthTable) -> str:
    marketing = f"{table.marketing_cells:,} of {FIRST_TRANSACTIONAL:,} cells"
    transactional = f"{table.transactional_cells:,} of {CELLS - FIRST_TRANSACTIONAL:,}"
    asks = "Mailing a whole audience as transactional needs a justification in words."
    lines = (
        f"Fingerprint `{table.fingerprint}`.",
        f"Where no denial stands, marketing may go out in {marketing}, transactional mail in {transactional}.",
        *((asks,) if table.needs_justification else ()),
        "*Mailable* means that this rule has nothing against it: mail goes out where all rules and all denials agree.",
        "A fact that cannot be read withholds wherever any rule for that purpose reads it.",
    )
    return "\n".join(lines)


def _rule(rule: RuleTable) -> Iterator[str]:
    yield f"### `{_line(rule.name)}`"
    yield _line(f"{rule.words} Source: {rule.source}.")
    columns = [_COLUMN.get(digit, digit) for digit in rule.digits]
    yield _grid((*columns, "marketing", "transactional"), (_case(rule.digits, row) for row in rule.rows))


def _case(digits: Sequence[str], row: RuleRow) -> tuple[str, ...]:
    values = (_any_of(row.values[digit], len(WORDS[digit])) for digit in digits)
    return (*values, _outcome(row.marketing), _outcome(row.transactional))


def _any_of(values: Sequence[str], of: int) -> str:
    return "any" if len(values) == of else " or ".join(values)


def _outcome(reasons: Sequence[ReasonKind]) -> str:
    return f"withheld: {', '.join(reasons)}" if reasons else "mailable"


def _denial(row: DenialRow) -> tuple[str, ...]:
    by = (", ".join(row.rules) or "none", ", ".join(row.sources) or "none")
    return (row.denial, _outcome(row.marketing), _outcome(row.transactional), *by)


def _outside(rows: Sequence[OutsideRow]) -> Iterator[str]:
    """Nothing, for a policy about which its table says all."""
    if rows:
        yield "### Rules outside the table"
        yield "They read the clock, or are the policy's own code; they only ever withhold or defer."
        yield _grid(("rule", "purposes", "terms", "reads", "source"), map(_outside_cells, rows))


def _outside_cells(row: OutsideRow) -> tuple[str, ...]:
    return (row.name, ", ".join(row.purposes), row.terms, ", ".join(row.reads) or "nothing", row.source)


def _grid(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with its columns in line."""
    lines = [tuple(columns), *(tuple(_line(text).replace("|", "\\|") for text in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    head, *body = (
        " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).join(("| ", " |"))
        for line in lines
    )
    return "\n".join((head, "|".join("-" * (width + 2) for width in widths).join("||"), *body))


def _line(text: str) -> str:
    """A text on one line, whatever a rule's author put into it."""
    return " ".join(text.split())
