"""The encoder: a batch as the body of one request, contents compiled once for all that share them (design D14)."""

from __future__ import annotations

from functools import lru_cache

from migma_core.message import Batch, Compiled

from .bulk import bulk
from .limits import BULK_CAPABILITIES, CAPABILITIES, check_batch, check_body
from .single import SingleProgram, single_program

__all__ = ["Encoder"]

_CONTENTS = 8


class Encoder:
    """
    Writes batches: SendEmail for one message; with ``bulk``, SendBulkEmail for several.

    The same batch gives the same bytes. Contents are remembered, since single sends would compile one for each message.
    """

    __slots__ = ("_configuration_set", "_program", "capabilities")

    def __init__(self, configuration_set: str | None = None, *, bulk: bool = False) -> None:
        self._configuration_set = configuration_set
        self.capabilities = BULK_CAPABILITIES if bulk else CAPABILITIES
        self._program = lru_cache(maxsize=_CONTENTS)(self._compile)

    def __call__(self, batch: Batch) -> bytes:
        """The body. Raises `CannotCarry` for what SES would refuse or damage."""
        check_batch(batch, self.capabilities.most_messages)
        if len(batch.messages) > 1:
            return check_body(bulk(batch, self._configuration_set).encode())
        return check_body(self._program(batch.compiled).run(batch.messages[0], batch).encode())

    def _compile(self, compiled: Compiled) -> SingleProgram:
        return single_program(compiled, self._configuration_set)
