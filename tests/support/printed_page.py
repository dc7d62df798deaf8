"""A printed policy, read back by what is on the page alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from migma_core import Cell, Denials, ReasonKind
from migma_core.decision.standing import ConsentFact, StatusFact, TopicFact, ValidationFact

Kinds: TypeAlias = frozenset[ReasonKind]
ByPurpose: TypeAlias = tuple[Kinds, Kinds]
Rows: TypeAlias = tuple[tuple[str, ...], ...]

_CHOICES = ("no choice", "joined", "left", "unreadable")
# what the page calls each value, written down a second time
MEANING: Mapping[str, Mapping[str, object]] = {
    "status": {
        "subscribed": StatusFact.SUBSCRIBED,
        "unsubscribed": StatusFact.UNSUBSCRIBED,
        "non-subscribed": StatusFact.NON_SUBSCRIBED,
        "bounced": StatusFact.BOUNCED,
        "no contact": StatusFact.NO_CONTACT,
        "unreadable": StatusFact.UNREADABLE,
    },
    "validation": {one.name.lower(): one for one in ValidationFact},
    "role address": {"yes": True, "no": False},
    "consent": {one.name.lower().replace("soft_opt_in", "soft opt-in"): one for one in ConsentFact},
    "topic": {
        "no topic": TopicFact.NO_TOPIC,
        **{f"subscribed by default: {words}": TopicFact(1 + at) for at, words in enumerate(_CHOICES)},
        **{f"not subscribed by default: {words}": TopicFact(5 + at) for at, words in enumerate(_CHOICES)},
    },
}


@dataclass(frozen=True)
class RulePage:
    """One rule's table, every case of it: from the values of the digits it reads to what it holds against each."""

    digits: tuple[str, ...]
    cases: Mapping[tuple[object, ...], ByPurpose]
    rows: int

    def reasons(self, cell: Cell) -> Kinds:
        """What the rule holds against mailing somebody in this cell."""
        return self.cases[tuple(getattr(cell, digit) for digit in self.digits)][cell.purpose]


@dataclass(frozen=True)
class Page:
    """What a page says of a policy. ``mailable_cells`` are by purpose, ``outside`` the rows of the last table."""

    name: str
    version: int
    fingerprint: str
    mailable_cells: tuple[int, int]
    rules: Mapping[str, RulePage]
    denials: Mapping[Denials, ByPurpose]
    outside: Rows

    def reasons(self, cell: Cell, denials: int = 0) -> Kinds:
        """Everything the page holds against mailing somebody in this standing."""
        by_rule = (rule.reasons(cell) for rule in self.rules.values())
        by_denial = (kinds[cell.purpose] for denial, kinds in self.denials.items() if denial & denials)
        return frozenset[ReasonKind]().union(*by_rule, *by_denial)


def read_page(text: str) -> Page:
    """Read one policy's page. Fails where anything on it is not understood."""
    head, *sections = re.split(r"^### ", text, flags=re.MULTILINE)
    named = re.match(r"## Policy `(.*)`, version (\d+)\n\nFingerprint `([0-9a-f]{16})`\.\n", head)
    counted = re.search(r"in ([\d,]+) of 2,700 cells, transactional mail in ([\d,]+) of 2,700\.", head)
    assert named and counted, head
    titled = {title: _rows(body) for title, _, body in (one.partition("\n") for one in sections)}
    (_, *denials), (_, *outside) = titled.pop("Denials"), titled.pop("Rules outside the table", ((),))
    return Page(
        named[1],
        int(named[2]),
        named[3],
        (int(counted[1].replace(",", "")), int(counted[2].replace(",", ""))),
        {title.strip("`"): _rule(rows) for title, rows in titled.items()},
        {Denials[row[0].upper()]: (_kinds(row[1]), _kinds(row[2])) for row in denials},
        tuple(outside),
    )


def pages(text: str) -> Iterator[Page]:
    """Every policy on a page of several."""
    return map(read_page, re.findall(r"^## Policy.*?(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL))


def _rows(body: str) -> Rows:
    lines = [line for line in body.splitlines() if line.startswith("|")]
    head, rule, *rows = (
        tuple(cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]) for line in lines
    )
    assert all(set(cell) == {"-"} for cell in rule), rule
    assert all(len(row) == len(head) for row in rows), body
    return head, *rows


def _rule(rows: Rows) -> RulePage:
    """Spell every row out; no case may stand in two of them, and none may be left out."""
    (*columns, marketing, transactional), *body = rows
    assert (marketing, transactional) == ("marketing", "transactional")
    cases: dict[tuple[object, ...], ByPurpose] = {}
    for *words, first, second in body:
        for case in product(*(_values(column, one) for column, one in zip(columns, words, strict=True))):
            assert case not in cases, case
            cases[case] = _kinds(first), _kinds(second)
    assert len(cases) == len(list(product(*(MEANING[column] for column in columns))))
    return RulePage(tuple(column.replace("role address", "is_role") for column in columns), cases, len(body))


def _values(column: str, words: str) -> list[object]:
    meaning = MEANING[column]
    return list(meaning.values()) if words == "any" else [meaning[one] for one in words.split(" or ")]


def _kinds(outcome: str) -> Kinds:
    if outcome == "mailable":
        return frozenset()
    withheld, _, kinds = outcome.partition(": ")
    assert withheld == "withheld", outcome
    return frozenset(ReasonKind(kind) for kind in kinds.split(", "))
