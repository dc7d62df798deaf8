"""The name of a file in the outbox: it alone says which attempt wrote the file, and for which delivery."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from migma_core.delivery import AttemptId
from migma_core.message import DeliveryId

__all__ = ["FileName"]

_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
# Readers that move a message to cur append their flags after a colon.
_NAME = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9-]{1,64})_([0-9]{1,6})\.([A-Za-z0-9-]{1,64})(?::2,[A-Za-z]*)?")


class FileName(NamedTuple):
    """
    ``<seconds>.<attempt>_<position>.<delivery>``: unique per hand-over, and the same when one is repeated.

    So the replay of an attempt writes over its own files, and two attempts for one delivery leave two, for all to see.
    """

    seconds: int
    attempt: AttemptId
    position: int
    delivery: DeliveryId

    @classmethod
    def of(cls, moment: datetime, attempt: AttemptId, position: int, delivery: DeliveryId) -> FileName:
        """Name a file. Raises `ValueError` for an id that is no plain word: it could leave the directory."""
        if not (_ID.fullmatch(attempt) and _ID.fullmatch(delivery)):
            raise ValueError("an attempt's and a delivery's id have 1 to 64 ASCII letters, digits and hyphens")
        return cls(int(moment.timestamp()), attempt, position, delivery)

    @classmethod
    def read(cls, name: str) -> FileName | None:
        """
        Read a name back, with or without a reader's flags; ``None`` for a file that is not ours.

        >>> FileName.read("1767268800.a1_0.d1:2,S")
        FileName(seconds=1767268800, attempt='a1', position=0, delivery='d1')
        >>> FileName.read("1767268800.M20P9.host") is None
        True
        """
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        return cls(int(found[1]), AttemptId(found[2]), int(found[3]), DeliveryId(found[4]))

    def __str__(self) -> str:
        return f"{self.seconds}.{self.attempt}_{self.position}.{self.delivery}"
