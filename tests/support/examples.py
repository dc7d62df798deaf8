"""How much of a costly claim is tried: little by default, all of it where the profile asks for more."""

from __future__ import annotations

from hypothesis import settings

__all__ = ["few", "is_thorough"]


def is_thorough() -> bool:
    """Whether the run's profile asks for more examples than the default one."""
    return settings().max_examples > settings.get_profile("default").max_examples


def few(usual: int) -> int:
    """
    ``usual`` examples in the default run. A profile of more, such as ``thorough`` or ``faults``, is obeyed to the full;
    one of fewer, such as ``alone``, caps it.
    """
    asked = settings().max_examples
    return asked if is_thorough() else min(usual, asked)
