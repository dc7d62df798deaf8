"""Forms: what our own pages send back. Of anybody else's body nothing is expected, and none is ever refused (D-03)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from anyio import move_on_after
from fastapi import Request
from starlette.requests import ClientDisconnect

__all__ = ["form_of"]

_READ: Final = 16_384
_DISCARDED: Final = 1_048_576
_PATIENCE: Final = 5.0
_MOST_FIELDS: Final = 400


async def form_of(request: Request) -> Mapping[str, str]:
    """
    The fields of a form as our pages send it; none where the body is anything else, cut off, or slow.

    Reads 16 KiB and throws away up to a megabyte more, so that whoever sends it can read the answer.
    """
    return _fields(await _beginning(request))


async def _beginning(request: Request) -> bytes:
    kept, length = bytearray(), 0
    with move_on_after(_PATIENCE):
        try:
            async for chunk in request.stream():
                kept += chunk[: _READ - len(kept)]
                length += len(chunk)
                if length > _DISCARDED:
                    break
        except ClientDisconnect:
            pass  # the client's wish came with its first octets; whether it hears the answer is its own matter
    return bytes(kept)


def _fields(body: bytes) -> Mapping[str, str]:
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}
