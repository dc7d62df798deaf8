"""Ending: what every program of ours says, and by which exit code, when it is done or something is wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final

from migma_runtime import AdapterMissing

from .garbage import look_seldom

__all__ = ["INTERRUPTED", "run"]

INTERRUPTED: Final = 130
"""The exit code of a program that was asked to end before it was done."""


def run(program: Callable[[], object]) -> int:
    """
    Run a program to its end. Exit codes: its own, or 0; 1 refused or impossible (said on stderr in a line), 130
    interrupted.
    """
    look_seldom()
    try:
        code = program()
    except (ValueError, LookupError, AdapterMissing, OSError, RuntimeError) as wrong:
        sys.stderr.write(" ".join([f"migma: {_told(wrong)}", *getattr(wrong, "__notes__", ())]) + "\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("migma: interrupted\n")
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _told(wrong: Exception) -> str:
    if isinstance(wrong, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on: no second error at exit
        return "the reader of this output went away"
    return str(wrong.args[0]) if isinstance(wrong, KeyError) and wrong.args else str(wrong)
