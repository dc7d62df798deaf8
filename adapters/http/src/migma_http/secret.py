"""Secrets: a key that prints as stars wherever it is put."""

from __future__ import annotations

from typing import Self

__all__ = ["Secret"]

_SHORTEST, _LONGEST = 8, 512


class Secret:
    """
    An API key. Only `reveal` gives it away, to the one header it is for.

    Raises `ValueError`, without the key, for one that no header can hold; ``most`` is for tokens, which are longer.

    >>> key = Secret("SG.0123456789")
    >>> f"{key} {key!r}", key.reveal()[:3]
    ('*** Secret(***)', 'SG.')
    >>> key.out_of("no such key: SG.0123456789")
    'no such key: ***'
    """

    __slots__ = ("_text",)

    def __init__(self, text: str, most: int = _LONGEST) -> None:
        if not _SHORTEST <= len(text) <= most:
            raise ValueError(f"an API key has {_SHORTEST} to {most} characters, this one {len(text)}")
        if not (text.isascii() and text.isprintable()) or " " in text:
            raise ValueError("an API key is printable ASCII without blanks; look for a line break at its end")
        self._text = text

    def reveal(self) -> str:
        """The key itself."""
        return self._text

    def out_of(self, said: str) -> str:
        """A text with the key taken out: providers have been seen to repeat it."""
        return said.replace(self._text, "***")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(Secret)

    def __copy__(self) -> Self:
        return self

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written down")

    def __format__(self, layout: str) -> str:
        return format("***", layout)

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"
