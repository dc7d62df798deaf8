"""The front door: one flat list of names, and nothing behind it but the standard library."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import migma_core

WINGS = ("audience", "request", "decision", "message", "delivery")

HOUSE = Path(migma_core.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(HOUSE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in HOUSE.rglob("*.py")
)

# Run in a fresh interpreter: prints the top-level names that came in with these modules.
COLD_IMPORT = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
for name in sys.argv[2:]:
    importlib.import_module(name)
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


def test_the_front_door_opens_to_all_wings() -> None:
    """`migma_core.__all__` is the union of the wings' own lists, without repetition."""
    rooms = [importlib.import_module(f"migma_core.{wing}") for wing in WINGS]
    union = {name for room in rooms for name in room.__all__}
    assert set(migma_core.__all__) == union
    assert len(migma_core.__all__) == len(union)


def test_every_listed_name_is_there() -> None:
    """Each name in any module's `__all__` can be taken from that module."""
    modules = map(importlib.import_module, MODULES)
    assert [
        f"{module.__name__}.{listed}"
        for module in modules
        for listed in getattr(module, "__all__", ())
        if not hasattr(module, listed)
    ] == []


def test_a_name_at_the_front_door_is_the_wings_own() -> None:
    """The front door re-exports objects, it does not wrap or replace them."""
    for wing in WINGS:
        room = importlib.import_module(f"migma_core.{wing}")
        assert all(getattr(migma_core, name) is getattr(room, name) for name in room.__all__)


def test_a_cold_import_needs_only_the_standard_library() -> None:
    """Importing every wing but the kit brings in nothing that Python does not ship (D1)."""
    rooms = [name for name in MODULES if not name.startswith("migma_core.testing")]
    command = [sys.executable, "-c", COLD_IMPORT, str(HOUSE.parent), *rooms]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    # the settings Python was built with, which `zoneinfo` reads, are in a module named after the platform
    foreign = {name for name in json.loads(run.stdout) if not name.startswith("_sysconfigdata_")}
    assert foreign - set(sys.stdlib_module_names) == {"migma_core"}
