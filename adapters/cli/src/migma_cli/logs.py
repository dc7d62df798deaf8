"""Logs: what the sending loop tells, as JSON lines in a file."""

from __future__ import annotations

import logging
from pathlib import Path

from migma_runtime import LOGGER
from pythonjsonlogger.json import JsonFormatter

from .mistake import Mistake

__all__ = ["write_log"]

_NAMES = {"levelname": "level", "message": "event"}
_FORM = JsonFormatter("{levelname}{message}", style="{", timestamp=True, rename_fields=_NAMES)


def write_log(path: Path | None) -> None:
    """Append every record of the loop to the file; nothing where there is none. Raises `Mistake` where it can't be."""
    if path is None:
        return
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as fault:
        raise Mistake(f"the log {path} cannot be written: {fault.strerror}; set MIGMA_LOG to another file") from None
    handler.setFormatter(_FORM)
    for old in LOGGER.handlers[:]:  # a process that opens several installations writes to the last one's log
        LOGGER.removeHandler(old)
        old.close()
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)
    LOGGER.propagate = False
