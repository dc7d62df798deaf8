"""
Skip the changes that change nothing: annotations are never evaluated here, and members of an enumeration are equal
where they are the same.

``python -m tests.mutants SESSION`` marks them in a session of Cosmic Ray before it is run.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, WorkerOutcome, WorkResult


class Span(NamedTuple):
    """From one place of a file to another: line, from 1 on, and column, from 0 on."""

    start: tuple[int, int]
    end: tuple[int, int]


SAME = ("core/ReplaceComparisonOperator_Is_Eq", "core/ReplaceComparisonOperator_IsNot_NotEq")


@cache
def types_said(path: Path) -> tuple[Span, ...]:
    """Everything in a module that says a type and nothing else."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return tuple(
        Span((one.lineno, one.col_offset), (one.end_lineno or one.lineno, one.end_col_offset or 0))
        for node in nodes
        for one in _types_said_by(node)
    )


def changes_nothing(mutation: MutationSpec) -> bool:
    """Whether a change is one of types alone, or of how members of an enumeration are compared."""
    start, end = mutation.start_pos, mutation.end_pos
    is_typing = any(span.start <= start and end <= span.end for span in types_said(Path(mutation.module_path)))
    return is_typing or mutation.operator_name in SAME


def skip(session: WorkDB) -> int:
    """Mark every change that changes nothing as skipped, and say how many."""
    skipped = [item.job_id for item in session.work_items if all(map(changes_nothing, item.mutations))]
    for job in skipped:
        session.set_result(job, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))
    return len(skipped)


def _types_said_by(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.AnnAssign(annotation=ast.Name("TypeAlias"), value=ast.expr() as alias):
            yield alias
        case ast.AnnAssign(annotation=said) | ast.arg(annotation=ast.expr() as said):
            yield said
        case ast.FunctionDef(returns=ast.expr() as said):
            yield said
        case _:
            return


if __name__ == "__main__":
    with use_db(sys.argv[1]) as opened:
        print(f"{skip(opened)} changes that change nothing are skipped")
