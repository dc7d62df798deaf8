"""
Garbage: how often Python looks for circles of objects that nobody holds any more.

A page of people is tens of thousands of objects, hardly any of them in a circle: by default all are looked through
again and again, which takes a tenth of an import or a send.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["look_seldom", "look_seldom_while_sending"]


def look_seldom() -> None:
    """For whole programs; more seldom, what an import leaves in circles adds up to more than the import itself."""
    gc.set_threshold(20_000)


@contextmanager
def look_seldom_while_sending() -> Iterator[None]:
    """More seldom than a batch of a thousand people has objects; sending leaves next to nothing in circles."""
    before = gc.get_threshold()
    gc.set_threshold(50_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
