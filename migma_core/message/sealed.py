"""Sealed values: what only the decider can make, and nothing can copy, alter or write down (design D9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, Self, SupportsIndex

__all__ = ["Sealed", "SealedError", "SealedValues", "writers"]


class SealedError(TypeError):
    """Somebody tried to forge, copy or serialise a value that exists only in memory, and only once."""


class Sealed:
    """
    Base of Approval, Message and Batch: no constructor, no copy, no pickle, no change, no subclass of a subclass.

    ``object.__new__``, ``object.__setattr__`` and `writers` are out of scope: whoever writes them knows what they do.
    """

    __slots__ = ()

    def __new__(cls, *_args: object, **_fields: object) -> Self:
        raise SealedError(f"{cls.__name__} cannot be constructed: {cls.__doc__}")

    def __init_subclass__(cls) -> None:
        if cls.__bases__ != (Sealed,):
            raise SealedError(f"{cls.__bases__[0].__name__} cannot be subclassed")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise SealedError(f"{type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise SealedError(f"{type(self).__name__} cannot be changed")

    def __copy__(self) -> NoReturn:
        raise SealedError(f"{type(self).__name__} cannot be copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise SealedError(f"{type(self).__name__} cannot be copied")

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise SealedError(f"{type(self).__name__} lives in memory only")


def writers(kind: type[Sealed], *fields: str) -> tuple[Callable[[Any, object], None], ...]:
    """
    What writes these fields of a sealed value, for the one function that makes such values.

    Found once, since finding a field by its name again for every recipient takes longer than writing it.
    """
    return tuple(kind.__dict__[field].__set__ for field in fields)


class SealedValues(dict[str, str]):
    """
    The values of a message, or of all messages of a content: read as fast as any dictionary, and never changed.

    A view would cost every look-up of every recipient; ``dict.__setitem__`` is out of scope, as above.
    """

    __slots__ = ()

    def _refuse(self, *_args: object, **_named: object) -> NoReturn:
        raise SealedError("values that mails are made of cannot be changed")

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = __ior__ = _refuse
