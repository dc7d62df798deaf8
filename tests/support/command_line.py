"""Running the real program: its own entry point, in this process or, where that is the claim, in one of its own."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from migma_cli.__main__ import main

__all__ = ["PROGRAM", "Ran", "Run", "run_alone", "run_here"]

PROGRAM: Final = (sys.executable, "-m", "migma_cli")


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON; nothing else may be on it."""
        return json.loads(self.out)


Run: TypeAlias = Callable[..., Ran]


def run_here(*arguments: str) -> Ran:
    """Run ``migma`` by its entry point; whatever it raises fails the test, as a traceback would."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        code = _exit_code(arguments)
    return Ran(code, out.getvalue(), err.getvalue())


def run_alone(*arguments: str, seconds: float = 300) -> Ran:
    """Run ``migma`` as its user would, in a process of its own."""
    done = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=seconds)
    return Ran(done.returncode, done.stdout, done.stderr)


def _exit_code(arguments: tuple[str, ...]) -> int:
    """What `sys.exit` would be told; the parser of arguments calls it itself."""
    try:
        return main(list(arguments))
    except SystemExit as left:
        if not isinstance(left.code, int):
            raise
        return left.code
