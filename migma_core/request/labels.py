"""Labels and metadata: what comes back with every event about a message, for the sender's own statistics."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

__all__ = ["MOST_LABELS", "check_labels"]

MOST_LABELS: Final = 10
"""So many labels, and so many entries of metadata."""

_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_OURS = "migma"


def check_labels(labels: Sequence[str], metadata: Mapping[str, str]) -> None:
    """
    Raise `ValueError` for what some provider would refuse, cut or mistake: only letters, digits, hyphens and
    underscores pass all of them. Some show metadata to the recipient, and keep it for long: opaque ids only (Q-04).

    >>> check_labels(["receipt"], {"order": "o-1042"})
    >>> check_labels(["a b"], {})
    Traceback (most recent call last):
    ValueError: the label 'a b' has other characters than ASCII letters, digits, - and _, or not 1 to 64 of them
    """
    for what, given in (("labels", len(labels)), ("entries of metadata", len(metadata))):
        if given > MOST_LABELS:
            raise ValueError(f"a request has at most {MOST_LABELS} {what}, this one has {given}")
    if len(set(labels)) != len(labels):
        raise ValueError("a label stands once; this request repeats one")
    for label in labels:
        _check(_WORD, 64, "label", label)
    for name, value in metadata.items():
        _check(_NAME, 40, "metadata's name", name)
        _check(_WORD, 64, "metadata's value", value)
    for name in (*labels, *metadata):
        if name.lower().startswith(_OURS):
            raise ValueError(f"{name!a} begins with {_OURS}, as what we add ourselves does; choose another word")


def _check(allowed: re.Pattern[str], most: int, what: str, text: str) -> None:
    if not allowed.fullmatch(text):
        raise ValueError(
            f"the {what} {text[:80]!a} has other characters than ASCII letters, digits, - and _, "
            f"or not 1 to {most} of them"
        )
