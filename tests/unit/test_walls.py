"""The walls of the house: what the core may import, and in which direction."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path

import migma_core

CORE = Path(migma_core.__file__).parent
WINGS = ("audience", "request", "decision", "message", "delivery", "ports")


def _imports(path: Path) -> Iterator[str]:
    """Absolute names of everything a module of the core imports."""
    package = ["migma_core", *path.relative_to(CORE).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names) if module == "migma_core" else (module,)


def _modules(folder: str = "") -> list[Path]:
    return sorted((CORE / folder).rglob("*.py"))


def test_every_wing_but_testing_imports_only_the_standard_library_and_the_core() -> None:
    """No module outside ``testing`` imports anything but the standard library and the core itself (D1)."""
    allowed = sys.stdlib_module_names | {"migma_core"}
    found = {
        (path.relative_to(CORE).as_posix(), name)
        for path in _modules()
        if "testing" not in path.parts
        for name in _imports(path)
        if name.split(".")[0] not in allowed
    }

    assert found == set()


def test_nothing_imports_the_testing_wing() -> None:
    """The kit for users is a guest in the house: nothing in the core rests on it."""
    found = [
        path
        for path in _modules()
        if "testing" not in path.relative_to(CORE).parts
        and any(name.startswith("migma_core.testing") for name in _imports(path))
    ]

    assert found == []


def test_wings_import_only_downhill() -> None:
    """A wing imports itself and the wings before it, never one after it."""
    for place, wing in enumerate(WINGS):
        allowed = {f"migma_core.{one}" for one in WINGS[: place + 1]}
        for path in _modules(wing):
            ours = {".".join(name.split(".")[:2]) for name in _imports(path) if name.startswith("migma_core")}
            assert ours <= allowed, f"{path.relative_to(CORE)} imports {sorted(ours - allowed)}"


def test_the_core_does_no_input_or_output() -> None:
    """No wing reads a clock, opens a file, makes a random number or logs."""
    impure = {"logging", "random", "secrets", "socket", "subprocess", "time", "uuid", "asyncio", "threading", "sqlite3"}
    for path in _modules():
        if "testing" not in path.parts:
            assert impure.isdisjoint(_imports(path)), path
            calls = {
                ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
            }
            assert calls.isdisjoint({"open", "print", "datetime.now", "datetime.utcnow", "date.today"}), path


def test_values_are_frozen_and_hold_nothing_but_their_fields() -> None:
    """Whatever a decision is made from or says cannot be changed afterwards; only a policy keeps what it made."""
    mutable, open_ended = set[str](), set[str]()
    for wing in ("audience", "request", "decision"):
        for path in _modules(wing):
            module = importlib.import_module(f"migma_core.{wing}.{path.stem}".removesuffix(".__init__"))
            for value in vars(module).values():
                if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.__name__:
                    if not getattr(value, "__dataclass_params__").frozen:  # noqa: B009 - no stub tells of it
                        mutable.add(value.__name__)
                    if "__slots__" not in vars(value):
                        open_ended.add(value.__name__)
    assert mutable == {"_Expected"}  # what the checker gathers while it reads, and gives nobody
    assert open_ended == {"_Expected", "Policy"}
