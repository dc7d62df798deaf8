"""Ending: what every program of ours says, and by which exit code, when it is done or something is wrong."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Final

from migma_runtime import AdapterMissing

__all__ = ["INTERRUPTED", "run"]

INTERRUPTED: Final = 130
"""The exit code of a program that was asked to end before it was done."""

_LOOKS_FOR_GARBAGE_AFTER = 50_000


def run(program: Callable[[], object]) -> int:
    """
    Run a program to its end. Exit codes: its own, or 0; 1 refused or impossible (said on stderr in a line), 130
    interrupted.
    """
    # a batch is tens of thousands of objects, hardly any of them in a circle: by default they are looked through again
    # and again, which takes a tenth of a send
    gc.set_threshold(_LOOKS_FOR_GARBAGE_AFTER)
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
