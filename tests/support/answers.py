"""Answers of providers as files, each beside the outcome expected of it, with the source of its shape."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from migma_http import HttpResponse

from migma_core import Accepted, NotSent, Outcome, Rejected

__all__ = ["Recorded", "in_words", "recorded"]


@dataclass(frozen=True)
class Recorded:
    """One file: an answer to so many messages, and the outcomes in words."""

    name: str
    source: str
    answer: HttpResponse
    messages: int
    expected: list[str]


def recorded(folder: Path) -> list[Recorded]:
    """Every answer of a folder, in order of their names."""
    return [_read(path) for path in sorted(folder.glob("*.toml"))]


def in_words(outcomes: Sequence[Outcome]) -> list[str]:
    """Kind, scope, id and wait of each outcome."""
    return [" ".join([one.kind, *_more(one)]) for one in outcomes]


def _more(outcome: Outcome) -> list[str]:
    match outcome:
        case Accepted(str() as found):
            return [found]
        case Rejected(scope):
            return [scope.value]
        case NotSent(retry_after=float() as wait):
            return [f"{wait:g}"]
        case _:
            return []


def _read(path: Path) -> Recorded:
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    headers = tuple((name, value) for name, value in found.get("headers", ()))
    answer = HttpResponse(found["status"], headers, found["body"].encode())
    return Recorded(path.stem, found["source"], answer, found["messages"], found["expected"])
