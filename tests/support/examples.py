"""How many examples a costly claim is tried on: few by default, all of a profile's where the profile asks for more."""

from __future__ import annotations

from hypothesis import settings

__all__ = ["few"]


def few(usual: int) -> int:
    """
    ``usual`` in the default run. A profile of more examples than that run's, such as ``thorough``, is obeyed to the
    full; one of fewer, such as ``alone``, caps it.
    """
    asked, default = settings().max_examples, settings.get_profile("default").max_examples
    return asked if asked > default else min(usual, asked)
