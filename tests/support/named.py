"""What a page of the docs names, as ``path::symbol``, and whether it is there."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

__all__ = ["is_there"]


def is_there(named: str, below: Path) -> bool:
    """Whether ``path::symbol`` is defined in a file below this folder."""
    path, _, symbol = named.partition("::")
    file = below / path
    return file.is_file() and symbol in _defined_in(file)


@cache
def _defined_in(path: Path) -> frozenset[str]:
    """What a module defines at its top, and what its classes do, as ``Class.member``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    members = (f"{one.name}.{name}" for one in classes for node in one.body for name in _names(node))
    return frozenset((*(name for node in tree.body for name in _names(node)), *members))


def _names(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign(targets=targets):
            return [one.id for one in targets if isinstance(one, ast.Name)]
        case _:
            return []
