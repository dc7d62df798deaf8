"""The ``migma`` command."""

from __future__ import annotations

import sys

from .app import app
from .ending import run

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """
    Run a command. Exit codes: 0 done, 1 refused or impossible (said on stderr), 2 wrong usage, 130 interrupted.
    """
    return run(lambda: app(sys.argv[1:] if arguments is None else arguments))


if __name__ == "__main__":
    sys.exit(main())
