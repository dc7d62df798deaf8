"""Colour: what can be read on a brand's own (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

from typing import Final

__all__ = ["contrast", "readable_on"]

_BLACK: Final = "#000000"
_WHITE: Final = "#ffffff"


def readable_on(colour: str) -> str:
    """
    Black or white, whichever stands out more: one of them always reaches the 4.5 to 1 that AA asks for.

    >>> readable_on("#0a4ea3"), readable_on("#ffcc00")
    ('#ffffff', '#000000')
    """
    return max((_WHITE, _BLACK), key=lambda text: contrast(text, colour))


def contrast(one: str, other: str) -> float:
    """
    The contrast ratio of two colours, 1 to 21.

    >>> round(contrast("#ffffff", "#000000"))
    21
    """
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - the sRGB curve
