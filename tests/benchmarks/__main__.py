"""Measure every figure, print them as one table, and fail where one misses its bound."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks import composing, deciding, end_to_end, importing, sending, sending_mailgun, sending_ses, smtp


def main(arguments: list[str]) -> int:
    """Run all; ``--json FILE`` writes the figures down as well."""
    parts = (deciding, composing, sending, sending_mailgun, sending_ses, smtp, end_to_end, importing)
    figures = [figure for part in parts for figure in part.figures()]
    for figure in figures:
        print(figure)
    if arguments[:1] == ["--json"]:
        Path(arguments[1]).write_text(json.dumps([asdict(one) | {"holds": one.holds} for one in figures], indent=1))
    return 0 if all(one.holds for one in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
